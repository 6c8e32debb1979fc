/* SPDX-License-Identifier: MIT
 *
 * Owns the partner, and the window of this domain's loans.
 */
#include "tests/kernels/lib/control_loan.h"

#include "abi/stubs.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"

#define MARK 0x6d61726bul

struct mg_child mg_partner_child;
struct mg_pair mg_partner;

static struct mg_window window;

/* ---- the partner ---- */

void mg_partner_begin(uint32_t nr_vcpus)
{
    const struct mg_child_wish wish = {.bootargs = "pair tester=0",
                                       .nr_vcpus = nr_vcpus};

    mg_child_create(&wish, &mg_partner_child);
    MG_DONE(mg_domain_unpause(mg_partner_child.id));
    mg_pair_init(&mg_partner, mg_partner_child.id, 0);
}

void mg_partner_end(void)
{
    MG_DONE(mg_domain_destroy(mg_partner_child.id));
    mg_pair_close(&mg_partner);
}

/* ---- loans ---- */

static bool is_readonly(const struct mg_loan *loan)
{
    return loan->use == MG_MAP_READONLY || loan->use == MG_HOLD_READONLY;
}

static bool is_hold(const struct mg_loan *loan)
{
    return loan->use == MG_HOLD || loan->use == MG_HOLD_READONLY;
}

static int64_t hold(struct mg_loan *loan, uint32_t lender, uint32_t ref)
{
    uint32_t flags = is_readonly(loan) ? PARAPET_GRANT_READONLY : 0;

    if (loan->is_partners)
        return mg_pair_hold(&mg_partner, lender, ref, flags, &loan->handle);
    return mg_grant_hold(lender, ref, flags, &loan->handle, NULL);
}

int64_t mg_loan_take(struct mg_loan *loan, uint32_t lender, uint32_t ref)
{
    uint64_t bits = PARAPET_PTE_NX | (is_readonly(loan) ? 0 : PARAPET_PTE_W);

    if (is_hold(loan))
        return hold(loan, lender, ref);
    if (loan->is_partners)
        return mg_pair_map(&mg_partner, lender, ref, loan->index, bits,
                           &loan->handle);
    return mg_grant_map(lender, ref, mg_window_pte(&window, loan->index), bits,
                        &loan->handle);
}

int64_t mg_loan_let_go(const struct mg_loan *loan)
{
    if (is_hold(loan))
        return loan->is_partners ? mg_pair_release(&mg_partner, loan->handle)
                                 : mg_grant_release(loan->handle);
    return loan->is_partners ? mg_pair_unmap(&mg_partner, loan->handle)
                             : mg_grant_unmap(loan->handle);
}

volatile uint64_t *mg_loan_at(const struct mg_loan *loan)
{
    return mg_window_at(&window, loan->index);
}

void mg_loan_lend(const struct mg_loan *loan, const struct mg_lender *lender,
                  uint32_t ref)
{
    const uint64_t mark = MARK;
    uint64_t mfn = lender->mfns[ref];
    uint32_t readonly = is_readonly(loan) ? PARAPET_GRANT_READONLY : 0;

    MG_DONE(mg_copy_to(lender->id, mfn * MG_PAGE_SIZE, &mark, sizeof(mark)));
    mg_lender_lend(lender, ref, PARAPET_GRANT_LEND | readonly,
                   loan->is_partners ? mg_partner.id : 0, mfn);
}

static void check_partners(const struct mg_loan *loan)
{
    uint64_t vaddr = mg_pair_window_at(&mg_partner, loan->index);

    MG_CHECK_EQ(mg_pair_load(&mg_partner, vaddr), MARK);
    if (!is_readonly(loan))
        MG_DONE(mg_pair_store(&mg_partner, vaddr + 8, 1));
}

void mg_loan_check(const struct mg_loan *loan)
{
    if (is_hold(loan))
        return;
    if (loan->is_partners) {
        check_partners(loan);
        return;
    }
    MG_CHECK_EQ(*mg_loan_at(loan), MARK);
    if (!is_readonly(loan))
        mg_loan_at(loan)[1] = 1;
}

/* ---- before all else ---- */

/* What its handles lie in is there from then on. */
void mg_loan_warm_up(bool is_partners)
{
    struct mg_loan loan = {MG_MAP, is_partners, 3, 0};
    struct mg_lender lender;

    mg_lender_make(&lender, 1);
    mg_loan_lend(&loan, &lender, 0);
    MG_DONE(mg_loan_take(&loan, lender.id, 0));
    MG_DONE(mg_loan_let_go(&loan));
    MG_DONE(mg_domain_destroy(lender.id));
}

void mg_loan_init(void)
{
    mg_control_init();
    window = mg_window_make();
    mg_partner_begin(1);
    mg_partner_end();
    mg_loan_warm_up(false);
}
