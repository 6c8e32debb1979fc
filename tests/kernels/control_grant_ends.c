/* SPDX-License-Identifier: MIT
 *
 * Ends in every order: who lends dies while its frames are mapped, held and
 * half copied, who borrows dies, or both. A peer that never lets go delays no
 * end. A frame that somebody still has is not the machine's before; then all
 * frames are back, to the frame. No place of a domain is given to another while
 * a frame tells its owner by that. (control_grant_frames.c: whatever the frame
 * is to its lender.)
 *
 * BUNDLE: memory=32M vcpus=2
 * QEMU: privileged=1 smp=2 patience=120 append="audit=on log=warn"
 * METER: bound_grants has the longest of these
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/control_loan.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_grant_ends);

#define NR_PLACES 4096 /* as in hypervisor/core/domain.h */
#define LEND PARAPET_GRANT_LEND
#define IN_USE (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)
#define REF 200 /* of a partner: its own mailboxes have the first */

static uint64_t before;

static uint64_t free_frames(void)
{
    return mg_machine_info().free_frames;
}

static void audit(const struct mg_loan *loan)
{
    mg_audit();
    if (loan->is_partners)
        mg_domain_audit(mg_partner.id);
}

/* ---- one of the two dies ---- */

static void test_lender_dies(enum mg_use use, bool is_partners)
{
    struct mg_loan loan = {use, is_partners, 3, 0};
    struct mg_lender lender;

    before = free_frames();
    mg_lender_make(&lender, 4);
    mg_loan_lend(&loan, &lender, 2);
    MG_DONE(mg_loan_take(&loan, lender.id, 2));
    mg_domain_audit(lender.id);
    MG_DONE(mg_domain_destroy(lender.id));
    MG_CHECK_EQ(free_frames(), before - 1);
    mg_loan_check(&loan);
    MG_CHECK_EQ(
        mg_loan_take(&(struct mg_loan){use, is_partners, 4, 0}, lender.id, 2),
        -PARAPET_ENOENT);
    audit(&loan);
    MG_DONE(mg_loan_let_go(&loan));
    MG_CHECK_EQ(mg_loan_let_go(&loan), -PARAPET_ENOENT);
    MG_CHECK_EQ(free_frames(), before);
    audit(&loan);
}

/* By the control domain's hand, or its own; then its CPUs have left, and it is
 * visible until it is destroyed. */
enum end { DESTROYED, POWERED_OFF, CRASHED, NR_ENDS };

static void end_the_borrower(enum end end)
{
    if (end != DESTROYED) {
        mg_pair_end(&mg_partner, end == CRASHED ? PARAPET_SHUTDOWN_CRASH
                                                : PARAPET_SHUTDOWN_POWEROFF);
        MG_CHECK(mg_domain_wait(mg_partner_child.id, PARAPET_DOMAIN_ENDED));
        mg_domain_audit(mg_partner_child.id);
    }
    mg_partner_end();
}

static void borrow_all(struct mg_lender *lender,
                       struct mg_loan loans[MG_NR_USES])
{
    for (uint32_t use = 0; use < MG_NR_USES; use++) {
        loans[use] = (struct mg_loan){use, true, 3 + use, 0};
        mg_loan_lend(&loans[use], lender, use);
        MG_DONE(mg_loan_take(&loans[use], lender->id, use));
        MG_CHECK(mg_lender_word(lender, use) & PARAPET_GRANT_READING);
    }
}

static void test_borrower_dies(enum end end)
{
    struct mg_loan loans[MG_NR_USES], ours = {MG_MAP, false, 3, 0};
    struct mg_lender lender;

    before = free_frames();
    mg_lender_make(&lender, MG_NR_USES);
    mg_partner_begin(1);
    borrow_all(&lender, loans);
    end_the_borrower(end);
    for (uint32_t use = 0; use < MG_NR_USES; use++) {
        MG_CHECK_EQ(mg_lender_word(&lender, use) & IN_USE, 0);
        /* And can be lent to another. */
        mg_loan_lend(&ours, &lender, use);
        MG_DONE(mg_loan_take(&ours, lender.id, use));
        mg_loan_check(&ours);
        MG_DONE(mg_loan_let_go(&ours));
    }
    mg_domain_audit(lender.id);
    MG_DONE(mg_domain_destroy(lender.id));
    MG_CHECK_EQ(free_frames(), before);
}

/* ---- both die ---- */

static void test_both_die(enum end end, bool lender_first)
{
    struct mg_loan loans[MG_NR_USES];
    struct mg_lender lender;

    before = free_frames();
    mg_lender_make(&lender, MG_NR_USES);
    mg_partner_begin(1);
    borrow_all(&lender, loans);
    if (lender_first)
        MG_DONE(mg_domain_destroy(lender.id));
    end_the_borrower(end);
    if (!lender_first)
        MG_DONE(mg_domain_destroy(lender.id));
    MG_CHECK_EQ(free_frames(), before);
    mg_audit();
}

/* Each of two lends to the other, and they die one after the other. */
static void test_each_other(void)
{
    struct mg_child first;
    struct mg_pair first_pair;
    struct mg_pair_page page;
    uint32_t handle;

    before = free_frames();
    mg_partner_begin(1);
    first = mg_partner_child;
    first_pair = mg_partner;
    mg_partner_begin(1);
    page = mg_pair_page(&first_pair);
    mg_pair_lend(&first_pair, REF, mg_partner.id, page.mfn, 0);
    MG_DONE(mg_pair_map(&mg_partner, first_pair.id, REF, 3, PARAPET_PTE_W,
                        &handle));
    page = mg_pair_page(&mg_partner);
    mg_pair_lend(&mg_partner, REF, first_pair.id, page.mfn, 0);
    MG_DONE(mg_pair_map(&first_pair, mg_partner.id, REF, 3, PARAPET_PTE_W,
                        &handle));
    mg_domain_audit(first.id);
    mg_domain_audit(mg_partner_child.id);
    MG_DONE(mg_domain_destroy(first.id));
    mg_domain_audit(mg_partner_child.id);
    MG_DONE(mg_pair_store(&mg_partner, mg_pair_window_at(&mg_partner, 3), 1));
    mg_partner_end();
    mg_pair_close(&first_pair);
    MG_CHECK_EQ(free_frames(), before);
}

/* ---- copies ---- */

/* The call stops half way, and the lender is gone when it goes on. */
static void test_half_copied(bool to_lender)
{
    static struct parapet_grant_copy copies[PARAPET_MAX_GRANT_ELEMENTS];
    const uint64_t nr = ARRAY_SIZE(copies);
    uint64_t *page = mg_page(), done;
    struct mg_lender lender;

    before = free_frames();
    mg_lender_make(&lender, 1);
    mg_lender_lend(&lender, 0, LEND, 0, lender.mfns[0]);
    for (uint64_t i = 0; i < nr; i++) {
        struct parapet_grant_end lent = mg_grant_lent(lender.id, 0, 0);

        copies[i].source = to_lender ? mg_grant_own(page) : lent;
        copies[i].dest = to_lender ? lent : mg_grant_own(page);
        copies[i].length = MG_PAGE_SIZE;
        copies[i].status = 1;
    }
    MG_CHECK_EQ(hypercall_grant_copy(copies, nr), -PARAPET_ERESTART);
    done = mg_vcpu_page()->restart_done;
    MG_CHECK(done > 0 && done < nr);
    MG_CHECK_EQ(mg_lender_word(&lender, 0) & IN_USE, 0);
    MG_DONE(mg_domain_destroy(lender.id));
    MG_CHECK_EQ(free_frames(), before);
    MG_DONE(hypercall_grant_copy_all(mg_vcpu_page(), copies + done, nr - done));
    for (uint64_t i = 0; i < nr; i++)
        MG_CHECK_EQ(copies[i].status, i < done ? 0 : -PARAPET_ENOENT);
    mg_audit();
}

/* ---- at the same moment ---- */

#define NR_RACES 40

static struct mg_lender raced;
static uint64_t race, nr_raced; /* one begins when this rises; and ended */
static uint64_t nr_borrowed;    /* of the race */

static void check_refusal(int64_t result)
{
    if (result != -PARAPET_ENOENT && result != -PARAPET_EAGAIN)
        mg_failure("a dying lender's frame: got %ld", result);
}

/* Until it is gone. */
static void borrow_from_dying(void)
{
    struct mg_loan loans[] = {{MG_MAP, false, 10, 0}, {MG_HOLD, false, 11, 0}};
    uint64_t *page = mg_page();
    int64_t result;

    do {
        for (size_t i = 0; i < ARRAY_SIZE(loans); i++) {
            result = mg_loan_take(&loans[i], raced.id, 0);
            if (result) {
                check_refusal(result);
                continue;
            }
            __atomic_fetch_add(&nr_borrowed, 1, __ATOMIC_SEQ_CST);
            MG_DONE(mg_loan_let_go(&loans[i]));
        }
        result = mg_grant_copy(mg_grant_own(page),
                               mg_grant_lent(raced.id, 0, 0), MG_PAGE_SIZE);
        if (result)
            check_refusal(result);
    } while (result != -PARAPET_ENOENT);
}

static void other(void *unused)
{
    (void)unused;
    for (uint64_t n = 1; n <= NR_RACES; n++) {
        while (__atomic_load_n(&race, __ATOMIC_SEQ_CST) < n)
            ;
        borrow_from_dying();
        __atomic_store_n(&nr_raced, n, __ATOMIC_SEQ_CST);
    }
}

static void test_at_once(void)
{
    MG_DONE(mg_vcpu_start(1, other, NULL));
    for (uint64_t n = 1; n <= NR_RACES && !mg_failures(); n++) {
        before = free_frames();
        mg_lender_make(&raced, 1);
        mg_lender_lend(&raced, 0, LEND, 0, raced.mfns[0]);
        nr_borrowed = 0;
        __atomic_store_n(&race, n, __ATOMIC_SEQ_CST);
        /* So many are through that the end comes at any point of the next. */
        while (__atomic_load_n(&nr_borrowed, __ATOMIC_SEQ_CST) < n % 7)
            ;
        MG_DONE(mg_domain_destroy(raced.id));
        while (__atomic_load_n(&nr_raced, __ATOMIC_SEQ_CST) < n)
            ;
        MG_CHECK_EQ(free_frames(), before);
    }
    mg_audit();
}

/* ---- places that are used again ---- */

/* Domains come and go until the next one has the id, as there is one that has
 * the place before. None has a place of which a frame is still somebody's. */
static void go_round(uint32_t until, uint32_t taken)
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
        if (id <= 0)
            mg_error("domain_create: %ld", id);
        MG_CHECK(id % NR_PLACES != taken % NR_PLACES);
        MG_DONE(mg_domain_destroy((uint32_t)id));
    } while (id + 2 < until);
}

/*
 * Of two lenders that are gone we have a frame, of one until the ids have gone
 * round; of a borrower that is gone a lender has an entry still. Whoever has a
 * place after them has nothing of theirs.
 */
static void test_used_again(void)
{
    struct mg_loan loans[] = {{MG_MAP, false, 3, 0}, {MG_HOLD, false, 4, 0}};
    struct mg_lender kept, gone, lender, heir;
    uint32_t borrower_id;
    uint64_t start = free_frames();

    mg_lender_make(&lender, 1);
    before = free_frames();
    mg_partner_begin(1);
    borrower_id = mg_partner_child.id;
    mg_lender_lend(&lender, 0, LEND, borrower_id, lender.mfns[0]);
    MG_DONE(mg_pair_map(&mg_partner, lender.id, 0, 3, PARAPET_PTE_W, NULL));
    mg_lender_make(&kept, 1);
    mg_lender_make(&gone, 1);
    mg_loan_lend(&loans[0], &kept, 0);
    mg_loan_lend(&loans[1], &gone, 0);
    MG_DONE(mg_loan_take(&loans[0], kept.id, 0));
    MG_DONE(mg_loan_take(&loans[1], gone.id, 0));
    mg_partner_end();
    MG_DONE(mg_domain_destroy(kept.id));
    MG_DONE(mg_domain_destroy(gone.id));
    MG_CHECK_EQ(free_frames(), before - 2);
    MG_DONE(mg_loan_let_go(&loans[1]));

    go_round(borrower_id + NR_PLACES, kept.id);
    mg_partner_begin(1);
    MG_CHECK_EQ(mg_partner_child.id, borrower_id + NR_PLACES);
    MG_CHECK_EQ(mg_pair_map(&mg_partner, lender.id, 0, 3, PARAPET_PTE_W, NULL),
                -PARAPET_EPERM);
    mg_lender_make(&heir, 1);
    MG_CHECK_EQ(heir.id, gone.id + NR_PLACES);
    mg_lender_lend(&heir, 0, LEND, 0, heir.mfns[0]);
    MG_CHECK_EQ(mg_loan_take(&loans[1], gone.id, 0), -PARAPET_ENOENT);
    MG_CHECK_EQ(mg_loan_take(&loans[1], kept.id, 0), -PARAPET_ENOENT);
    mg_loan_check(&loans[0]);
    mg_audit();
    MG_DONE(mg_loan_let_go(&loans[0]));
    mg_domain_audit(heir.id);
    mg_domain_audit(lender.id);
    mg_partner_end();
    MG_DONE(mg_domain_destroy(heir.id));
    MG_DONE(mg_domain_destroy(lender.id));
    MG_CHECK_EQ(free_frames(), start);
}

/* ---- all of it ---- */

static void test_one_dies(void)
{
    for (uint32_t use = 0; use < MG_NR_USES; use++)
        test_lender_dies(use, false);
    mg_partner_begin(1);
    mg_loan_warm_up(true);
    for (uint32_t use = 0; use < MG_NR_USES; use++)
        test_lender_dies(use, true);
    mg_partner_end();
    for (uint32_t end = 0; end < NR_ENDS; end++)
        test_borrower_dies(end);
}

void test_main(void)
{
    mg_loan_init();
    test_one_dies();
    test_both_die(DESTROYED, true);
    test_both_die(DESTROYED, false);
    test_both_die(CRASHED, true);
    test_each_other();
    test_half_copied(false);
    test_half_copied(true);
    test_at_once();
    test_used_again();
    mg_audit();
}
