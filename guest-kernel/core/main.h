/* SPDX-License-Identifier: MIT
 *
 * Where the kernel begins, once the build's own start is done.
 */
#ifndef GUEST_KERNEL_CORE_MAIN_H
#define GUEST_KERNEL_CORE_MAIN_H

#include "guest-kernel/boot_info.h"

/* The first line on the console: before anything that can go wrong. */
void kernel_banner(void);

/*
 * Called by the build's start on the boot stack, with interrupts disabled,
 * exceptions handled, and early_init() done.
 */
_Noreturn void kernel_main(const struct boot_info *boot);

/* Where the kernel runs: struct boot_info's platform. */
const char *kernel_platform(void);

#endif
