/* SPDX-License-Identifier: MIT
 *
 * Into the guest kernel and back: exceptions, events and the iret hypercall.
 *
 * Kernel and user both run at CPL 3; the mode is the RPL of cs in the frame,
 * and pv_cpu.user_mode while the guest runs. A change of mode changes the
 * root and exchanges the bases of GS. System calls have a path of their own, in
 * pv_entry.S.
 */
#include "hypervisor/engine/pv.h"

#include "abi/errors.h"
#include "abi/exits.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_end.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/latency.h"
#include "hypervisor/engine/direct_access.h"
#include "hypervisor/engine/trap.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/ex_table.h"
#include "hypervisor/x86/percpu.h"

#define RFLAGS_FIXED (RFLAGS_IF | RFLAGS_ALWAYS)

#define PF_ERROR_USER 4u
#define PF_ERROR_PROTECTED_WRITE 3u /* present, write */

_Static_assert(PARAPET_HC_iret == 0, "pv_entry.S tests for zero");

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
static inline __attribute__((always_inline)) bool
push_frame(uint64_t frame, const struct cpu_regs *regs, uint64_t rflags,
           uint64_t error, const uint64_t cs)
{
    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("movq %[ss_value], %c[f_ss](%[frame])")
        COPY_TO_FRAME("rsp", "f_rsp")
        MAY_FAULT("mov %[flags], %c[f_rflags](%[frame])")
        MAY_FAULT("movq %[cs_value], %c[f_cs](%[frame])")
        COPY_TO_FRAME("rip", "f_rip")
        MAY_FAULT("movq %[error], %c[f_error](%[frame])")
        COPY_TO_FRAME("r11", "f_r11")
        COPY_TO_FRAME("rcx", "f_rcx")
        COPY_TO_FRAME("rax", "f_rax")
        "clac"
        :
        : [frame] "r"(frame), [regs] "r"(regs), [flags] "r"(rflags),
          [error] "re"(error), [ss_value] "i"(PARAPET_SS), [cs_value] "i"(cs),
          REG(rsp), REG(rip), REG(r11), REG(rcx), REG(rax), FRAME(ss),
          FRAME(rsp), FRAME(rflags), FRAME(cs), FRAME(rip), FRAME(error),
          FRAME(r11), FRAME(rcx), FRAME(rax)
        : "rax", "memory", "cc"
        : fault);
    /* clang-format on */
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

/* From here on the guest's kernel runs: its root, its GS. */
static void enter_kernel_mode(struct cpu_info *cpu)
{
    pv_cpu(cpu)->user_mode = 0;
    write_cr3(pv_cpu(cpu)->kernel_cr3);
    cpu->current->page->user_gs = read_gs_base();
    swapgs();
}

static void enter_user_mode(struct cpu_info *cpu)
{
    pv_cpu(cpu)->user_mode = 1;
    write_cr3(pv_cpu(cpu)->user_cr3);
    swapgs();
}

/* Of the interrupted stack, or of the kernel's; frames lie at 16n + 8. */
static inline uint64_t frame_below(uint64_t stack)
{
    return (stack & ~15ul) - PARAPET_FRAME_SIZE;
}

/*
 * Above the hypervisor's range, a frame's end needs no look: it is above too,
 * or has wrapped into the guest's lower half.
 */
static inline bool frame_ok(uint64_t frame)
{
    return __builtin_expect(frame >= PARAPET_HYPERVISOR_END, 1) ||
           guest_range_ok(frame, PARAPET_FRAME_SIZE);
}

/*
 * Enters the guest kernel at entry, when the frame is there. With mask_events,
 * delivery is masked meanwhile.
 */
static inline void enter_handler(struct vcpu *v, struct cpu_regs *regs,
                                 uint64_t entry, uint64_t frame,
                                 bool mask_events)
{
    if (mask_events)
        v->page->event_mask = 1;
    regs->rip = entry;
    regs->rsp = frame;
    regs->rflags = RFLAGS_FIXED;
}

/*
 * Pushes a frame of regs, with rflags as the guest sees them, onto the stack of
 * the guest kernel that was interrupted. False when it cannot be pushed. Only
 * the registers that every entry saves are used: what enter_handler() needs is
 * better read after this than kept across it.
 */
static inline bool push_kernel_frame(const struct cpu_regs *regs,
                                     uint64_t rflags, uint64_t error,
                                     uint64_t *frame)
{
    *frame = frame_below(regs->rsp);
    return frame_ok(*frame) &&
           push_frame(*frame, regs, rflags, error, PARAPET_CS_KERNEL);
}

/* The same from user mode: onto the stack that the vCPU page names. */
static inline bool bounce_user(struct vcpu *v, struct cpu_regs *regs,
                               uint64_t entry, uint64_t error, bool mask_events)
{
    uint64_t frame;

    enter_kernel_mode(cpu_of_regs(regs));
    /* Once: what is checked is what is used, whoever writes there. */
    frame =
        frame_below(__atomic_load_n(&v->page->kernel_stack, __ATOMIC_RELAXED));
    if (frame < PARAPET_HYPERVISOR_END || /* as in pv_entry.S */
        !push_frame(frame, regs, regs->rflags, error, PARAPET_CS_USER)) {
        enter_user_mode(cpu_of_regs(regs));
        return false;
    }
    enter_handler(v, regs, entry, frame, mask_events);
    return true;
}

/*
 * Hands the exception to its handler, which is set. The error code's user
 * bit tells the mode, and not the CPL. (regs is where the caller has it.)
 */
static bool bounce_exception(struct cpu_regs *regs, const struct pv_trap *trap,
                             struct vcpu *v)
{
    enum parapet_exit exit = PARAPET_EXIT_exception;
    uint64_t rflags = regs->rflags, frame;

    if (regs->vector == EXC_PF) {
        regs->error &= ~PF_ERROR_USER;
        v->page->fault_vaddr = read_cr2();
        exit = PARAPET_EXIT_page_fault;
    }
    if (v->page->event_mask)
        rflags &= ~(uint64_t)RFLAGS_IF;
    if (!push_kernel_frame(regs, rflags, regs->error, &frame))
        return false;
    enter_handler(v, regs, trap->entry, frame, trap->mask_events);
    v->counters->exits[exit]++;
    return true;
}

static __attribute__((noinline)) bool
bounce_user_exception(struct cpu_regs *regs, const struct pv_trap *trap,
                      struct vcpu *v)
{
    enum parapet_exit exit = PARAPET_EXIT_exception;

    if (regs->vector == EXC_PF) {
        v->page->fault_vaddr = read_cr2();
        exit = PARAPET_EXIT_page_fault;
    }
    if (!bounce_user(v, regs, trap->entry, regs->error, trap->mask_events))
        return false;
    v->counters->exits[exit]++;
    return true;
}

static __attribute__((noinline)) bool bounce_user_event(struct vcpu *v,
                                                        struct cpu_regs *regs)
{
    if (!bounce_user(v, regs, v->event_entry, 0, true))
        return false;
    cpu_of_regs(regs)->exit_work &= ~WORK_EVENT;
    v->counters->exits[PARAPET_EXIT_event]++;
    return true;
}

/* A write of the kernel's to what is mapped read-only: a table, perhaps. */
static inline bool may_be_table_write(const struct cpu_regs *regs)
{
    return regs->vector == EXC_PF &&
           (regs->error & PF_ERROR_PROTECTED_WRITE) == PF_ERROR_PROTECTED_WRITE;
}

bool pv_exception(struct cpu_regs *regs)
{
    struct cpu_info *cpu = cpu_of_regs(regs);
    struct vcpu *v = cpu->current;
    const struct pv_trap *trap = &pv_vcpu(v)->traps[regs->vector];

    if (!trap->entry)
        return false;
    if (pv_cpu(cpu)->user_mode)
        return bounce_user_exception(regs, trap, v);
    return !may_be_table_write(regs) && bounce_exception(regs, trap, v);
}

/* The upcall, which is due. False when its frame cannot be pushed. */
static inline bool push_event(struct vcpu *v, struct cpu_regs *regs)
{
    uint64_t frame;

    if (pv_cpu(cpu_of_regs(regs))->user_mode)
        return bounce_user_event(v, regs);
    /* Deliverable means unmasked: the flag in rflags is set, as it is. */
    if (!push_kernel_frame(regs, regs->rflags, 0, &frame))
        return false;
    enter_handler(v, regs, v->event_entry, frame, true);
    cpu_of_regs(regs)->exit_work &= ~WORK_EVENT;
    v->counters->exits[PARAPET_EXIT_event]++;
    return true;
}

bool pv_event(struct cpu_regs *regs)
{
    struct vcpu *v = cpu_of_regs(regs)->current;

    return event_deliverable(v) && push_event(v, regs);
}

/*
 * The mask is looked at once: another vCPU of the domain may change it between
 * two looks.
 */
void pv_deliver_event(struct vcpu *v, struct cpu_regs *regs)
{
    if (!event_deliverable(v) || push_event(v, regs))
        return;
    domain_kill(v, regs, "no stack for the event frame at rsp %lx",
                pv_cpu(cpu_of_regs(regs))->user_mode ? v->page->kernel_stack
                                                     : regs->rsp);
}

static void kill_current(struct vcpu *v, const struct cpu_regs *regs,
                         const char *what)
{
    domain_kill(v, regs, "%s, exception %u, error %x", what, regs->vector,
                regs->error);
}

/* CR2 is overwritten when it is the push of a frame that has failed. */
static void kill_page_fault(struct vcpu *v, const struct cpu_regs *regs,
                            uint64_t vaddr, const char *what)
{
    domain_kill(v, regs, "%s, page fault at %lx, error %x", what, vaddr,
                regs->error);
}

void pv_reflect(struct vcpu *v, struct cpu_regs *regs)
{
    const struct pv_trap *trap =
        &pv_vcpu(v)->traps[regs->vector % PARAPET_NR_TRAPS];
    const char *what = "no handler is registered";

    if (regs->vector < PARAPET_NR_TRAPS && trap->entry) {
        if (pv_cpu(cpu_of_regs(regs))->user_mode
                ? bounce_user_exception(regs, trap, v)
                : bounce_exception(regs, trap, v))
            return;
        what = "no stack for the exception frame";
    }
    if (regs->vector == EXC_PF)
        kill_page_fault(v, regs, pv_vcpu(v)->fault_vaddr, what);
    else
        kill_current(v, regs, what);
}

__attribute__((noinline)) void pv_report_step(struct vcpu *v,
                                              struct cpu_regs *regs)
{
    pv_vcpu(v)->dr6 = DR6_RESET | DR6_BS;
    regs->vector = EXC_DB;
    regs->error = 0;
    pv_reflect(v, regs);
}

/* For pv_entry.S: a hypercall with TF set ends by iretq. */
void pv_hypercall_step(struct cpu_regs *regs)
{
    pv_report_step(vcpu_current(), regs);
}

/*
 * The quick way has declined: there is no handler, or no stack for it, or it
 * may be a page-table write.
 */
static __attribute__((noinline)) void page_fault(struct vcpu *v,
                                                 struct cpu_regs *regs)
{
    bool handled = pv_vcpu(v)->traps[EXC_PF].entry;
    bool table =
        may_be_table_write(regs) && !pv_cpu(cpu_of_regs(regs))->user_mode;

    if (handled && !table) {
        kill_page_fault(v, regs, v->page->fault_vaddr,
                        "no stack for the exception frame");
        return;
    }
    pv_vcpu(v)->fault_vaddr = read_cr2();
    if (table && pv_table_write(v, regs, pv_vcpu(v)->fault_vaddr)) {
        v->counters->exits[PARAPET_EXIT_table_write]++;
        return;
    }
    /* Reading the guest's code may have made a fault of our own. */
    write_cr2(pv_vcpu(v)->fault_vaddr);
    pv_reflect(v, regs);
}

/* Which of the two reasons it was, the counters tell. */
static __attribute__((noinline)) void emulate_timed(struct vcpu *v,
                                                    struct cpu_regs *regs)
{
    uint64_t emulated = v->counters->exits[PARAPET_EXIT_emulated];
    uint64_t start = latency_begin(this_cpu());
    enum parapet_exit exit = PARAPET_EXIT_reflected;

    pv_emulate(v, regs);
    if (v->counters->exits[PARAPET_EXIT_emulated] != emulated)
        exit = PARAPET_EXIT_emulated;
    latency_add(latency_of_exit(v, exit), start);
}

void pv_trap(struct vcpu *v, struct cpu_regs *regs)
{
    switch (regs->vector) {
    case EXC_GP:
        if (pv_cpu(cpu_of_regs(regs))->user_mode)
            pv_reflect(v, regs); /* nothing is emulated for user mode */
        else if (latency_due(this_cpu()))
            emulate_timed(v, regs);
        else
            pv_emulate(v, regs);
        break;
    case EXC_PF:
        page_fault(v, regs);
        break;
    case EXC_DB:
        pv_vcpu(v)->dr6 = read_dr6();
        write_dr6(DR6_RESET);
        pv_reflect(v, regs);
        break;
    default:
        pv_reflect(v, regs);
        break;
    }
}

/* Whether cs is a mode that the vCPU can run in; if not, the domain ends. */
static bool iret_mode_ok(struct vcpu *v, const struct cpu_regs *regs,
                         uint64_t cs)
{
    if (cs == PARAPET_CS_KERNEL)
        return true;
    if (cs == PARAPET_CS_USER && pv_vcpu(v)->user_root != 0)
        return true;
    if (cs == PARAPET_CS_USER)
        domain_kill(v, regs,
                    "iret: cs %lx is user mode, which needs a user root", cs);
    else
        domain_kill(v, regs, "iret: cs is %lx, expected %x or %x", cs,
                    PARAPET_CS_KERNEL, PARAPET_CS_USER);
    return false;
}

void pv_iret_slow(struct cpu_regs *regs)
{
    struct vcpu *v = vcpu_current();
    struct parapet_frame f;

    regs->vector = PARAPET_NR_TRAPS; /* no exception, for a report */
    regs->rax = PARAPET_HC_iret;
    if (direct_copy_from_guest(&f, regs->rsp, sizeof(f))) {
        domain_kill(v, regs, "iret: no frame can be read at rsp %lx",
                    regs->rsp);
        return;
    }
    if (!iret_mode_ok(v, regs, f.cs))
        return;
    regs->rax = f.rax;
    regs->rcx = f.rcx;
    regs->r11 = f.r11;
    regs->rip = f.rip;
    regs->rflags = (f.rflags & RFLAGS_GUEST) | RFLAGS_FIXED;
    regs->rsp = f.rsp;
    if (f.cs == PARAPET_CS_USER) {
        v->page->event_mask = 0;
        enter_user_mode(this_cpu());
    } else {
        v->page->event_mask = !(f.rflags & RFLAGS_IF);
    }
}

void pv_system_call_refused(struct cpu_regs *regs)
{
    struct vcpu *v = vcpu_current();

    regs->vector = PARAPET_NR_TRAPS;
    regs->rcx = regs->rip; /* as the instruction leaves them */
    regs->r11 = regs->rflags;
    if (pv_vcpu(v)->syscall_entry)
        domain_kill(v, regs, "no stack for the system call frame at %lx",
                    v->page->kernel_stack);
    else
        domain_kill(v, regs, "a system call, and no entry is registered");
}

void pv_compat_refused(struct cpu_regs *regs)
{
    domain_kill(vcpu_current(), regs, "a 32-bit system call");
}
