/* SPDX-License-Identifier: MIT
 *
 * The prompt: a thread that reads lines and carries out commands.
 *
 * It is a thread of the kernel's own, while processes run: a command that
 * looks at theirs disables interrupts (thread/thread.h).
 */
#ifndef GUEST_KERNEL_MONITOR_MONITOR_H
#define GUEST_KERNEL_MONITOR_MONITOR_H

#include <stdbool.h>

/* Instead of process 1: Ctrl-D powers off. A thread_function_t that does not
 * return; its argument is not used. */
void monitor_thread(void *unused);

/* The same beside processes: waits for Ctrl-^, and Ctrl-D goes back to them. */
void monitor_debugger_thread(void *unused);

/* Whether it is that. */
bool monitor_is_debugger(void);

#endif
