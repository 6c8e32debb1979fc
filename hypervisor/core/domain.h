/* SPDX-License-Identifier: MIT
 *
 * A domain (a guest) and its virtual CPUs, as all of the hypervisor sees
 * them. What only one engine knows is in a structure of its own, around this
 * one.
 *
 * A domain begins, runs and ends once. Its id is never given again.
 */
#ifndef HYPERVISOR_CORE_DOMAIN_H
#define HYPERVISOR_CORE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/shared.h"
#include "hypervisor/base/spinlock.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/port.h"
#include "hypervisor/core/timers.h"
#include "hypervisor/mm/type.h"
#include "hypervisor/x86/percpu.h"
#include "hypervisor/x86/regs.h"
#include "lib/builder/elf.h"
#include "lib/list.h"

enum vcpu_state {
    VCPU_DOWN,     /* not started yet, or stopped */
    VCPU_RUNNABLE, /* running, or in a run queue */
    VCPU_BLOCKED,  /* waits for an event */
    VCPU_ENDED,
};

struct sched_share;

/* The frames of a struct parapet_latency, one after the other for the guest,
 * and anywhere in the machine: see core/latency.h. */
#define LATENCY_PAGES NR_PAGES(sizeof(struct parapet_latency))

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

/*
 * The scheduler's part. What keeps a vCPU off its CPU, whatever its state, is
 * in off: SCHED_PAUSED and so on (core/schedule.h).
 */
struct sched_vcpu {
    unsigned int cpu;             /* where it runs: sched/run_queue.h */
    unsigned int dest;            /* SCHED_MOVES: where there is room for it */
    uint32_t affinity;            /* bit n: it may run on CPU n */
    enum vcpu_state state;        /* changes under the run queue's lock */
    uint32_t off;                 /* 0: it may run; likewise */
    bool assigned;                /* to a CPU */
    bool running;                 /* from its pick until all of it is saved */
    bool left;                    /* its CPU knows it no more: it has ended */
    bool yields;                  /* it lets others run; the policy clears it */
    struct list_node queue_node;  /* the policy's, while it waits for a turn */
    struct list_node leave_node;  /* the run queue's, while it is to leave it */
    struct list_node arrive_node; /* likewise, until its timer is taken in */
    /* The policy fair's own, as struct sched_share is. */
    bool sorted;            /* it waits in a share */
    unsigned int share_cpu; /* in whose share it is counted */
    uint32_t gone;          /* the epoch in which it last was runnable */
    uint64_t waits_since;   /* ns */
};

static inline bool sched_may_run_on(const struct sched_vcpu *s,
                                    unsigned int cpu)
{
    return s->affinity >> cpu & 1;
}

/* The first part of an engine's own structure (engine.vcpu_size). */
struct vcpu {
    struct cpu_regs regs; /* while it does not run */
    struct domain *domain;
    unsigned int id;
    struct sched_vcpu sched;

    struct parapet_vcpu_page *page;
    struct parapet_counters *counters;
    void *latency_pages[LATENCY_PAGES];
    uint64_t event_entry;                 /* 0: none registered */
    uint32_t virq_port[PARAPET_NR_VIRQS]; /* 0: not bound */
    struct timer timer;                   /* touched on its own CPU only */

    struct vcpu_segments segments; /* while it does not run */
    void *xsave;                   /* a page; while it does not run */
};

enum domain_state {
    DOMAIN_BUILDING, /* none of its vCPUs has started */
    DOMAIN_PAUSED,
    DOMAIN_RUNNING,
    DOMAIN_ENDED,
};

/* What is next when it is taken apart: core/domain_teardown.h has the reasons.
 */
enum domain_teardown {
    TEARDOWN_LEAVE,   /* until its vCPUs have left their CPUs */
    TEARDOWN_ORPHANS, /* those that only it could start end, too */
    TEARDOWN_ROOTS,   /* until CPUs have left its roots */
    TEARDOWN_PORTS,   /* its ports are closed */
    TEARDOWN_DEVICES, /* devices that it drove come to rest */
    TEARDOWN_GRANTS,  /* what it has of others' frames is dropped */
    TEARDOWN_LOOK,    /* until the control domain has seen it */
    TEARDOWN_UNLOAD,  /* its engine lets go of its roots */
    TEARDOWN_MEMORY,  /* its frames go back */
    TEARDOWN_GRACE,   /* until no CPU knows of it */
    TEARDOWN_FREE,    /* what the hypervisor itself wrote to */
};

/* A page, and so is each engine's structure for a vCPU. */
struct domain {
    uint32_t id;
    bool control;   /* it may control the others */
    bool startable; /* its first vCPU has a start; under the memory lock */
    enum domain_state state; /* changes under the lock: domain_life.h */
    struct domain *next;     /* in the list of all; see for_each_domain() */
    struct domain *prev;
    char name[32];      /* zeros after its end */
    uint64_t name_hash; /* of all of it */
    const struct engine *engine;
    hypercall_handler_t *const *dispatch; /* the engine's, to have it near */

    struct memory_owner memory; /* with a lock of its own */
    struct parapet_shared_page *shared;

    uint32_t weight; /* hypervisor/build/bundle.h says what they mean */
    uint32_t cap;
    uint32_t generation; /* changes when the shares' rates do; atomic */
    uint64_t cap_since;  /* ns: when it was set; atomic, the scheduler's */
    uint64_t paid_until; /* ns, by the cap; atomic (sched/fair_cap.h) */
    uint32_t share_cpus; /* bit n: its share of CPU n is in use; atomic */
    struct sched_share *shares; /* a page: the scheduler's, for each CPU */
    unsigned int max_vcpus;     /* what it begins with */
    unsigned int nr_vcpus;      /* those made: while it is built, it rises */
    struct vcpu *vcpus[PARAPET_MAX_VCPUS];

    struct spinlock lock;
    struct ports ports; /* change under the lock, are read without */

    enum domain_teardown teardown; /* the teardown's own, as all of these */
    bool collected;                /* not to be looked at any more */
    bool parked; /* in the list of those that wait for domain_destroy() */
    struct list_node dead_node;
    uint64_t grace_cpus; /* bit n: CPU n may know it yet */
    /* cpu_info.quiet when it went out of sight. */
    uint64_t grace_from[MAX_CPUS];

    const void *kernel; /* the ELF image in the bundle */
    struct elf_symbols symbols;

    uint64_t shared_gfn; /* of shared, when it was made */

    uint32_t ended; /* set once, atomically, under the lock */
    uint32_t end_reason;
};

/* So many at once. */
#define MAX_DOMAINS 512u

/*
 * Ids only rise. The control domain has 0, and the others count from 1. An id
 * stands in the table at its lower 12 bits, and whoever has that place keeps it
 * until his last frame is back, also one that was left behind: so the owner
 * that is noted for a frame, the place + 1, names one domain at a time. The
 * last place is not used, since an owner has 12 bits, too.
 */
#define DOMAIN_PLACES 4096u

static inline uint32_t domain_place(uint32_t id)
{
    return id % DOMAIN_PLACES;
}

static inline unsigned int domain_owner_tag(uint32_t id)
{
    return domain_place(id) + 1;
}

/* The id from which the next domain's is looked for. Not while others run. */
void domain_set_next_id(uint32_t id);

/* core/domain.c's own, but for the two that follow. */
extern struct domain *domain_table[DOMAIN_PLACES];

/*
 * The domain with this id, in any state; NULL: there is none. No lock. The
 * pointer is good until this CPU goes back to a guest or to idle. Whoever then
 * takes a lock of the domain looks at ended once more.
 */
static inline struct domain *domain_find(uint32_t id)
{
    struct domain *d =
        __atomic_load_n(&domain_table[domain_place(id)], __ATOMIC_ACQUIRE);

    return d && d->id == id ? d : NULL;
}

/* Likewise, the one that owns the frames with this tag. */
static inline struct domain *domain_at_owner_tag(unsigned int tag)
{
    return __atomic_load_n(&domain_table[tag - 1], __ATOMIC_ACQUIRE);
}

/* The control domain; NULL: there is none. */
static inline struct domain *domain_control(void)
{
    return domain_find(0);
}

/*
 * All domains, in the rising order of their ids. No lock; a domain that comes
 * or goes meanwhile is seen or not. What domain_find() says of the pointer is
 * true here, too.
 */
extern struct domain *domain_list;

static inline struct domain *domain_next(struct domain *const *link)
{
    return __atomic_load_n(link, __ATOMIC_ACQUIRE);
}

#define for_each_domain(d)                                                     \
    for ((d) = domain_next(&domain_list); (d); (d) = domain_next(&(d)->next))

/* Those that have not ended; atomic. */
extern uint32_t domain_nr_living;

/* Another name: 0, or -EEXIST, when another domain has it. */
int domain_rename(struct domain *d, const char *name);

/* Pages that a domain begins with, besides its own. */
struct domain_pages {
    struct parapet_shared_page *shared;
    void *grants;  /* the first frame of its table, */
    void *records; /* and the hypervisor's own of what that lends */
};

/* How much memory a domain may have, and where in it is what it begins with. */
struct domain_memory {
    uint64_t nr_gfns;
    uint64_t max_frames;
    uint64_t shared_gfn;
    uint64_t grant_gfn;
};

/*
 * For domain_create(): gives d an id, these pages and what it may have, and
 * then puts it into the table and the list. 0, -EEXIST or -ENOSPC.
 */
int domain_enter(struct domain *d, const struct domain_memory *memory,
                 const struct domain_pages *pages);

/*
 * For the teardown, under its lock (core/domain_teardown.c). A domain is taken
 * out of the table and of the list: who has found it may look at it yet, and
 * only domain_find_leaving() finds it. In the end its place is free.
 */
void domain_unlink(struct domain *d);
struct domain *domain_find_leaving(uint32_t id);
void domain_give_up_place(const struct domain *d);

/* The vCPU that runs on this CPU. */
static inline struct vcpu *vcpu_current(void)
{
    return this_cpu()->current;
}

#endif
