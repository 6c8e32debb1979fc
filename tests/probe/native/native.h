/* SPDX-License-Identifier: MIT
 *
 * What the parts of the native kernel know of each other. For C and assembly.
 */
#ifndef PROBE_NATIVE_NATIVE_H
#define PROBE_NATIVE_NATIVE_H

#define NATIVE_BASE 0xffffffff80000000

/* Selectors, as under Parapet (abi/abi.h) as far as that has them. */
#define NATIVE_CS 0x08
#define NATIVE_SS 0x10
#define NATIVE_SS_USER 0x23
#define NATIVE_CS_USER 0x2b
#define NATIVE_TSS 0x30

/* Vectors beside the 32 exceptions. */
#define NATIVE_VECTOR_INT_N 0x40
#define NATIVE_VECTOR_TIMER 0x50
#define NATIVE_VECTOR_RETURN 0x81 /* a deed has come to its end */

#define NATIVE_STUB_SIZE 16
#define NATIVE_NR_STUBS 256

#ifndef __ASSEMBLY__

#include <stdint.h>

#include "tests/probe/probe.h"

/* entry.S: what a stub saves; the CPU has pushed the last five. */
struct native_regs {
    uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* tables.c: GDT, TSS, IDT, and MSRs of syscall. */
void native_tables_init(void);

/* entry.S */
extern const char native_stubs[];
extern const char native_syscall_entry[];
extern uint8_t native_entry_reached;
extern uint64_t native_saved_rsp;
extern const char native_call_end[];

/*
 * Runs deed(io) with these selectors and flags on the deeds' stack. Comes back
 * by whatever trap ends it, of which native_trap() has kept the registers.
 */
void native_call(probe_deed_t *deed, struct probe_io *io, uint64_t cs,
                 uint64_t ss, uint64_t rflags);

/* env.c: every exception and interrupt comes here. */
void native_trap(struct native_regs *regs);
_Noreturn void native_main(void);

#endif
#endif
