/* SPDX-License-Identifier: MIT
 *
 * Runs: the frames of entries in a row that are held by one handle. All of a
 * run is taken, or nothing, whatever is wrong with one of its entries or with
 * the array that their addresses go to. The domain lends to itself; runs of
 * others' frames are in bound_grants.c.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grants_runs);

#define SELF 1 /* the id of the first domain of a bundle */
#define RUN PARAPET_MAX_GRANT_RUN
#define FIRST                                                                  \
    (PARAPET_GRANTS_PER_FRAME - 20) /* of the entries, in two frames */
#define LAST (FIRST + RUN - 1)
#define END (2 * PARAPET_GRANTS_PER_FRAME)
#define USED (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)
#define SOME 24 /* elements of one call */

static uint64_t *pages, *second; /* and the table's second frame */
static uint64_t maddrs[RUN + 1];
static uint32_t nr_before; /* handles */

static volatile uint64_t *words(uint32_t ref)
{
    uint64_t *table = ref < PARAPET_GRANTS_PER_FRAME
                          ? (uint64_t *)PARAPET_GRANT_TABLE
                          : second;

    return table + 2 * (ref % PARAPET_GRANTS_PER_FRAME);
}

static uint64_t *page_of(uint32_t ref)
{
    return pages + (ref - FIRST) * MG_PTES;
}

static void lend(uint32_t ref, uint32_t domain, uint32_t flags)
{
    words(ref)[1] = mg_mfn_of(page_of(ref));
    words(ref)[0] = mg_grant_word(domain, PARAPET_GRANT_LEND | flags);
}

static void lend_all(void)
{
    for (uint32_t ref = FIRST; ref <= LAST; ref++)
        lend(ref, SELF, 0);
}

static struct parapet_grant_run a_run(uint32_t ref, uint32_t nr, uint32_t flags)
{
    return (struct parapet_grant_run){.domain = SELF,
                                      .ref = ref,
                                      .flags = flags,
                                      .nr = nr,
                                      .maddrs = (uint64_t)maddrs,
                                      .status = 1};
}

static int64_t hold(struct parapet_grant_run *run)
{
    int64_t result = HYPERCALL_RESTARTED(hypercall_grant_hold_run(run, 1));

    return result == 0 ? run->status : result;
}

/* Nothing of any entry is in use. */
static void expect_quiet(void)
{
    for (uint32_t ref = FIRST; ref <= LAST; ref++)
        if (!MG_CHECK_EQ(words(ref)[0] & USED, 0))
            return;
    MG_CHECK_EQ(mg_grant_status(FIRST).nr_handles, nr_before);
    mg_audit();
}

static void expect_refused(const char *what, struct parapet_grant_run run,
                           int64_t expected)
{
    int64_t result = hold(&run);

    if (result != expected)
        mg_failure("%s: expected %ld, got %ld", what, expected, result);
    expect_quiet();
}

/* ---- what is good ---- */

static void expect_held(uint32_t ref, uint32_t nr, uint64_t used)
{
    for (uint32_t i = 0; i < nr; i++) {
        if (!MG_CHECK_EQ(words(ref + i)[0] & USED, used) ||
            !MG_CHECK_EQ(maddrs[i], mg_mfn_of(page_of(ref + i)) * MG_PAGE_SIZE))
            return;
    }
    MG_CHECK_EQ(maddrs[nr], 0);
    MG_CHECK_EQ(mg_grant_status(FIRST).nr_handles, nr_before + nr);
    mg_audit();
}

static void test_lengths(void)
{
    static const uint32_t lengths[] = {1, 2, 19, 20, 21, RUN};

    for (size_t i = 0; i < 2 * ARRAY_SIZE(lengths); i++) {
        uint32_t nr = lengths[i / 2];
        bool writable = i % 2;
        struct parapet_grant_run run =
            a_run(FIRST, nr, writable ? 0 : PARAPET_GRANT_READONLY);

        for (uint32_t j = 0; j <= RUN; j++)
            maddrs[j] = 0;
        MG_DONE(hold(&run));
        expect_held(FIRST, nr, writable ? USED : PARAPET_GRANT_READING);
        MG_DONE(mg_grant_release(run.handle));
        MG_CHECK_EQ(mg_grant_release(run.handle), -PARAPET_ENOENT);
        expect_quiet();
    }
}

/* Only the first one's can be released, and no part of a run. */
static void test_handles(void)
{
    struct parapet_grant_run run = a_run(FIRST, 5, 0);
    uint32_t nr_others = 0;

    MG_DONE(hold(&run));
    MG_CHECK_EQ(mg_grant_unmap(run.handle), -PARAPET_ENOENT);
    for (uint32_t handle = 0; handle < PARAPET_MAX_HANDLES; handle += 1) {
        if (handle == run.handle)
            continue;
        nr_others++;
        if (!MG_CHECK_EQ(mg_grant_release(handle), -PARAPET_ENOENT))
            break;
    }
    MG_CHECK_EQ(nr_others, PARAPET_MAX_HANDLES - 1);
    MG_CHECK_EQ(mg_grant_status(FIRST).nr_handles, nr_before + 5);
    MG_DONE(mg_grant_release(run.handle));
    expect_quiet();
}

/* Each run that has an entry counts, and so does a single hold. */
static void test_overlaps(void)
{
    struct parapet_grant_run one = a_run(FIRST, 30, 0);
    struct parapet_grant_run other =
        a_run(FIRST + 10, 30, PARAPET_GRANT_READONLY);
    uint32_t single;

    MG_DONE(hold(&one));
    MG_DONE(hold(&other));
    MG_DONE(mg_grant_hold(SELF, FIRST + 15, 0, &single, NULL));
    MG_CHECK_EQ(mg_grant_status(FIRST + 5).writers, 1);
    MG_CHECK_EQ(mg_grant_status(FIRST + 15).writers, 2);
    MG_CHECK_EQ(mg_grant_status(FIRST + 15).readers, 1);
    MG_CHECK_EQ(mg_grant_status(FIRST + 35).readers, 1);
    mg_audit();
    MG_DONE(mg_grant_release(one.handle));
    MG_CHECK_EQ(words(FIRST + 5)[0] & USED, 0);
    MG_CHECK_EQ(words(FIRST + 15)[0] & USED, USED);
    MG_CHECK_EQ(words(FIRST + 16)[0] & USED, PARAPET_GRANT_READING);
    MG_DONE(mg_grant_release(single));
    MG_CHECK_EQ(words(FIRST + 15)[0] & USED, PARAPET_GRANT_READING);
    MG_DONE(mg_grant_release(other.handle));
    expect_quiet();
}

/* More than one call does: it goes on, and so does the release. */
static void test_many(void)
{
    static struct parapet_grant_run runs[SOME];
    static struct parapet_grant_unmap handles[SOME];
    const volatile struct parapet_vcpu_page *page = mg_vcpu_page();

    for (uint32_t i = 0; i < SOME; i++)
        runs[i] = a_run(FIRST, i % 7 == 3 ? RUN + 1 : RUN, 0);
    MG_DONE(hypercall_grant_hold_run_all(page, runs, SOME));
    for (uint32_t i = 0; i < SOME; i++) {
        MG_CHECK_EQ(runs[i].status, i % 7 == 3 ? -PARAPET_EINVAL : 0);
        handles[i].handle = i % 7 == 3 ? 0xffffffff : runs[i].handle;
    }
    mg_audit();
    MG_DONE(hypercall_grant_release_all(page, handles, SOME));
    for (uint32_t i = 0; i < SOME; i++)
        MG_CHECK_EQ(handles[i].status, i % 7 == 3 ? -PARAPET_ENOENT : 0);
    expect_quiet();
}

/* ---- what is refused ---- */

static void test_numbers(void)
{
    struct parapet_grant_run run = a_run(FIRST, 3, 0);

    expect_refused("none", a_run(FIRST, 0, 0), -PARAPET_EINVAL);
    expect_refused("too many", a_run(FIRST, RUN + 1, 0), -PARAPET_EINVAL);
    expect_refused("too many", a_run(FIRST, ~0u, 0), -PARAPET_EINVAL);
    expect_refused("over the end", a_run(END - 1, 2, 0), -PARAPET_EPERM);
    expect_refused("at the end", a_run(END, 1, 0), -PARAPET_EPERM);
    expect_refused("far outside", a_run(~0u, 1, 0), -PARAPET_EPERM);
    expect_refused("from the last number on", a_run(~0u, RUN, 0),
                   -PARAPET_EPERM);
    expect_refused("not lent, at the end", a_run(LAST, 2, 0), -PARAPET_EPERM);
    for (uint32_t bit = 0; bit < 32; bit++)
        if (1u << bit != PARAPET_GRANT_READONLY)
            expect_refused("flags", a_run(FIRST, 3, 1u << bit),
                           -PARAPET_EINVAL);
    run.domain = 0x7ffffff0;
    expect_refused("nobody's", run, -PARAPET_ENOENT);
    run.domain = PARAPET_DOMAIN_SELF;
    expect_refused("nobody's", run, -PARAPET_ENOENT);
}

/* One that is not as the others, at this place of the run. */
static void test_odd_one(uint32_t place)
{
    struct parapet_grant_run run = a_run(FIRST, 30, 0);
    uint32_t ref = FIRST + place;

    words(ref)[0] = 0;
    expect_refused("taken back", run, -PARAPET_EPERM);
    lend(ref, SELF + 1, 0);
    expect_refused("another's", run, -PARAPET_EPERM);
    lend(ref, SELF, 4);
    expect_refused("a bit without a meaning", run, -PARAPET_EPERM);
    lend(ref, SELF, 0);
    words(ref)[1] = ~0ul;
    expect_refused("no frame", run, -PARAPET_EPERM);
    words(ref)[1] = mg_mfn_of(mg_start_root());
    expect_refused("a table", run, -PARAPET_EBUSY);
    lend(ref, SELF, PARAPET_GRANT_READONLY);
    expect_refused("to read only", run, -PARAPET_EPERM);
    /* That one is no odd one here. */
    run.flags = PARAPET_GRANT_READONLY;
    MG_DONE(hold(&run));
    MG_DONE(mg_grant_release(run.handle));
    lend(ref, SELF, 0);
    expect_quiet();
}

/* Frames that are no writable memory yet, all or one. */
static void test_types(void)
{
    for (uint32_t nr = 1; nr <= 30; nr += 29) {
        struct parapet_grant_run run = a_run(FIRST, 30, 0);
        unsigned int tries = 0;

        for (uint32_t i = 0; i < nr; i++)
            MG_DONE(mg_set_writable(page_of(FIRST + 29 - i), false));
        while (hold(&run) == -PARAPET_EAGAIN && tries < 30)
            tries++;
        MG_DONE(run.status);
        MG_DONE(mg_grant_release(run.handle));
        for (uint32_t i = 0; i < nr; i++)
            MG_DONE(mg_set_writable(page_of(FIRST + 29 - i), true));
        expect_quiet();
    }
}

/* Where the addresses are to go. */
static void test_places(void)
{
    uint64_t *place = mg_pages(2);
    const uint64_t bad[] = {0,
                            PARAPET_HYPERVISOR_START,
                            ~7ul,
                            PARAPET_HYPERVISOR_START - 8,
                            (uint64_t)mg_start_root(),
                            PARAPET_M2P};
    struct parapet_grant_run run = a_run(FIRST, 30, 0);

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        run.maddrs = bad[i];
        expect_refused("a place that is not ours", run, -PARAPET_EFAULT);
    }
    run.maddrs = (uint64_t)maddrs + 4;
    expect_refused("not aligned", run, -PARAPET_EINVAL);
    /* The last one of it cannot be told. */
    MG_DONE(mg_set_va((uint64_t)place + MG_PAGE_SIZE, 0));
    run.maddrs = (uint64_t)place + MG_PAGE_SIZE - 29 * sizeof(uint64_t);
    expect_refused("one word short", run, -PARAPET_EFAULT);
    run.nr = 29;
    MG_DONE(hold(&run));
    MG_CHECK_EQ(place[MG_PTES - 1],
                mg_mfn_of(page_of(FIRST + 28)) * MG_PAGE_SIZE);
    MG_DONE(mg_grant_release(run.handle));
    expect_quiet();
}

void test_main(void)
{
    pages = mg_pages(RUN);
    second = mg_page();
    MG_CHECK_EQ(HYPERCALL_RESTARTED(hypercall_grant_grow(mg_mfn_of(second))),
                2);
    lend_all();
    nr_before = mg_grant_status(0).nr_handles;
    test_lengths();
    test_handles();
    test_overlaps();
    test_many();
    test_numbers();
    for (uint32_t place = 0; place < 30; place += 29)
        test_odd_one(place);
    test_odd_one(20);
    test_types();
    test_places();
}
