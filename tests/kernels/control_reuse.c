/* SPDX-License-Identifier: MIT
 *
 * The ids of domains go round the table, and a domain gets the place of one
 * that is gone. Who had ports of the old one, or knew its id, reaches nobody,
 * and the new one gets nothing that was meant for the old one.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 smp=2 patience=120 append="audit=on log=warn"
 * METER: control_life is metered: these are the same calls, many times
 */
#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_reuse);

#define NR_PLACES 4096 /* as in hypervisor/core/domain.h */
#define MEMORY (UINT64_C(2) << 20)

/* Of the old domain, and of the new one: for us, and for the sender. */
#define OUR_END 1
#define SENDERS_END 2

/* What we lend to the borrower. */
#define REF 9

static struct mg_child old, new, sender;
static struct mg_child old_borrower, new_borrower;
static uint64_t *lent;
static uint32_t bound, waiting; /* ours: to the old one's, and for it */
static volatile uint64_t nr_told;

static void create(const char *bootargs, struct mg_child *child)
{
    const struct mg_child_wish wish = {.bootargs = bootargs, .memory = MEMORY};

    mg_child_create(&wish, child);
}

static void make_port(const struct mg_child *child, uint32_t remote,
                      uint32_t expected)
{
    MG_CHECK_EQ(
        HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(child->id, remote)),
        expected);
}

static void wait_for_more(const struct mg_child *child, unsigned int word,
                          uint64_t value)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (mg_child_word(child, word) <= value) {
        if (mg_clock_ns() > end)
            mg_error("domain %u: word %u stays at %lu", child->id, word, value);
        (void)hypercall_yield();
    }
}

/* It has a port that is bound to ours, and one that the sender sends to. */
static void begin_old(void)
{
    char bootargs[60];

    create("sleep", &old);
    (void)string_format(bootargs, sizeof(bootargs), "send domain=%u port=%u",
                        old.id, SENDERS_END);
    create(bootargs, &sender);
    make_port(&old, 0, OUR_END);
    make_port(&old, sender.id, SENDERS_END);
    bound = mg_event_bind_interdomain(old.id, OUR_END, mg_event_count,
                                      (void *)&nr_told);
    waiting = mg_event_alloc_unbound(old.id, mg_event_count, (void *)&nr_told);
    mg_sti();
    MG_CHECK_EQ(nr_told, 1);
    MG_CHECK_EQ(mg_domain_unpause(old.id), 0);
    MG_CHECK_EQ(mg_domain_unpause(sender.id), 0);
    wait_for_more(&sender, 2, 10);
    MG_CHECK_EQ(mg_child_word(&sender, 1), 0);
}

/* Nobody is there: whoever sends is told so, and is not told again. */
static void check_nobody(void)
{
    struct parapet_port_status status;

    (void)hypercall_event_check();
    MG_CHECK_EQ(nr_told, 2);
    MG_CHECK_EQ(hypercall_evtchn_send(bound), -PARAPET_ENOTCONN);
    MG_CHECK_EQ(hypercall_evtchn_send(waiting), -PARAPET_ENOTCONN);
    MG_CHECK_EQ(hypercall_evtchn_status(bound, &status), 0);
    MG_CHECK_EQ(status.kind, PARAPET_PORT_UNBOUND);
    MG_CHECK_EQ(status.remote, old.id);
    MG_CHECK_EQ(hypercall_evtchn_bind_interdomain(old.id, OUR_END),
                -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_evtchn_alloc_unbound(old.id), -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_domain_request(old.id, 0), -PARAPET_ENOENT);
    MG_CHECK_EQ(mg_domain_destroy(old.id), -PARAPET_ENOENT);

    wait_for_more(&sender, 2, mg_child_word(&sender, 2) + 2);
    MG_CHECK_EQ(mg_child_word(&sender, 1), -PARAPET_ENOTCONN);
}

/* Domains come and go until the next one has the old one's place. */
static void go_round(void)
{
    struct parapet_domain_create params = {
        .name = "passes",
        .engine = "pv",
        .max_frames = 2,
        .nr_gfns = 2,
        .grant_gfn = 1,
        .nr_vcpus = 1,
        .weight = PARAPET_DEFAULT_WEIGHT,
    };
    int64_t id;

    do {
        id = hypercall_domain_create(&params);
        if (id <= sender.id)
            mg_error("domain_create: expected a larger id, got %ld", id);
        /* An owner's number in 12 bits is one more, and 0 is nobody. */
        MG_CHECK(id % NR_PLACES != NR_PLACES - 1);
        MG_CHECK(id % NR_PLACES != sender.id && id % NR_PLACES != 0);
        MG_CHECK_EQ(mg_domain_destroy((uint32_t)id), 0);
    } while (id < NR_PLACES - 2);
}

/* Nothing is pending at the new domain, which has ports of the same numbers. */
static void check_untouched(void)
{
    static uint64_t pending[PARAPET_NR_PORTS / 64];
    uint64_t maddr = new.shared_mfn *MG_PAGE_SIZE +
                     offsetof(struct parapet_shared_page, event_pending);

    MG_CHECK_EQ(mg_copy_from(new.id, maddr, pending, sizeof(pending)), 0);
    for (size_t i = 0; i < ARRAY_SIZE(pending); i++)
        MG_CHECK_EQ(pending[i], 0);
}

/* It tries to bind the port that waits for the old one. */
static void begin_new(void)
{
    char bootargs[60];

    (void)string_format(bootargs, sizeof(bootargs), "send domain=0 port=%u",
                        waiting);
    create(bootargs, &new);
    MG_CHECK_EQ(new.id, old.id + NR_PLACES);
    make_port(&new, 0, OUR_END);
    make_port(&new, 0, SENDERS_END);
    check_nobody();
    check_untouched();
    MG_CHECK_EQ(mg_domain_unpause(new.id), 0);
    wait_for_more(&new, 2, 0);
    MG_CHECK_EQ(mg_child_word(&new, 3), -PARAPET_EINVAL);
    check_nobody();
    check_untouched();
    /* The new one is reached by its own id. */
    MG_CHECK(hypercall_evtchn_bind_interdomain(new.id, OUR_END) > 0);
}

/* ---- grants ---- */

/* The frame that handles need is there from then on. */
static void warm_up(void)
{
    uint32_t handle;

    lent = mg_page();
    mg_grant_lend(REF, 0, lent, 0);
    MG_DONE(mg_grant_hold(0, REF, 0, &handle, NULL));
    MG_DONE(mg_grant_release(handle));
}

/* The new one tries each way to get what the old one may have; and it gets what
 * it is given itself. */
static void try_to_borrow(struct mg_pair *pair)
{
    struct parapet_grant_copy copy = {
        .source = mg_grant_lent(0, REF, 0),
        .dest = mg_grant_lent(PARAPET_DOMAIN_SELF, 0, 0),
        .length = 8};
    uint32_t handle = 0;

    copy.dest.at = mg_pair_page(pair).mfn * MG_PAGE_SIZE;
    MG_CHECK_EQ(mg_pair_map(pair, 0, REF, 0, PARAPET_PTE_NX, NULL),
                -PARAPET_EPERM);
    MG_CHECK_EQ(mg_pair_hold(pair, 0, REF, PARAPET_GRANT_READONLY, NULL),
                -PARAPET_EPERM);
    MG_DONE(
        mg_pair_call_element(pair, PARAPET_HC_grant_copy, &copy, sizeof(copy)));
    MG_CHECK_EQ(copy.status, -PARAPET_EPERM);
    MG_CHECK_EQ(mg_grant_read(REF),
                mg_grant_word(old_borrower.id, PARAPET_GRANT_LEND));
    mg_grant_lend(REF, new_borrower.id, lent, 0);
    MG_DONE(mg_pair_map(pair, 0, REF, 0, PARAPET_PTE_NX, &handle));
    MG_CHECK(!mg_grant_take_back(REF));
    MG_DONE(mg_pair_unmap(pair, handle));
    MG_CHECK(mg_grant_take_back(REF));
}

/* One that is still being built lends nothing, and has a table all the same. */
static void test_never_run(const struct mg_child *child)
{
    MG_CHECK_EQ(mg_domain_info(child->id).state, PARAPET_DOMAIN_BUILDING);
    MG_CHECK_EQ(mg_grant_hold(child->id, 0, 0, NULL, NULL), -PARAPET_EPERM);
    MG_CHECK_EQ(
        mg_grant_hold(child->id, PARAPET_GRANTS_PER_FRAME, 0, NULL, NULL),
        -PARAPET_EPERM);
}

/* By the old one's id there is nobody who lends. */
static void begin_new_borrower(void)
{
    struct mg_pair pair;

    create("pair tester=0", &new_borrower);
    MG_CHECK_EQ(new_borrower.id, old_borrower.id + NR_PLACES);
    MG_CHECK_EQ(mg_domain_unpause(new_borrower.id), 0);
    mg_pair_init(&pair, new_borrower.id, 0);
    MG_CHECK_EQ(mg_grant_hold(old_borrower.id, MG_PAIR_REF, 0, NULL, NULL),
                -PARAPET_ENOENT);
    MG_CHECK_EQ(mg_grant_copy(mg_grant_lent(old_borrower.id, MG_PAIR_REF, 0),
                              mg_grant_own(mg_page()), 8),
                -PARAPET_ENOENT);
    try_to_borrow(&pair);
    MG_CHECK_EQ(mg_domain_destroy(new_borrower.id), 0);
    mg_pair_close(&pair);
}

void test_main(void)
{
    uint64_t before;

    mg_control_init();
    mg_event_close(mg_event_bind_ipi(0, NULL, NULL));
    warm_up();
    before = mg_machine_info().free_frames;
    begin_old();
    create("sleep", &old_borrower);
    test_never_run(&old_borrower);
    mg_grant_lend(REF, old_borrower.id, lent, 0);
    MG_CHECK_EQ(mg_domain_destroy(old.id), 0);
    MG_CHECK_EQ(mg_domain_destroy(old_borrower.id), 0);
    check_nobody();
    go_round();
    begin_new();
    begin_new_borrower();
    MG_CHECK_EQ(mg_domain_destroy(sender.id), 0);
    MG_CHECK_EQ(mg_domain_destroy(new.id), 0);
    MG_CHECK_EQ(mg_machine_info().free_frames, before);
    mg_audit();
}
