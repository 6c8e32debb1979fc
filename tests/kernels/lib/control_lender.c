/* SPDX-License-Identifier: MIT
 *
 * Owns nothing: a lender is the test's.
 */
#include "tests/kernels/lib/control_lender.h"

#include "abi/stubs.h"
#include "lib/printf.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"

static void populate(struct mg_lender *lender, uint64_t gfn, uint64_t *mfn)
{
    struct parapet_populate frame = {gfn, 0};

    MG_CHECK_EQ(
        HYPERCALL_RESTARTED(hypercall_domain_populate(lender->id, &frame, 1)),
        0);
    *mfn = frame.mfn;
}

void mg_lender_make(struct mg_lender *lender, uint64_t nr)
{
    static unsigned int nr_made;
    struct parapet_domain_create params = {
        .engine = "pv",
        .max_frames = nr + 10,
        .nr_gfns = nr + 10,
        .shared_gfn = nr,
        .grant_gfn = nr + 1,
        .nr_vcpus = 1,
        .weight = PARAPET_DEFAULT_WEIGHT,
    };
    int64_t id;

    (void)string_format(params.name, sizeof(params.name), "lender%u",
                        nr_made++);
    id = hypercall_domain_create(&params);
    if (id < 0 || nr > MG_LENDER_FRAMES)
        mg_error("a lender cannot be made: %ld", id);
    *lender = (struct mg_lender){.id = (uint32_t)id,
                                 .grant_mfn = params.grant_mfn,
                                 .shared_mfn = params.shared_mfn};
    for (uint64_t i = 0; i < nr; i++)
        populate(lender, i, &lender->mfns[i]);
}

static uint64_t entry_at(uint64_t grant_mfn, uint32_t ref)
{
    return grant_mfn * MG_PAGE_SIZE + ref * sizeof(struct parapet_grant_entry);
}

void mg_lender_lend(const struct mg_lender *lender, uint32_t ref,
                    uint32_t flags, uint32_t domain, uint64_t mfn)
{
    const uint64_t word = mg_grant_word(domain, flags);
    uint64_t entry = entry_at(lender->grant_mfn, ref);

    MG_CHECK_EQ(mg_copy_to(lender->id, entry + 8, &mfn, sizeof(mfn)), 0);
    MG_CHECK_EQ(mg_copy_to(lender->id, entry, &word, sizeof(word)), 0);
}

uint64_t mg_lender_word(const struct mg_lender *lender, uint32_t ref)
{
    uint64_t word = 0;

    MG_CHECK_EQ(mg_copy_from(lender->id, entry_at(lender->grant_mfn, ref),
                             &word, sizeof(word)),
                0);
    return word;
}
