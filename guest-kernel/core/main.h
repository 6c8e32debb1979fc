/* SPDX-License-Identifier: MIT
 *
 * Where the kernel begins, once the build's own start is done, and ends when
 * process 1 does.
 */
#ifndef GUEST_KERNEL_CORE_MAIN_H
#define GUEST_KERNEL_CORE_MAIN_H

#include "guest-kernel/boot_info.h"

/* The first line on the console: before anything that can go wrong. */
void kernel_banner(void);

/*
 * Called by the build's start on the boot stack, with interrupts disabled,
 * exceptions handled, and early_init() done. boot is kept.
 */
_Noreturn void kernel_main(const struct boot_info *boot);

/* Where the kernel runs: struct boot_info's platform. */
const char *kernel_platform(void);

/* As the boot loader gave it. */
const char *kernel_command_line(void);

/* Process 1 has ended, with this status (proc/process.h): so does the kernel,
 * as crashed. */
_Noreturn void init_ended(uint32_t status);

#endif
