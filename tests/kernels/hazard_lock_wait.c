/* SPDX-License-Identifier: MIT
 *
 * Hazard: a domain makes one of its vCPUs wait in the hypervisor, for locks and
 * for other CPUs, where no interrupt gets in. That must not take the CPU from
 * another domain, which measures what it gets (partners/half.c): whatever
 * this one does, half.
 *
 * Instructions are counted, so that QEMU runs the CPUs in turn and by the
 * virtual clock: the shares do not depend on the host.
 *
 * Turns are equal by sched=round_robin: so what is lost shows most clearly. And
 * nobody is moved: each vCPU here has a CPU, and half has the first one's.
 *
 * BUNDLE: vcpus=4
 * QEMU: smp=4 icount=1 append=sched=round_robin partner=partners/half
 * QEMU: privileged=1
 * METER: it is about several CPUs
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/partners/half.h"

MG_TEST(hazard_lock_wait);

#define HALF 1u /* its id */
#define NR_VCPUS 4
#define NR_CALLS 32 /* as many as a multicall makes without a stop */
#define NR_UPDATES 256

/* Each vCPU has its own, so that they only meet in the hypervisor. */
static struct world {
    struct parapet_multicall_entry calls[NR_CALLS];
    struct parapet_pte_update updates[NR_UPDATES];
    struct parapet_memory_limits limits;
    uint64_t *table;   /* in use, and read-only in the direct map */
    uint64_t *page;    /* its kind changes all the time */
    uint64_t restarts; /* how often a call asked to be made again */
    uint64_t beat;     /* when its timer is due */
} worlds[NR_VCPUS];

static char text[256];
static volatile uint64_t nr_done;

/* ---- what is done in a loop, by vCPU 0 or by the others ---- */

static void again(struct world *w, int64_t result)
{
    w->restarts += result == -PARAPET_ERESTART;
}

static void multicall(struct world *w, uint64_t number, uint64_t a1,
                      uint64_t a2, uint64_t a3)
{
    for (size_t i = 0; i < NR_CALLS; i++)
        w->calls[i] = (struct parapet_multicall_entry){.number = number,
                                                       .args = {a1, a2, a3}};
    again(w, hypercall_multicall(w->calls, NR_CALLS));
}

static void many_limits(struct world *w)
{
    multicall(w, PARAPET_HC_memory_limits, (uint64_t)&w->limits, 0, 0);
}

static void many_updates_va(struct world *w)
{
    multicall(w, PARAPET_HC_mmu_update_va, (uint64_t)w->page,
              mg_pte(w->page, MG_WRITE), PARAPET_FLUSH_NONE);
}

static void many_user_roots(struct world *w)
{
    multicall(w, PARAPET_HC_mmu_set_user_root, 0, 0, 0);
}

static void many_closes(struct world *w)
{
    multicall(w, PARAPET_HC_evtchn_close, 0, 0, 0);
}

/* All ports are in use soon: then it looks at each of them. */
static void bind(struct world *w)
{
    (void)w;
    (void)hypercall_evtchn_bind_ipi(0);
}

static void update(struct world *w)
{
    again(w, hypercall_mmu_update(w->updates, NR_UPDATES, PARAPET_PTE_A));
}

static void flush(struct world *w)
{
    again(w, hypercall_mmu_flush(PARAPET_FLUSH_ALL));
}

/* A table, and writable memory again: every time all CPUs must flush. */
static void change_type(struct world *w)
{
    uint64_t vaddr = (uint64_t)w->page;

    again(w, hypercall_mmu_update_va(vaddr, mg_pte(w->page, MG_READ),
                                     PARAPET_FLUSH_NONE));
    again(w, hypercall_mmu_pin(mg_mfn_of(w->page), PARAPET_TABLE_L1));
    again(w, hypercall_mmu_unpin(mg_mfn_of(w->page)));
    again(w, hypercall_mmu_update_va(vaddr, mg_pte(w->page, MG_WRITE),
                                     PARAPET_FLUSH_NONE));
}

/* By a trap: the store is emulated. */
static void write_table(struct world *w)
{
    for (size_t i = 0; i < NR_CALLS; i++)
        *(volatile uint64_t *)&w->table[i] = 0;
}

/* The lock of the console; now and then with something to write. */
static void print(struct world *w)
{
    static volatile uint64_t nr_prints;
    size_t size = nr_prints++ % 1024 == 0 ? sizeof(text) : 0;

    again(w, hypercall_console_write(text, size));
}

static const struct attack {
    void (*first)(struct world *w); /* on the neighbour's CPU */
    void (*others)(struct world *w);
} attacks[] = {
    {many_limits, update},     {many_updates_va, update},
    {many_user_roots, update}, {write_table, update},
    {change_type, update},     {change_type, flush},
    {many_closes, bind},       {print, print},
};

_Static_assert(ARRAY_SIZE(attacks) == HALF_NR_ATTACKS,
               "the neighbour judges each of them");

/* ---- */

/*
 * While instructions are counted, QEMU runs one CPU until it pauses or the next
 * timer is due: the others' timers let them take turns as if at once.
 */
static void beat(struct world *w, uint64_t now)
{
    if (w->beat > now)
        return;
    w->beat = now + 50 * MG_US;
    MG_DONE(hypercall_set_timer(w->beat));
}

static void attack(unsigned int vcpu)
{
    struct world *w = &worlds[vcpu];
    uint64_t now, nr;

    while ((nr = half_attack(now = mg_clock_ns())) < ARRAY_SIZE(attacks)) {
        if (vcpu != 0)
            beat(w, now);
        (vcpu == 0 ? attacks[nr].first : attacks[nr].others)(w);
    }
}

static void other(void *argument)
{
    unsigned int vcpu = (unsigned int)(uint64_t)argument;

    attack(vcpu);
    __atomic_fetch_add(&nr_done, 1, __ATOMIC_SEQ_CST);
}

static void prepare(struct world *w)
{
    w->table = mg_table(NULL);
    w->page = mg_page();
    MG_DONE(mg_pin(w->table, PARAPET_TABLE_L1));
    for (size_t i = 0; i < NR_UPDATES; i++)
        w->updates[i].pte = mg_entry_of(w->table, i);
}

/* Each is on one CPU, half on the first; needs the control domain. */
static void pin_all(void)
{
    for (uint32_t i = 0; i < NR_VCPUS; i++)
        MG_DONE(hypercall_vcpu_affinity(0, i, 1u << i));
    MG_DONE(hypercall_vcpu_affinity(HALF, 0, 1));
}

/* Half has judged: it would never be over with the CPU to itself, nor after
 * the end of this domain. */
static void wait_for_half(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (mg_domain_info(HALF).state != PARAPET_DOMAIN_ENDED &&
           mg_clock_ns() < end)
        ;
    MG_CHECK_EQ(mg_domain_info(HALF).state, PARAPET_DOMAIN_ENDED);
    MG_CHECK_EQ(mg_domain_destroy(HALF), 0);
}

void test_main(void)
{
    pin_all();
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i + 1 < sizeof(text) ? '.' : '\n';
    for (unsigned int i = 0; i < NR_VCPUS; i++)
        prepare(&worlds[i]);
    for (uint32_t i = 1; i < NR_VCPUS; i++)
        MG_DONE(mg_vcpu_start(i, other, (void *)(uint64_t)i));
    attack(0);
    for (uint64_t end = mg_clock_ns() + MG_PATIENCE;
         nr_done < NR_VCPUS - 1 && mg_clock_ns() < end;)
        ;
    MG_CHECK_EQ(nr_done, NR_VCPUS - 1);
    wait_for_half();
    mg_audit();
    for (unsigned int i = 0; i < NR_VCPUS; i++)
        mg_printf("vCPU %u: %lu calls to be made again\n", i,
                  worlds[i].restarts);
}
