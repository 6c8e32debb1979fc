/* SPDX-License-Identifier: MIT
 *
 * Exceptions and interrupts, once the entry code has saved the registers.
 * Shared by all engines: an exception of a guest is the engine's to handle.
 */
#include "hypervisor/engine/trap.h"

#include <stddef.h>

#include "abi/exits.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/base/log.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/core/clock.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/hc_console.h"
#include "hypervisor/core/latency.h"
#include "hypervisor/core/meter.h"
#include "hypervisor/core/pirq.h"
#include "hypervisor/mm/tlb.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"

#define POISON 0x5ca1ab1edeadbeef

/* A pair of distances from the field itself: where it may fault, and where to
 * go on then. */
struct fixup {
    int32_t from;
    int32_t to;
};

extern const struct fixup hv_ex_table[];
extern const struct fixup hv_ex_table_end[];

static uint64_t find_fixup(uint64_t rip)
{
    for (const struct fixup *f = hv_ex_table; f < hv_ex_table_end; f++) {
        if ((uint64_t)&f->from + (uint64_t)(int64_t)f->from == rip)
            return (uint64_t)&f->to + (uint64_t)(int64_t)f->to;
    }
    return 0;
}

void trap_from_hypervisor(struct cpu_regs *regs)
{
    uint64_t fixup = 0;

    switch (regs->vector) {
    case EXC_NMI:
        panic_stopped();
        return;
    case EXC_DB:
        /* A guest's single step that came through a system call. */
        regs->rflags &= ~(uint64_t)RFLAGS_TF;
        write_dr6(DR6_RESET);
        return;
    case EXC_GP:
    case EXC_PF:
    case EXC_SS:
    case EXC_NP:
        fixup = find_fixup(regs->rip);
        break;
    default:
        break;
    }
    if (!fixup)
        panic_regs(regs, "exception %u in the hypervisor", regs->vector);
    regs->rip = fixup;
}

struct cpu_regs *trap_move_to_main_stack(const struct cpu_regs *regs)
{
    struct cpu_regs *main = guest_regs();

    *main = *regs;
    return main;
}

void trap_from_guest(struct cpu_regs *regs)
{
    struct vcpu *v = vcpu_current();

    ASSERT(regs == guest_regs());
    switch (regs->vector) {
    case EXC_NMI:
        v->counters->exits[PARAPET_EXIT_nmi]++;
        panic_stopped();
        break;
    case EXC_DF:
    case EXC_MC:
        /* Does not return. */
        panic_regs(regs, "exception %u while a guest ran", regs->vector);
    default:
        v->domain->engine->trap(v, regs);
    }
}

/*
 * Some CPUs check the address in iretq, and some when they fetch from it, in
 * the guest. For the guest both are a protection fault at the bad rip.
 */
void trap_bad_return(struct cpu_regs *regs)
{
    struct vcpu *v = vcpu_current();

    regs->vector = EXC_GP;
    regs->error = 0;
    v->domain->engine->trap(v, regs);
}

bool trap_timed_exception(struct cpu_regs *regs)
{
    struct cpu_info *cpu = this_cpu();
    struct vcpu *v = cpu->current;
    uint64_t start = latency_begin(cpu);
    bool done = cpu->exception(regs);

    latency_add(latency_of_exit(v, regs->vector == EXC_PF
                                       ? PARAPET_EXIT_page_fault
                                       : PARAPET_EXIT_exception),
                start);
    return done;
}

static void other_interrupt(uint32_t vector)
{
    if (vector - VECTOR_PIN < IOAPIC_NR_PINS)
        pirq_interrupt(vector - VECTOR_PIN);
    else
        log_warn("unexpected interrupt, vector %u", vector);
}

/*
 * It came from a guest, or while the CPU was idle: see cpu_info.quiet. To count
 * it is a barrier: a count that others see late, after the handler has looked a
 * domain up, would be taken for that of the next interrupt (BUG_COUNT_PLAIN in
 * tests/models/teardown.pml).
 */
static void interrupt(const struct cpu_regs *regs, struct cpu_info *cpu)
{
    __atomic_store_n(&cpu->quiet, cpu->quiet + 1, __ATOMIC_SEQ_CST);
    switch (regs->vector) {
    case VECTOR_TIMER:
        sched_timer_interrupt();
        break;
    case VECTOR_KICK:
        sched_kick_interrupt();
        break;
    case VECTOR_FLUSH:
        tlb_serve();
        break;
    case VECTOR_UART:
        hc_console_interrupt();
        break;
    case VECTOR_CMOS:
        clock_interrupt();
        break;
    case VECTOR_SPURIOUS:
        return; /* no end of interrupt (APM 2, 16.4.7) */
    default:
        other_interrupt(regs->vector);
        break;
    }
    apic_end_of_interrupt();
}

void interrupt_from_guest(struct cpu_regs *regs)
{
    struct cpu_info *cpu = this_cpu();
    struct vcpu *v = cpu->current;
    uint64_t start = latency_due(cpu) ? latency_begin(cpu) : 0;

    v->counters->exits[PARAPET_EXIT_interrupt]++;
    interrupt(regs, cpu);
    if (start)
        latency_add(latency_of_exit(v, PARAPET_EXIT_interrupt), start);
}

/* Interrupts are off in the hypervisor, except while it is idle. */
void interrupt_from_hypervisor(struct cpu_regs *regs)
{
    struct cpu_info *cpu = this_cpu();

    ASSERT(!cpu->current);
    __atomic_store_n(&cpu->idle, false, __ATOMIC_SEQ_CST);
    interrupt(regs, cpu);
}

/*
 * The upcall ended its domain. The vCPU that comes next may have an event as
 * well, and end by that, and so on: it gets it by an exit of its own, at once.
 */
static __attribute__((noinline)) void leave_ended(struct cpu_info *cpu,
                                                  struct cpu_regs *regs)
{
    cpu->exit_work &= ~WORK_RESCHEDULE;
    sched_switch(regs);
    cpu->exit_work &= ~(WORK_EVENT | WORK_LOW_RIP);
    if (event_deliverable(cpu->current))
        apic_send(cpu->apic_id, VECTOR_KICK);
}

/* One upcall at most, since another vCPU may be clearing the mask in a loop. */
static inline __attribute__((always_inline)) void
exit_work(struct cpu_info *cpu, struct cpu_regs *regs)
{
    struct vcpu *v;

    if ((cpu->exit_work & WORK_RESCHEDULE) || !cpu->current) {
        cpu->exit_work &= ~WORK_RESCHEDULE;
        sched_switch(regs);
    }
    cpu->exit_work &= ~(WORK_EVENT | WORK_LOW_RIP);
    v = cpu->current;
    v->domain->engine->deliver_event(v, regs);
    if (__builtin_expect(cpu->exit_work & WORK_RESCHEDULE, 0))
        leave_ended(cpu, regs);
}

/* The same where the boot line asks for more. */
static __attribute__((noinline)) void watched_exit_work(struct cpu_info *cpu,
                                                        struct cpu_regs *regs)
{
    if ((cpu->exit_work & WORK_POISON) && regs->vector == VECTOR_HYPERCALL) {
        regs->rcx = POISON;
        regs->r11 = POISON;
    }
    if (meter_enabled)
        meter_name(cpu);
    exit_work(cpu, regs);
    if (meter_enabled)
        meter_end(cpu);
}

void guest_exit_work(struct cpu_regs *regs)
{
    struct cpu_info *cpu = cpu_of_regs(regs);

    ASSERT(cpu == this_cpu());
    if (__builtin_expect(cpu->exit_work & (WORK_POISON | WORK_METER), 0))
        watched_exit_work(cpu, regs);
    else
        exit_work(cpu, regs);
}
