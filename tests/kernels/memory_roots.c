/* SPDX-License-Identifier: MIT
 *
 * Roots: the hypervisor's slots are its own, a user root has nothing above the
 * lower half, neither serves as the other, and one that is in use stays a root
 * whatever becomes of its pin.
 *
 * QEMU: once=1
 * VARIANT: slots
 * VARIANT: users
 * VARIANT: switching
 * VARIANT: bare expect=killed:"stack for the exception"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_roots);

#define FIRST_SLOT 256
#define SLOTS_END 272

#define KERNEL PARAPET_TABLE_L4
#define USER PARAPET_TABLE_USER

/* What one would like to see in a slot of the hypervisor's. */
static uint64_t forgeries[6];

static void make_forgeries(void)
{
    uint64_t *l3 = mg_table(NULL);

    forgeries[0] = mg_pte(l3, MG_TABLE);
    forgeries[1] = mg_pte(l3, PARAPET_PTE_P);
    forgeries[2] = mg_start_root()[FIRST_SLOT];     /* the M2P's own */
    forgeries[3] = mg_start_root()[FIRST_SLOT + 1]; /* another of its own */
    forgeries[4] = PARAPET_PTE_W;                   /* not even present */
    forgeries[5] = PARAPET_PTE_SOFT;
}

static uint64_t *copy_with(const uint64_t *from, uint64_t slot, uint64_t entry)
{
    uint64_t *copy = mg_page();

    for (uint64_t i = 0; i < MG_PTES; i++)
        copy[i] = from[i];
    copy[slot] = entry;
    MG_DONE(mg_set_writable(copy, false));
    return copy;
}

static void expect_slot_refused(const uint64_t *root, uint32_t type,
                                uint64_t slot)
{
    uint64_t *good = copy_with(root, 0, 0);
    uint64_t before;

    for (size_t i = 0; i < ARRAY_SIZE(forgeries); i++) {
        uint64_t *bad;

        if (forgeries[i] == 0)
            continue;
        bad = copy_with(root, slot, forgeries[i]);
        MG_REFUSED(mg_pin(bad, type), EPERM);
        MG_CHECK_EQ(mg_vcpu_page()->failed_entry, mg_entry_of(bad, slot));
        MG_DONE(mg_set_writable(bad, true));
    }
    MG_DONE(mg_pin(good, type));
    before = good[slot];
    for (size_t i = 0; i < ARRAY_SIZE(forgeries); i++)
        MG_CHECK_EQ(mg_update(mg_entry_of(good, slot), forgeries[i]),
                    -PARAPET_EPERM);
    MG_CHECK_EQ(mg_update(mg_entry_of(good, slot), 0), -PARAPET_EPERM);
    MG_CHECK_EQ(mg_update_masked(mg_entry_of(good, slot), 0, 0),
                -PARAPET_EPERM);
    MG_CHECK_EQ(good[slot], before);
    MG_DONE(mg_unpin(good));
    mg_audit();
}

/* Those of the root that is in use, too. */
static void test_slots(void)
{
    uint64_t *root = mg_kernel_root();
    const uint64_t *start = mg_start_root();

    make_forgeries();
    for (uint64_t slot = FIRST_SLOT; slot < SLOTS_END; slot++) {
        uint64_t before = start[slot];

        expect_slot_refused(root, KERNEL, slot);
        MG_REFUSED(mg_update(mg_entry_of(start, slot), forgeries[0]), EPERM);
        MG_REFUSED(mg_update_masked(mg_entry_of(start, slot), PARAPET_PTE_U,
                                    PARAPET_PTE_U),
                   EPERM);
        MG_REFUSED(mg_update(mg_entry_of(start, slot), 0), EPERM);
        MG_CHECK_EQ(start[slot], before);
    }
    MG_DONE(mg_pin(root, KERNEL));
    for (uint64_t slot = FIRST_SLOT; slot < SLOTS_END; slot++)
        MG_CHECK_EQ(root[slot], start[slot]);
    MG_DONE(mg_unpin(root));
}

static void test_users(void)
{
    static const uint64_t slots[] = {256, 257, 271, 272, 300, 510, 511};
    uint64_t *l3 = mg_table(NULL);
    uint64_t *root = mg_table_of(0, mg_pte(l3, MG_TABLE)), *bad;

    make_forgeries();
    for (size_t i = 0; i < ARRAY_SIZE(slots); i++)
        expect_slot_refused(root, USER, slots[i]);

    /* What the user bit says is the point of it. */
    bad = mg_table_of(1, mg_pte(l3, PARAPET_PTE_P | PARAPET_PTE_W));
    MG_REFUSED(mg_pin(bad, USER), EINVAL);
    MG_DONE(mg_pin(root, USER));
    MG_REFUSED(mg_update(mg_entry_of(root, 1), mg_pte(l3, PARAPET_PTE_P)),
               EINVAL);
    MG_REFUSED(mg_update_masked(mg_entry_of(root, 0), 0, PARAPET_PTE_U),
               EINVAL);
    MG_CHECK_EQ(root[0], mg_pte(l3, MG_TABLE));
    MG_CHECK_EQ(root[FIRST_SLOT], 0); /* no M2P for users */

    /* Each kind of root for what it is, and nothing else for a root. */
    MG_REFUSED(hypercall_mmu_set_kernel_root(mg_mfn_of(root)), ENOENT);
    MG_REFUSED(hypercall_mmu_set_user_root(mg_mfn_of(mg_start_root())), ENOENT);
    MG_REFUSED(hypercall_mmu_set_kernel_root(mg_mfn_of(l3)), ENOENT);
    MG_REFUSED(hypercall_mmu_set_user_root(mg_mfn_of(l3)), ENOENT);
    MG_REFUSED(hypercall_mmu_set_kernel_root(mg_mfn_of(mg_page())), ENOENT);
    MG_REFUSED(hypercall_mmu_set_user_root(mg_mfn_of(mg_page())), ENOENT);
    MG_REFUSED(mg_pin(root, KERNEL), EBUSY);
    MG_REFUSED(mg_pin(mg_start_root(), USER), EBUSY);
    MG_DONE(mg_unpin(root));
    MG_REFUSED(hypercall_mmu_set_user_root(mg_mfn_of(root)), ENOENT);
}

static int64_t give_back(const uint64_t *page)
{
    uint64_t mfn = mg_mfn_of(page);

    return HYPERCALL_RESTARTED(hypercall_memory_give_back(&mfn, 1));
}

/* Held by the vCPU alone. */
static void expect_held(uint64_t *root)
{
    MG_REFUSED(mg_unpin(root), ENOENT);
    MG_REFUSED(mg_set_writable(root, true), EBUSY);
    MG_REFUSED(mg_pin(root, PARAPET_TABLE_L1), EBUSY);
    MG_REFUSED(give_back(root), EBUSY);
}

static void test_kernel_root_in_use(void)
{
    uint64_t *root = mg_kernel_root(), *start = mg_start_root();
    const uint64_t vaddr = 0x10000000;

    MG_DONE(mg_pin(root, KERNEL));
    MG_DONE(hypercall_mmu_set_kernel_root(mg_mfn_of(root)));
    mg_audit();
    MG_DONE(mg_unpin(root));
    expect_held(root);
    /* It is this one that counts now. */
    MG_DONE(mg_update(mg_entry_of(start, 0), mg_pte(mg_table(NULL), MG_TABLE)));
    MG_REFUSED(mg_set_va(vaddr, 0), ENOENT);
    MG_DONE(mg_update(mg_entry_of(start, 0), 0));

    MG_DONE(hypercall_mmu_set_kernel_root(mg_mfn_of(start)));
    MG_REFUSED(hypercall_mmu_set_kernel_root(mg_mfn_of(root)), ENOENT);
    MG_DONE(mg_set_writable(root, true));
    mg_audit();
    /* The start root is pinned and in use: both must go, and then it goes. */
    MG_DONE(mg_unpin(start));
    expect_held(start);
    MG_DONE(mg_pin(start, KERNEL));
}

static void test_user_root_in_use(void)
{
    uint64_t *l3 = mg_table(NULL);
    uint64_t *root = mg_table_of(0, mg_pte(l3, MG_TABLE));

    MG_DONE(mg_pin(root, USER));
    MG_DONE(hypercall_mmu_set_user_root(mg_mfn_of(root)));
    MG_DONE(hypercall_mmu_set_user_root(mg_mfn_of(root)));
    mg_audit();
    MG_DONE(mg_unpin(root));
    expect_held(root);
    MG_REFUSED(mg_set_writable(l3, true), EBUSY);
    MG_DONE(hypercall_mmu_set_user_root(0));
    MG_DONE(mg_set_writable(root, true));
    MG_DONE(mg_set_writable(l3, true));
    mg_audit();
}

/* A root goes round with its own lower half; one page, seen or not. */
static void test_switching(void)
{
    uint64_t *page = mg_page(), *l1, *l2, *l3, *root = mg_kernel_root();
    const volatile uint64_t *seen;
    uint64_t vaddr = 5ul << 39;

    test_kernel_root_in_use();
    test_user_root_in_use();
    page[0] = 0x70616765;
    l1 = mg_table_of(0, mg_pte(page, MG_READ));
    l2 = mg_table_of(0, mg_pte(l1, MG_TABLE));
    l3 = mg_table_of(0, mg_pte(l2, MG_TABLE));
    MG_DONE(mg_pin(root, KERNEL));
    MG_DONE(mg_update(mg_entry_of(root, 5), mg_pte(l3, MG_TABLE)));
    seen = (const volatile uint64_t *)vaddr;
    for (int round = 0; round < 1000; round++) {
        MG_DONE(hypercall_mmu_set_kernel_root(mg_mfn_of(root)));
        MG_CHECK_EQ(*seen, 0x70616765);
        MG_DONE(hypercall_mmu_set_kernel_root(mg_mfn_of(mg_start_root())));
    }
    MG_DONE(mg_unpin(root));
    mg_audit();
}

/* Nothing of the kernel is in it, so the next exception finds no stack. */
static void test_bare(void)
{
    uint64_t *root = mg_table(NULL);

    MG_DONE(mg_pin(root, KERNEL));
    mg_expect_kill();
    (void)hypercall_mmu_set_kernel_root(mg_mfn_of(root));
    mg_not_killed();
}

void test_main(void)
{
    if (mg_variant("slots"))
        test_slots();
    else if (mg_variant("users"))
        test_users();
    else if (mg_variant("switching"))
        test_switching();
    else
        test_bare();
}
