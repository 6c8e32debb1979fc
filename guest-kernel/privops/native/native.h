/* SPDX-License-Identifier: MIT
 *
 * What the files of the native build say to each other, for C and assembly:
 * selectors, vectors and the steps of its start, in their order. All steps
 * run once, on the boot stack, with interrupts disabled.
 */
#ifndef GUEST_KERNEL_PRIVOPS_NATIVE_NATIVE_H
#define GUEST_KERNEL_PRIVOPS_NATIVE_NATIVE_H

/* Of user mode they are PARAPET_CS_USER and PARAPET_SS: one pair of numbers for
 * both builds. */
#define NATIVE_CS 0x08
#define NATIVE_SS 0x10
#define NATIVE_TSS 0x30

/* Above the exceptions. The spurious vector's low four bits are ones. */
#define VECTOR_TIMER 32
#define VECTOR_UART 33
#define VECTOR_CMOS 34
#define VECTOR_DEVICE 35 /* and those of NATIVE_MAX_DEVICES devices */
#define VECTOR_SPURIOUS 47

#define NATIVE_MAX_DEVICES 8

/* Interrupt stack 1, for double faults. */
#define IST_DOUBLE_FAULT 1

#ifndef __ASSEMBLY__

#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/boot_info.h"
#include "lib/x86/descriptor.h"

/* privops/native/tables.c: the stacks that entries go to. */
extern struct tss native_tss;

/* Ends the boot with a line when the CPU lacks what the kernel needs. */
void native_check_features(void);

/* Ends QEMU with the status of a refused boot; somebody has said why. */
_Noreturn void native_refuse_boot(void);

/* The descriptor tables: from here on exceptions are reported. */
void native_tables_init(void);

/* Lets user mode run: the way in by syscall, x87, SSE, AVX, protections. */
void native_user_init(void);

/* Takes the announcements of devices out of a command line: *rest gets the
 * other words, as many as fit. Refuses the boot for one that makes no sense. */
void native_take_devices(const char *line, char *rest, size_t size);

/* Reads the PVH start info at start_paddr. Panics when it makes no sense. */
void native_boot_info(uint32_t start_paddr, struct boot_info *boot);

/*
 * From the first page tables to the real ones: the image with the rights of
 * its segments and its guard pages, the direct map of all memory, of the
 * interrupt controllers and the devices. Needs early_init().
 */
void native_paging_init(const struct boot_info *boot);

/* The root of these page tables; nothing is in the user's half. */
uint64_t *native_root(void);

/* Measures the clocks, starts the local APIC and its timer. */
void native_time_init(void);

#endif
#endif
