/* SPDX-License-Identifier: MIT
 *
 * The rows of memory: page tables, address spaces and user mode. docs/BENCH.md
 * and the page (tools/report_page/words.py) say what one operation of each is.
 * Those of page tables work on a window of as many pages as a table of level 1
 * has entries, in a slot of the kernel's own; each page maps one of two frames,
 * in turn.
 */
#include <stdbool.h>

#include "abi/exits.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/bench/operation.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/user.h"
#include "tests/kernels/lib/vcpu.h"

#define WINDOW ((char *)0xffffc00000000000)
/* An entry of the kernel's for a table. */
#define UPPER (PARAPET_PTE_P | PARAPET_PTE_W)
/* What the CPU or the hypervisor may add to an entry. */
#define ADDED                                                                  \
    (PARAPET_PTE_U | PARAPET_PTE_A | PARAPET_PTE_D | PARAPET_PTE_KERNEL)

_Alignas(4096) struct parapet_pte_update bench_updates[2][BENCH_BATCH];

/* loops_memory.S has the numbers. */
_Static_assert(PARAPET_HC_mmu_update == 64 && PARAPET_HC_mmu_update_va == 65 &&
                   PARAPET_HC_mmu_pin == 66 && PARAPET_HC_mmu_unpin == 67 &&
                   PARAPET_HC_mmu_set_kernel_root == 68 &&
                   PARAPET_HC_mmu_invalidate == 70,
               "a hypercall has another number");
_Static_assert(sizeof(struct parapet_pte_update) == BENCH_UPDATE_SIZE,
               "an update has another size");
_Static_assert(MG_USER_TEXT == BENCH_USER_TEXT, "user mode is elsewhere");

/* What the window's pages map in turn. */
static uint64_t *frames[2];
static volatile uint64_t *window_table;
/* These become tables of level 1, and stop being one. */
static uint64_t *empty_table, *full_table;
static uint64_t *other_root;

/* ---- page tables ---- */

static void prepare_update_va(void)
{
    for (size_t i = 0; i < 2; i++)
        bench_values[i] = mg_pte(frames[i], MG_WRITE);
    bench_pages[0] = WINDOW;
}

static void prepare_pte_trap(void)
{
    prepare_update_va();
    bench_pte = window_table;
}

/* Each update replaces one frame by another, both writable. */
static void prepare_batch(uint64_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < 2; j++)
            bench_updates[j][i] = (struct parapet_pte_update){
                .pte = mg_entry_of(window_table, i),
                .value = mg_pte(frames[j], MG_WRITE),
            };
    }
    bench_count = count;
}

#define PREPARE_BATCH(count)                                                   \
    static void prepare_batch_##count(void)                                    \
    {                                                                          \
        prepare_batch(count);                                                  \
    }
PREPARE_BATCH(1)
PREPARE_BATCH(2)
PREPARE_BATCH(4)
PREPARE_BATCH(8)
PREPARE_BATCH(16)
PREPARE_BATCH(32)
PREPARE_BATCH(64)
PREPARE_BATCH(128)
PREPARE_BATCH(256)
PREPARE_BATCH(512)

static void prepare_demand_fault(void)
{
    prepare_update_va();
    MG_CHECK_EQ(HYPERCALL_RESTARTED(hypercall_mmu_update_va(
                    (uint64_t)WINDOW, 0, PARAPET_FLUSH_LOCAL)),
                0);
    mg_trap_set(MG_PF, 0, (uint64_t)bench_map_page);
}

/* ---- address spaces ---- */

static void prepare_invalidate(void)
{
    for (size_t i = 0; i < 2; i++)
        bench_pages[i] = (char *)frames[i];
}

/* Ends on the root that it began on. */
static void prepare_root_other(void)
{
    bench_frames[0] = mg_mfn_of(other_root);
    bench_frames[1] = mg_mfn_of(mg_start_root());
}

static void prepare_root_same(void)
{
    prepare_root_other();
    bench_frames[0] = bench_frames[1];
}

static void prepare_pin_empty(void)
{
    bench_frames[0] = mg_mfn_of(empty_table);
}

static void prepare_pin_full(void)
{
    bench_frames[0] = mg_mfn_of(full_table);
}

/* ---- user mode ---- */

static void prepare_syscall(void)
{
    MG_CHECK_EQ(hypercall_set_callback(PARAPET_CALLBACK_SYSCALL,
                                       (uint64_t)bench_syscall_entry),
                0);
    mg_trap_set(MG_BP, 0, (uint64_t)bench_leave_user);
}

static void prepare_user_fault(void)
{
    mg_trap_set(MG_BP, 0, (uint64_t)bench_leave_user);
    mg_trap_set(MG_PF, 0, (uint64_t)bench_kernel_fault_entry);
}

/* ---- once ---- */

static void init_window(void)
{
    uint64_t entries[MG_PTES];
    uint64_t vaddr = (uint64_t)WINDOW;
    uint64_t *l2, *l3;

    for (size_t i = 0; i < 2; i++)
        frames[i] = mg_page();
    for (size_t i = 0; i < MG_PTES; i++)
        entries[i] = mg_pte(frames[0], MG_WRITE);
    window_table = mg_table(entries);
    l2 = mg_table_of(mg_index(vaddr, 2), mg_pte(window_table, UPPER));
    l3 = mg_table_of(mg_index(vaddr, 3), mg_pte(l2, UPPER));
    MG_CHECK_EQ(mg_update(mg_entry_of(mg_start_root(), mg_index(vaddr, 4)),
                          mg_pte(l3, UPPER)),
                0);
}

/* Each entry of the full one maps a frame of its own. */
static void init_tables(void)
{
    uint64_t entries[MG_PTES];

    for (size_t i = 0; i < MG_PTES; i++)
        entries[i] = mg_pte(mg_page(), MG_WRITE);
    full_table = mg_table(entries);
    empty_table = mg_table(NULL);
    other_root = mg_kernel_root();
    MG_CHECK_EQ(mg_pin(other_root, PARAPET_TABLE_L4), 0);
}

void memory_operations_init(void)
{
    init_window();
    init_tables();
    (void)mg_user_init();
}

/* ---- once for each operation: it does what it says ---- */

static bool maps(const volatile uint64_t *entry, const uint64_t *frame)
{
    return (*entry & ~(uint64_t)ADDED) == mg_pte(frame, MG_WRITE);
}

static uint64_t exits(enum parapet_exit exit)
{
    return mg_counters(0)->exits[exit];
}

static void verify_page_tables(void)
{
    uint64_t before = exits(PARAPET_EXIT_table_write);

    prepare_batch(BENCH_BATCH);
    bench_mmu_update(1);
    for (size_t i = 0; i < BENCH_BATCH; i++)
        MG_CHECK(maps(&window_table[i], frames[1]));
    prepare_update_va();
    bench_values[1] = bench_values[0];
    MG_CHECK_EQ(bench_update_va(1), 0);
    MG_CHECK(maps(&window_table[0], frames[0]));
    MG_CHECK_EQ(exits(PARAPET_EXIT_table_write) - before, 0);
    prepare_pte_trap();
    bench_pte_trap(1);
    MG_CHECK(maps(&window_table[0], frames[1]));
    MG_CHECK_EQ(exits(PARAPET_EXIT_table_write) - before, 2);
}

/* The store comes through, and nothing is mapped afterwards. */
static void verify_demand_fault(void)
{
    prepare_demand_fault();
    MG_CHECK_EQ(bench_demand_fault(1), 0);
    MG_CHECK_EQ(frames[0][0] & 0xff, 1);
    MG_CHECK_EQ(window_table[0], 0);
    mg_trap_init();
}

/* A table while it is pinned, and memory again. */
static void verify_pin(uint64_t *table)
{
    bench_frames[0] = mg_mfn_of(table);
    MG_CHECK_EQ(bench_pin_unpin(1), 0);
    MG_CHECK_EQ(mg_pin(table, PARAPET_TABLE_L1), 0);
    MG_CHECK_EQ(mg_set_writable(table, true), -PARAPET_EBUSY);
    MG_CHECK_EQ(mg_unpin(table), 0);
    MG_CHECK_EQ(mg_set_writable(table, true), 0);
    MG_CHECK_EQ(mg_set_writable(table, false), 0);
}

static void load(void *pointer)
{
    (void)*(volatile char *)pointer;
}

/* The other root has nothing in the user's half. */
static void verify_roots(void)
{
    void *user = (void *)MG_USER_DATA;

    prepare_root_other();
    MG_CHECK_EQ(bench_root_switch(1), 0);
    mg_expect_no_fault("on the first root", load, user);
    MG_CHECK_EQ(hypercall_mmu_set_kernel_root(bench_frames[0]), 0);
    mg_expect_fault("on the other root", load, user, MG_PF, NULL);
    MG_CHECK_EQ(hypercall_mmu_set_kernel_root(bench_frames[1]), 0);
    prepare_invalidate();
    MG_CHECK_EQ(bench_invalidate(1), 0);
}

static void verify_user_mode(void)
{
    uint64_t before = exits(PARAPET_EXIT_system_call);

    prepare_syscall();
    bench_user_syscall(3);
    MG_CHECK_EQ(exits(PARAPET_EXIT_system_call) - before, 3);
    before = exits(PARAPET_EXIT_page_fault);
    prepare_user_fault();
    bench_user_fault(3);
    MG_CHECK_EQ(exits(PARAPET_EXIT_page_fault) - before, 3);
    mg_trap_init();
}

void verify_memory_operations(void)
{
    verify_page_tables();
    verify_demand_fault();
    verify_pin(empty_table);
    verify_pin(full_table);
    verify_roots();
    verify_user_mode();
}

/* ---- the table ---- */

/* Two lists of so many updates in an iteration. */
#define PTE_BATCH(count, iterations)                                           \
    {                                                                          \
        "pte_batch_" #count, "batch", bench_mmu_update, iterations,            \
            2 * (count), prepare_batch_##count, 0                              \
    }

const struct operation memory_operations[] = {
    {"pte_update", "hypercall", bench_mmu_update, 5000, 2, prepare_batch_1, 0},
    {"pte_update", "trap", bench_pte_trap, 5000, 2, prepare_pte_trap,
     RESULT_ANY},
    PTE_BATCH(1, 4000),
    PTE_BATCH(2, 2000),
    PTE_BATCH(4, 1000),
    PTE_BATCH(8, 500),
    PTE_BATCH(16, 250),
    PTE_BATCH(32, 125),
    PTE_BATCH(64, 64),
    PTE_BATCH(128, 32),
    PTE_BATCH(256, 16),
    PTE_BATCH(512, 8),
    {"pte_set_va", "hypercall", bench_update_va, 5000, 2, prepare_update_va, 0},
    {"pin_unpin_l1_empty", "hypercall", bench_pin_unpin, 500, 1,
     prepare_pin_empty, 0},
    {"pin_unpin_l1_full", "hypercall", bench_pin_unpin, 100, 1,
     prepare_pin_full, 0},
    {"root_switch_same", "hypercall", bench_root_switch, 2000, 2,
     prepare_root_same, 0},
    {"root_switch", "hypercall", bench_root_switch, 2000, 2, prepare_root_other,
     0},
    {"invalidate_page", "hypercall", bench_invalidate, 5000, 2,
     prepare_invalidate, 0},
    {"demand_fault", "hypercall", bench_demand_fault, 5000, 1,
     prepare_demand_fault, 0},
    {"syscall_bounce", "hypercall", bench_user_syscall, 5000, 1,
     prepare_syscall, RESULT_ANY},
    {"user_fault_roundtrip", "hypercall", bench_user_fault, 5000, 1,
     prepare_user_fault, RESULT_ANY},
};
const size_t nr_memory_operations = ARRAY_SIZE(memory_operations);
