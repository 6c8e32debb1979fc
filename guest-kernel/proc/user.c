/* SPDX-License-Identifier: MIT
 *
 * The kernel uses no vector register, neither of the program's bases (FS, GS),
 * and no address of the user's half. So all of that stays the last thread's
 * while threads of the kernel run, and is exchanged only when another thread of
 * a process does: from a program to the idle thread and back costs nothing.
 */
#include "guest-kernel/proc/user.h"

#include "guest-kernel/core/exception.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/proc/oom.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/proc/signal_frame.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/x86/trap.h"

/* Of a page fault's error code: the access had the rights of user mode. */
#define ERROR_USER 0x4u

/* Whose registers are in the CPU; NULL: nobody's. */
static struct thread *loaded;

/* ---- whose registers ---- */

void user_switch(struct thread *next)
{
    struct privops_bases now;

    if (next->user == NULL || next == loaded)
        return;
    privops_bases_save(&now);
    if (loaded != NULL) {
        loaded->user->bases = now;
        fpu_save(loaded->user->fpu);
    }
    space_switch(next->process->space);
    privops_bases_load(&next->user->bases, &now);
    fpu_load(next->user->fpu);
    privops_kernel_stack(next->stack.high);
    loaded = next;
}

void user_copy_state(struct thread *thread)
{
    bool irq_on = privops_irq_save();

    privops_bases_save(&thread->user->bases);
    fpu_save(thread->user->fpu);
    privops_irq_restore(irq_on);
}

void user_new_program(void)
{
    const struct privops_bases none = {0, 0};
    struct thread *thread = thread_current();
    bool irq_on = privops_irq_save();

    space_switch(thread->process->space);
    privops_bases_save(&thread->user->bases);
    privops_bases_load(&none, &thread->user->bases);
    fpu_reset(thread->user->fpu);
    fpu_load(thread->user->fpu);
    privops_irq_restore(irq_on);
}

/* Interrupts do no harm: a thread of the kernel leaves the registers alone. */
void user_save_fpu(void)
{
    fpu_save(thread_current()->user->fpu);
}

void user_load_fpu(void)
{
    fpu_load(thread_current()->user->fpu);
}

void user_leave(void)
{
    loaded = NULL;
}

/* ---- what comes in ---- */

/* What a fault means to the program, and in words. */
struct fault {
    unsigned int signal;
    int32_t code;
    uint64_t vaddr;
    const char *why;
};

static struct fault fault_of(const struct trap_regs *regs)
{
    switch (regs->vector) {
    case TRAP_DIVIDE:
    case TRAP_X87:
    case TRAP_SIMD:
        return (struct fault){SIGFPE, FPE_INTDIV, regs->frame.rip, NULL};
    case TRAP_DEBUG:
    case TRAP_BREAKPOINT:
        return (struct fault){SIGTRAP, TRAP_BRKPT, regs->frame.rip, NULL};
    case TRAP_INVALID_OPCODE:
        return (struct fault){SIGILL, ILL_ILLOPN, regs->frame.rip, NULL};
    case TRAP_ALIGNMENT:
        return (struct fault){SIGBUS, BUS_ADRALN, regs->frame.rip, NULL};
    default:
        return (struct fault){SIGSEGV, SI_KERNEL, 0, NULL};
    }
}

/*
 * A fault without ERROR_USER will not be cured by making the page accessible:
 * an access that the CPU makes for itself, with the rights of ring 0 (QEMU 7.2
 * reads the stack of an iretq so, which SMAP forbids). Trying again would go on
 * for ever. False: the access may be tried again.
 */
static bool is_bad_access(struct process *self, const struct trap_regs *regs,
                          uint64_t vaddr, struct fault *fault)
{
    enum space_fault result = SPACE_FAULT_UNMAPPED;

    if (regs->frame.error & ERROR_USER)
        result = space_fault(self->space, vaddr, regs->frame.error);
    if (result == SPACE_FAULT_DONE)
        return false;
    if (result == SPACE_FAULT_NO_MEMORY) {
        oom_kill();
        return false;
    }
    *fault =
        (struct fault){SIGSEGV, SEGV_MAPERR, vaddr, "nothing is mapped there"};
    if (vaddr >= SPACE_USER_END)
        fault->why = "not user memory";
    if (result == SPACE_FAULT_FORBIDDEN) {
        fault->code = SEGV_ACCERR;
        fault->why = "not mapped for that";
    } else if (result == SPACE_FAULT_BEYOND) {
        *fault = (struct fault){SIGBUS, BUS_ADRERR, vaddr,
                                "the file that is mapped ends before it"};
    }
    return true;
}

static void report(const struct process *self, const struct trap_regs *regs,
                   const struct fault *fault)
{
    const char *signal = signal_name(fault->signal);

    if (fault->why != NULL)
        kprintf("guest: %s (process %u) killed, %s: %s 0x%lx by the "
                "instruction at 0x%lx: %s\n",
                self->name, self->pid, signal,
                exception_access(regs->frame.error), fault->vaddr,
                regs->frame.rip, fault->why);
    else
        kprintf("guest: %s (process %u) killed, %s: %s at 0x%lx\n", self->name,
                self->pid, signal, exception_name(regs->vector),
                regs->frame.rip);
}

static void handle_fault(struct process *self, const struct trap_regs *regs,
                         uint64_t vaddr)
{
    struct fault fault = fault_of(regs);
    struct signal_info info = {.number = 0};

    thread_current()->user->syscall_number = SIGNAL_NO_SYSCALL;
    if (regs->vector == TRAP_PAGE_FAULT &&
        !is_bad_access(self, regs, vaddr, &fault))
        return;
    if (!signal_is_caught(fault.signal))
        report(self, regs, &fault);
    info.number = (int32_t)fault.signal;
    info.code = fault.code;
    info.vaddr = fault.vaddr;
    signal_fault(fault.signal, &info);
}

/* What no program can cause. */
static bool is_the_machines(uint64_t vector)
{
    return vector == TRAP_NMI || vector == TRAP_DOUBLE_FAULT ||
           vector == TRAP_MACHINE_CHECK;
}

void user_trap(struct trap_regs *regs)
{
    struct thread *thread = thread_current();
    uint64_t vaddr = 0;

    if (is_the_machines(regs->vector))
        panic_exception(regs);
    BUG_ON(thread->user == NULL);
    thread->user->regs = regs;
    /* The next fault, of another process perhaps, overwrites it. */
    if (regs->vector == TRAP_PAGE_FAULT)
        vaddr = privops_fault_vaddr();
    privops_irq_enable();
    if (regs->vector == TRAP_SYSCALL)
        syscall_dispatch(thread->process, regs);
    else
        handle_fault(thread->process, regs, vaddr);
    privops_irq_disable();
    if (thread->work)
        user_return(regs);
}

/* Another thread may have the CPU meanwhile, and find more to do. */
void user_return(struct trap_regs *regs)
{
    struct thread *thread = thread_current();
    bool is_syscall = regs->vector == TRAP_SYSCALL;

    while (thread->work) {
        thread->work = false;
        thread->user->regs = regs;
        sched_preempt(regs);
        privops_irq_enable();
        signal_deliver(regs, is_syscall);
        privops_irq_disable();
    }
}
