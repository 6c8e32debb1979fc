/* SPDX-License-Identifier: MIT
 *
 * A CPU may keep a translation of which the entry is gone, and the guest may
 * forget to flush. When the frame becomes a page table, or the machine's, or
 * somebody else's, nothing can be written through it all the same: the
 * hypervisor flushes every CPU that may have it. `alone` writes on the same
 * vCPU, `other` on another one, which spins meanwhile.
 *
 * QEMU: once=1
 * VARIANT: alone
 * VARIANT: other vcpus=2 smp=2 meter="both vCPUs must run at once"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_stale);

#define SCRATCH 0x10000000ul
#define ROUNDS 10

/* Of four bytes, so that it is never taken for an update of a table. */
MG_SNIPPET(store, "movl $0x5a5a5a5a, (%rdi)");

static uint64_t *scratch; /* the level-1 table that maps SCRATCH */

/* ---- who touches the page ---- */

static volatile uint64_t asked, answered, faulted;

/* On vCPU 1: stores at SCRATCH as often as it is asked, with no hypercall. */
static void toucher(void *argument)
{
    (void)argument;
    for (uint64_t round = 1;; round++) {
        struct mg_fault fault;

        while (asked < round)
            __builtin_ia32_pause();
        faulted = mg_try(store, (void *)SCRATCH, &fault);
        if (faulted && fault.vector != MG_PF)
            mg_error("the store ended with %s", mg_trap_name(fault.vector));
        answered = round;
    }
}

/* Whether the store at SCRATCH was refused. */
static bool store_faults(void)
{
    if (!mg_variant("other"))
        return mg_try(store, (void *)SCRATCH, NULL);
    asked++;
    for (uint64_t end = mg_clock_ns() + MG_PATIENCE; answered != asked;) {
        if (mg_clock_ns() > end)
            mg_error("the other vCPU does not answer");
    }
    return faulted;
}

/* ---- what becomes of the frame ---- */

/* The page is mapped, touched, and its entries go; nobody flushes. */
static uint64_t *make_stale(void)
{
    uint64_t *page = mg_page();
    uint64_t entry = mg_entry_of(scratch, 0);
    uint64_t direct = mg_walk(mg_start_root(), (uint64_t)page, 1);

    MG_DONE(mg_set_va(SCRATCH, mg_pte(page, MG_WRITE)));
    MG_CHECK(!store_faults());
    MG_CHECK_EQ((uint32_t)page[0], 0x5a5a5a5a);
    page[0] = 0;
    MG_DONE(mg_update(entry, 0));
    MG_DONE(mg_update(direct, mg_pte(page, MG_READ)));
    return page;
}

static void expect_untouched(const volatile uint64_t *page)
{
    MG_CHECK(store_faults());
    MG_CHECK_EQ(page[0], 0);
    mg_audit();
}

static void test_pin(uint32_t level)
{
    uint64_t *page = make_stale();

    MG_DONE(mg_pin(page, level));
    expect_untouched(page);
    MG_DONE(mg_unpin(page));
}

static void test_link(void)
{
    uint64_t *page = make_stale();
    uint64_t *l2 = mg_table(NULL);

    MG_DONE(mg_pin(l2, PARAPET_TABLE_L2));
    MG_DONE(mg_update(mg_entry_of(l2, 0), mg_pte(page, MG_TABLE)));
    expect_untouched(page);
    MG_DONE(mg_unpin(l2));
}

/* The same frame may come back at once: its first word must stay zero. */
static void test_give_back(void)
{
    uint64_t *page = make_stale();
    uint64_t direct = (uint64_t)page;
    uint64_t mfn = mg_mfn_of(page);
    struct parapet_populate entry = {mg_gfn_of(page), 0};

    MG_DONE(mg_update(mg_walk(mg_start_root(), direct, 1), 0));
    MG_DONE(hypercall_memory_give_back(&mfn, 1));
    MG_CHECK(store_faults());
    MG_CHECK_EQ(mg_m2p(mfn), PARAPET_NO_GFN);
    MG_DONE(hypercall_memory_populate(&entry, 1));
    *mg_p2m(entry.gfn) = entry.mfn;
    MG_DONE(mg_set_va(direct, mg_pte(page, MG_WRITE)));
    expect_untouched(page);
}

/*
 * The other way: what was a table is memory now, and a CPU that still walks it
 * would find what the guest writes there.
 */
static void test_old_table(void)
{
    const uint64_t vaddr = SCRATCH + (1ul << 21);
    uint64_t l2_entry = mg_walk(mg_start_root(), vaddr, 2);
    uint64_t *page = mg_page(), *table, stale;

    table = mg_table_of(0, mg_pte(page, MG_WRITE));
    MG_DONE(mg_update(l2_entry, mg_pte(table, MG_TABLE)));
    MG_CHECK(!mg_try(store, (void *)vaddr, NULL));
    MG_DONE(mg_update(l2_entry, 0));
    /* Its direct mapping is the only one that is flushed by name. */
    stale = mg_walk(mg_start_root(), (uint64_t)table, 1);
    MG_DONE(mg_update(stale, mg_pte(table, MG_WRITE)));
    MG_DONE(hypercall_mmu_invalidate((uint64_t)table, PARAPET_FLUSH_LOCAL));
    table[1] = mg_pte(mg_start_root(), MG_TABLE);
    MG_CHECK(mg_try(store, (void *)(vaddr + MG_PAGE_SIZE), NULL));
    MG_CHECK(mg_try(store, (void *)vaddr, NULL));
    table[1] = 0;
    mg_audit();
}

static void make_scratch(void)
{
    uint64_t *l2, *l3;

    scratch = mg_table(NULL);
    l2 = mg_table_of(mg_index(SCRATCH, 2), mg_pte(scratch, MG_TABLE));
    l3 = mg_table_of(0, mg_pte(l2, MG_TABLE));
    MG_DONE(mg_update(mg_entry_of(mg_start_root(), 0), mg_pte(l3, MG_TABLE)));
}

void test_main(void)
{
    make_scratch();
    if (mg_variant("other") && mg_vcpu_start(1, toucher, NULL) != 0)
        mg_error("the other vCPU does not start");
    for (int round = 0; round < ROUNDS && !mg_failures(); round++) {
        for (uint32_t level = PARAPET_TABLE_L1; level <= PARAPET_TABLE_USER;
             level++)
            test_pin(level);
        test_link();
        test_give_back();
        test_old_table();
    }
}
