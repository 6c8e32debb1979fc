/* SPDX-License-Identifier: MIT
 *
 * A domain (a guest) and its virtual CPUs, as all of the hypervisor sees
 * them. What only one engine knows is in a structure of its own, around this
 * one.
 *
 * A domain is created at boot and ends once; its memory is not reused.
 */
#ifndef HYPERVISOR_CORE_DOMAIN_H
#define HYPERVISOR_CORE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/shared.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/timers.h"
#include "hypervisor/mm/type.h"
#include "hypervisor/x86/percpu.h"
#include "hypervisor/x86/regs.h"
#include "lib/builder/elf.h"
#include "lib/list.h"

enum vcpu_state {
    VCPU_DOWN,     /* not started yet */
    VCPU_RUNNABLE, /* running, or in a run queue */
    VCPU_BLOCKED,  /* waits for an event */
    VCPU_ENDED,
};

/* Segment registers: they stay in the CPU while the vCPU runs. */
struct vcpu_segments {
    uint16_t ds;
    uint16_t es;
    uint16_t fs;
    uint16_t gs;
    uint64_t fs_base;
    uint64_t gs_base;
    uint64_t gs_user_base;
};

/* The scheduler's part. */
struct sched_vcpu {
    unsigned int cpu;            /* where it runs; fixed */
    enum vcpu_state state;       /* changes under the run queue's lock */
    struct list_node queue_node; /* the policy's, while it waits for a turn */
};

/* The first part of an engine's own structure (engine.vcpu_size). */
struct vcpu {
    struct cpu_regs regs; /* while it does not run */
    struct domain *domain;
    unsigned int id;
    struct sched_vcpu sched;

    struct parapet_vcpu_page *page;
    struct parapet_counters *counters;
    struct parapet_latency *latency;
    uint64_t event_entry;                 /* 0: none registered */
    uint32_t virq_port[PARAPET_NR_VIRQS]; /* 0: not bound */
    struct timer timer;                   /* touched on its own CPU only */

    struct vcpu_segments segments; /* while it does not run */
    void *xsave;                   /* a page; while it does not run */
};

enum port_kind { PORT_FREE, PORT_VIRQ, PORT_IPI };

/* An event channel port. Changes under the domain's lock, read without. */
struct port {
    uint8_t kind; /* enum port_kind */
    uint8_t virq;
    uint16_t vcpu;
};

struct domain {
    unsigned int id;
    char name[32];
    const struct engine *engine;
    hypercall_handler_t *const *dispatch; /* the engine's, to have it near */

    struct memory_owner memory; /* with a lock of its own */
    mfn_t *p2m; /* gfn -> mfn, while the domain is built; then the guest's */
    size_t nr_frames; /* what its description says */
    struct parapet_shared_page *shared;
    void *dtb; /* PARAPET_DTB_MAX bytes */
    void *start_stack;

    unsigned int nr_vcpus;
    struct vcpu *vcpus[PARAPET_MAX_VCPUS];

    struct spinlock lock;
    struct port *ports; /* PARAPET_NR_PORTS entries; 0 is never used */
    uint64_t ports_used[PARAPET_NR_PORTS / 64];

    const void *kernel; /* the ELF image in the bundle */
    struct elf_symbols symbols;

    uint32_t ended; /* set once, atomically */
    uint32_t end_reason;
};

#define MAX_DOMAINS 16

extern struct domain *domains[MAX_DOMAINS];
extern unsigned int nr_domains;

/*
 * A domain of this engine with its vCPUs (all down) and shared pages, but with
 * no memory. NULL when there is no memory left. Boot only.
 */
struct domain *domain_create(unsigned int id, const char *name,
                             const struct engine *engine,
                             unsigned int nr_vcpus);

/* The vCPU that runs on this CPU. */
static inline struct vcpu *vcpu_current(void)
{
    return this_cpu()->current;
}

#endif
