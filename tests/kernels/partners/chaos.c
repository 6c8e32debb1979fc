/* SPDX-License-Identifier: MIT
 *
 * A domain that does all that a domain can, on several vCPUs and at random, and
 * is taken apart meanwhile (control_chaos.c). No result is looked at: what has
 * just been done by one vCPU is undone by another, and peers come and go. Boot
 * arguments:
 *
 *   seed=N          of its choices
 *   first=N nr=N    the ids of the domains that it tries to reach, besides the
 *   witness=N       control domain and this one
 *   fails=N         one of so many rounds is its last
 */
#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(chaos);

#define NR_VCPUS 4
#define NR_TABLES 6 /* all vCPUs make tables of these */
#define NR_PAGES 8  /* that a vCPU gives back, and has again */
#define NR_PORTS 40 /* that are tried */
#define SCRATCH 0x10000000ul
#define NR_GRANTS 8    /* references, and entries that map what others lend */
#define FIRST_GRANT 64 /* of these, in the scratch place's table */

struct worker {
    struct mg_random numbers;
    uint64_t *pages; /* NR_PAGES of them */
};

static struct worker workers[NR_VCPUS];
static uint64_t *tables[NR_TABLES];
static uint64_t *second_root;
static uint64_t scratch_entry; /* machine address of the table's first */
static uint32_t handles[NR_GRANTS];
static uint64_t first_peer, nr_peers, fails;
static uint32_t witness;

static uint64_t below(struct worker *w, uint64_t limit)
{
    return mg_random_below(&w->numbers, limit);
}

static uint32_t any_vcpu(struct worker *w)
{
    return (uint32_t)below(w, NR_VCPUS + 1);
}

static uint32_t any_port(struct worker *w)
{
    return (uint32_t)below(w, NR_PORTS);
}

static uint32_t any_peer(struct worker *w)
{
    if (below(w, 4) == 0)
        return below(w, 2) ? 0 : witness;
    return (uint32_t)(first_peer + below(w, nr_peers));
}

static uint64_t *any_table(struct worker *w)
{
    return tables[below(w, NR_TABLES)];
}

/* ---- memory ---- */

static void change_tables(struct worker *w)
{
    uint64_t *table = any_table(w), *other = any_table(w);
    struct parapet_pte_update update = {mg_entry_of(table, below(w, 256)),
                                        below(w, 3) ? mg_pte(other, MG_USER)
                                                    : 0};

    (void)hypercall_mmu_pin(mg_mfn_of(table), 1 + (uint32_t)below(w, 5));
    (void)hypercall_mmu_update(&update, 1, ~0ul);
    (void)hypercall_mmu_unpin(mg_mfn_of(other));
}

static void change_mapping(struct worker *w)
{
    uint64_t vaddr = SCRATCH + below(w, NR_TABLES) * MG_PAGE_SIZE;
    uint64_t value = below(w, 2) ? mg_pte(any_table(w), MG_WRITE) : 0;

    (void)hypercall_mmu_update_va(
        vaddr, value, below(w, 2) ? PARAPET_FLUSH_ALL : PARAPET_FLUSH_NONE);
}

/* Some of the vCPU's own pages go to the machine and come back, but for those
 * that others have. Anything may stop half way: then it is done again, since
 * all of it can be. */
static void change_frames(struct worker *w)
{
    struct parapet_populate frames[NR_PAGES];
    uint64_t mfns[NR_PAGES], nr = 1 + below(w, NR_PAGES);
    bool given[NR_PAGES];

    for (uint64_t i = 0; i < nr; i++) {
        const uint64_t *page = w->pages + i * (MG_PAGE_SIZE / 8);

        mfns[i] = mg_mfn_of(page);
        frames[i].gfn = mg_gfn_of(page);
        (void)mg_set_va((uint64_t)page, 0);
    }
    for (uint64_t i = 0; i < nr; i++)
        given[i] =
            HYPERCALL_RESTARTED(hypercall_memory_give_back(&mfns[i], 1)) == 0;
    for (uint64_t i = 0; i < nr; i++) {
        while (given[i] && HYPERCALL_RESTARTED(
                               hypercall_memory_populate(&frames[i], 1)) != 0)
            (void)hypercall_yield();
        if (given[i])
            *mg_p2m(frames[i].gfn) = frames[i].mfn;
        (void)mg_set_va((uint64_t)mg_gfn_pointer(frames[i].gfn),
                        *mg_p2m(frames[i].gfn) * MG_PAGE_SIZE | MG_WRITE);
    }
}

static void change_roots(struct worker *w)
{
    const uint64_t *root = below(w, 2) ? second_root : mg_start_root();

    (void)hypercall_mmu_set_kernel_root(mg_mfn_of(root));
    (void)hypercall_mmu_flush(PARAPET_FLUSH_ALL);
}

/* ---- grants ---- */

/* All vCPUs share the references, the entries and the handles. */
static uint64_t any_entry(struct worker *w)
{
    return scratch_entry + 8 * (FIRST_GRANT + below(w, NR_GRANTS));
}

static void lend_by(struct worker *w, uint32_t ref)
{
    uint64_t *page =
        below(w, 3) ? w->pages + below(w, NR_PAGES) * MG_PTES : any_table(w);

    mg_grant_lend(ref, below(w, 2) ? 0 : any_peer(w), page,
                  below(w, 2) ? PARAPET_GRANT_READONLY : 0);
}

static void lend(struct worker *w)
{
    uint32_t ref = (uint32_t)below(w, NR_GRANTS);

    if (below(w, 2))
        (void)mg_grant_take_back(ref);
    lend_by(w, ref);
}

static void borrow(struct worker *w)
{
    struct parapet_grant_map maps[4];
    struct parapet_grant_hold holds[4];

    for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
        maps[i] =
            (struct parapet_grant_map){.domain = any_peer(w),
                                       .ref = (uint32_t)below(w, NR_GRANTS),
                                       .pte = any_entry(w),
                                       .bits = below(w, 2) ? PARAPET_PTE_W : 0};
        holds[i] = (struct parapet_grant_hold){
            .domain = any_peer(w), .ref = (uint32_t)below(w, NR_GRANTS)};
    }
    (void)hypercall_grant_map(maps, ARRAY_SIZE(maps));
    (void)hypercall_grant_hold(holds, ARRAY_SIZE(holds));
    for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
        if (maps[i].status == 0)
            handles[below(w, NR_GRANTS)] = maps[i].handle;
        if (holds[i].status == 0)
            handles[below(w, NR_GRANTS)] = holds[i].handle;
    }
}

/* Many, so that an end finds some of them done. */
static void copy(struct worker *w)
{
    struct parapet_grant_copy copies[24];

    for (size_t i = 0; i < ARRAY_SIZE(copies); i++) {
        struct parapet_grant_end own = mg_grant_own(w->pages);
        struct parapet_grant_end lent =
            mg_grant_lent(any_peer(w), (uint32_t)below(w, NR_GRANTS), 0);
        bool there = below(w, 2);

        copies[i] =
            (struct parapet_grant_copy){.source = there ? own : lent,
                                        .dest = there ? lent : own,
                                        .length = (uint32_t)MG_PAGE_SIZE};
    }
    (void)hypercall_grant_copy(copies, ARRAY_SIZE(copies));
}

static void let_go(struct worker *w)
{
    struct parapet_grant_unmap unmaps[4];

    for (size_t i = 0; i < ARRAY_SIZE(unmaps); i++)
        unmaps[i].handle = handles[below(w, NR_GRANTS)];
    (void)hypercall_grant_unmap(unmaps, ARRAY_SIZE(unmaps));
    (void)hypercall_grant_release(unmaps, ARRAY_SIZE(unmaps));
}

/* ---- events and time ---- */

static void make_ports(struct worker *w)
{
    (void)hypercall_evtchn_bind_ipi(any_vcpu(w));
    (void)hypercall_evtchn_alloc_unbound(any_peer(w));
    (void)hypercall_evtchn_bind_interdomain(any_peer(w), any_port(w));
}

static void close_ports(struct worker *w)
{
    for (int i = 0; i < 3; i++)
        (void)hypercall_evtchn_close(any_port(w));
}

static void use_ports(struct worker *w)
{
    struct parapet_port_status status;

    for (int i = 0; i < 5; i++)
        (void)hypercall_evtchn_send(any_port(w));
    (void)hypercall_evtchn_move(any_port(w), any_vcpu(w));
    (void)hypercall_evtchn_unmask(any_port(w));
    (void)hypercall_evtchn_status(any_port(w), &status);
}

static void set_timer(struct worker *w)
{
    (void)hypercall_set_timer(mg_clock_ns() + below(w, 300 * MG_US));
}

static void sleep(struct worker *w)
{
    set_timer(w);
    if (below(w, 2))
        (void)hypercall_block();
    else
        (void)hypercall_yield();
}

static void many_calls(struct worker *w)
{
    struct parapet_multicall_entry calls[16] = {{.number = 0}};

    for (size_t i = 0; i < ARRAY_SIZE(calls); i += 4) {
        calls[i].number = PARAPET_HC_evtchn_send;
        calls[i].args[0] = any_port(w);
        calls[i + 1].number = PARAPET_HC_mmu_update_va;
        calls[i + 1].args[0] = SCRATCH + below(w, NR_TABLES) * MG_PAGE_SIZE;
        calls[i + 1].args[1] = mg_pte(any_table(w), MG_WRITE);
        calls[i + 1].args[2] = PARAPET_FLUSH_ALL;
        calls[i + 2].number = PARAPET_HC_evtchn_close;
        calls[i + 2].args[0] = any_port(w);
        calls[i + 3].number = PARAPET_HC_mmu_pin;
        calls[i + 3].args[0] = mg_mfn_of(any_table(w));
        calls[i + 3].args[1] = 1 + below(w, 4);
    }
    (void)hypercall_multicall_all(mg_vcpu_page(), calls, ARRAY_SIZE(calls));
}

/* ---- the domain's vCPUs, and its end ---- */

static void work(void *argument);

static void start_vcpu(struct worker *w)
{
    uint32_t vcpu = 1 + (uint32_t)below(w, NR_VCPUS - 1);

    (void)mg_vcpu_start(vcpu, work, &workers[vcpu]);
}

/* Until another one starts it, at its beginning. Nobody can start the first. */
static void stop_vcpu(struct worker *w)
{
    if (w != &workers[0] && below(w, 4) == 0)
        (void)hypercall_vcpu_down();
}

static void fail(struct worker *w)
{
    static const uint32_t reasons[] = {PARAPET_SHUTDOWN_POWEROFF,
                                       PARAPET_SHUTDOWN_REBOOT,
                                       PARAPET_SHUTDOWN_CRASH};

    if (below(w, fails) != 0)
        return;
    if (below(w, 4) == 0)
        (void)hypercall_iret();
    (void)hypercall_shutdown(reasons[below(w, ARRAY_SIZE(reasons))]);
}

static void work(void *argument)
{
    static void (*const deeds[])(struct worker *) = {
        change_tables, change_mapping, change_frames, change_roots, make_ports,
        close_ports,   use_ports,      set_timer,     sleep,        many_calls,
        start_vcpu,    fail,           lend,          borrow,       copy,
        let_go,        lend,           borrow,        stop_vcpu,
    };
    struct worker *w = argument;

    (void)hypercall_evtchn_bind_virq(PARAPET_VIRQ_TIMER, mg_vcpu_id());
    mg_sti();
    for (;;) {
        mg_vcpu_page()->guest[0]++;
        deeds[below(w, ARRAY_SIZE(deeds))](w);
    }
}

static void prepare(void)
{
    uint64_t *l1 = mg_table(NULL);
    uint64_t *l2 = mg_table_of(mg_index(SCRATCH, 2), mg_pte(l1, MG_TABLE));
    uint64_t *l3 = mg_table_of(0, mg_pte(l2, MG_TABLE));

    MG_DONE(mg_update(mg_entry_of(mg_start_root(), 0), mg_pte(l3, MG_TABLE)));
    scratch_entry = mg_entry_of(l1, 0);
    second_root = mg_kernel_root();
    MG_DONE(mg_pin(second_root, 4));
    MG_DONE(mg_update(mg_entry_of(second_root, 0), mg_pte(l3, MG_TABLE)));
    for (int i = 0; i < NR_TABLES; i++)
        tables[i] = mg_table(NULL);
    for (uint64_t i = 0; i < NR_VCPUS; i++) {
        workers[i].numbers.state = mg_argument("seed", 1) + 7 * i;
        workers[i].pages = mg_pages(NR_PAGES);
    }
    /* Many are destroyed before they do much. */
    for (uint32_t ref = 0; ref < NR_GRANTS; ref++)
        lend_by(&workers[0], ref);
}

void test_main(void)
{
    first_peer = mg_argument("first", 1);
    nr_peers = mg_argument("nr", 1);
    witness = (uint32_t)mg_argument("witness", 0);
    fails = mg_argument("fails", 1000);
    prepare();
    for (uint32_t vcpu = 1; vcpu < NR_VCPUS - 1; vcpu++)
        (void)mg_vcpu_start(vcpu, work, &workers[vcpu]);
    work(&workers[0]);
}
