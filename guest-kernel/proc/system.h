/* SPDX-License-Identifier: MIT
 *
 * The system as a whole, for programs: proc/sys_system.c.
 */
#ifndef GUEST_KERNEL_PROC_SYSTEM_H
#define GUEST_KERNEL_PROC_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

struct space;

/* sethostname(2)'s; "parapet" at first. */
const char *system_hostname(void);

/* Writes a struct rusage (getrusage(2)) of so much time: nothing else is
 * counted. False: bad address. */
bool system_put_usage(struct space *space, uint64_t vaddr, uint64_t cpu_ns);

#endif
