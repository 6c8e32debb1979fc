/* SPDX-License-Identifier: MIT
 *
 * Owns the steps by which a dead domain is taken apart, and the list of those
 * that go by themselves. Each step is the domain's own file's to do.
 */
#include "hypervisor/core/domain_teardown.h"

#include "abi/errors.h"
#include "hypervisor/base/log.h"
#include "hypervisor/core/device.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_create.h"
#include "hypervisor/core/domain_life.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/event_port.h"
#include "hypervisor/core/grant_end.h"
#include "hypervisor/core/schedule.h"
#include "hypervisor/mm/device_page.h"
#include "hypervisor/mm/owner_release.h"
#include "hypervisor/mm/owner_root.h"
#include "hypervisor/mm/table.h"
#include "hypervisor/mm/work.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/percpu.h"

/* Of memory in one share: an idle CPU has a switch in the same exit. */
#define WORK_SHARE (WORK_CALL / 2)

enum progress {
    WAITS,   /* for other CPUs, or for domain_destroy() */
    GOES_ON, /* the next step is next */
    ENOUGH,  /* a share is done */
    GONE,    /* and so is the domain */
};

uint32_t domain_nr_dead;

static unsigned int nr_cpus;
static uint32_t busy; /* the lock of all below, but for the list; atomic */

/* Those that domain_reap() goes on with, and those that wait for
 * domain_destroy(); under dead_lock. */
static struct spinlock dead_lock = SPINLOCK(dead);
static struct list_node dead = LIST_INIT(dead);
static struct list_node parked = LIST_INIT(parked);

void domain_teardown_init(unsigned int nr)
{
    nr_cpus = nr;
}

static bool try_lock(void)
{
    return !__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE);
}

static void unlock(void)
{
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

/* ---- the list ---- */

/* Into one list or the other; the domain is in one of them until it is freed.
 */
static void put_in(struct domain *d, bool park)
{
    spin_lock(&dead_lock);
    list_add_last(park ? &parked : &dead, &d->dead_node);
    d->parked = park;
    if (!park)
        __atomic_fetch_add(&domain_nr_dead, 1, __ATOMIC_SEQ_CST);
    spin_unlock(&dead_lock);
}

static void take_out(struct domain *d)
{
    spin_lock(&dead_lock);
    list_remove(&d->dead_node);
    if (!d->parked)
        __atomic_fetch_sub(&domain_nr_dead, 1, __ATOMIC_SEQ_CST);
    spin_unlock(&dead_lock);
}

/* The first one, which is now the last. */
static struct domain *next_dead(void)
{
    struct list_node *node = NULL;

    spin_lock(&dead_lock);
    if (!list_is_empty(&dead)) {
        node = list_take_first(&dead);
        list_add_last(&dead, node);
    }
    spin_unlock(&dead_lock);
    return node ? list_entry(node, struct domain, dead_node) : NULL;
}

/* Nobody destroys them any more: they are to go by themselves. */
static void unpark_all(void)
{
    struct list_node *node;

    spin_lock(&dead_lock);
    while (!list_is_empty(&parked)) {
        node = list_take_first(&parked);
        list_entry(node, struct domain, dead_node)->parked = false;
        list_add_last(&dead, node);
        __atomic_fetch_add(&domain_nr_dead, 1, __ATOMIC_SEQ_CST);
    }
    spin_unlock(&dead_lock);
}

void domain_teardown_begin(struct domain *d)
{
    put_in(d, false);
    if (d->control)
        unpark_all();
    sched_reap();
}

/* ---- the grace ---- */

static uint64_t quiet(unsigned int cpu)
{
    return __atomic_load_n(&percpu_info(cpu)->quiet, __ATOMIC_SEQ_CST);
}

/* A CPU whose guest makes no call and has no timer must be interrupted. */
static void begin_grace(struct domain *d)
{
    const struct cpu_info *self = this_cpu();

    d->grace_cpus = 0;
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        const struct cpu_info *info = percpu_info(cpu);

        d->grace_from[cpu] = quiet(cpu);
        if (info == self || __atomic_load_n(&info->idle, __ATOMIC_SEQ_CST))
            continue;
        d->grace_cpus |= 1ul << cpu;
        apic_send(info->apic_id, VECTOR_KICK);
    }
}

static bool grace_is_over(struct domain *d)
{
    const struct cpu_info *self = this_cpu();

    for (uint64_t rest = d->grace_cpus; rest; rest &= rest - 1) {
        unsigned int cpu = (unsigned int)__builtin_ctzl(rest);
        const struct cpu_info *info = percpu_info(cpu);

        if (info == self || quiet(cpu) != d->grace_from[cpu] ||
            __atomic_load_n(&info->idle, __ATOMIC_SEQ_CST))
            d->grace_cpus &= ~(1ul << cpu);
    }
    return d->grace_cpus == 0;
}

/* ---- the steps ---- */

static enum progress next_if(bool done, struct domain *d)
{
    if (!done)
        return WAITS;
    d->teardown++;
    return GOES_ON;
}

static bool all_have_left(const struct domain *d)
{
    for (unsigned int i = 0; i < d->nr_vcpus; i++) {
        if (!sched_has_left(d->vcpus[i]))
            return false;
    }
    return true;
}

/* None of the control domain's vCPUs is in a call: no more of them come. */
static enum progress end_orphans(struct domain *d)
{
    if (d->control && domain_end_orphan())
        return ENOUGH;
    return next_if(true, d);
}

static enum progress close_ports(struct domain *d)
{
    if (event_close_share(d))
        d->teardown = TEARDOWN_DEVICES;
    return ENOUGH;
}

/* None of its vCPUs runs, so nobody sets a device going again. */
static enum progress end_devices(struct domain *d)
{
    if (!d->control)
        return next_if(true, d);
    if (!device_reset_all())
        return WAITS;
    if (!memory_lock(&d->memory))
        return WAITS;
    device_page_end(&d->memory);
    memory_unlock(&d->memory);
    d->teardown = TEARDOWN_GRANTS;
    return ENOUGH;
}

static enum progress end_grants(struct domain *d, uint32_t work)
{
    bool done;

    if (!memory_lock(&d->memory))
        return WAITS;
    d->memory.work = work;
    done = grant_end_share(d);
    memory_unlock(&d->memory);
    if (done)
        d->teardown = TEARDOWN_LOOK;
    return ENOUGH;
}

static enum progress unload(struct domain *d)
{
    if (!memory_lock(&d->memory))
        return WAITS;
    d->engine->domain_unload(d);
    memory_unlock(&d->memory);
    d->teardown = TEARDOWN_MEMORY;
    return ENOUGH;
}

static enum progress release_memory(struct domain *d, uint32_t work)
{
    bool done;

    if (!memory_lock(&d->memory))
        return WAITS;
    d->memory.work = work;
    done = owner_release_share(&d->memory);
    memory_unlock(&d->memory);
    if (!done)
        return ENOUGH;
    domain_unlink(d);
    begin_grace(d);
    d->teardown = TEARDOWN_GRACE;
    return ENOUGH;
}

/* Whether the rest is domain_destroy()'s to do. */
static bool is_kept(const struct domain *d)
{
    return domain_control_lives() &&
           (d->collected || d->teardown == TEARDOWN_LOOK);
}

static enum progress step(struct domain *d, uint32_t work)
{
    uint32_t id = d->id;
    uint64_t nr_free;

    switch (d->teardown) {
    case TEARDOWN_LEAVE:
        if (!all_have_left(d))
            return WAITS;
        owner_leave_roots(&d->memory);
        return next_if(true, d);
    case TEARDOWN_ORPHANS:
        return end_orphans(d);
    case TEARDOWN_ROOTS:
        return next_if(owner_has_no_root(&d->memory), d);
    case TEARDOWN_PORTS:
        return close_ports(d);
    case TEARDOWN_DEVICES:
        return end_devices(d);
    case TEARDOWN_GRANTS:
        return end_grants(d, work);
    case TEARDOWN_LOOK:
        return next_if(d->collected || !domain_control_lives(), d);
    case TEARDOWN_UNLOAD:
        return unload(d);
    case TEARDOWN_MEMORY:
        return release_memory(d, work);
    case TEARDOWN_GRACE:
        return next_if(grace_is_over(d), d);
    case TEARDOWN_FREE:
        break;
    }
    if (!domain_free_share(d))
        return ENOUGH;
    take_out(d);
    domain_free(d);
    nr_free = frame_nr_free();
    log_debug("domain %u is gone, %lu frame%s free", id, nr_free,
              nr_free == 1 ? " is" : "s are");
    domain_tell_control();
    return GONE;
}

static enum progress share(struct domain *d, uint32_t work)
{
    enum progress progress;

    do {
        progress = step(d, work);
    } while (progress == GOES_ON);
    return progress;
}

/* After this look at the control domain its end finds the domain parked. */
static void park(struct domain *d)
{
    take_out(d);
    put_in(d, true);
    if (!domain_control_lives())
        unpark_all();
}

bool domain_reap(void)
{
    enum progress progress = WAITS;
    struct domain *d;

    if (!try_lock())
        return false;
    d = next_dead();
    if (d && is_kept(d))
        park(d);
    else if (d)
        progress = share(d, WORK_SHARE);
    unlock();
    return progress != WAITS;
}

static int teardown_share_of(uint32_t id)
{
    struct domain *d = domain_find(id);

    if (!d)
        d = domain_find_leaving(id);
    if (!d)
        return -PARAPET_ENOENT;
    /* It has come since the caller looked: it is to be ended first. */
    if (!__atomic_load_n(&d->ended, __ATOMIC_SEQ_CST))
        return -PARAPET_ERESTART;
    d->collected = true;
    return share(d, WORK_CALL) == GONE ? 0 : -PARAPET_ERESTART;
}

int domain_teardown_share(uint32_t id)
{
    int result;

    if (!try_lock())
        return -PARAPET_ERESTART;
    result = teardown_share_of(id);
    unlock();
    return result;
}
