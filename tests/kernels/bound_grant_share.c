/* SPDX-License-Identifier: MIT
 *
 * No call for grants keeps the CPU for longer than the ABI says, whatever the
 * domain has left to be let go before: a table of each size, so that one of
 * them leaves next to nothing of the call's share. The domain lends to itself.
 *
 * BUNDLE: memory=64M
 * QEMU: icount=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bound.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(bound_grant_share);

#define SELF 1
#define NR 32u /* what one round has */
#define STEP 4

static struct parapet_grant_map maps[NR];
static struct parapet_grant_unmap unmaps[NR];
static struct parapet_grant_hold holds[NR];
static struct parapet_grant_copy copies[NR];
static uint64_t *window, *lent, *page, *pages;

static void lend(void)
{
    struct parapet_grant_entry *entries = (void *)PARAPET_GRANT_TABLE;

    for (uint32_t i = 0; i < NR; i++) {
        entries[i].frame = mg_mfn_of(lent + i * MG_PTES);
        entries[i].domain = SELF;
        entries[i].flags = PARAPET_GRANT_LEND;
    }
}

static void fill(void)
{
    for (uint32_t i = 0; i < NR; i++) {
        uint64_t pte = mg_walk(mg_start_root(), (uint64_t)window, 1);

        maps[i] =
            (struct parapet_grant_map){.domain = SELF,
                                       .ref = i,
                                       .pte = pte + i * sizeof(uint64_t),
                                       .bits = PARAPET_PTE_W | PARAPET_PTE_NX};
        holds[i] = (struct parapet_grant_hold){.domain = SELF, .ref = i};
        copies[i] = (struct parapet_grant_copy){
            .source = {SELF, i, 0}, .dest = {SELF, NR - 1 - i, 0}, .length = 8};
    }
}

/* A table of nr entries goes, and what one call does not do of it is left. Each
 * entry has a frame of its own, that is to be stamped. */
static void leave(uint64_t nr)
{
    uint64_t *table = page;

    MG_DONE(mg_set_writable(table, true));
    for (uint64_t i = 0; i < MG_PTES; i++)
        table[i] = i < nr ? mg_pte(pages + i * MG_PTES, MG_WRITE) : 0;
    MG_DONE(mg_set_writable(table, false));
    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    MG_DONE(hypercall_mmu_unpin(mg_mfn_of(table)));
}

#define EACH(name, elements, expected)                                         \
    do {                                                                       \
        uint64_t done = 0;                                                     \
        int64_t result;                                                        \
                                                                               \
        while (                                                                \
            (result = MG_BOUNDED(#name, hypercall_grant_##name(                \
                                            (elements) + done, NR - done))) == \
            -PARAPET_ERESTART)                                                 \
            done += mg_vcpu_page()->restart_done;                              \
        MG_DONE(result);                                                       \
        for (uint32_t i = 0; i < NR; i++)                                      \
            MG_CHECK_EQ((elements)[i].status, expected);                       \
    } while (0)

static void go_round(uint64_t nr)
{
    leave(nr);
    EACH(map, maps, 0);
    for (uint32_t i = 0; i < NR; i++)
        unmaps[i].handle = maps[i].handle;
    /* The entries are in use: all is done, and undone. */
    leave(nr);
    EACH(map, maps, -PARAPET_EBUSY);
    leave(nr);
    EACH(unmap, unmaps, 0);
    leave(nr);
    EACH(hold, holds, 0);
    for (uint32_t i = 0; i < NR; i++)
        unmaps[i].handle = holds[i].handle;
    leave(nr);
    EACH(release, unmaps, 0);
    leave(nr);
    EACH(copy, copies, 0);
}

void test_main(void)
{
    window = mg_pages(MG_PTES);
    lent = mg_pages(NR);
    page = mg_page();
    pages = mg_pages(MG_PTES);
    while (mg_index((uint64_t)window, 1) != 0)
        window += MG_PTES;
    for (uint32_t i = 0; i < NR; i++)
        MG_DONE(mg_set_va((uint64_t)(window + i * MG_PTES), 0));
    lend();
    fill();
    for (uint64_t nr = 200; nr <= MG_PTES; nr += STEP)
        go_round(nr);
    mg_bound_report();
    mg_audit();
}
