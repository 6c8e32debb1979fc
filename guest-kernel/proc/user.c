/* SPDX-License-Identifier: MIT
 *
 * The kernel uses none of the vector registers, neither base, and no address
 * of the user's half. So all of that stays the last process's while threads
 * of the kernel run, and is exchanged only when another process does: from a
 * process to the idle thread and back costs nothing.
 */
#include "guest-kernel/proc/user.h"

#include "guest-kernel/core/exception.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/proc/errno.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/x86/trap.h"

/* Of a page fault's error code: the access had the rights of user mode. */
#define ERROR_USER 0x4u

/* Whose registers and space are in the CPU; NULL: nobody's. */
static struct process *loaded;

/* ---- whose registers ---- */

void user_switch(struct process *next)
{
    const struct privops_bases *now = NULL;

    if (next == NULL || next == loaded)
        return;
    if (loaded != NULL) {
        privops_bases_save(&loaded->bases);
        fpu_save(loaded->fpu);
        now = &loaded->bases;
    }
    space_switch(next->space);
    privops_bases_load(&next->bases, now);
    fpu_load(next->fpu);
    privops_kernel_stack(next->thread->stack.high);
    loaded = next;
}

void user_copy_state(struct process *child)
{
    bool irq_on = privops_irq_save();

    privops_bases_save(&child->bases);
    fpu_save(child->fpu);
    privops_irq_restore(irq_on);
}

void user_leave(void)
{
    bool irq_on = privops_irq_save();

    thread_current()->process = NULL;
    loaded = NULL;
    space_switch(NULL);
    privops_irq_restore(irq_on);
}

/* ---- what comes in ---- */

struct signal {
    uint32_t number;
    const char *name;
};

static struct signal signal_of(uint64_t vector)
{
    switch (vector) {
    case TRAP_DIVIDE:
    case TRAP_X87:
    case TRAP_SIMD:
        return (struct signal){SIGFPE, "SIGFPE"};
    case TRAP_DEBUG:
    case TRAP_BREAKPOINT:
        return (struct signal){SIGTRAP, "SIGTRAP"};
    case TRAP_INVALID_OPCODE:
        return (struct signal){SIGILL, "SIGILL"};
    case TRAP_ALIGNMENT:
        return (struct signal){SIGBUS, "SIGBUS"};
    default:
        return (struct signal){SIGSEGV, "SIGSEGV"};
    }
}

static const char *why_no_access(uint64_t vaddr)
{
    if (vaddr >= SPACE_USER_END)
        return "not user memory";
    return "not mapped for that, or no memory left";
}

/* There are no handlers of signals yet: each of these ends the process. */
static _Noreturn void kill(const struct trap_regs *regs, uint64_t fault_vaddr)
{
    const struct process *self = process_current();
    struct signal signal = signal_of(regs->vector);

    if (regs->vector == TRAP_PAGE_FAULT)
        kprintf("guest: %s (process %u) killed, %s: %s 0x%lx by the "
                "instruction at 0x%lx: %s\n",
                self->name, self->pid, signal.name,
                exception_access(regs->frame.error), fault_vaddr,
                regs->frame.rip, why_no_access(fault_vaddr));
    else
        kprintf("guest: %s (process %u) killed, %s: %s at 0x%lx\n", self->name,
                self->pid, signal.name, exception_name(regs->vector),
                regs->frame.rip);
    process_exit(STATUS_KILLED(signal.number));
}

/* What no program can cause. */
static bool is_the_machines(uint64_t vector)
{
    return vector == TRAP_NMI || vector == TRAP_DOUBLE_FAULT ||
           vector == TRAP_MACHINE_CHECK;
}

/*
 * A fault that making the page accessible will not cure: an access that the
 * CPU makes for itself, with the rights of ring 0 (QEMU 7.2 reads the stack of
 * an iretq so, which SMAP forbids). Trying again would go on for ever.
 */
static bool is_the_cpus(const struct trap_regs *regs)
{
    return (regs->frame.error & ERROR_USER) == 0;
}

static bool can_try_again(struct process *self, const struct trap_regs *regs,
                          uint64_t fault_vaddr)
{
    return regs->vector == TRAP_PAGE_FAULT && !is_the_cpus(regs) &&
           space_fault(self->space, fault_vaddr, regs->frame.error);
}

void user_trap(struct trap_regs *regs)
{
    /* The next fault, of another process perhaps, overwrites it. */
    uint64_t fault_vaddr =
        regs->vector == TRAP_PAGE_FAULT ? privops_fault_vaddr() : 0;
    struct process *self = process_current();

    if (is_the_machines(regs->vector))
        panic_exception(regs);
    BUG_ON(self == NULL);
    privops_irq_enable();
    if (regs->vector == TRAP_SYSCALL) {
        self->regs = regs;
        syscall_dispatch(self);
    } else if (!can_try_again(self, regs, fault_vaddr)) {
        kill(regs, fault_vaddr);
    }
    privops_irq_disable();
}
