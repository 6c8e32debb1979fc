/* SPDX-License-Identifier: MIT
 *
 * Into the guest kernel and back: exceptions, events and the iret hypercall.
 *
 * Kernel and user both run at CPL 3; the mode is the RPL of cs in the frame.
 * There is no user mode until a guest can have two roots, so for now each
 * frame that is pushed says kernel, and one that says user is refused.
 */
#include "hypervisor/engine/pv.h"

#include "abi/errors.h"
#include "abi/exits.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"
#include "hypervisor/x86/trap.h"

/* Of a frame's rflags, what a guest may set: CF PF AF ZF SF TF DF OF RF AC ID.
 * pv_entry.S has the same. */
#define RFLAGS_GUEST 0x250dd5ul
#define RFLAGS_FIXED 0x202ul /* IF and the bit that is always 1 */

#define PF_ERROR_USER 4u

_Static_assert(PARAPET_ENOSYS == 38, "pv_entry.S returns this number");
_Static_assert(PARAPET_HC_iret == 0, "pv_entry.S tests for zero");
_Static_assert(VECTOR_HYPERCALL == 256, "pv_entry.S stores this number");
_Static_assert(offsetof(struct parapet_counters, unknown_hypercalls) ==
                   8 * PARAPET_NR_HYPERCALLS,
               "pv_entry.S counts unknown numbers there");

bool pv_bounce(struct vcpu *v, struct cpu_regs *regs, uint64_t entry,
               bool mask_events)
{
    struct parapet_vcpu_page *page = v->page;
    uint64_t frame = (regs->rsp & ~15ul) - PARAPET_FRAME_SIZE;
    uint64_t rflags = regs->rflags & ~(uint64_t)RFLAGS_IF;

    if (!page->event_mask)
        rflags |= RFLAGS_IF;
    if (!guest_range_ok(frame, PARAPET_FRAME_SIZE) ||
        pv_push_frame(frame, regs, PARAPET_CS_KERNEL, rflags))
        return false;
    if (mask_events)
        page->event_mask = 1;
    regs->rip = entry;
    regs->rsp = frame;
    regs->rflags = RFLAGS_FIXED;
    return true;
}

bool pv_exception(struct cpu_regs *regs)
{
    struct vcpu *v = vcpu_current();
    const struct pv_trap *trap = &v->pv.traps[regs->vector];

    if (!trap->entry)
        return false;
    if (regs->vector == EXC_PF) {
        /* The error code's user bit tells the mode, not the CPL. */
        regs->error &= ~PF_ERROR_USER;
        v->page->fault_vaddr = read_cr2();
    }
    if (!pv_bounce(v, regs, trap->entry, trap->mask_events))
        return false;
    v->counters->exits[regs->vector == EXC_PF ? PARAPET_EXIT_page_fault
                                              : PARAPET_EXIT_exception]++;
    return true;
}

static void kill_current(struct vcpu *v, const struct cpu_regs *regs,
                         const char *what)
{
    this_cpu()->exit_work |= WORK_RESCHEDULE;
    if (regs->vector == EXC_PF)
        domain_kill(v, regs, "%s, page fault at %lx, error %x", what,
                    read_cr2(), regs->error);
    else
        domain_kill(v, regs, "%s, exception %u, error %x", what, regs->vector,
                    regs->error);
}

void pv_reflect(struct vcpu *v, struct cpu_regs *regs)
{
    if (regs->vector >= PARAPET_NR_TRAPS || !v->pv.traps[regs->vector].entry)
        kill_current(v, regs, "no handler is registered");
    else if (!pv_exception(regs))
        kill_current(v, regs, "no stack for the exception frame");
}

void pv_trap(struct vcpu *v, struct cpu_regs *regs)
{
    switch (regs->vector) {
    case EXC_GP:
        pv_emulate(v, regs);
        break;
    case EXC_DB:
        __asm__ volatile("mov %%dr6, %0" : "=r"(v->pv.dr6));
        __asm__ volatile("mov %0, %%dr6" : : "r"(0xffff0ff0ul));
        pv_reflect(v, regs);
        break;
    default:
        pv_reflect(v, regs);
        break;
    }
}

void pv_iret_slow(struct cpu_regs *regs)
{
    struct vcpu *v = vcpu_current();
    struct parapet_frame f;

    regs->vector = PARAPET_NR_TRAPS; /* no exception, for a report */
    regs->rax = PARAPET_HC_iret;
    if (copy_from_guest(&f, regs->rsp, sizeof(f))) {
        this_cpu()->exit_work |= WORK_RESCHEDULE;
        domain_kill(v, regs, "iret: no frame can be read at rsp %lx",
                    regs->rsp);
        return;
    }
    if (f.cs != PARAPET_CS_KERNEL) {
        this_cpu()->exit_work |= WORK_RESCHEDULE;
        if (f.cs == PARAPET_CS_USER)
            domain_kill(v, regs,
                        "iret: cs %lx is user mode, which needs a "
                        "user root",
                        f.cs);
        else
            domain_kill(v, regs, "iret: cs is %lx, expected %x or %x", f.cs,
                        PARAPET_CS_KERNEL, PARAPET_CS_USER);
        return;
    }
    regs->rax = f.rax;
    regs->rcx = f.rcx;
    regs->r11 = f.r11;
    regs->rip = f.rip;
    regs->rflags = (f.rflags & RFLAGS_GUEST) | RFLAGS_FIXED;
    regs->rsp = f.rsp;
    v->page->event_mask = !(f.rflags & RFLAGS_IF);
}

void pv_compat_refused(struct cpu_regs *regs)
{
    this_cpu()->exit_work |= WORK_RESCHEDULE;
    domain_kill(vcpu_current(), regs, "a 32-bit system call");
}

/*
 * iret as an entry of the dispatch table: never reached, since the entry code
 * takes the number before and a multicall refuses it.
 */
int64_t hc_iret(void)
{
    return -PARAPET_EINVAL;
}

/*
 * set_trap_table: sets the handlers that traps[0..nr_traps) names and keeps
 * the others. EFAULT: an entry cannot be read. EINVAL: a vector is none, flags
 * are unknown, or an entry is not the guest's to execute. E2BIG: more entries
 * than vectors. On an error, the entries before it are set.
 */
int64_t hc_set_trap_table(uint64_t traps, uint64_t nr_traps)
{
    struct vcpu *v = vcpu_current();
    struct parapet_trap t;

    if (nr_traps > PARAPET_NR_TRAPS)
        return -PARAPET_E2BIG;
    for (uint64_t i = 0; i < nr_traps; i++) {
        if (copy_from_guest(&t, traps + i * sizeof(t), sizeof(t)))
            return -PARAPET_EFAULT;
        if (t.vector >= PARAPET_NR_TRAPS ||
            (t.flags & ~(uint32_t)PARAPET_TRAP_MASK_EVENTS) ||
            !guest_code_ok(t.entry))
            return -PARAPET_EINVAL;
        v->pv.traps[t.vector].entry = t.entry;
        v->pv.traps[t.vector].mask_events = t.flags & PARAPET_TRAP_MASK_EVENTS;
    }
    return 0;
}

/*
 * set_callback: callback is PARAPET_CALLBACK_*, entry 0 removes it. EINVAL: no
 * such callback, or entry is not the guest's to execute.
 */
int64_t hc_set_callback(uint32_t callback, uint64_t entry)
{
    struct vcpu *v = vcpu_current();

    if (!guest_code_ok(entry))
        return -PARAPET_EINVAL;
    switch (callback) {
    case PARAPET_CALLBACK_EVENT:
        v->event_entry = entry;
        return hc_event_check();
    case PARAPET_CALLBACK_SYSCALL:
        v->pv.syscall_entry = entry;
        return 0;
    default:
        return -PARAPET_EINVAL;
    }
}

/*
 * set_segment_base: segment is PARAPET_SEGMENT_*. EINVAL: no such segment, or
 * base is not canonical. A base inside the hypervisor's range is harmless: an
 * access through it faults.
 */
int64_t hc_set_segment_base(uint32_t segment, uint64_t base)
{
    if ((uint64_t)((int64_t)(base << 16) >> 16) != base)
        return -PARAPET_EINVAL;
    switch (segment) {
    case PARAPET_SEGMENT_FS:
        write_fs_base(base);
        return 0;
    case PARAPET_SEGMENT_GS:
        write_gs_base(base);
        return 0;
    case PARAPET_SEGMENT_GS_USER:
        wrmsr(MSR_KERNEL_GS_BASE, base);
        return 0;
    default:
        return -PARAPET_EINVAL;
    }
}
