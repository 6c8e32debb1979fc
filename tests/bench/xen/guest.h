/* SPDX-License-Identifier: MIT
 *
 * What an operation may want of the guest before it is measured; all of it is
 * undone before the next one.
 */
#ifndef BENCH_XEN_GUEST_H
#define BENCH_XEN_GUEST_H

#include <stdint.h>

/* The virtual I/O privilege level. Xen begins with 0. */
void guest_set_iopl(uint32_t iopl);

void guest_unmask_events(void);

#endif
