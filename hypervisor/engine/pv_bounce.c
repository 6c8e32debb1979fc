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
#include "hypervisor/core/event.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/latency.h"
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

/* An instruction of the asm below that may fault on the guest's memory. */
#define MAY_FAULT(instruction)                                                 \
    "1: " instruction "\n"                                                     \
    ".pushsection .ex_table, \"a\"\n"                                          \
    ".balign 4\n"                                                              \
    ".long 1b - ., %l[fault] - .\n"                                            \
    ".popsection\n"
#define COPY_TO_FRAME(from, to)                                                \
    "mov %c[" from                                                             \
    "](%[regs]), %%rax\n" MAY_FAULT("mov %%rax, %c[" to "](%[frame])")
#define REG(name) [name] "i"(offsetof(struct cpu_regs, name))
#define FRAME(name) [f_##name] "i"(offsetof(struct parapet_frame, name))

/*
 * Writes struct parapet_frame at frame, which lies outside the hypervisor's
 * range. False when the guest's memory cannot be written there. In assembly,
 * so that each store can fault and the caller stays a leaf function.
 */
static inline bool push_frame(uint64_t frame, const struct cpu_regs *regs,
                              uint64_t rflags)
{
    __asm__ volatile goto(
        "stac\n" MAY_FAULT("movq %[ss_value], %c[f_ss](%[frame])")
            COPY_TO_FRAME("rsp", "f_rsp") MAY_FAULT(
                "mov %[flags], %c[f_rflags](%[frame])")
                MAY_FAULT("movq %[cs_value], %c[f_cs](%[frame])") COPY_TO_FRAME(
                    "rip", "f_rip") "mov %c[error](%[regs]), "
                                    "%%eax\n" MAY_FAULT("mov %%rax, "
                                                        "%c[f_error](%[frame])")
                                        COPY_TO_FRAME("r11", "f_r11")
                                            COPY_TO_FRAME("rcx", "f_rcx")
                                                COPY_TO_FRAME("rax",
                                                              "f_rax") "clac"
        :
        : [frame] "r"(frame), [regs] "r"(regs), [flags] "r"(rflags),
          [ss_value] "i"(PARAPET_SS), [cs_value] "i"(PARAPET_CS_KERNEL),
          REG(rsp), REG(rip), REG(error), REG(r11), REG(rcx), REG(rax),
          FRAME(ss), FRAME(rsp), FRAME(rflags), FRAME(cs), FRAME(rip),
          FRAME(error), FRAME(r11), FRAME(rcx), FRAME(rax)
        : "rax", "memory", "cc"
        : fault);
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

/*
 * Enters the guest kernel at entry: pushes a frame of regs, with rflags as the
 * guest sees them, onto its stack and changes regs. With mask_events, delivery
 * is masked meanwhile. False, with nothing changed, when the frame cannot be
 * pushed. Only the registers that every entry saves are used.
 */
static inline bool bounce(struct vcpu *v, struct cpu_regs *regs, uint64_t entry,
                          uint64_t rflags, bool mask_events)
{
    uint64_t frame = (regs->rsp & ~15ul) - PARAPET_FRAME_SIZE;

    /*
     * Above the hypervisor's range, its end needs no look: it is above too,
     * or has wrapped into the guest's lower half.
     */
    if (frame < PARAPET_HYPERVISOR_END &&
        !guest_range_ok(frame, PARAPET_FRAME_SIZE))
        return false;
    if (!push_frame(frame, regs, rflags))
        return false;
    if (mask_events)
        v->page->event_mask = 1;
    regs->rip = entry;
    regs->rsp = frame;
    regs->rflags = RFLAGS_FIXED;
    return true;
}

bool pv_exception(struct cpu_regs *regs)
{
    struct vcpu *v = vcpu_current();
    const struct pv_trap *trap = &v->pv.traps[regs->vector];
    enum parapet_exit exit = PARAPET_EXIT_exception;
    uint64_t rflags = regs->rflags;

    if (!trap->entry)
        return false;
    if (regs->vector == EXC_PF) {
        /* The error code's user bit tells the mode, not the CPL. */
        regs->error &= ~PF_ERROR_USER;
        v->page->fault_vaddr = read_cr2();
        exit = PARAPET_EXIT_page_fault;
    }
    if (v->page->event_mask)
        rflags &= ~(uint64_t)RFLAGS_IF;
    if (!bounce(v, regs, trap->entry, rflags, trap->mask_events))
        return false;
    v->counters->exits[exit]++;
    return true;
}

bool pv_event(struct cpu_regs *regs)
{
    struct cpu_info *cpu = this_cpu();
    struct vcpu *v = cpu->current;

    regs->error = 0;
    /* Deliverable means unmasked: the flag in rflags is set, as it is. */
    if (!event_deliverable(v) ||
        !bounce(v, regs, v->event_entry, regs->rflags, true))
        return false;
    cpu->exit_work &= ~WORK_EVENT;
    v->counters->exits[PARAPET_EXIT_event]++;
    return true;
}

void pv_deliver_event(struct vcpu *v, struct cpu_regs *regs)
{
    /* Another vCPU of the domain may have set the mask meanwhile. */
    if (pv_event(regs) || !event_deliverable(v))
        return;
    this_cpu()->exit_work |= WORK_RESCHEDULE;
    domain_kill(v, regs, "no stack for the event frame at rsp %lx", regs->rsp);
}

static void kill_current(struct vcpu *v, const struct cpu_regs *regs,
                         const char *what)
{
    this_cpu()->exit_work |= WORK_RESCHEDULE;
    domain_kill(v, regs, "%s, exception %u, error %x", what, regs->vector,
                regs->error);
}

/* The quick way has not managed a page fault. If it tried, the push of the
 * frame has overwritten CR2, and the address is in the vCPU page. */
static void kill_page_fault(struct vcpu *v, const struct cpu_regs *regs)
{
    bool tried = v->pv.traps[EXC_PF].entry;

    this_cpu()->exit_work |= WORK_RESCHEDULE;
    domain_kill(v, regs, "%s, page fault at %lx, error %x",
                tried ? "no stack for the exception frame"
                      : "no handler is registered",
                tried ? v->page->fault_vaddr : read_cr2(), regs->error);
}

void pv_reflect(struct vcpu *v, struct cpu_regs *regs)
{
    if (regs->vector == EXC_PF)
        kill_page_fault(v, regs);
    else if (regs->vector >= PARAPET_NR_TRAPS ||
             !v->pv.traps[regs->vector].entry)
        kill_current(v, regs, "no handler is registered");
    else if (!pv_exception(regs))
        kill_current(v, regs, "no stack for the exception frame");
}

/* Which of the two reasons it was, the counters tell. */
static void emulate_timed(struct vcpu *v, struct cpu_regs *regs)
{
    uint64_t emulated = v->counters->exits[PARAPET_EXIT_emulated];
    uint64_t start = latency_begin(this_cpu());
    enum parapet_exit exit = PARAPET_EXIT_reflected;

    pv_emulate(v, regs);
    if (v->counters->exits[PARAPET_EXIT_emulated] != emulated)
        exit = PARAPET_EXIT_emulated;
    latency_add(v->latency->exits[exit], start);
}

void pv_trap(struct vcpu *v, struct cpu_regs *regs)
{
    switch (regs->vector) {
    case EXC_GP:
        if (latency_due(this_cpu()))
            emulate_timed(v, regs);
        else
            pv_emulate(v, regs);
        break;
    case EXC_DB:
        __asm__ volatile("mov %%dr6, %0" : "=r"(v->pv.dr6));
        __asm__ volatile("mov %0, %%dr6" : : "r"(PV_DR6_RESET));
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
