/* SPDX-License-Identifier: MIT
 *
 * Out of memory: a program touches a page that it may use, and none is free.
 */
#ifndef GUEST_KERNEL_PROC_OOM_H
#define GUEST_KERNEL_PROC_OOM_H

/*
 * Called by a thread of a process that cannot go on without memory. Kills the
 * process that has the most, which may be the caller's, and lets it end. The
 * caller tries again, on its way to user mode, where it ends if it must.
 */
void oom_kill(void);

#endif
