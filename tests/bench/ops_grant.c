/* SPDX-License-Identifier: MIT
 *
 * The rows of grants: the domain beside the bench (bench_peer.c) lends
 * PEER_LENT frames. They are mapped into a window of as many pages, in a slot
 * of the kernel's own, held, and copied from, one or all at once.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/bench/operation.h"
#include "tests/bench/peer.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

#define WINDOW UINT64_C(0xffffd00000000000)
/* An entry of the kernel's for a table. */
#define UPPER (PARAPET_PTE_P | PARAPET_PTE_W)

_Alignas(4096) struct parapet_grant_map bench_grant_maps[PEER_LENT];
_Alignas(4096) struct parapet_grant_hold bench_grant_holds[PEER_LENT];
_Alignas(4096) struct parapet_grant_unmap bench_grant_handles[PEER_LENT];
_Alignas(4096) struct parapet_grant_copy bench_grant_copies[PEER_LENT];

/* loops_grant.S has the numbers. */
_Static_assert(PARAPET_HC_grant_map == 96 && PARAPET_HC_grant_unmap == 97 &&
                   PARAPET_HC_grant_hold == 98 &&
                   PARAPET_HC_grant_release == 99 &&
                   PARAPET_HC_grant_copy == 100,
               "a hypercall has another number");
#define IS_AT(type, size, status_at, handle_at)                                \
    (sizeof(struct type) == (size) &&                                          \
     offsetof(struct type, status) == (status_at) &&                           \
     offsetof(struct type, handle) == (handle_at))
_Static_assert(IS_AT(parapet_grant_map, BENCH_GRANT_MAP_SIZE,
                     BENCH_GRANT_MAP_STATUS, BENCH_GRANT_MAP_HANDLE) &&
                   IS_AT(parapet_grant_hold, BENCH_GRANT_HOLD_SIZE,
                         BENCH_GRANT_HOLD_STATUS, BENCH_GRANT_HOLD_HANDLE) &&
                   IS_AT(parapet_grant_unmap, BENCH_GRANT_UNMAP_SIZE, 4, 0),
               "an element is laid out otherwise");
_Static_assert(sizeof(struct parapet_grant_copy) == BENCH_GRANT_COPY_SIZE,
               "a copy has another size");

static uint64_t *window_table;
static uint64_t *pages[PEER_LENT]; /* of ours, which are copied to */

/* ---- before a row ---- */

static void prepare(uint64_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bench_grant_maps[i] =
            (struct parapet_grant_map){.domain = PEER_ID,
                                       .ref = i,
                                       .pte = mg_entry_of(window_table, i),
                                       .bits = PARAPET_PTE_W | PARAPET_PTE_NX};
        bench_grant_holds[i] =
            (struct parapet_grant_hold){.domain = PEER_ID, .ref = i};
        bench_grant_copies[i] = (struct parapet_grant_copy){
            .source = {PEER_ID, i, 0},
            .dest = {PARAPET_DOMAIN_SELF, 0,
                     mg_mfn_of(pages[i]) * MG_PAGE_SIZE},
            .length = MG_PAGE_SIZE};
    }
    bench_count = count;
}

static void prepare_one(void)
{
    prepare(1);
}

static void prepare_all(void)
{
    prepare(PEER_LENT);
}

static void copy_word(void)
{
    for (uint32_t i = 0; i < bench_count; i++)
        bench_grant_copies[i].length = sizeof(uint64_t);
}

static void prepare_copy(void)
{
    prepare_one();
    bench_copy_word = copy_word;
}

static void prepare_copies(void)
{
    prepare_all();
    bench_copy_word = copy_word;
}

/* ---- once ---- */

static void init_window(void)
{
    uint64_t *l2, *l3;

    window_table = mg_table(NULL);
    l2 = mg_table_of(mg_index(WINDOW, 2), mg_pte(window_table, UPPER));
    l3 = mg_table_of(mg_index(WINDOW, 3), mg_pte(l2, UPPER));
    MG_CHECK_EQ(mg_update(mg_entry_of(mg_start_root(), mg_index(WINDOW, 4)),
                          mg_pte(l3, UPPER)),
                0);
    for (size_t i = 0; i < PEER_LENT; i++)
        pages[i] = mg_page();
}

/* All are mapped, and what the peer wrote is there. */
static void verify_maps(void)
{
    uint64_t *window = (uint64_t *)WINDOW;
    const struct parapet_vcpu_page *page = (const void *)mg_vcpu_page();

    prepare_all();
    MG_CHECK_EQ(hypercall_grant_map_all(page, bench_grant_maps, PEER_LENT), 0);
    for (size_t i = 0; i < PEER_LENT; i++) {
        if (!MG_CHECK_EQ(bench_grant_maps[i].status, 0))
            return;
        MG_CHECK_EQ(window[i * MG_PTES], PEER_WORD + i);
        bench_grant_handles[i].handle = bench_grant_maps[i].handle;
    }
    MG_CHECK_EQ(hypercall_grant_unmap_all(page, bench_grant_handles, PEER_LENT),
                0);
    for (size_t i = 0; i < PEER_LENT; i++) {
        MG_CHECK_EQ(bench_grant_handles[i].status, 0);
        MG_CHECK_EQ(window_table[i], 0);
    }
}

static uint32_t nr_handles(void)
{
    struct parapet_grant_status status;

    MG_CHECK_EQ(hypercall_grant_status(0, &status), 0);
    return status.nr_handles;
}

/* Each loop once: whatever it takes it gives back. */
static void verify_loops(void)
{
    uint32_t before = nr_handles();

    MG_CHECK_EQ(bench_grant_map_unmap(1), 0);
    MG_CHECK_EQ(nr_handles(), before);
    MG_CHECK_EQ(bench_grant_hold_release(1), 0);
    MG_CHECK_EQ(nr_handles(), before);
    MG_CHECK_EQ(bench_grant_copy(1), 0);
    for (size_t i = 0; i < PEER_LENT; i++) {
        MG_CHECK_EQ(bench_grant_copies[i].status, 0);
        MG_CHECK_EQ(pages[i][0], PEER_WORD + i);
        MG_CHECK_EQ(pages[i][MG_PTES - 1], PEER_WORD + i);
    }
}

void grant_operations_init(void)
{
    init_window();
    verify_maps();
    verify_loops();
}

/* ---- the table ---- */

const struct operation grant_operations[] = {
    {"grant_map_unmap", "hypercall", bench_grant_map_unmap, 2000, 1,
     prepare_one, 0},
    {"grant_map_unmap_32", "batch", bench_grant_map_unmap, 100, PEER_LENT,
     prepare_all, 0},
    {"grant_hold_release_32", "batch", bench_grant_hold_release, 100, PEER_LENT,
     prepare_all, 0},
    {"grant_copy_4k", "hypercall", bench_grant_copy, 2000, 1, prepare_copy, 0},
    {"grant_copy_4k_32", "batch", bench_grant_copy, 100, PEER_LENT,
     prepare_copies, 0},
};
const size_t nr_grant_operations = ARRAY_SIZE(grant_operations);
