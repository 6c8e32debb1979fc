/* SPDX-License-Identifier: MIT
 *
 * Owns the pages.
 */
#include "tests/kernels/lib/grant_random_pages.h"

#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"

#define NR_PAGES 8

static uint64_t *pages[NR_PAGES];

void mg_play_check(uint64_t number, int64_t result)
{
    const struct mg_hypercall *hc = mg_hypercall_find(number);

    if (!mg_hypercall_can_return(hc, result))
        mg_failure("%s: got %ld, which abi/hypercalls.def does not name",
                   hc->name, result);
}

void mg_play_pages_init(void)
{
    for (int i = 0; i < NR_PAGES; i++)
        pages[i] = mg_page();
}

uint64_t *mg_play_page(struct mg_random *numbers)
{
    return pages[mg_random_below(numbers, NR_PAGES)];
}

static void change_table(struct mg_random *numbers)
{
    uint64_t mfn = mg_mfn_of(mg_play_page(numbers));
    uint32_t level = 1 + (uint32_t)mg_random_below(numbers, 3);

    if (mg_random_below(numbers, 2))
        mg_play_check(PARAPET_HC_mmu_pin, hypercall_mmu_pin(mfn, level));
    else
        mg_play_check(PARAPET_HC_mmu_unpin, hypercall_mmu_unpin(mfn));
}

static void remap(struct mg_random *numbers)
{
    static const uint64_t bits[] = {MG_READ, MG_WRITE, MG_WRITE};
    uint64_t *page = mg_play_page(numbers);
    uint64_t entry =
        mg_pte(page, bits[mg_random_below(numbers, ARRAY_SIZE(bits))]);

    mg_play_check(
        PARAPET_HC_mmu_update_va,
        hypercall_mmu_update_va((uint64_t)page, entry,
                                (uint32_t)mg_random_below(numbers, 3)));
}

/* Its limit may have been lowered meanwhile. */
static void populate(const uint64_t *page)
{
    struct parapet_populate entry = {mg_gfn_of(page), 0};
    int64_t result;

    while ((result = HYPERCALL_RESTARTED(
                hypercall_memory_populate(&entry, 1))) == -PARAPET_ENOMEM ||
           result == -PARAPET_ENOSPC)
        (void)hypercall_yield();
    MG_DONE(result);
    *mg_p2m(entry.gfn) = entry.mfn;
}

static void exchange(struct mg_random *numbers)
{
    uint64_t *page = mg_play_page(numbers);
    uint64_t mfn = mg_mfn_of(page);
    int64_t result;

    mg_play_check(
        PARAPET_HC_mmu_update_va,
        hypercall_mmu_update_va((uint64_t)page, 0, PARAPET_FLUSH_NONE));
    result = hypercall_memory_give_back(&mfn, 1);
    mg_play_check(PARAPET_HC_memory_give_back, result);
    if (result == 0)
        populate(page);
}

void mg_play_change_page(struct mg_random *numbers)
{
    static void (*const deeds[])(struct mg_random *) = {change_table, remap,
                                                        exchange};

    deeds[mg_random_below(numbers, ARRAY_SIZE(deeds))](numbers);
}
