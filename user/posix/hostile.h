/* SPDX-License-Identifier: MIT
 *
 * The parts of the group that are not in hostile.c.
 */
#ifndef USER_POSIX_HOSTILE_H
#define USER_POSIX_HOSTILE_H

#include <stdint.h>

/* Nobody's; the end of user memory; not canonical; the kernel's and the
 * hypervisor's halves. */
#define NR_BAD_ADDRESSES 10
extern const uint64_t bad_addresses[NR_BAD_ADDRESSES];

void hostile_frames(void); /* signals */
void hostile_code(void);   /* instructions, and states of the CPU */

#endif
