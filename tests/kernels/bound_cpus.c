/* SPDX-License-Identifier: MIT
 *
 * No call keeps the CPU for longer than the ABI says on a machine with many
 * CPUs either, of which each may have to flush, or to be woken. The other
 * vCPUs, each on its own CPU, sleep: only one CPU is counted.
 *
 * BUNDLE: vcpus=32 memory=32M
 * QEMU: smp=32 icount=1 patience=20
 * METER: it is about many CPUs
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/bound.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(bound_cpus);

#define NR_VCPUS 32u
#define NR_CALLS 64u

static struct parapet_multicall_entry calls[NR_CALLS + 1];
static unsigned int nr_calls;
static uint64_t *tables;
static volatile uint64_t nr_up;

static void sleeper(void *argument)
{
    (void)argument;
    __atomic_fetch_add(&nr_up, 1, __ATOMIC_SEQ_CST);
}

static void start_others(void)
{
    for (uint32_t i = 1; i < NR_VCPUS; i++) {
        MG_DONE(mg_vcpu_start(i, sleeper, NULL));
        while (nr_up != i)
            __asm__ volatile("pause"); /* the other CPU's turn */
    }
}

/* Frames whose type is that of tables that nobody uses any more. */
static void retire(void)
{
    for (uint64_t i = 0; i < NR_CALLS; i++) {
        MG_DONE(mg_set_writable(tables + i * MG_PTES, false));
        MG_DONE(mg_pin(tables + i * MG_PTES, PARAPET_TABLE_L1));
        MG_DONE(mg_unpin(tables + i * MG_PTES));
    }
}

static void add(uint64_t number, uint64_t a0, uint64_t a1)
{
    calls[nr_calls++] =
        (struct parapet_multicall_entry){.number = number, .args = {a0, a1}};
}

/* All of them; then there are none. */
static void multicall(const char *name)
{
    mg_bound_multicall(name, calls, nr_calls);
    nr_calls = 0;
}

/* Each is a change of type, for which every CPU is looked at: all have flushed
 * already. */
static void add_changes(uint64_t nr)
{
    retire();
    MG_DONE(hypercall_mmu_flush(PARAPET_FLUSH_ALL));
    for (uint64_t i = 0; i < nr; i++) {
        const uint64_t *table = tables + i * MG_PTES;

        add(PARAPET_HC_mmu_update_va, (uint64_t)table, mg_pte(table, MG_WRITE));
    }
}

/* With much to be checked, and to be let go. */
static uint64_t *full_table(void)
{
    uint64_t *l1 = mg_page();

    for (uint64_t i = 0; i < MG_PTES; i++)
        l1[i] = mg_pte(l1, MG_READ);
    MG_DONE(mg_set_writable(l1, false));
    return l1;
}

static void changes_and_a_long_call(void)
{
    uint64_t mfn = mg_mfn_of(full_table());

    for (uint64_t nr = 0; nr < 6; nr++) {
        add_changes(nr);
        add(PARAPET_HC_mmu_pin, mfn, PARAPET_TABLE_L1);
        multicall("multicall, mmu_update_va, then mmu_pin");
        add_changes(nr);
        add(PARAPET_HC_mmu_unpin, mfn, 0);
        multicall("multicall, mmu_update_va, then mmu_unpin");
    }
}

/* Cheap ones, a few changes, and a root that goes with all that is in it. */
static void changes_and_a_root(uint64_t nr_cheap, uint64_t nr)
{
    uint64_t *start = mg_start_root(), *root = mg_kernel_root();
    uint64_t l2 =
        mg_pte(mg_table_of(0, mg_pte(full_table(), MG_TABLE)), MG_TABLE);

    MG_DONE(mg_set_writable(root, true));
    root[0] = mg_pte(mg_table_of(0, l2), MG_TABLE);
    MG_DONE(mg_set_writable(root, false));
    MG_DONE(mg_pin(root, PARAPET_TABLE_L4));
    MG_DONE(hypercall_mmu_set_kernel_root(mg_mfn_of(root)));
    MG_DONE(mg_unpin(root));
    add_changes(nr);
    for (uint64_t i = 0; i < nr_cheap; i++)
        add(PARAPET_HC_mmu_set_kernel_root, mg_mfn_of(root), 0);
    add(PARAPET_HC_mmu_set_kernel_root, mg_mfn_of(start), 0);
    add(PARAPET_HC_mmu_update_va, (uint64_t)tables, mg_pte(tables, MG_WRITE));
    multicall("multicall, mmu_update_va, then a root goes");
}

void test_main(void)
{
    tables = mg_pages(NR_CALLS);
    start_others();
    add_changes(NR_CALLS);
    multicall("multicall, mmu_update_va");
    changes_and_a_long_call();
    for (uint64_t nr = 0; nr < 16; nr++)
        changes_and_a_root(30 - nr, nr);
    mg_bound_report();
}
