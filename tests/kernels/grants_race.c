/* SPDX-License-Identifier: MIT
 *
 * What is lent changes while it is taken, on another CPU: the frame becomes a
 * table and a page again, is given back, or the entry changes in each of its
 * words. Whoever comes second is refused, and neither is kept waiting.
 *
 * QEMU: smp=2 patience=300
 * QEMU: partner=partners/pair
 * METER: grants_arguments is metered, and makes the same calls
 */
#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grants_race);

#define US MG_PAIR_TESTER
#define PEER MG_PAIR_ID
#define REF 7
#define ENTRY (PARAPET_GRANT_TABLE + REF * sizeof(struct parapet_grant_entry))
#define LEND PARAPET_GRANT_LEND
#define READONLY PARAPET_GRANT_READONLY
#define NX PARAPET_PTE_NX
#define W PARAPET_PTE_W

#define PUBLIC 0x7075626c6963ul
#define FOR_EVER (~0ul)
#define TIMES 200

static struct mg_pair peer;
static struct mg_pair_page lent;
static struct mg_window window;
static uint64_t *page;

/* ---- one try of each kind, undone ---- */

static uint64_t nr_done, nr_refused, nr_runs, nr_no_runs;

/* The refusals that the race may bring. */
static void note(const char *what, int64_t result, int64_t also)
{
    if (result == 0)
        nr_done++;
    else if (result == also || result == -PARAPET_EAGAIN)
        nr_refused++;
    else
        mg_failure("%s: expected 0, %s or EAGAIN, got %ld", what,
                   mg_error_name(-also), result);
}

/* One call each: what is -EAGAIN stays that. */
static int64_t map_once(uint64_t bits, uint32_t *handle)
{
    struct parapet_grant_map element = {.domain = PEER,
                                        .ref = REF,
                                        .pte = mg_window_pte(&window, 0),
                                        .bits = bits | NX};
    int64_t result = HYPERCALL_RESTARTED(hypercall_grant_map(&element, 1));

    *handle = element.handle;
    return result ? result : element.status;
}

static int64_t hold_once(uint32_t flags, uint32_t *handle)
{
    struct parapet_grant_hold element = {
        .domain = PEER, .ref = REF, .flags = flags};
    int64_t result = HYPERCALL_RESTARTED(hypercall_grant_hold(&element, 1));

    *handle = element.handle;
    return result ? result : element.status;
}

static struct mg_pair_page before, after;

/* Of three entries, the middle one is what changes. */
static int64_t run_once(uint32_t flags, uint32_t *handle)
{
    uint64_t at[3] = {0};
    struct parapet_grant_run element = {.domain = PEER,
                                        .ref = REF - 1,
                                        .flags = flags,
                                        .nr = 3,
                                        .maddrs = (uint64_t)at};
    int64_t result = HYPERCALL_RESTARTED(hypercall_grant_hold_run(&element, 1));

    *handle = element.handle;
    if (result == 0 && element.status == 0) {
        MG_CHECK_EQ(at[0], before.mfn * MG_PAGE_SIZE);
        MG_CHECK_EQ(at[2], after.mfn * MG_PAGE_SIZE);
        MG_CHECK(at[1] != 0);
    }
    return result ? result : element.status;
}

static int64_t copy_once(bool to)
{
    struct parapet_grant_copy element = {
        .source = to ? mg_grant_own(page) : mg_grant_lent(PEER, REF, 0),
        .dest = to ? mg_grant_lent(PEER, REF, 0) : mg_grant_own(page),
        .length = 64};
    int64_t result = HYPERCALL_RESTARTED(hypercall_grant_copy(&element, 1));

    return result ? result : element.status;
}

/* While we have it, what the peer tries to do with it does not succeed: at
 * most the deed that was under way had. */
static void expect_bound(volatile struct mg_pair_step *deed)
{
    uint64_t good = deed->nr_good, rounds = peer.box->rounds;
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (peer.box->rounds < rounds + 3 && mg_clock_ns() < end)
        ;
    MG_CHECK(peer.box->rounds >= rounds + 3);
    if (deed->nr_good > good + 1)
        mg_failure("a frame that is mapped: the deed succeeded %lu times",
                   deed->nr_good - good);
}

/* So often, and until each of the two was in time; deed may be NULL. */
static bool is_enough(uint64_t times, const volatile struct mg_pair_step *deed,
                      uint64_t end)
{
    if (mg_failures() || mg_clock_ns() > end)
        return true;
    return times >= TIMES && nr_done > 0 && nr_refused > 0 &&
           (!deed || deed->nr_good > 0);
}

/* Until the peer has gone on, and then a little: so it is now here and now
 * there when the next try comes, however seldom the host lets it run. */
static void pause(uint64_t i)
{
    uint64_t rounds = peer.box->rounds, end = mg_clock_ns() + MG_PATIENCE;

    while (peer.box->rounds == rounds && mg_clock_ns() < end)
        ;
    mg_clock_delay(i % 7 * 5 * MG_US);
}

static void try_all(volatile struct mg_pair_step *deed, int64_t also)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    uint32_t handle;

    nr_done = nr_refused = 0;
    for (uint64_t i = 0; !is_enough(i, deed, end); i++) {
        uint64_t bits = i % 2 ? W : 0;
        uint32_t flags = i % 2 ? 0 : READONLY;
        int64_t result;

        pause(i);
        result = map_once(bits, &handle);
        note("map", result, also);
        if (result == 0) {
            if (bits)
                *mg_window_at(&window, 0) = 0; /* good in a table */
            if (bits && i % 64 == 1)
                expect_bound(deed);
            MG_DONE(mg_grant_unmap(handle));
        }
        pause(i + 2);
        result = hold_once(flags, &handle);
        note("hold", result, also);
        if (result == 0)
            MG_DONE(mg_grant_release(handle));
        pause(i + 3);
        result = run_once(flags, &handle);
        note("run", result, also);
        nr_runs += result == 0;
        nr_no_runs += result != 0;
        if (result == 0) {
            MG_CHECK_EQ(mg_grant_release(handle + 1) ? 1 : 0, 1);
            MG_DONE(mg_grant_release(handle));
        }
        pause(i + 4);
        note("copy", copy_once(i % 2), also);
    }
}

static void finish(const char *what)
{
    mg_pair_stop(&peer);
    mg_printf("%s: %lu done, %lu refused, beside %lu rounds\n", what, nr_done,
              nr_refused, peer.box->rounds);
    MG_CHECK(nr_done > 0 && nr_refused > 0);
    mg_printf("runs: %lu, and %lu not\n", nr_runs, nr_no_runs);
    MG_CHECK_EQ(mg_pair_status(&peer, REF).frame, 0);
    MG_CHECK_EQ(mg_pair_status(&peer, REF - 1).frame, 0);
    MG_CHECK_EQ(mg_pair_status(&peer, REF + 1).frame, 0);
    mg_audit();
    mg_pair_audit(&peer);
}

/* ---- the frame ---- */

static void add_pause(void)
{
    for (int i = 0; i < 5; i++)
        (void)mg_pair_add(&peer, MG_PAIR_CALL, PARAPET_HC_abi_version, 0, 0);
}

static void test_table(void)
{
    volatile struct mg_pair_step *deed;

    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
    mg_pair_new(&peer);
    deed = mg_pair_add(&peer, MG_PAIR_TABLE, lent.vaddr, PARAPET_TABLE_L1, 0);
    add_pause();
    (void)mg_pair_add(&peer, MG_PAIR_UNTABLE, lent.vaddr, 0, 0);
    add_pause();
    mg_pair_begin(&peer, FOR_EVER);
    try_all(deed, -PARAPET_EBUSY);
    finish("a table now and then");
}

/* It goes back to the machine, and another one comes, which is lent then. */
static void test_balloon(void)
{
    volatile struct mg_pair_step *deed;

    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
    mg_pair_new(&peer);
    deed = mg_pair_add(&peer, MG_PAIR_GIVE_BACK, lent.vaddr, 0, 0);
    add_pause();
    (void)mg_pair_add(&peer, MG_PAIR_POPULATE, lent.vaddr, 0, ENTRY + 8);
    mg_pair_begin(&peer, FOR_EVER);
    try_all(deed, -PARAPET_EPERM);
    MG_CHECK(deed->nr_good > 0);
    finish("given back now and then");
    lent = mg_pair_page(&peer);
}

/* ---- the entry ---- */

/* Only the frame that was the lender's is ever seen. */
static void test_frame_word(void)
{
    struct parapet_memory_limits limits = {0};
    const uint64_t word = mg_grant_word(US, LEND);
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    uint32_t handle;

    MG_DONE(hypercall_memory_limits(&limits));
    MG_DONE(mg_pair_store(&peer, lent.vaddr, PUBLIC));
    mg_pair_new(&peer);
    (void)mg_pair_add(&peer, MG_PAIR_STORE, ENTRY, word, 0);
    (void)mg_pair_add(&peer, MG_PAIR_STORE, ENTRY + 8, 0, 0);
    (void)mg_pair_add(&peer, MG_PAIR_STORE, ENTRY + 8, lent.mfn, 0);
    (void)mg_pair_add(&peer, MG_PAIR_STORE, ENTRY + 8, limits.nr_mfns, 0);
    (void)mg_pair_add(&peer, MG_PAIR_STORE, ENTRY + 8, lent.mfn, 0);
    (void)mg_pair_add(&peer, MG_PAIR_STORE, ENTRY + 8, mg_mfn_of(page), 0);
    (void)mg_pair_add(&peer, MG_PAIR_STORE, ENTRY + 8, lent.mfn, 0);
    mg_pair_begin(&peer, FOR_EVER);
    nr_done = nr_refused = 0;
    for (uint64_t i = 0; !is_enough(i, NULL, end); i++) {
        int64_t result;

        pause(i);
        result = map_once(0, &handle);
        note("map", result, -PARAPET_EPERM);
        if (result)
            continue;
        MG_CHECK_EQ(*mg_window_at(&window, 0), PUBLIC);
        MG_CHECK_EQ(mg_read_entry(mg_window_pte(&window, 0)) &
                        PARAPET_PTE_ADDRESS,
                    lent.mfn * MG_PAGE_SIZE);
        MG_DONE(mg_grant_unmap(handle));
    }
    finish("another frame in each moment");
}

/* Word 0 never stands still: each call comes back nevertheless. */
static void test_first_word(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    uint32_t handle;

    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
    mg_pair_new(&peer);
    for (uint32_t i = 0; i < 12; i++) {
        (void)mg_pair_add(&peer, MG_PAIR_STORE, ENTRY,
                          mg_grant_word(US, LEND | (i % 2 ? READONLY : 0)), 0);
        if (i % 4 == 3)
            (void)mg_pair_add(&peer, MG_PAIR_STORE, ENTRY,
                              mg_grant_word(US + 4096, LEND), 0);
    }
    mg_pair_begin(&peer, FOR_EVER);
    nr_done = nr_refused = 0;
    for (uint64_t i = 0; !is_enough(i, NULL, end); i++) {
        int64_t result;

        pause(i);
        result = map_once(i % 2 ? W : 0, &handle);
        note("map", result, -PARAPET_EPERM);
        if (result == 0)
            MG_DONE(mg_grant_unmap(handle));
    }
    mg_pair_stop(&peer);
    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
    finish("a word that never stands still");
}

void test_main(void)
{
    window = mg_window_make();
    page = mg_page();
    mg_pair_init(&peer, PEER, 0);
    lent = mg_pair_page(&peer);
    before = mg_pair_page(&peer);
    after = mg_pair_page(&peer);
    mg_pair_lend(&peer, REF - 1, US, before.mfn, 0);
    mg_pair_lend(&peer, REF + 1, US, after.mfn, 0);
    test_table();
    test_balloon();
    test_frame_word();
    test_first_word();
    mg_pair_end(&peer, PARAPET_SHUTDOWN_POWEROFF);
    mg_audit();
}
