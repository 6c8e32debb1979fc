/* SPDX-License-Identifier: MIT
 *
 * The interrupt table of the native bench: its entries are the kernel's own
 * but for those of breakpoint and page fault.
 */
#ifndef GUEST_KERNEL_BENCH_NATIVE_H
#define GUEST_KERNEL_BENCH_NATIVE_H

/* Until the next bench_end(). For a row's prepare(). */
void bench_set_entry(unsigned int vector, void (*entry)(void));

#endif
