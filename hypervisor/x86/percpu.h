/* SPDX-License-Identifier: MIT
 *
 * What belongs to one CPU. The hypervisor never uses GS: the block of a CPU
 * is found from the stack pointer (see x86/layout.h), so it is right in every
 * handler and on every stack, and GS stays the guest's.
 */
#ifndef HYPERVISOR_X86_PERCPU_H
#define HYPERVISOR_X86_PERCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/x86/layout.h"
#include "hypervisor/x86/regs.h"
#include "lib/x86/descriptor.h"

struct memory_owner;
struct run_queue;
struct vcpu;

#define NR_GDT_ENTRIES 8

/* Bits of multicall_stop, among them HC_SLOW (engine/pv_multicall.c). */
#define MULTICALL_WAITED 1u /* for a lock, or for another CPU's flush */
#define MULTICALL_REPEAT 2u /* the entry has asked for -ERESTART */
#define MULTICALL_LONG 8u   /* the entry took longer than they do */
#define MULTICALL_STOP 0xffu
/* Above them: how many CPUs its entries have looked at (mm/tlb.c). */
#define MULTICALL_LOOK 0x100u

/* Bits of exit_work: what is to be done before the guest runs on. */
#define WORK_RESCHEDULE 1u
#define WORK_EVENT 2u
#define WORK_LOW_RIP 8u /* a hypercall from the lower half: no sysretq */
#define WORK_POISON 4u  /* debug builds: clobber what the ABI says is lost */
#define WORK_METER 16u  /* meter=on: always set */

#define CPU_ENGINE_WORDS 4

/*
 * At PERCPU_INFO of the block. Written by its own CPU only, IF clear; others
 * read current, apic_id, online, quiet and idle.
 */
struct cpu_info {
    /* The hot words: loaded when a vCPU is switched in. */
    const void *dispatch; /* the hypercall table of the domain */
    uint64_t *counters;   /* the counters page of the vCPU */
    uint8_t *vcpu_page;   /* struct parapet_vcpu_page of the vCPU */
    bool (*exception)(struct cpu_regs *); /* the engine's quick way */
    struct vcpu *current;                 /* NULL when idle */
    int32_t until_sample;                 /* exits to go until one is timed */
    uint32_t exit_work;                   /* WORK_* */
    uint32_t id;                          /* 0 upward */
    uint32_t apic_id;
    bool online;
    uint64_t engine[CPU_ENGINE_WORDS]; /* its own, while current runs */
    uint32_t multicall_stop;           /* why a multicall is to stop here */
    uint32_t flush_request;         /* another CPU waits for a flush; atomic */
    uint64_t flush_time;            /* by the flush clock (mm/tlb.h); atomic */
    struct memory_owner *tlb_owner; /* whose root is, or was last, in CR3 */
    uint64_t timer_deadline;        /* ns; what the APIC timer is set for */
    uint64_t slice_end;      /* ns; 0 when current has the CPU for itself */
    struct run_queue *queue; /* of the scheduler */
    /*
     * For who waits until this CPU has left the hypervisor: how many interrupts
     * it took from a guest or while idle, and whether it sleeps (atomic).
     */
    uint64_t quiet;
    bool idle; /* only around sti; hlt, and in no handler */
    /* With meter=on (core/meter.h), of the exit under way: */
    uint64_t meter_start;  /* ticks; 0 while the CPU boots or idles */
    uint64_t meter_number; /* rax, after a system call */
    uint32_t meter_vector; /* or VECTOR_HYPERCALL */
    uint64_t gdt[NR_GDT_ENTRIES];
    struct tss tss __attribute__((aligned(16)));
};

static inline uint64_t percpu_block(unsigned int cpu)
{
    return PERCPU_BASE + (uint64_t)cpu * PERCPU_SIZE;
}

static inline struct cpu_info *percpu_info(unsigned int cpu)
{
    return (struct cpu_info *)(percpu_block(cpu) + PERCPU_INFO);
}

static inline struct cpu_info *this_cpu(void)
{
    uint64_t rsp;

    __asm__("mov %%rsp, %0" : "=r"(rsp));
    return (struct cpu_info *)((rsp & ~(uint64_t)(PERCPU_SIZE - 1)) +
                               PERCPU_INFO);
}

/* Where the entry code keeps the registers of the guest that runs there. */
static inline struct cpu_regs *guest_regs_of(struct cpu_info *cpu)
{
    return (struct cpu_regs *)cpu - 1;
}

/* The same the other way; a little cheaper than this_cpu(). */
static inline struct cpu_info *cpu_of_regs(struct cpu_regs *regs)
{
    return (struct cpu_info *)(regs + 1);
}

static inline struct cpu_regs *guest_regs(void)
{
    return guest_regs_of(this_cpu());
}

#endif
