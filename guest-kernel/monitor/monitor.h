/* SPDX-License-Identifier: MIT
 *
 * The prompt: a thread that reads lines and carries out commands.
 */
#ifndef GUEST_KERNEL_MONITOR_MONITOR_H
#define GUEST_KERNEL_MONITOR_MONITOR_H

/* A thread_function_t; its argument is not used. */
void monitor_thread(void *unused);

#endif
