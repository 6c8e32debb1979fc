/* SPDX-License-Identifier: MIT
 *
 * The mechanism, as far as the policy sees it: hypervisor/sched/sched.c has it
 * whole, and test_sched.c runs both together.
 */
#include "tests/unit/fair_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/base/panic.h"
#include "hypervisor/mm/frame.h"
#include "hypervisor/sched/policy.h"
#include "lib/macros.h"
#include "tests/unit/direct_map.h"

const struct habit spins = {0, 0, false};

static struct {
    struct fair_guest *current;
    uint64_t until;        /* 0: as long as it likes */
    uint64_t since;        /* from when current is not yet counted */
    unsigned int nr_ticks; /* that were not put off */
} cpus[FAIR_MAX_CPUS];

static struct fair_guest *guests[FAIR_MAX_GUESTS];
static unsigned int nr_guests, nr_cpus;
static struct domain *domains[FAIR_MAX_GUESTS];
static unsigned int nr_domains;
static uint64_t now;
static mfn_t next_frame = 1;

/* ---- in place of the hypervisor ---- */

uint64_t time_now_ns(void)
{
    return now;
}

mfn_t frame_alloc_run(size_t nr)
{
    mfn_t mfn = next_frame;

    next_frame += nr;
    direct_map_add(frame_paddr(mfn), frame_paddr(next_frame));
    return mfn;
}

_Noreturn void panic(const char *format, ...)
{
    fprintf(stderr, "panic: %s\n", format);
    abort();
}

/* ---- what is there ---- */

static void *new_page(void)
{
    void *page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);

    if (!page)
        abort();
    return memset(page, 0, PAGE_SIZE);
}

static void destroy(void)
{
    while (nr_guests > 0) {
        free(guests[--nr_guests]->v.page);
        free(guests[nr_guests]);
    }
    while (nr_domains > 0) {
        free(domains[--nr_domains]->shares);
        free(domains[nr_domains]);
    }
}

void fair_machine_create(unsigned int nr)
{
    destroy();
    direct_map_reset();
    next_frame = 1;
    nr_cpus = nr;
    now = 1;
    memset(cpus, 0, sizeof(cpus));
    for (unsigned int cpu = 0; cpu < nr; cpu++)
        fair.init_cpu(cpu);
}

struct domain *fair_domain(uint32_t weight, uint32_t cap)
{
    struct domain *d = new_page();

    d->weight = weight;
    d->cap = cap;
    d->shares = new_page();
    domains[nr_domains++] = d;
    return d;
}

/* ---- how it runs ---- */

static struct fair_guest *guest_of(struct sched_vcpu *s)
{
    return (struct fair_guest *)list_entry(s, struct vcpu, sched);
}

/* What the one that runs has run until now. */
static void count(unsigned int cpu)
{
    struct fair_guest *guest = cpus[cpu].current;
    uint64_t ran = now - cpus[cpu].since;

    cpus[cpu].since = now;
    if (!guest)
        return;
    guest->ran += ran;
    guest->left -= MIN(guest->left, ran);
}

static void look(unsigned int cpu, struct fair_guest *prev)
{
    struct sched_vcpu *s =
        fair.pick(cpu, prev ? &prev->v.sched : NULL, &cpus[cpu].until);
    struct fair_guest *next = s ? guest_of(s) : NULL;

    if (next && next != prev)
        next->longest_wait = MAX(next->longest_wait, now - next->woke_at);
    if (prev && prev != next)
        prev->woke_at = now;
    if (next && (!list_is_empty(&s->queue_node) || s->cpu != cpu))
        abort();
    cpus[cpu].current = next;
}

/* As sched_notify() has it. */
static void enqueue(struct fair_guest *guest)
{
    unsigned int cpu = guest->v.sched.cpu;

    fair.enqueue(&guest->v.sched);
    if (!cpus[cpu].current)
        look(cpu, NULL);
    else if (cpus[cpu].until == 0)
        cpus[cpu].until = fair.tick(cpu);
}

void fair_wake(struct fair_guest *guest)
{
    guest->wakes_at = 0;
    guest->woke_at = now;
    guest->left = guest->habit.runs;
    enqueue(guest);
}

void fair_stop(struct fair_guest *guest)
{
    unsigned int cpu = guest->v.sched.cpu;

    guest->wakes_at = UINT64_MAX;
    if (guest == cpus[cpu].current) {
        count(cpu);
        look(cpu, NULL);
    } else {
        fair.dequeue(&guest->v.sched);
    }
}

struct fair_guest *fair_guest(struct domain *d, unsigned int cpu,
                              struct habit habit)
{
    struct fair_guest *guest = calloc(1, sizeof(*guest));

    if (!guest)
        abort();
    guest->v.domain = d;
    guest->v.page = new_page();
    guest->v.sched.cpu = cpu;
    guest->v.sched.affinity = ~0u;
    list_init(&guest->v.sched.queue_node);
    guest->habit = habit;
    guests[nr_guests++] = guest;
    fair_wake(guest);
    return guest;
}

/* The one that runs has run for as long as it does. */
static void follow_habit(unsigned int cpu)
{
    struct fair_guest *guest = cpus[cpu].current;
    const struct habit *habit = &guest->habit;

    if (habit->sleeps == 0) {
        guest->left = habit->runs;
        guest->v.sched.yields = true;
        look(cpu, guest);
        return;
    }
    guest->wakes_at = now + habit->sleeps;
    look(cpu, NULL);
    if (habit->hops)
        guest->v.sched.cpu = (cpu + 1) % nr_cpus;
}

static uint64_t next_event(uint64_t end)
{
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        const struct fair_guest *guest = cpus[cpu].current;

        if (cpus[cpu].until != 0)
            end = MIN(end, MAX(cpus[cpu].until, now));
        if (guest && guest->habit.runs != 0)
            end = MIN(end, now + guest->left);
    }
    for (unsigned int i = 0; i < nr_guests; i++) {
        if (guests[i]->wakes_at != 0)
            end = MIN(end, guests[i]->wakes_at);
    }
    return end;
}

static void look_after_tick(unsigned int cpu)
{
    cpus[cpu].nr_ticks++;
    look(cpu, cpus[cpu].current);
}

static void handle_cpu(unsigned int cpu)
{
    const struct fair_guest *guest = cpus[cpu].current;

    count(cpu);
    if (guest && guest->habit.runs != 0 && guest->left == 0)
        follow_habit(cpu);
    else if (cpus[cpu].until != 0 && cpus[cpu].until <= now)
        look_after_tick(cpu);
}

unsigned int fair_nr_ticks(unsigned int cpu)
{
    return cpus[cpu].nr_ticks;
}

void fair_run(uint64_t ns)
{
    const uint64_t end = now + ns;

    while (now < end) {
        now = next_event(end);
        for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
            handle_cpu(cpu);
        for (unsigned int i = 0; i < nr_guests; i++) {
            if (guests[i]->wakes_at != 0 && guests[i]->wakes_at <= now)
                fair_wake(guests[i]);
        }
    }
}

void fair_jump(uint64_t ns)
{
    now += ns;
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
        handle_cpu(cpu);
}

uint64_t fair_ran(const struct domain *d)
{
    uint64_t ran = 0;

    for (unsigned int i = 0; i < nr_guests; i++) {
        if (guests[i]->v.domain == d)
            ran += guests[i]->ran;
    }
    return ran;
}

void fair_schedule(struct domain *d, uint32_t weight, uint32_t cap)
{
    bool other_cap = cap != d->cap;

    d->weight = weight;
    d->cap = cap;
    if (other_cap)
        fair.cap_changed(d);
    d->generation++;
    for (unsigned int i = 0; i < nr_guests; i++) {
        struct fair_guest *guest = guests[i];
        unsigned int cpu = guest->v.sched.cpu;

        if (guest->v.domain != d || guest->wakes_at != 0)
            continue;
        if (guest == cpus[cpu].current) {
            if (cpus[cpu].until == 0)
                cpus[cpu].until = fair.tick(cpu);
        } else {
            fair.weigh(&guest->v.sched);
        }
    }
}
