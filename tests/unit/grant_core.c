/* SPDX-License-Identifier: MIT */
#include "tests/unit/grant_host.h"

#include "tests/unit/grant_core.h"

#include <string.h>

/* The hypervisor's own sources, with a CPU of the host's. */
#include "hypervisor/core/grant_call.c"
#include "hypervisor/core/grant_end.c"
#include "hypervisor/core/hc_grant.c"
#include "hypervisor/core/hc_grant_copy.c"
#include "hypervisor/core/hc_grant_hold.c"
#include "hypervisor/core/hc_grant_run.c"
#include "hypervisor/core/hc_grant_table.c"

struct domain *domain_table[DOMAIN_PLACES];

static struct domain domains[MMU_DOMAINS];
static struct vcpu vcpus[MMU_DOMAINS];
static struct parapet_vcpu_page pages[MMU_DOMAINS];
static struct cpu_info cpu;

static unsigned int nr_accesses = CORE_ALWAYS; /* that are left */
static bool failed_to_write;
static void (*look_at_flush)(void);
static unsigned int inside; /* whose call it is */

/* ---- what the sources want of the rest of the hypervisor ---- */

struct cpu_info *this_cpu(void)
{
    return &cpu;
}

bool grant_host_may_access(bool to_write)
{
    failed_to_write = to_write && nr_accesses == 0;
    if (nr_accesses == CORE_ALWAYS)
        return true;
    return nr_accesses != 0 && nr_accesses-- != 0;
}

int copy_to_guest(uint64_t to, const void *from, size_t nr_bytes)
{
    memcpy((void *)to, from, nr_bytes);
    return 0;
}

int64_t memory_refused(struct vcpu *v, int64_t error)
{
    v->page->restart_done = 0;
    return error;
}

void memory_failed(struct vcpu *v, int64_t result, uint64_t done)
{
    (void)result;
    v->page->restart_done = done;
}

/* The domain has no CPU but this. */
void tlb_flush_local(void)
{
    (void)tlb_flush_later_than(tlb_clock_now(),
                               domains[inside].memory.tlb_cpus);
}

/* ---- the machine's memory, and the domains' ---- */

static void carry_in(void)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++)
        domains[d].memory = mmu_domains[d];
}

static void carry_out(void)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++)
        mmu_domains[d] = domains[d].memory;
}

static void at_flush(void)
{
    carry_out();
    look_at_flush();
    carry_in();
}

void core_create(unsigned int domain, uint32_t id)
{
    struct domain *d = &domains[domain];

    for (unsigned int i = 0; i < DOMAIN_PLACES; i++) {
        if (domain_table[i] == d)
            domain_table[i] = NULL;
    }
    d->id = id;
    domain_table[domain_place(id)] = d;
}

void core_remove(unsigned int domain)
{
    domain_table[domain_place(domains[domain].id)] = NULL;
}

static void enter(unsigned int domain)
{
    inside = domain;
    vcpus[domain].domain = &domains[domain];
    vcpus[domain].page = &pages[domain];
    cpu.current = &vcpus[domain];
    cpu.id = domain == 0 ? 0 : MMU_CPUS - 1;
    cpu.multicall_stop = 0;
    carry_in();
    look_at_flush = mmu_at_flush;
    mmu_at_flush = look_at_flush ? at_flush : NULL;
}

static void leave(void)
{
    mmu_at_flush = look_at_flush;
    carry_out();
    nr_accesses = CORE_ALWAYS;
}

void core_waited(void)
{
    cpu.multicall_stop |= MULTICALL_WAITED;
}

struct turn_lock *core_memory_lock(unsigned int domain)
{
    return &domains[domain].memory.lock;
}

void core_access(unsigned int times)
{
    nr_accesses = times;
}

bool core_failed_to_write(void)
{
    return failed_to_write;
}

unsigned int core_nr_done(void)
{
    return (unsigned int)pages[inside].restart_done;
}

static int64_t call(unsigned int domain,
                    int64_t (*handler)(uint64_t elements, uint64_t nr),
                    void *elements, unsigned int nr)
{
    int64_t result;

    enter(domain);
    result = handler((uint64_t)elements, nr);
    leave();
    return result;
}

int64_t core_map(unsigned int domain, void *elements, unsigned int nr)
{
    return call(domain, hc_grant_map, elements, nr);
}

int64_t core_unmap(unsigned int domain, void *elements, unsigned int nr)
{
    return call(domain, hc_grant_unmap, elements, nr);
}

int64_t core_hold(unsigned int domain, void *elements, unsigned int nr)
{
    return call(domain, hc_grant_hold, elements, nr);
}

int64_t core_hold_run(unsigned int domain, void *elements, unsigned int nr)
{
    return call(domain, hc_grant_hold_run, elements, nr);
}

int64_t core_release(unsigned int domain, void *elements, unsigned int nr)
{
    return call(domain, hc_grant_release, elements, nr);
}

int64_t core_copy(unsigned int domain, void *elements, unsigned int nr)
{
    return call(domain, hc_grant_copy, elements, nr);
}

int64_t core_grow(unsigned int domain, mfn_t mfn)
{
    int64_t result;

    enter(domain);
    result = hc_grant_grow(mfn);
    leave();
    return result;
}

bool core_end_share(unsigned int domain)
{
    bool done;

    enter(domain);
    domains[domain].memory.work = mmu_domains[domain].work;
    done = grant_end_share(&domains[domain]);
    leave();
    return done;
}
