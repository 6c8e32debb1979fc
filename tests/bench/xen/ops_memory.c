/* SPDX-License-Identifier: MIT
 *
 * The rows of memory: page tables, address spaces, user mode and grants. The
 * README of this directory says what one operation of each is.
 */
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/bench/xen/console.h"
#include "tests/bench/xen/hypercall.h"
#include "tests/bench/xen/memory.h"
#include "tests/bench/xen/operation.h"
#include "tests/bench/xen/upcall.h"

/* Aligned to its size: one page table has all its entries. */
_Alignas(sizeof(char[BENCH_BATCH][4096])) char bench_window[BENCH_BATCH][4096];
_Alignas(4096) struct xen_mmu_update bench_requests[2][BENCH_BATCH];
_Alignas(4096) struct xen_mmuext bench_operations[2];
_Alignas(4096) struct xen_grant_map bench_grant_maps[BENCH_GRANTS];
_Alignas(4096) struct xen_grant_unmap bench_grant_unmaps[BENCH_GRANTS];
_Alignas(4096) struct xen_grant_copy bench_copies[BENCH_GRANTS];
uint64_t bench_values[2];
volatile uint64_t *bench_pte;

/* What the window's pages map in turn. */
static _Alignas(4096) char frames[2][PAGE_SIZE];
/* Become page tables of the lowest level, and stop being one. */
static _Alignas(4096) char empty_table[PAGE_SIZE];
static _Alignas(4096) uint64_t full_table[512];
/* What the full one maps. */
static _Alignas(4096) char contents[512][PAGE_SIZE];
static _Alignas(4096) uint64_t other_root[512];
static _Alignas(4096) uint64_t user_root[512];
static _Alignas(4096) struct xen_grant_entry grants[512];

/* ---- page tables ---- */

/* Each update replaces one frame by another, both writable. */
static void prepare_batch(uint64_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t maddr = memory_place(bench_window[i]).maddr;

        for (size_t j = 0; j < 2; j++)
            bench_requests[j][i] = (struct xen_mmu_update){
                .pte_maddr = maddr, .value = memory_pte(frames[j])};
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

static void prepare_update_va(void)
{
    for (size_t i = 0; i < 2; i++)
        bench_values[i] = memory_pte(frames[i]);
}

static void prepare_pte_trap(void)
{
    prepare_update_va();
    REQUIRE(xen_hypercall2(XEN_VM_ASSIST, XEN_VM_ASSIST_ENABLE,
                           XEN_ASSIST_WRITABLE_TABLES) == 0);
    bench_pte = memory_place(bench_window[0]).vaddr;
}

static void prepare_demand_fault(void)
{
    prepare_update_va();
    memory_map(bench_window[0], 0);
    upcall_set_trap(VECTOR_PAGE_FAULT, bench_map_window);
}

/* ---- address spaces ---- */

static void set_operations(uint32_t operation1, uint64_t argument1,
                           uint32_t operation2, uint64_t argument2)
{
    bench_operations[0] =
        (struct xen_mmuext){.operation = operation1, .mfn_or_vaddr = argument1};
    bench_operations[1] =
        (struct xen_mmuext){.operation = operation2, .mfn_or_vaddr = argument2};
}

static void prepare_root_same(void)
{
    set_operations(XEN_MMUEXT_NEW_ROOT, memory_first_root_mfn(),
                   XEN_MMUEXT_NEW_ROOT, memory_first_root_mfn());
}

/* Ends on the root that it began on. */
static void prepare_root_other(void)
{
    set_operations(XEN_MMUEXT_NEW_ROOT, memory_mfn(other_root),
                   XEN_MMUEXT_NEW_ROOT, memory_first_root_mfn());
}

static void prepare_invalidate(void)
{
    set_operations(XEN_MMUEXT_INVALIDATE, (uint64_t)frames[0],
                   XEN_MMUEXT_INVALIDATE, (uint64_t)frames[1]);
}

static void prepare_pin(const void *table)
{
    set_operations(XEN_MMUEXT_PIN_L1, memory_mfn(table), XEN_MMUEXT_UNPIN,
                   memory_mfn(table));
}

static void prepare_pin_empty(void)
{
    prepare_pin(empty_table);
}

static void prepare_pin_full(void)
{
    prepare_pin(full_table);
}

static void prepare_syscall(void)
{
    upcall_set_callback(XEN_CALLBACK_SYSCALL, bench_syscall_entry);
    upcall_set_trap(VECTOR_BREAKPOINT, bench_leave_user);
}

static void prepare_user_fault(void)
{
    upcall_set_traps(VECTOR_BREAKPOINT, bench_leave_user, VECTOR_PAGE_FAULT,
                     bench_skip_load);
}

/* ---- grants, of the domain to itself ---- */

/* Each lends a page of its own, and is copied to another one. */
static void prepare_grants(uint64_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t ref = XEN_GRANT_FIRST_FREE + i;
        uint64_t vaddr = (uint64_t)bench_window[i];

        grants[ref] = (struct xen_grant_entry){
            .flags = XEN_GRANT_PERMIT,
            .domain = 0,
            .mfn = (uint32_t)memory_mfn(contents[i]),
        };
        bench_grant_maps[i] =
            (struct xen_grant_map){.vaddr = vaddr,
                                   .flags = XEN_GRANT_MAP_HOST,
                                   .ref = ref,
                                   .domain = 0};
        bench_grant_unmaps[i] = (struct xen_grant_unmap){.vaddr = vaddr};
        bench_copies[i] = (struct xen_grant_copy){
            .source = {.ref_or_mfn = ref, .domain = XEN_DOMAIN_SELF},
            .target = {.ref_or_mfn = memory_mfn(contents[BENCH_GRANTS + i]),
                       .domain = XEN_DOMAIN_SELF},
            .size = PAGE_SIZE,
            .flags = XEN_GRANT_COPY_SOURCE_REF,
        };
        memory_map(bench_window[i], 0);
    }
    bench_count = count;
}

static void prepare_grant(void)
{
    prepare_grants(1);
}

static void prepare_all_grants(void)
{
    prepare_grants(BENCH_GRANTS);
}

/* For a device's use: they get no entry in a page table. */
static void prepare_holds(void)
{
    prepare_all_grants();
    for (uint32_t i = 0; i < bench_count; i++) {
        bench_grant_maps[i].flags = XEN_GRANT_MAP_DEVICE;
        bench_grant_unmaps[i].vaddr = 0;
        bench_grant_unmaps[i].bus_address = memory_mfn(contents[i]) * PAGE_SIZE;
    }
}

static void copy_word(void)
{
    for (uint32_t i = 0; i < bench_count; i++)
        bench_copies[i].size = sizeof(uint64_t);
}

static void prepare_copy(void)
{
    prepare_grant();
    bench_copy_word = copy_word;
}

static void prepare_copies(void)
{
    prepare_all_grants();
    bench_copy_word = copy_word;
}

/* What a loop does not see: the status of each is in its argument. */
static void verify_map_unmap(void)
{
    REQUIRE(bench_grant_map_unmap(1) == 0);
    for (size_t i = 0; i < bench_count; i++)
        REQUIRE(bench_grant_unmaps[i].status == 0);
}

static void verify_grants(void)
{
    prepare_all_grants();
    for (size_t i = 0; i < bench_count; i++)
        memset(contents[i], (int)i + 1, PAGE_SIZE);
    REQUIRE(bench_grant_copy(1) == 0);
    for (size_t i = 0; i < bench_count; i++)
        REQUIRE(bench_copies[i].status == 0 &&
                memcmp(contents[i], contents[BENCH_GRANTS + i], PAGE_SIZE) ==
                    0);
    verify_map_unmap();
    prepare_holds();
    verify_map_unmap();
}

static void init_grants(void)
{
    uint64_t mfn;
    struct xen_grant_setup setup = {
        .domain = XEN_DOMAIN_SELF, .nr_frames = 1, .frame_list = &mfn};

    REQUIRE(xen_hypercall3(XEN_GRANT_TABLE, XEN_GRANT_SETUP, &setup, 1) == 0 &&
            setup.status == 0);
    memory_map(grants, mfn * PAGE_SIZE | PTE_PRESENT | PTE_WRITABLE | PTE_USER);
    verify_grants();
}

void memory_operations_init(void)
{
    memory_make_root(other_root);
    memory_make_root(user_root);
    memory_mmuext(XEN_MMUEXT_NEW_USER_ROOT, memory_mfn(user_root));
    for (size_t i = 0; i < ARRAY_SIZE(full_table); i++)
        full_table[i] = memory_pte(contents[i]);
    memory_map(empty_table, memory_pte_read_only(empty_table));
    memory_map(full_table, memory_pte_read_only(full_table));
    init_grants();
}

/* Two calls with so many updates in an iteration. */
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
    {"demand_fault", "hypercall", bench_demand_fault, 5000, 1,
     prepare_demand_fault, 0},
    {"invalidate_page", "hypercall", bench_mmuext, 5000, 2, prepare_invalidate,
     0},
    {"root_switch_same", "hypercall", bench_mmuext, 2000, 2, prepare_root_same,
     0},
    {"root_switch", "hypercall", bench_mmuext, 2000, 2, prepare_root_other, 0},
    {"pin_unpin_l1_empty", "hypercall", bench_mmuext, 1000, 1,
     prepare_pin_empty, 0},
    {"pin_unpin_l1_full", "hypercall", bench_mmuext, 200, 1, prepare_pin_full,
     0},
    {"syscall_bounce", "hypercall", bench_user_syscall, 5000, 1,
     prepare_syscall, 0},
    {"user_fault_roundtrip", "hypercall", bench_user_page_fault, 5000, 1,
     prepare_user_fault, 0},
    {"grant_map_unmap", "hypercall", bench_grant_map_unmap, 2000, 1,
     prepare_grant, 0},
    {"grant_map_unmap_32", "batch", bench_grant_map_unmap, 100, BENCH_GRANTS,
     prepare_all_grants, 0},
    {"grant_hold_release_32", "batch", bench_grant_map_unmap, 100, BENCH_GRANTS,
     prepare_holds, 0},
    {"grant_copy_4k", "hypercall", bench_grant_copy, 5000, 1, prepare_copy, 0},
    {"grant_copy_4k_32", "batch", bench_grant_copy, 200, BENCH_GRANTS,
     prepare_copies, 0},
};
const size_t nr_memory_operations = ARRAY_SIZE(memory_operations);
