/* SPDX-License-Identifier: MIT
 *
 * Two CPUs of who borrows, at one reference and at one handle: nothing goes
 * twice, and the lender, which takes back whenever it can, gets it when both
 * have let go and not before. See grants_xsa.c for the advisories.
 *
 * BUNDLE: vcpus=2
 * QEMU: smp=2 patience=120
 * QEMU: partner=partners/pair
 * METER: grants_arguments is metered, and makes the same calls
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grants_shared);

#define US MG_PAIR_TESTER
#define PEER MG_PAIR_ID
#define REF 7
#define ENTRY (PARAPET_GRANT_TABLE + REF * sizeof(struct parapet_grant_entry))
#define LENT mg_grant_word(US, PARAPET_GRANT_LEND)
#define READING PARAPET_GRANT_READING
#define NX PARAPET_PTE_NX
#define W PARAPET_PTE_W

#define PUBLIC 0x7075626c6963ul
#define PRIVATE 0x70726976617465ul
#define FOR_EVER (~0ul)
#define TIMES 200

static struct mg_pair peer;
static struct mg_pair_page lent;
static struct mg_window windows[2]; /* of each vCPU */
static uint64_t *page;

/* Until the peer has gone on, and then a little. */
static void pause(uint64_t i)
{
    uint64_t rounds = peer.box->rounds, end = mg_clock_ns() + MG_PATIENCE;

    while (peer.box->rounds == rounds && mg_clock_ns() < end)
        (void)hypercall_yield();
    mg_clock_delay(i % 7 * 5 * MG_US);
}

static void audit(void)
{
    MG_CHECK_EQ(mg_pair_status(&peer, REF).frame, 0);
    mg_audit();
    mg_pair_audit(&peer);
}

/* ---- taken back ---- */

/* Each vCPU marks the handles that it has: nobody else has them. */
static uint8_t taken[PARAPET_MAX_HANDLES];
static volatile uint64_t begun, stop, stopped, nr_mapped[2];

static void mark(uint32_t handle)
{
    if (handle >= ARRAY_SIZE(taken) ||
        __atomic_exchange_n(&taken[handle], 1, __ATOMIC_SEQ_CST))
        mg_failure("handle %u was given out twice", handle);
}

/* It says PUBLIC for as long as we have it. */
static void use(uint32_t vcpu)
{
    uint32_t handle;
    int64_t result = mg_grant_map(PEER, REF, mg_window_pte(&windows[vcpu], 0),
                                  NX | (vcpu ? W : 0), &handle);

    if (result && result != -PARAPET_EPERM && result != -PARAPET_EAGAIN)
        mg_failure("map: expected 0, EPERM or EAGAIN, got %ld", result);
    if (result) { /* so that the peer goes on, if it is on this CPU */
        (void)hypercall_yield();
        return;
    }
    mark(handle);
    for (int i = 0; i < 20; i++)
        MG_CHECK_EQ(*mg_window_at(&windows[vcpu], 0), PUBLIC);
    __atomic_store_n(&taken[handle], 0, __ATOMIC_SEQ_CST);
    MG_DONE(mg_grant_unmap(handle));
    pause(nr_mapped[vcpu]++);
}

static void use_all_the_time(void)
{
    while (!begun)
        (void)hypercall_yield();
    while (!stop && !mg_failures())
        use(1);
    stopped = 1;
}

static bool both_have_mapped(void)
{
    return nr_mapped[0] >= TIMES / 8 && nr_mapped[1] >= TIMES / 8;
}

/*
 * The lender takes back what nobody uses, writes what nobody may see, and
 * lends again. Both vCPUs map the one reference, to read and to write: the
 * first to unmap must not say for the other that it is not in use.
 */
static void test_take_back(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    volatile struct mg_pair_step *take;

    MG_CHECK(mg_pair_take_back(&peer, REF));
    mg_pair_new(&peer);
    (void)mg_pair_add(&peer, MG_PAIR_STORE, lent.vaddr, PUBLIC, 0);
    (void)mg_pair_add(&peer, MG_PAIR_STORE, ENTRY + 8, lent.mfn, 0);
    (void)mg_pair_add(&peer, MG_PAIR_STORE, ENTRY, LENT, 0);
    for (int i = 0; i < 10; i++) /* a while in which it is lent */
        (void)mg_pair_add(&peer, MG_PAIR_CALL, PARAPET_HC_abi_version, 0, 0);
    take = mg_pair_add(&peer, MG_PAIR_TAKE, ENTRY, LENT, 0);
    (void)mg_pair_add(&peer, MG_PAIR_STORE, lent.vaddr, PRIVATE, 0);
    mg_pair_begin(&peer, FOR_EVER);
    begun = 1;
    while (!both_have_mapped() && mg_clock_ns() < end && !mg_failures())
        use(0);
    stop = 1;
    while (!stopped)
        (void)hypercall_yield();
    mg_pair_stop(&peer);
    MG_CHECK(both_have_mapped());
    MG_CHECK(take->nr_good > 0);
    MG_CHECK_EQ(take->nr_bad, 0);
    mg_printf("mapped %lu and %lu times, %lu times taken back\n", nr_mapped[0],
              nr_mapped[1], take->nr_good);
    audit();
}

/* ---- advisories (see grants_xsa.c) ---- */

static uint32_t map(uint64_t index, uint64_t bits)
{
    uint32_t handle = 0;

    MG_DONE(mg_grant_map(PEER, REF, mg_window_pte(&windows[0], index),
                         bits | NX, &handle));
    return handle;
}

static void expect_in_use(uint64_t bits)
{
    MG_CHECK_EQ(mg_pair_read_entry(&peer, REF), LENT | bits);
}

static volatile uint64_t turn, turn_done;
static volatile uint32_t common; /* the handle that both unmap */
static uint64_t nr_unmapped[2];

static void unmap_common(uint32_t vcpu)
{
    struct parapet_grant_unmap element = {.handle = common};
    int64_t result = HYPERCALL_RESTARTED(hypercall_grant_unmap(&element, 1));

    if (result == 0)
        result = element.status;
    if (result == 0)
        nr_unmapped[vcpu]++;
    else
        MG_CHECK_EQ(result, -PARAPET_ENOENT);
}

static void unmap_when_told(void)
{
    for (uint64_t i = 1; i <= TIMES; i++) {
        while (turn < i)
            ;
        unmap_common(1);
        turn_done = i;
    }
}

/* One handle, unmapped by both; the other mapping of the frame stays. */
static void test_xsa_218(void)
{
    uint32_t other = map(1, 0);

    for (uint64_t i = 1; i <= TIMES; i++) {
        common = map(2, W);
        turn = i;
        mg_clock_delay(i % 16 * 200); /* so that the other is first, too */
        unmap_common(0);
        for (uint64_t n = 0; turn_done < i; n++)
            if (n > 1000)
                (void)hypercall_yield();
        MG_CHECK_EQ(nr_unmapped[0] + nr_unmapped[1], i);
        if (i % 64 == 0) {
            expect_in_use(READING);
            mg_audit();
        }
    }
    mg_printf("%lu unmapped by vCPU 0, %lu by vCPU 1\n", nr_unmapped[0],
              nr_unmapped[1]);
    MG_CHECK_EQ(mg_pair_status(&peer, REF).readers, 1);
    MG_DONE(mg_grant_unmap(other));
    expect_in_use(0);
}

/* The peer takes back whenever it can; what it sees as its own is its own. */
static void test_xsa_396(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    volatile struct mg_pair_step *take, *lend;

    mg_pair_new(&peer);
    take = mg_pair_add(&peer, MG_PAIR_CAS, ENTRY, LENT, 0);
    lend = mg_pair_add(&peer, MG_PAIR_CAS, ENTRY, 0, LENT);
    mg_pair_begin(&peer, ~0ul);
    for (uint64_t i = 0;
         i < TIMES / 4 || (take->nr_good == 0 && mg_clock_ns() < end); i++) {
        struct parapet_grant_hold element = {.domain = PEER, .ref = REF};
        uint64_t good, rounds;

        pause(i);
        MG_DONE(HYPERCALL_RESTARTED(hypercall_grant_hold(&element, 1)));
        if (element.status)
            continue;
        good = take->nr_good;
        rounds = peer.box->rounds;
        while (i % 50 == 0 && peer.box->rounds < rounds + 2)
            (void)hypercall_yield();
        MG_CHECK_EQ(take->nr_good, good);
        MG_DONE(mg_grant_release(element.handle));
    }
    mg_pair_stop(&peer);
    MG_CHECK(take->nr_good > 0 && lend->nr_good > 0);
    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
}

/* Each maps, holds and copies what the other lends, at the same time. */
static void test_xsa_411(void)
{
    struct parapet_grant_copy copies[2], *theirs = (void *)peer.box->data;
    volatile struct mg_pair_step *step;
    struct mg_pair_page own = mg_pair_page(&peer);

    mg_grant_lend(9, PEER, page, 0);
    mg_pair_new(&peer);
    theirs[0] = (struct parapet_grant_copy){
        .source = {US, 9, 0},
        .dest = {PARAPET_DOMAIN_SELF, 0, own.mfn * MG_PAGE_SIZE},
        .length = 512};
    theirs[1] = (struct parapet_grant_copy){
        .source = {PARAPET_DOMAIN_SELF, 0, own.mfn * MG_PAGE_SIZE},
        .dest = {US, 9, 512},
        .length = 512};
    step = mg_pair_add(&peer, MG_PAIR_CALL, PARAPET_HC_grant_copy,
                       mg_pair_address(&peer, theirs), 2);
    mg_pair_begin(&peer, ~0ul);
    for (int i = 0; i < TIMES / 4; i++) {
        copies[0] =
            (struct parapet_grant_copy){.source = mg_grant_lent(PEER, REF, 0),
                                        .dest = mg_grant_own(page + 128),
                                        .length = 512};
        copies[1] =
            (struct parapet_grant_copy){.source = mg_grant_own(page + 128),
                                        .dest = mg_grant_lent(PEER, REF, 1024),
                                        .length = 512};
        MG_DONE(HYPERCALL_RESTARTED(hypercall_grant_copy(copies, 2)));
        for (int j = 0; j < 2; j++)
            MG_CHECK(copies[j].status == 0 ||
                     copies[j].status == -PARAPET_EAGAIN);
        MG_DONE(mg_grant_unmap(map(3, W)));
    }
    while (step->nr_good + step->nr_bad == 0)
        (void)hypercall_yield();
    mg_pair_stop(&peer);
    MG_CHECK_EQ(step->nr_bad, 0);
    MG_CHECK(mg_grant_take_back(9));
    expect_in_use(0);
    mg_audit();
    mg_pair_audit(&peer);
}

/* All that vCPU 1 does. */
static void second_vcpu(void *unused)
{
    (void)unused;
    unmap_when_told();
    use_all_the_time();
}

void test_main(void)
{
    for (int i = 0; i < 2; i++)
        windows[i] = mg_window_make();
    page = mg_page();
    mg_pair_init(&peer, PEER, 0);
    lent = mg_pair_page(&peer);
    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
    MG_DONE(mg_vcpu_start(1, second_vcpu, NULL));
    test_xsa_218();
    test_xsa_396();
    test_xsa_411();
    test_take_back();
    mg_pair_end(&peer, PARAPET_SHUTDOWN_POWEROFF);
    mg_audit();
}
