/* SPDX-License-Identifier: MIT
 *
 * Whether the machine keeps ring 3 out of the hypervisor's memory. QEMU before
 * version 10 does not: the stack accesses of its far calls and returns, and of
 * iret, have the rights of ring 0 in ring 3 too. No hypervisor can intercept
 * that, but it can find out and say so. docs/SECURITY-emulator.md has the
 * instructions.
 */
#ifndef HYPERVISOR_BOOT_CONTAIN_H
#define HYPERVISOR_BOOT_CONTAIN_H

/*
 * Tries it, and warns; with contained=require it ends the boot instead. On the
 * boot CPU and its main stack, interrupts off, before it runs a guest.
 */
void contain_check(void);

#endif
