/* SPDX-License-Identifier: MIT
 *
 * The frame of a signal's handler: what Linux puts on the user's stack, and
 * takes from there when the handler returns. libc unwinds through it, and
 * programs look into it.
 *
 *   high   what was interrupted, and 128 bytes that its code may use (red zone)
 *          xsave area, 64-byte aligned, and FP_XSTATE_MAGIC2 after it
 *          struct signal_frame:  siginfo
 *                                ucontext: registers, mask, where the xsave
 *                                area is
 *   rsp -> address to return to (the restorer, which calls rt_sigreturn)
 */
#ifndef GUEST_KERNEL_PROC_SIGNAL_FRAME_H
#define GUEST_KERNEL_PROC_SIGNAL_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/proc/signal_set.h"
#include "guest-kernel/x86/regs.h"

/* Of struct thread_user.syscall_number: regs are no result of a call. */
#define SIGNAL_NO_SYSCALL UINT64_MAX

/* sigaltstack(2)'s stack_t. */
struct signal_stack {
    uint64_t start;
    uint32_t flags;
    uint32_t pad;
    uint64_t size;
};

/* struct sigcontext (asm/sigcontext.h); greg_t's order of ucontext.h. */
struct signal_registers {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, vector, old_mask, fault_vaddr;
    uint64_t fpu_vaddr;
    uint64_t reserved[8];
};

struct signal_context {
    uint64_t flags;
    uint64_t link;
    struct signal_stack stack;
    struct signal_registers registers;
    signal_set_t blocked;
};

struct signal_frame {
    uint64_t restorer;
    struct signal_context context;
    struct signal_info info;
};

_Static_assert(offsetof(struct signal_frame, context.registers) == 48 &&
                   offsetof(struct signal_frame, context.registers.rip) ==
                       48 + 128 &&
                   offsetof(struct signal_frame, context.registers.fpu_vaddr) ==
                       48 + 184 &&
                   offsetof(struct signal_frame, context.blocked) == 304 &&
                   offsetof(struct signal_frame, info) == 312 &&
                   sizeof(struct signal_frame) == 440,
               "the layout is Linux's");

/* Puts the frame on the current thread's stack, or on its alternate one, and
 * makes regs those of the handler's first instruction. False: it cannot be
 * put there, or there is no way to or from the handler. */
bool signal_frame_push(struct trap_regs *regs,
                       const struct signal_action *action,
                       const struct signal_info *info);

/* The way back, with rsp as a handler's return leaves it. Nothing in the frame
 * is trusted. False: it is not readable, or leads nowhere. */
bool signal_frame_pop(struct trap_regs *regs);

/* sigaltstack(2), with the user's stack pointer: 0 or a negative error
 * number. */
int64_t signal_stack_set(const struct signal_stack *stack, uint64_t rsp);
void signal_stack_get(struct signal_stack *stack, uint64_t rsp);

#endif
