/* SPDX-License-Identifier: MIT
 *
 * Runs beside grants: lends what grants_lender.h names, and does what it is
 * asked for.
 */
#include "tests/kernels/partners/grants_lender.h"

#include "abi/stubs.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grants_lender);

static struct parapet_grant_entry *more; /* the second frame of the table */
static uint64_t *writable, *readonly;
static struct talk *talk;
static uint64_t fresh, fresh_too;

static struct parapet_grant_entry *entry_of(uint32_t ref)
{
    struct parapet_grant_entry *first = (void *)PARAPET_GRANT_TABLE;

    return ref < PARAPET_GRANTS_PER_FRAME
               ? &first[ref]
               : &more[ref - PARAPET_GRANTS_PER_FRAME];
}

static volatile uint64_t *word_of(uint32_t ref)
{
    return (volatile uint64_t *)entry_of(ref);
}

static void lend(uint32_t ref, uint32_t domain, uint64_t mfn, uint64_t flags)
{
    entry_of(ref)->frame = mfn;
    __atomic_store_n(word_of(ref),
                     (uint64_t)domain << 32 | PARAPET_GRANT_LEND | flags,
                     __ATOMIC_RELEASE);
}

static bool take_back(uint32_t ref)
{
    uint64_t word = *word_of(ref) &
                    ~(uint64_t)(PARAPET_GRANT_READING | PARAPET_GRANT_WRITING);

    return __atomic_compare_exchange_n(word_of(ref), &word, 0, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void lend_all(void)
{
    lend(REF_WRITABLE, TEST_ID, mg_mfn_of(writable), 0);
    lend(REF_READONLY, TEST_ID, mg_mfn_of(readonly), PARAPET_GRANT_READONLY);
    lend(REF_OTHERS, 77, mg_mfn_of(writable), 0);
    lend(REF_FRESH, TEST_ID, fresh, 0);
    lend(REF_FRESH_TOO, TEST_ID, fresh_too, 0);
    lend(REF_LAST, TEST_ID, mg_mfn_of(writable), 0);
}

static void take_all_back(bool in_use)
{
    MG_CHECK_EQ(take_back(REF_WRITABLE), !in_use);
    MG_CHECK(take_back(REF_READONLY));
    MG_CHECK(take_back(REF_OTHERS));
    MG_CHECK(take_back(REF_FRESH));
    MG_CHECK(take_back(REF_FRESH_TOO));
    MG_CHECK(take_back(REF_LAST));
}

/* A frame that the domain has given back has no type when it comes anew. */
static uint64_t fresh_frame(void)
{
    uint64_t *page = mg_page();
    uint64_t mfn = mg_mfn_of(page);
    struct parapet_populate populate = {.gfn = mg_gfn_of(page)};

    MG_DONE(mg_set_va((uint64_t)page, 0));
    MG_DONE(HYPERCALL_RESTARTED(hypercall_memory_give_back(&mfn, 1)));
    MG_DONE(HYPERCALL_RESTARTED(hypercall_memory_populate(&populate, 1)));
    *mg_p2m(populate.gfn) = populate.mfn;
    return populate.mfn;
}

static void start(void)
{
    more = (void *)mg_page();
    talk = (void *)mg_page();
    writable = mg_page();
    readonly = mg_page();
    fresh = fresh_frame();
    fresh_too = fresh_frame();
    for (int i = 0; i < MG_PTES; i++)
        writable[i] = readonly[i] = LENT_WORD;
    MG_CHECK_EQ(HYPERCALL_RESTARTED(hypercall_grant_grow(mg_mfn_of(more))), 2);
    lend_all();
    talk->ready = 1;
    lend(REF_TALK, TEST_ID, mg_mfn_of(talk), 0);
}

void test_main(void)
{
    start();
    while (talk->step != STEP_END) {
        switch (talk->step) {
        case STEP_TAKE_BACK:
            take_all_back(false);
            break;
        case STEP_IN_USE:
            take_all_back(true);
            break;
        case STEP_LEND:
            lend_all();
            break;
        default:
            (void)hypercall_yield();
            continue;
        }
        talk->step = 0;
    }
    while (!take_back(REF_TALK))
        (void)hypercall_yield();
    take_all_back(false);
    mg_audit();
}
