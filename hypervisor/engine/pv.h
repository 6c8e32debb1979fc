/* SPDX-License-Identifier: MIT
 *
 * What the files of the pv engine share.
 */
#ifndef HYPERVISOR_ENGINE_PV_H
#define HYPERVISOR_ENGINE_PV_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/core/domain.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/x86/percpu.h"
#include "hypervisor/x86/regs.h"
#include "lib/macros.h"

extern const struct engine engine_pv;

struct pv_trap {
    uint64_t entry; /* 0: no handler */
    uint64_t mask_events;
};

struct pv_vcpu {
    struct vcpu vcpu;
    struct pv_trap traps[PARAPET_NR_TRAPS];
    uint64_t syscall_entry;
    mfn_t kernel_root;    /* a table of TYPE_L4, held; 0 before the build */
    mfn_t user_root;      /* of TYPE_USER_ROOT, held; 0: none */
    bool user_mode;       /* while it does not run */
    unsigned int cpu;     /* where it last ran; MAX_CPUS: it starts */
    uint64_t fault_vaddr; /* of the page fault that is looked into */
    uint64_t dr6;         /* what the last debug exception left */
};

_Static_assert(sizeof(struct pv_vcpu) <= PAGE_SIZE, "a vCPU is one frame");

/* What a CPU has at hand while it runs a vCPU: cpu_info.engine. */
struct pv_cpu {
    /* The roots of current, as CR3 wants them; user_cr3 is 0 without one. */
    uint64_t kernel_cr3;
    uint64_t user_cr3;
    uint64_t syscall_entry; /* 0: none registered */
    uint32_t user_mode;     /* it is in user mode */
};

_Static_assert(sizeof(struct pv_cpu) <=
                   sizeof(((struct cpu_info *)NULL)->engine),
               "the engine's words hold it");

static inline struct pv_cpu *pv_cpu(struct cpu_info *cpu)
{
    return (struct pv_cpu *)cpu->engine;
}

/* Of a vCPU of a pv domain: it costs nothing. */
static inline struct pv_vcpu *pv_vcpu(struct vcpu *v)
{
    return container_of(v, struct pv_vcpu, vcpu);
}

/* pv.c's own, with a name that the bench can find. */
void pv_leave_owner(struct memory_owner *old, uint64_t bit);

/* engine.hypercall_page, engine.vcpu_set_start and engine.vcpu_start. */
void pv_hypercall_page(void *page);
int pv_vcpu_set_start(struct vcpu *v, uint64_t entry, uint64_t stack,
                      uint64_t argument, mfn_t root);
void pv_vcpu_start(struct vcpu *v, uint64_t entry, uint64_t stack,
                   uint64_t argument);

/*
 * Hands the exception in regs (vector, error) to the guest's handler; ends
 * the domain when it has none or no stack for it. regs are complete.
 */
void pv_reflect(struct vcpu *v, struct cpu_regs *regs);

/*
 * A protection fault of the guest's: emulates the instruction if it is a
 * sensitive one, else reflects the fault. regs are complete.
 */
void pv_emulate(struct vcpu *v, struct cpu_regs *regs);

/* A debug exception for the guest, as single-stepping makes it. */
void pv_report_step(struct vcpu *v, struct cpu_regs *regs);

/*
 * An instruction was carried out for the guest: it ends like any other. The
 * asm keeps the two accesses to rflags apart, each of which is one instruction.
 */
static inline void pv_end_instruction(struct vcpu *v, struct cpu_regs *regs,
                                      unsigned int length)
{
    regs->rip += length;
    regs->rflags &= ~(uint64_t)RFLAGS_RF;
    __asm__("" : "+m"(regs->rflags));
    if (__builtin_expect(regs->rflags & RFLAGS_TF, 0))
        pv_report_step(v, regs);
}

/* The general registers in the order in which instructions number them. */
uint64_t *pv_reg(struct cpu_regs *regs, unsigned int number);

/* What insn_effective_vaddr() and insn_store_value() want. */
void pv_gprs(struct cpu_regs *regs, uint64_t gprs[16]);

/*
 * A write by the guest kernel to vaddr, which is mapped read-only: carries it
 * out if it is a store of a whole entry to a page table, and allowed. regs are
 * complete; false with nothing changed.
 */
bool pv_table_write(struct vcpu *v, struct cpu_regs *regs, uint64_t vaddr);

/* engine.exception, engine.trap and engine.deliver_event. */
bool pv_exception(struct cpu_regs *regs);
void pv_trap(struct vcpu *v, struct cpu_regs *regs);
void pv_deliver_event(struct vcpu *v, struct cpu_regs *regs);

/*
 * The quick way to deliver an event, with only the caller-saved registers
 * valid in regs. False, with regs unchanged, when none is due or its frame
 * cannot be pushed.
 */
bool pv_event(struct cpu_regs *regs);

/* Called by the entry code. */
void pv_iret_slow(struct cpu_regs *regs);
void pv_system_call_refused(struct cpu_regs *regs);
void pv_hypercall_step(struct cpu_regs *regs);
void pv_compat_refused(struct cpu_regs *regs);
int64_t pv_timed_hypercall(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                           uint64_t a5, uint64_t a6, uint64_t number);

#endif
