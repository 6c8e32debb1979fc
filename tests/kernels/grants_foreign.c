/* SPDX-License-Identifier: MIT
 *
 * An entry that maps another's frame: nothing but unmap takes it away or
 * changes it, by whichever way an entry can be changed; its table stays a
 * table; and the frame is nothing of ours, for a table, a root, or to be given
 * back. What it maps can be used as the grant says, in user mode, too.
 *
 * QEMU: patience=120
 * QEMU: partner=partners/pair
 * METER: grants_arguments is metered, and makes the same calls
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/user.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grants_foreign);

#define PEER MG_PAIR_ID
#define REF 7
#define MAGIC 0x6d61676963ul
#define NX PARAPET_PTE_NX
#define W PARAPET_PTE_W

MG_SNIPPET(load, "mov (%rdi), %rax");
MG_SNIPPET(store_word, "movq $1, (%rdi)");
MG_SNIPPET(jump, "jmp *%rdi");
MG_SNIPPET(store_and_call, "movq $1, (%rdi); syscall");
MG_SNIPPET(load_and_call, "mov (%rdi), %rax; syscall");

static struct mg_pair peer;
static struct mg_pair_page lent;
static struct mg_window window;
static uint64_t *page;

#define INDEX 3 /* of the foreign entry; its neighbours are our own */

static uint32_t handle;

static uint64_t pte(void)
{
    return mg_window_pte(&window, INDEX);
}

static void map(uint64_t bits)
{
    MG_DONE(mg_grant_map(PEER, REF, pte(), bits, &handle));
}

/* ---- ways to change it ---- */

/* A refusal has changed nothing, and is told as it is for any entry. */
static void expect_busy(const char *what, int64_t result, uint64_t before)
{
    if (result != -PARAPET_EBUSY)
        mg_failure("%s: expected -EBUSY, got %ld", what, result);
    if (mg_read_entry(pte()) != before)
        mg_failure("%s: the entry was %#lx, and is %#lx", what, before,
                   mg_read_entry(pte()));
}

/* The value that stays within its rights is refused, too: the entry is not
 * ours. */
static void test_updates(void)
{
    const uint64_t masks[] = {~0ul,
                              0,
                              PARAPET_PTE_P,
                              W,
                              PARAPET_PTE_A | PARAPET_PTE_D,
                              PARAPET_PTE_SOFT,
                              PARAPET_PTE_ADDRESS,
                              NX,
                              PARAPET_PTE_FOREIGN,
                              ~(uint64_t)PARAPET_PTE_ADDRESS,
                              ~(uint64_t)PARAPET_PTE_FOREIGN};
    uint64_t before = mg_read_entry(pte());
    const uint64_t values[] = {
        0, before & ~(uint64_t)(PARAPET_PTE_KERNEL | PARAPET_PTE_FOREIGN),
        mg_pte(page, MG_READ), mg_pte(page, MG_WRITE), PARAPET_PTE_SOFT};

    for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
        for (size_t m = 0; m < ARRAY_SIZE(masks); m++)
            expect_busy("mmu_update",
                        mg_update_masked(pte(), values[v], masks[m]), before);
        for (uint32_t flush = 0; flush <= PARAPET_FLUSH_ALL; flush++)
            expect_busy(
                "mmu_update_va",
                HYPERCALL_RESTARTED(hypercall_mmu_update_va(
                    (uint64_t)mg_window_at(&window, INDEX), values[v], flush)),
                before);
    }
    mg_audit();
}

/* In the midst of others, which are done up to there. */
static void test_batch(void)
{
    struct parapet_pte_update updates[3] = {
        {mg_window_pte(&window, INDEX - 1), mg_pte(page, MG_READ)},
        {pte(), 0},
        {mg_window_pte(&window, INDEX + 1), mg_pte(page, MG_READ)}};
    uint64_t before = mg_read_entry(pte());

    expect_busy("a batch", hypercall_mmu_update(updates, 3, ~0ul), before);
    MG_CHECK_EQ(mg_vcpu_page()->restart_done, 1);
    MG_CHECK_EQ(mg_vcpu_page()->failed_entry, pte());
    MG_CHECK(window.l1[INDEX - 1] != 0);
    MG_CHECK_EQ(window.l1[INDEX + 1], 0);
    MG_DONE(mg_update(mg_window_pte(&window, INDEX - 1), 0));
}

static void test_multicall(void)
{
    static struct parapet_multicall_entry calls[2];
    uint64_t before = mg_read_entry(pte());

    calls[0].number = PARAPET_HC_mmu_update_va;
    calls[0].args[0] = (uint64_t)mg_window_at(&window, INDEX);
    calls[0].args[1] = 0;
    calls[0].args[2] = PARAPET_FLUSH_LOCAL;
    calls[1].number = PARAPET_HC_abi_version;
    MG_DONE(hypercall_multicall_all(mg_vcpu_page(), calls, 2));
    expect_busy("a multicall", calls[0].result, before);
    MG_CHECK_EQ(calls[1].result, PARAPET_ABI_VERSION);
    /* The calls of grants themselves are for no multicall. */
    for (uint64_t number = PARAPET_HC_grant_map;
         number <= PARAPET_HC_grant_grow; number++) {
        calls[0].number = number;
        calls[0].args[0] = calls[0].args[1] = 0;
        MG_DONE(hypercall_multicall_all(mg_vcpu_page(), calls, 2));
        MG_CHECK_EQ(calls[0].result, -PARAPET_EINVAL);
    }
}

/* A store into the table, which the hypervisor would carry out. */
static void test_trapped_write(void)
{
    uint64_t before = mg_read_entry(pte());

    (void)mg_expect_fault("a store into a foreign entry", store_word,
                          window.l1 + INDEX, MG_PF, NULL);
    MG_CHECK_EQ(mg_read_entry(pte()), before);
    (void)mg_expect_fault("a store into its neighbour", store_word,
                          window.l1 + INDEX + 1, MG_PF, NULL);
    mg_audit();
}

/* The table is a table as long as it has the entry, whoever lets it go. */
static void test_table(void)
{
    uint64_t *root = mg_start_root();
    uint64_t above = mg_walk(root, window.vaddr, 2);
    uint64_t entry = mg_read_entry(above), mfn = mg_mfn_of(window.l1);
    uint64_t before = mg_read_entry(pte());

    MG_DONE(mg_update(above, 0));
    (void)mg_expect_fault("no table is above it", load,
                          (void *)mg_window_at(&window, INDEX), MG_PF, NULL);
    MG_CHECK_EQ(mg_set_writable(window.l1, true), -PARAPET_EBUSY);
    MG_CHECK_EQ(hypercall_memory_give_back(&mfn, 1), -PARAPET_EBUSY);
    for (uint32_t type = PARAPET_TABLE_L2; type <= PARAPET_TABLE_USER; type++)
        MG_CHECK_EQ(mg_pin(window.l1, type), -PARAPET_EBUSY);
    MG_CHECK_EQ(mg_unpin(window.l1), -PARAPET_ENOENT);
    expect_busy("an update", mg_update(pte(), 0), before);
    mg_audit();
    /* It goes on to be one, by a pin too, and can be put back. */
    MG_DONE(mg_pin(window.l1, PARAPET_TABLE_L1));
    MG_DONE(mg_unpin(window.l1));
    MG_CHECK_EQ(mg_set_writable(window.l1, true), -PARAPET_EBUSY);
    expect_busy("an update", mg_update(pte(), 0), before);
    MG_DONE(mg_update(above, mg_pte(window.l1, MG_TABLE)));
    MG_CHECK_EQ(entry & PARAPET_PTE_ADDRESS,
                mg_read_entry(above) & PARAPET_PTE_ADDRESS);
    MG_CHECK_EQ(*mg_window_at(&window, INDEX), MAGIC);
    mg_audit();
}

/* The same once the entry is gone: then it is a page as any other. */
static void test_table_let_go(void)
{
    struct mg_window other = mg_window_make();
    uint64_t above = mg_walk(mg_start_root(), other.vaddr, 2);
    uint32_t last;

    MG_DONE(mg_grant_map(PEER, REF, mg_window_pte(&other, 0), NX, &last));
    MG_DONE(mg_update(above, 0));
    MG_CHECK_EQ(mg_set_writable(other.l1, true), -PARAPET_EBUSY);
    MG_DONE(mg_grant_unmap(last));
    mg_audit();
    MG_DONE(mg_set_writable(other.l1, true));
    other.l1[0] = 0;
    MG_DONE(mg_set_writable(other.l1, false));
    MG_DONE(mg_update(above, mg_pte(other.l1, MG_TABLE)));
    mg_audit();
}

/* ---- the frame ---- */

/* By its number, which the entry tells. */
static void test_frame(void)
{
    uint64_t mfn = (mg_read_entry(pte()) & PARAPET_PTE_ADDRESS) / MG_PAGE_SIZE;
    uint64_t entry = mg_window_pte(&window, INDEX + 2);
    uint64_t maddr = mfn * MG_PAGE_SIZE;

    MG_CHECK_EQ(mfn, lent.mfn);
    MG_REFUSED(mg_update(entry, maddr | MG_READ), EPERM);
    MG_REFUSED(mg_update(entry, maddr | MG_WRITE), EPERM);
    MG_REFUSED(
        mg_set_va((uint64_t)mg_window_at(&window, INDEX + 2), maddr | MG_READ),
        EPERM);
    MG_REFUSED(mg_update(entry, mg_read_entry(pte())), EINVAL);
    MG_REFUSED(mg_update(entry, maddr | MG_READ | PARAPET_PTE_FOREIGN), EINVAL);
    for (uint32_t type = PARAPET_TABLE_L1; type <= PARAPET_TABLE_USER; type++)
        MG_REFUSED(hypercall_mmu_pin(mfn, type), EPERM);
    MG_REFUSED(hypercall_mmu_unpin(mfn), EPERM);
    MG_REFUSED(hypercall_mmu_set_kernel_root(mfn), EPERM);
    MG_REFUSED(hypercall_mmu_set_user_root(mfn), EPERM);
    MG_REFUSED(hypercall_memory_give_back(&mfn, 1), EPERM);
    MG_REFUSED(mg_update(maddr, 0), EPERM);
    MG_REFUSED(hypercall_grant_grow(mfn), EPERM);
    /* Nor by a table that is made with such an entry in it. */
    for (int foreign = 0; foreign < 2; foreign++) {
        uint64_t *table = mg_table_of(
            9, maddr | MG_READ | (foreign ? PARAPET_PTE_FOREIGN : 0));

        MG_CHECK_EQ(mg_pin(table, PARAPET_TABLE_L1),
                    foreign ? -PARAPET_EINVAL : -PARAPET_EPERM);
    }
    /* It is not lent on: the one to whom it goes would be anybody. */
    mg_grant_lend_mfn(9, PEER, mfn, 0);
    MG_CHECK_EQ(mg_pair_hold(&peer, MG_PAIR_TESTER, 9, 0, NULL),
                -PARAPET_EPERM);
    MG_CHECK(mg_grant_take_back(9));
    mg_audit();
    mg_pair_audit(&peer);
}

/* ---- what it is good for ---- */

static void test_use(void)
{
    void *at = (void *)mg_window_at(&window, INDEX);
    uint32_t *instruction = at;
    struct mg_fault fault;

    map(0);
    MG_DONE(mg_pair_store(&peer, lent.vaddr, 0xc3));
    (void)mg_expect_no_fault("a call of what is executable", jump, at);
    MG_DONE(mg_grant_unmap(handle));
    map(W | NX);
    *instruction = 0xc3c3;
    MG_CHECK_EQ(mg_pair_load(&peer, lent.vaddr), 0xc3c3);
    (void)mg_expect_fault("a call of what is not", jump, at, MG_PF, &fault);
    MG_CHECK_EQ(fault.frame.error, MG_PF_PRESENT | MG_PF_FETCH);
    MG_DONE(mg_grant_unmap(handle));
    map(NX);
    (void)mg_expect_no_fault("a load", load, at);
    (void)mg_expect_fault("a store into what is read-only", store_word, at,
                          MG_PF, &fault);
    MG_CHECK_EQ(fault.frame.error, MG_PF_PRESENT | MG_PF_WRITE);
    MG_DONE(mg_grant_unmap(handle));
    (void)mg_expect_fault("a load of what is unmapped", load, at, MG_PF,
                          &fault);
    MG_CHECK_EQ(fault.frame.error, 0);
}

/* In user mode as the bit says. */
static void test_user_mode(void)
{
    const struct mg_user_space *space = mg_user_init();
    uint64_t index = mg_index(MG_USER_DATA, 1) + MG_USER_PAGES;
    uint64_t vaddr = MG_USER_DATA + MG_USER_PAGES * MG_PAGE_SIZE;
    uint64_t entry = mg_entry_of(space->data_l1, index);
    struct mg_fault fault;
    uint32_t mine;

    MG_DONE(mg_grant_map(PEER, REF, entry, NX, &mine));
    MG_CHECK(mg_read_entry(entry) & PARAPET_PTE_KERNEL);
    MG_DONE(mg_grant_unmap(mine));
    MG_DONE(mg_grant_map(PEER, REF, entry, NX | PARAPET_PTE_U, &mine));
    (void)mg_user_expect("a load", load_and_call, vaddr, MG_SYSCALL, NULL);
    (void)mg_user_expect("a store into what is read-only", store_and_call,
                         vaddr, MG_PF, &fault);
    MG_CHECK_EQ(fault.vaddr, vaddr);
    MG_DONE(mg_grant_unmap(mine));
    MG_DONE(mg_grant_map(PEER, REF, entry, W | NX | PARAPET_PTE_U, &mine));
    (void)mg_user_expect("a store", store_and_call, vaddr, MG_SYSCALL, NULL);
    MG_CHECK_EQ(mg_pair_load(&peer, lent.vaddr), 1);
    MG_DONE(mg_grant_unmap(mine));
    (void)mg_user_expect("a store into nothing", store_and_call, vaddr, MG_PF,
                         NULL);
    mg_audit();
}

void test_main(void)
{
    window = mg_window_make();
    page = mg_page();
    mg_pair_init(&peer, PEER, 0);
    lent = mg_pair_page(&peer);
    mg_pair_lend(&peer, REF, MG_PAIR_TESTER, lent.mfn, 0);
    MG_DONE(mg_pair_store(&peer, lent.vaddr, MAGIC));
    for (int writable = 0; writable < 2; writable++) {
        map(NX | (writable ? W : 0));
        test_updates();
        test_batch();
        test_multicall();
        test_trapped_write();
        test_table();
        test_frame();
        MG_DONE(mg_grant_unmap(handle));
        MG_DONE(mg_update(pte(), mg_pte(page, MG_READ)));
        MG_DONE(mg_update(pte(), 0));
    }
    test_table_let_go();
    test_use();
    test_user_mode();
    MG_CHECK(mg_pair_take_back(&peer, REF));
    mg_pair_end(&peer, PARAPET_SHUTDOWN_POWEROFF);
    mg_audit();
}
