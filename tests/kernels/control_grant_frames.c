/* SPDX-License-Identifier: MIT
 *
 * Whatever a lent frame is to its lender: lent twice, its table of grants, what
 * the hypervisor holds of it, given back, a table, half a table. It stays one
 * thing to both, and when the lender dies and the last has let go, all frames
 * are back. And one that its lender is just letting go is -EAGAIN, with no
 * wait.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 patience=120
 * METER: bound_grants has the longest of these
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/control_loan.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_grant_frames);

#define LEND PARAPET_GRANT_LEND
#define LEND_READONLY (PARAPET_GRANT_LEND | PARAPET_GRANT_READONLY)
#define IN_USE (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)
#define REF 200 /* of a partner: its own mailboxes have the first */

static uint64_t before;

static uint64_t free_frames(void)
{
    return mg_machine_info().free_frames;
}

/* By two references, of which one may write. */
static void test_lent_twice(void)
{
    struct mg_loan loans[] = {{MG_MAP, false, 3, 0},
                              {MG_HOLD_READONLY, false, 4, 0}};
    struct mg_lender lender;

    before = free_frames();
    mg_lender_make(&lender, 1);
    mg_loan_lend(&loans[0], &lender, 0);
    mg_lender_lend(&lender, 1, LEND_READONLY, 0, lender.mfns[0]);
    for (uint32_t i = 0; i < 2; i++)
        MG_DONE(mg_loan_take(&loans[i], lender.id, i));
    MG_DONE(mg_domain_destroy(lender.id));
    MG_CHECK_EQ(free_frames(), before - 1);
    MG_DONE(mg_loan_let_go(&loans[0]));
    MG_CHECK_EQ(free_frames(), before - 1);
    MG_DONE(mg_loan_let_go(&loans[1]));
    MG_CHECK_EQ(free_frames(), before);
}

/* Its table of grants, which we write to, too; and its shared page. */
static void test_tables_of_grants(void)
{
    struct mg_loan loans[] = {
        {MG_MAP, false, 3, 0}, {MG_MAP, false, 4, 0}, {MG_HOLD, false, 5, 0}};
    volatile uint64_t *words = mg_loan_at(&loans[0]);
    struct mg_lender lender;

    before = free_frames();
    mg_lender_make(&lender, 2);
    mg_lender_lend(&lender, 1, LEND, 0, lender.grant_mfn);
    MG_DONE(mg_loan_take(&loans[0], lender.id, 1));
    words[2 * 7 + 1] = lender.shared_mfn;
    words[2 * 7] = mg_grant_word(0, LEND);
    MG_DONE(mg_loan_take(&loans[1], lender.id, 7));
    MG_DONE(mg_loan_take(&loans[2], lender.id, 7));
    /* What is in use stays so, whatever is written there. */
    words[2 * 7] = 0;
    words[2 * 1] = mg_grant_word(0, IN_USE);
    mg_domain_audit(lender.id);
    MG_DONE(mg_domain_destroy(lender.id));
    MG_CHECK_EQ(free_frames(), before - 2);
    words[2 * 7] = mg_grant_word(0, LEND);
    MG_CHECK_EQ(
        mg_loan_take(&(struct mg_loan){MG_MAP, false, 6, 0}, lender.id, 7),
        -PARAPET_ENOENT);
    mg_audit();
    for (size_t i = 0; i < ARRAY_SIZE(loans); i++)
        MG_DONE(mg_loan_let_go(&loans[i]));
    MG_CHECK_EQ(free_frames(), before);
}

/* What the hypervisor itself has of the partner: vCPU page, start stack. */
static void test_held_frames(void)
{
    struct mg_loan loan = {MG_MAP, false, 3, 0};

    before = free_frames();
    mg_partner_begin(1);
    mg_pair_lend(&mg_partner, REF, 0, mg_partner_child.vcpu_page_mfn, 0);
    MG_DONE(mg_loan_take(&loan, mg_partner_child.id, REF));
    mg_domain_audit(mg_partner_child.id);
    mg_partner_end();
    MG_CHECK_EQ(free_frames(), before - 1);
    (*mg_loan_at(&loan))++;
    MG_DONE(mg_loan_let_go(&loan));
    MG_CHECK_EQ(free_frames(), before);
}

/* It is asked for and not given back; then it is given back, and not lent. */
static void test_ballooned(void)
{
    struct mg_loan loans[] = {{MG_MAP, false, 3, 0},
                              {MG_HOLD_READONLY, false, 3, 0}};
    struct mg_pair_page page;

    before = free_frames();
    mg_partner_begin(1);
    page = mg_pair_page(&mg_partner);
    mg_pair_lend(&mg_partner, REF, 0, page.mfn, 0);
    for (size_t i = 0; i < ARRAY_SIZE(loans); i++) {
        MG_DONE(mg_loan_take(&loans[i], mg_partner_child.id, REF));
        MG_CHECK_EQ(
            mg_pair_do(&mg_partner, MG_PAIR_GIVE_BACK, page.vaddr, 0, 0),
            -PARAPET_EBUSY);
        mg_domain_audit(mg_partner_child.id);
        MG_DONE(mg_loan_let_go(&loans[i]));
    }
    MG_DONE(mg_pair_do(&mg_partner, MG_PAIR_GIVE_BACK, page.vaddr, 0, 0));
    MG_CHECK_EQ(mg_loan_take(&loans[0], mg_partner_child.id, REF),
                -PARAPET_EPERM);
    MG_CHECK_EQ(mg_loan_take(&loans[1], mg_partner_child.id, REF),
                -PARAPET_EPERM);
    mg_domain_audit(mg_partner_child.id);
    mg_partner_end();
    MG_CHECK_EQ(free_frames(), before);
}

/* What is lent to read may become a table; nobody else has it from then on. */
static void test_becomes_a_table(void)
{
    struct mg_loan loans[] = {{MG_MAP_READONLY, false, 3, 0},
                              {MG_HOLD_READONLY, false, 4, 0}},
                   late = {MG_MAP_READONLY, false, 5, 0};
    struct mg_pair_page page;

    before = free_frames();
    mg_partner_begin(1);
    page = mg_pair_page(&mg_partner);
    mg_pair_lend(&mg_partner, REF, 0, page.mfn, PARAPET_GRANT_READONLY);
    for (size_t i = 0; i < ARRAY_SIZE(loans); i++)
        MG_DONE(mg_loan_take(&loans[i], mg_partner_child.id, REF));
    MG_DONE(mg_pair_do(&mg_partner, MG_PAIR_TABLE, page.vaddr, PARAPET_TABLE_L1,
                       0));
    MG_CHECK_EQ(mg_loan_take(&late, mg_partner_child.id, REF), -PARAPET_EBUSY);
    mg_domain_audit(mg_partner_child.id);
    mg_partner_end();
    MG_CHECK_EQ(free_frames(), before - 1);
    MG_CHECK_EQ(*mg_loan_at(&loans[0]), 0);
    mg_audit();
    for (size_t i = 0; i < ARRAY_SIZE(loans); i++)
        MG_DONE(mg_loan_let_go(&loans[i]));
    MG_CHECK_EQ(free_frames(), before);
}

/* ---- half a table ---- */

#define NR_L1S 8

/* Fills the partner's page, and makes it read-only there. */
static void make_table(struct mg_pair_page page, const uint64_t *entries)
{
    MG_DONE(mg_copy_to(mg_partner_child.id, page.mfn * MG_PAGE_SIZE, entries,
                       MG_PAGE_SIZE));
    MG_DONE(mg_pair_call(&mg_partner, PARAPET_HC_mmu_update_va, page.vaddr,
                         page.mfn * MG_PAGE_SIZE | MG_READ, PARAPET_FLUSH_ALL));
}

/* A tree that takes many calls to pin. */
static struct mg_pair_page make_tree(void)
{
    static uint64_t l1[MG_PTES], l2[MG_PTES];
    struct mg_pair_page shared = mg_pair_page(&mg_partner), page;

    for (int i = 0; i < MG_PTES; i++)
        l1[i] = shared.mfn * MG_PAGE_SIZE | MG_USER;
    for (int i = 0; i < NR_L1S; i++) {
        page = mg_pair_page(&mg_partner);
        make_table(page, l1);
        l2[i] = page.mfn * MG_PAGE_SIZE | MG_USER;
    }
    page = mg_pair_page(&mg_partner);
    make_table(page, l2);
    return page;
}

static int64_t pin_once(struct mg_pair_page page)
{
    mg_pair_new(&mg_partner);
    volatile struct mg_pair_step *step =
        mg_pair_add(&mg_partner, MG_PAIR_ONCE, PARAPET_HC_mmu_pin, page.mfn,
                    PARAPET_TABLE_L2);

    mg_pair_begin(&mg_partner, 1);
    mg_pair_wait(&mg_partner);
    return step->result;
}

/* Its lender stops pinning it at the call that is named, and dies. Half a table
 * is no table yet, so it can still be had to read. */
static void test_half_a_table(int nr_calls)
{
    struct mg_loan loan = {MG_HOLD_READONLY, false, 3, 0};
    struct mg_loan late = {MG_MAP_READONLY, false, 4, 0};
    struct mg_pair_page root;

    before = free_frames();
    mg_partner_begin(1);
    root = make_tree();
    mg_pair_lend(&mg_partner, REF, 0, root.mfn, PARAPET_GRANT_READONLY);
    MG_DONE(mg_loan_take(&loan, mg_partner_child.id, REF));
    for (int i = 0; i < nr_calls; i++)
        MG_CHECK_EQ(pin_once(root), -PARAPET_ERESTART);
    MG_DONE(mg_loan_take(&late, mg_partner_child.id, REF));
    mg_domain_audit(mg_partner_child.id);
    mg_partner_end();
    MG_CHECK_EQ(free_frames(), before - 1);
    MG_DONE(mg_loan_let_go(&late));
    MG_DONE(mg_loan_let_go(&loan));
    MG_CHECK_EQ(free_frames(), before);
}

/* ---- a lender that is just letting a table go ---- */

#define NR_OURS 40

/* A level-2 table of full level-1 tables: it takes many calls to pin. */
static uint64_t *make_our_tree(void)
{
    uint64_t *root = mg_page(), *page = mg_page();

    for (uint64_t i = 0; i < NR_OURS; i++) {
        uint64_t *l1 = mg_page();

        for (uint64_t j = 0; j < MG_PTES; j++)
            l1[j] = mg_pte(page, MG_USER);
        MG_DONE(mg_set_writable(l1, false));
        root[i] = mg_pte(l1, MG_USER);
    }
    MG_DONE(mg_set_writable(root, false));
    return root;
}

/* By the partner, from us. It may not wait for us, who do nothing meanwhile. */
static int64_t partner_maps(void)
{
    uint32_t handle;
    int64_t result = mg_pair_map(&mg_partner, 0, 0, 3, PARAPET_PTE_W, &handle);

    if (result == 0)
        MG_DONE(mg_pair_unmap(&mg_partner, handle));
    return result;
}

static void test_half_let_go(void)
{
    uint64_t *root = make_our_tree();
    uint64_t nr_tries = 0;
    int64_t result;

    mg_partner_begin(1);
    mg_grant_lend(0, mg_partner.id, root, 0);
    MG_DONE(mg_pin(root, PARAPET_TABLE_L2));
    MG_CHECK_EQ(partner_maps(), -PARAPET_EBUSY);
    MG_DONE(hypercall_mmu_unpin(mg_mfn_of(root)));
    MG_CHECK_EQ(partner_maps(), -PARAPET_EAGAIN);
    mg_audit();
    /* It is ours to let it go: then it is to be had. */
    while ((result = partner_maps()) == -PARAPET_EAGAIN && nr_tries++ < 1000)
        (void)hypercall_mmu_update(NULL, 0, 0);
    MG_DONE(result);
    MG_CHECK(nr_tries > 0);
    mg_audit();
    MG_CHECK(mg_grant_take_back(0));
    mg_domain_audit(mg_partner.id);
    mg_partner_end();
}

void test_main(void)
{
    mg_loan_init();
    test_lent_twice();
    test_tables_of_grants();
    test_held_frames();
    test_ballooned();
    test_becomes_a_table();
    test_half_a_table(1);
    test_half_a_table(2);
    test_half_let_go();
    mg_audit();
}
