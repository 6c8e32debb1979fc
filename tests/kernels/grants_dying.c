/* SPDX-License-Identifier: MIT
 *
 * Ends without a control domain, where the dead are taken apart by whatever CPU
 * has time. Two partners lend to each other and to us, borrow, and power off
 * one after the other, with all that they have. What we have of the dead stays
 * ours until we let go; what they had of ours comes back to us.
 * (control_grant_ends.c counts the frames.)
 *
 * QEMU: smp=2 patience=120 partner=partners/pair partner=partners/pair
 * VARIANT: lender_first
 * VARIANT: borrower_first
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grants_dying);

#define MARK 0x6d61726bul
#define REF 200 /* of a partner: its own mailboxes have the first */
#define OUR_REF 3
#define INDEX 5

static struct mg_pair lender, borrower;
static struct mg_window window;
static uint64_t *page; /* ours, that is lent */
static uint32_t mapped, held;

/* One frame of the lender's is ours, and another the borrower's. */
static void borrow_from_lender(void)
{
    struct mg_pair_page theirs = mg_pair_page(&lender);

    MG_DONE(mg_pair_store(&lender, theirs.vaddr, MARK));
    mg_pair_lend(&lender, REF, MG_PAIR_TESTER, theirs.mfn, 0);
    MG_DONE(mg_grant_map(lender.id, REF, mg_window_pte(&window, INDEX),
                         PARAPET_PTE_W, &mapped));
    MG_DONE(mg_grant_hold(lender.id, REF, PARAPET_GRANT_READONLY, &held, NULL));
    mg_pair_lend(&lender, REF + 1, borrower.id, theirs.mfn,
                 PARAPET_GRANT_READONLY);
    MG_DONE(mg_pair_map(&borrower, lender.id, REF + 1, INDEX, 0, NULL));
    theirs = mg_pair_page(&lender);
    mg_pair_lend(&lender, REF + 2, borrower.id, theirs.mfn, 0);
    MG_DONE(mg_pair_map(&borrower, lender.id, REF + 2, INDEX + 1, PARAPET_PTE_W,
                        NULL));
}

/* Of ours the borrower has a mapping and a hold, and of the borrower's page the
 * lender one. */
static void lend_to_borrower(void)
{
    struct mg_pair_page theirs = mg_pair_page(&borrower);

    page = mg_page();
    mg_grant_lend(OUR_REF, borrower.id, page, 0);
    MG_DONE(mg_pair_map(&borrower, MG_PAIR_TESTER, OUR_REF, INDEX + 2,
                        PARAPET_PTE_W, NULL));
    MG_DONE(mg_pair_hold(&borrower, MG_PAIR_TESTER, OUR_REF, 0, NULL));
    mg_pair_lend(&borrower, REF, lender.id, theirs.mfn, 0);
    MG_DONE(mg_pair_map(&lender, borrower.id, REF, INDEX, PARAPET_PTE_W, NULL));
}

static void end_lender(void)
{
    mg_pair_end(&lender, PARAPET_SHUTDOWN_POWEROFF);
    MG_CHECK_EQ(mg_grant_map(lender.id, REF, mg_window_pte(&window, INDEX + 1),
                             0, NULL),
                -PARAPET_ENOENT);
    MG_CHECK_EQ(*mg_window_at(&window, INDEX), MARK);
    *mg_window_at(&window, INDEX) = MARK + 1;
    mg_audit();
}

/* Then our page is ours again, and can be a table. */
static void end_borrower(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    mg_pair_end(&borrower, PARAPET_SHUTDOWN_POWEROFF);
    while (!mg_grant_take_back(OUR_REF)) {
        if (mg_clock_ns() > end)
            mg_error("the dead one keeps our page");
        (void)hypercall_yield();
    }
    MG_CHECK_EQ(mg_grant_status(OUR_REF).writers, 0);
    MG_DONE(mg_set_writable(page, false));
    MG_DONE(mg_pin(page, PARAPET_TABLE_L1));
    mg_audit();
}

void test_main(void)
{
    window = mg_window_make();
    mg_pair_init(&lender, MG_PAIR_ID, 0);
    mg_pair_init(&borrower, MG_PAIR_ID + 1, 0);
    borrow_from_lender();
    lend_to_borrower();
    mg_pair_audit(&lender);
    mg_pair_audit(&borrower);
    if (mg_variant("lender_first"))
        end_lender();
    end_borrower();
    if (mg_variant("borrower_first"))
        end_lender();
    mg_pair_close(&borrower);
    MG_CHECK_EQ(*mg_window_at(&window, INDEX), MARK + 1);
    MG_DONE(mg_grant_unmap(mapped));
    MG_DONE(mg_grant_release(held));
    mg_pair_close(&lender);
    MG_CHECK_EQ(mg_grant_status(0).nr_handles, 0);
    mg_audit();
}
