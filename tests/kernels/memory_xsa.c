/* SPDX-License-Identifier: MIT
 *
 * Published failures of another hypervisor's direct paging (Xen security
 * advisories, xenbits.xen.org/xsa), each tried here in our terms:
 *
 *   XSA-148  an update of flags alone sets the large-page bit of a level-2
 *            entry: the table below becomes 2 MiB of writable memory
 *   XSA-182  an update of flags alone gives a read-only recursive entry of a
 *            level-4 table write access
 *   XSA-212  the array of a memory call is looked at only at its start, and
 *            results are stored after it, in the hypervisor's memory
 *   XSA-213  a multicall goes to another mode or root half way, and what comes
 *            after it is done in the wrong one
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/user.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_xsa);

#define SCRATCH 0x10000000ul
#define PTE_PS 0x80ul

MG_SNIPPET(store_byte, "movb $0, (%rdi)");
MG_SNIPPET(do_syscall, "syscall");

static uint64_t *l1, *l2, *l3;

static void make_tables(void)
{
    l1 = mg_table(NULL);
    l2 = mg_table_of(mg_index(SCRATCH, 2), mg_pte(l1, MG_TABLE));
    l3 = mg_table_of(0, mg_pte(l2, MG_TABLE));
    MG_DONE(mg_update(mg_entry_of(mg_start_root(), 0), mg_pte(l3, MG_TABLE)));
}

/* With the frame as it is, and with one that begins a large page. */
static void test_xsa_148(void)
{
    static const uint64_t masks[] = {PTE_PS, PTE_PS | PARAPET_PTE_W,
                                     PTE_PS | PARAPET_PTE_A, 0xfff,
                                     ~(uint64_t)PARAPET_PTE_ADDRESS};
    uint64_t *const tables[] = {l2, l3, mg_start_root()};

    for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
        uint64_t index = t == 0 ? mg_index(SCRATCH, 2) : 0;
        uint64_t entry = mg_entry_of(tables[t], index);
        uint64_t before = mg_read_entry(entry);

        for (size_t i = 0; i < ARRAY_SIZE(masks); i++)
            MG_REFUSED(mg_update_masked(entry, MG_TABLE | PTE_PS, masks[i]),
                       EINVAL);
        MG_CHECK_EQ(mg_read_entry(entry), before);
    }
    MG_REFUSED(mg_update(mg_entry_of(l2, 9), MG_TABLE | PTE_PS), EINVAL);
    /* Not even by way of an entry that is not present. */
    MG_DONE(mg_update(mg_entry_of(l2, 9), PTE_PS));
    MG_REFUSED(mg_update_masked(mg_entry_of(l2, 9), mg_pte(l1, MG_TABLE),
                                ~(uint64_t)PTE_PS),
               EINVAL);
    MG_DONE(mg_update(mg_entry_of(l2, 9), 0));
}

/* There is no recursive entry to begin with, read-only or not. */
static void test_xsa_182(void)
{
    uint64_t *root = mg_start_root();
    uint64_t entry = mg_entry_of(root, 5), at;

    MG_REFUSED(mg_update(entry, mg_pte(root, MG_USER)), EBUSY);
    MG_REFUSED(mg_update(entry, mg_pte(root, MG_TABLE)), EBUSY);
    MG_REFUSED(mg_update_masked(mg_entry_of(root, 0), mg_pte(root, 0),
                                PARAPET_PTE_ADDRESS),
               EBUSY);
    /* A read-only mapping of a table, of each level: the same fast path. */
    for (int level = 1; level <= 4; level++) {
        uint64_t *table = level == 1   ? l1
                          : level == 2 ? l2
                          : level == 3 ? l3
                                       : root;

        MG_DONE(mg_set_va(SCRATCH, mg_pte(table, MG_READ)));
        at = mg_walk(root, SCRATCH, 1);
        MG_REFUSED(mg_update_masked(at, PARAPET_PTE_W, PARAPET_PTE_W), EBUSY);
        MG_REFUSED(mg_update_masked(
                       at, ~0ul, PARAPET_PTE_W | PARAPET_PTE_A | PARAPET_PTE_D),
                   EBUSY);
        (void)mg_expect_fault("store into a table", store_byte, (void *)SCRATCH,
                              MG_PF, NULL);
    }
    MG_DONE(mg_set_va(SCRATCH, 0));
}

/* Whether a call of the group lets a result out of its array's bounds. */
static void test_xsa_212(void)
{
    static const uint64_t arrays[] = {
        PARAPET_HYPERVISOR_START,
        PARAPET_HYPERVISOR_START + 0x10000,
        PARAPET_HYPERVISOR_START + (1ul << 40),
        PARAPET_HYPERVISOR_START - 16,
        PARAPET_HYPERVISOR_START - 16 * 4095,
        PARAPET_HYPERVISOR_END - 16,
        ~0ul - 15,
    };
    /* So large that index times size wraps, to land near an own page. */
    static const uint64_t counts[] = {1ul << 59, (1ul << 60) - 1,
                                      1ul << 60, (1ul << 60) + 1,
                                      1ul << 63, ~0ul};
    static struct parapet_populate frame;
    struct parapet_memory_limits before, after;

    MG_DONE(hypercall_memory_limits(&before));
    for (size_t i = 0; i < ARRAY_SIZE(arrays); i++) {
        void *array = (void *)arrays[i];

        for (uint64_t nr = 1; nr <= PARAPET_MAX_FRAMES; nr *= 16) {
            MG_REFUSED(hypercall_memory_populate(array, nr), EFAULT);
            MG_REFUSED(hypercall_memory_give_back(array, nr), EFAULT);
            MG_REFUSED(hypercall_mmu_update(array, nr, ~0ul), EFAULT);
        }
        MG_REFUSED(hypercall_memory_limits(array), EFAULT);
        for (size_t c = 0; c < ARRAY_SIZE(counts); c++)
            MG_REFUSED(hypercall_memory_populate(array, counts[c]), E2BIG);
    }
    for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
        MG_REFUSED(hypercall_memory_populate(&frame, counts[c]), E2BIG);
        MG_REFUSED(hypercall_memory_give_back(&frame, counts[c]), E2BIG);
    }
    /* Nothing was given out on the way to the refusal. */
    MG_DONE(hypercall_memory_limits(&after));
    MG_CHECK_EQ(after.nr_frames, before.nr_frames);
    MG_CHECK_EQ(frame.mfn, 0);
}

/* In a page of its own, so that another root can do without it. */
static _Alignas(4096) union {
    struct parapet_multicall_entry calls[4];
    unsigned char page[4096];
} elsewhere;

/* An iret in a multicall is refused; the mode stays, and so does the rest. */
static void test_xsa_213_mode(void)
{
    static struct parapet_multicall_entry calls[3];

    calls[0].number = PARAPET_HC_iret;
    calls[1].number = PARAPET_HC_multicall;
    calls[2].number = PARAPET_HC_abi_version;
    MG_DONE(hypercall_multicall_all(mg_vcpu_page(), calls, 3));
    MG_CHECK_EQ(calls[0].result, -PARAPET_EINVAL);
    MG_CHECK_EQ(calls[1].result, -PARAPET_EINVAL);
    MG_CHECK_EQ(calls[2].result, PARAPET_ABI_VERSION);
    mg_audit();
}

/* A user root that changes in a multicall is the one that is used. */
static void test_xsa_213_user_root(void)
{
    static struct parapet_multicall_entry calls[2];
    const struct mg_user_space *space = mg_user_init();
    uint64_t *empty = mg_table(NULL);
    struct mg_fault fault;

    (void)mg_user_expect("a system call", do_syscall, 0, MG_SYSCALL, NULL);
    MG_DONE(mg_pin(empty, PARAPET_TABLE_USER));
    calls[0].number = PARAPET_HC_mmu_set_user_root;
    calls[0].args[0] = mg_mfn_of(empty);
    calls[1].number = PARAPET_HC_abi_version;
    MG_DONE(hypercall_multicall_all(mg_vcpu_page(), calls, 2));
    MG_DONE(calls[0].result);
    mg_audit();
    (void)mg_user_expect("code that is not there", do_syscall, 0, MG_PF,
                         &fault);
    MG_CHECK_EQ(fault.frame.error, MG_PF_USER | MG_PF_FETCH);
    calls[0].args[0] = mg_mfn_of(space->root);
    MG_DONE(hypercall_multicall_all(mg_vcpu_page(), calls, 2));
    MG_DONE(calls[0].result);
    (void)mg_user_expect("a system call", do_syscall, 0, MG_SYSCALL, NULL);
    MG_DONE(mg_unpin(empty));
    mg_audit();
}

/*
 * A kernel root that changes in a multicall, to one without the page in which
 * the rest of the multicall is: it cannot go on, and writes no result there.
 */
static void test_xsa_213_kernel_root(void)
{
    struct parapet_multicall_entry *calls = elsewhere.calls;
    uint64_t *root = mg_kernel_root(), *start = mg_start_root(), *copies[3];
    uint64_t vaddr = (uint64_t)calls;

    /* The way down to the page, copied, with the last entry taken out. */
    for (int level = 1; level <= 3; level++) {
        const uint64_t *from =
            mg_mfn_pointer(mg_walk(start, vaddr, level) / MG_PAGE_SIZE);
        uint64_t entries[MG_PTES];

        for (int i = 0; i < MG_PTES; i++) {
            entries[i] = from[i] & ~(uint64_t)PARAPET_PTE_KERNEL;
            if (from[i] & PARAPET_PTE_KERNEL)
                entries[i] &= ~(uint64_t)PARAPET_PTE_U;
        }
        entries[mg_index(vaddr, level)] =
            level == 1 ? 0 : mg_pte(copies[level - 2], MG_TABLE);
        copies[level - 1] = mg_table(entries);
    }
    MG_DONE(mg_pin(root, PARAPET_TABLE_L4));
    MG_DONE(mg_update(mg_entry_of(root, mg_index(vaddr, 4)),
                      mg_pte(copies[2], MG_TABLE)));
    calls[0].number = PARAPET_HC_mmu_set_kernel_root;
    calls[0].args[0] = mg_mfn_of(root);
    calls[1].number = PARAPET_HC_abi_version;
    calls[1].result = 0x5a5a;
    MG_CHECK_EQ(hypercall_multicall(calls, 2), -PARAPET_EFAULT);
    (void)mg_expect_fault("the page is not there", store_byte, calls, MG_PF,
                          NULL);
    mg_audit();
    MG_DONE(hypercall_mmu_set_kernel_root(mg_mfn_of(start)));
    MG_CHECK_EQ(calls[1].result, 0x5a5a);
    MG_DONE(mg_unpin(root));
    mg_audit();
}

void test_main(void)
{
    make_tables();
    test_xsa_148();
    test_xsa_182();
    test_xsa_212();
    test_xsa_213_mode();
    test_xsa_213_kernel_root();
    MG_DONE(mg_update(mg_entry_of(mg_start_root(), 0), 0));
    test_xsa_213_user_root();
}
