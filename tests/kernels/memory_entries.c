/* SPDX-License-Identifier: MIT
 *
 * What a page-table entry may say. Each bit that the ABI does not name is
 * refused with -EINVAL at each level, by each way in, and leaves the entry as
 * it was; each bit that it names does what it says.
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_entries);

#define PTE_PWT 0x8ul
#define PTE_PCD 0x10ul
#define PTE_PS 0x80ul /* of level 1: PAT */
#define PTE_G 0x100ul
#define PTE_PAT_LARGE 0x1000ul
#define SCRATCH 0x10000000ul
#define NR_LEVELS 4

MG_SNIPPET(load, "mov (%rdi), %rax");
MG_SNIPPET(store_byte, "movb $1, (%rdi)");
MG_SNIPPET(jump, "jmp *%rdi");

/* The tables below the start root that map SCRATCH, by level. */
static uint64_t *tables[NR_LEVELS + 1];
static uint64_t *page;

static void make_tables(void)
{
    page = mg_page();
    tables[1] = mg_table(NULL);
    for (int level = 2; level < NR_LEVELS; level++)
        tables[level] = mg_table_of(mg_index(SCRATCH, level),
                                    mg_pte(tables[level - 1], MG_TABLE));
    tables[4] = mg_start_root();
    MG_DONE(mg_update(mg_entry_of(tables[4], 0), mg_pte(tables[3], MG_TABLE)));
    /* So that a slot of any level can be emptied and filled again. */
    for (int level = 1; level < NR_LEVELS; level++)
        MG_DONE(mg_pin(tables[level], (uint32_t)level));
}

static uint64_t entry_at(int level)
{
    return mg_entry_of(tables[level], mg_index(SCRATCH, level));
}

/* What is right in the entry of this level. */
static uint64_t good_value(int level)
{
    return level == 1 ? mg_pte(page, MG_READ)
                      : mg_pte(tables[level - 1], MG_TABLE);
}

static void expect_refused(int level, uint64_t bit)
{
    uint64_t entry = entry_at(level), before = mg_read_entry(entry);
    uint64_t *later = mg_page();
    uint64_t bad = good_value(level) | bit;
    int64_t result;

    MG_CHECK_EQ(mg_update(entry, bad), -PARAPET_EINVAL);
    MG_CHECK_EQ(mg_vcpu_page()->failed_entry, entry);
    MG_CHECK_EQ(mg_update_masked(entry, bit, bit), -PARAPET_EINVAL);
    MG_CHECK_EQ(mg_update_masked(entry, bad, bit | PARAPET_PTE_P),
                -PARAPET_EINVAL);
    if (level == 1)
        MG_CHECK_EQ(mg_set_va(SCRATCH, bad), -PARAPET_EINVAL);
    MG_CHECK_EQ(mg_read_entry(entry), before);

    /* And in a table that is made. */
    later[9] = bad;
    MG_DONE(mg_set_writable(later, false));
    result = mg_pin(later, (uint32_t)level);
    if (result != -PARAPET_EINVAL)
        mg_failure("level %d, bits %#lx: pin: expected -EINVAL, got %ld", level,
                   bit, result);
    MG_CHECK_EQ(mg_vcpu_page()->failed_entry, mg_entry_of(later, 9));
    mg_audit();
}

/* Large pages, global pages, caching modes, keys, and what means nothing. */
static void test_refused_bits(void)
{
    for (int level = 1; level <= NR_LEVELS; level++) {
        MG_DONE(mg_update(entry_at(level), good_value(level)));
        expect_refused(level, PTE_PWT);
        expect_refused(level, PTE_PCD);
        expect_refused(level, PTE_PWT | PTE_PCD);
        expect_refused(level, PTE_PS);
        expect_refused(level, PTE_G);
        expect_refused(level, PARAPET_PTE_KERNEL);
        for (int bit = 52; bit < 63; bit++)
            expect_refused(level, 1ul << bit);
        expect_refused(level, 0x7ff0000000000000);
    }
    MG_DONE(mg_update(entry_at(1), 0));
}

/* Large pages that would hold the hypervisor: present from nothing, too. */
static void test_large_pages(void)
{
    static const uint64_t places[] = {0, PTE_PAT_LARGE, 1ul << 21, 1ul << 30};

    for (int level = 2; level <= 3; level++) {
        uint64_t entry = mg_entry_of(tables[level], 100);

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
            MG_REFUSED(mg_update(entry, places[i] | MG_TABLE | PTE_PS), EINVAL);
            MG_REFUSED(mg_update(entry, places[i] | MG_USER | PTE_PS), EINVAL);
        }
        MG_CHECK_EQ(mg_read_entry(entry), 0);
    }
}

/* Addresses that no frame has, and those that no machine has: bits 46 to 51. */
static void test_far_addresses(void)
{
    for (int level = 1; level <= NR_LEVELS; level++) {
        uint64_t entry = mg_entry_of(tables[level], 101);

        for (int bit = 40; bit < 52; bit++) {
            MG_REFUSED(mg_update(entry, 1ul << bit | MG_USER), EPERM);
            MG_CHECK_EQ(mg_update(entry, 1ul << bit | good_value(level)),
                        -PARAPET_EPERM);
        }
        MG_CHECK_EQ(mg_read_entry(entry), 0);
    }
    mg_audit();
}

/*
 * Not present: no address, since a CPU with the flaw called L1TF loads from
 * there all the same; the other bits are the guest's own.
 */
static void test_not_present(void)
{
    const uint64_t own = ~(uint64_t)(PARAPET_PTE_ADDRESS | PARAPET_PTE_P);

    for (int level = 1; level <= NR_LEVELS; level++) {
        uint64_t entry = mg_entry_of(tables[level], 102);

        for (int bit = 12; bit < 52; bit++)
            MG_CHECK_EQ(mg_update(entry, 1ul << bit), -PARAPET_EINVAL);
        MG_REFUSED(mg_update(entry, mg_pte(page, PARAPET_PTE_W)), EINVAL);
        MG_CHECK_EQ(mg_read_entry(entry), 0);
        MG_DONE(mg_update(entry, own));
        MG_CHECK_EQ(mg_read_entry(entry), own);
        mg_audit();
        /* What was harmless there is not when it becomes present. */
        MG_REFUSED(mg_update_masked(entry, PARAPET_PTE_P, PARAPET_PTE_P),
                   EINVAL);
        MG_DONE(mg_update(entry, 0));
    }
    /* An entry that only stops to be present would keep its address. */
    MG_DONE(mg_update(entry_at(1), good_value(1)));
    MG_REFUSED(mg_update_masked(entry_at(1), 0, PARAPET_PTE_P), EINVAL);
    MG_DONE(
        mg_update_masked(entry_at(1), 0, PARAPET_PTE_P | PARAPET_PTE_ADDRESS));
    mg_audit();
}

/* Forged by way of an entry that is not present, or of another's bits. */
static void test_forged_kernel_bit(void)
{
    uint64_t entry = entry_at(1);

    MG_DONE(mg_update(entry, PARAPET_PTE_KERNEL));
    MG_REFUSED(
        mg_update_masked(entry, good_value(1), ~(uint64_t)PARAPET_PTE_KERNEL),
        EINVAL);
    MG_DONE(mg_update(entry, 0));
    MG_REFUSED(
        mg_set_va(SCRATCH, good_value(1) | PARAPET_PTE_U | PARAPET_PTE_KERNEL),
        EINVAL);
    /* To write back what was read is to forge it as well. */
    MG_DONE(mg_update(entry, good_value(1)));
    MG_REFUSED(mg_update(entry, mg_read_entry(entry)), EINVAL);
    MG_REFUSED(mg_update_masked(entry, PARAPET_PTE_KERNEL, PARAPET_PTE_KERNEL),
               EINVAL);
    MG_DONE(mg_update(entry, 0));
}

/* What was written without the user bit works, and reads back as it says. */
static void test_user_bit(void)
{
    uint64_t kernel = mg_pte(page, MG_WRITE);
    uint64_t user = kernel | PARAPET_PTE_U;
    const uint64_t accessed = PARAPET_PTE_A | PARAPET_PTE_D;

    MG_DONE(mg_set_va(SCRATCH, kernel));
    MG_CHECK_EQ(mg_read_entry(entry_at(1)), user | PARAPET_PTE_KERNEL);
    (void)mg_expect_no_fault("store", store_byte, (void *)SCRATCH);
    MG_CHECK_EQ(mg_read_entry(entry_at(1)),
                user | PARAPET_PTE_KERNEL | accessed);
    MG_DONE(mg_set_va(SCRATCH, user));
    MG_CHECK_EQ(mg_read_entry(entry_at(1)), user);
    MG_DONE(mg_update_masked(entry_at(1), 0, PARAPET_PTE_U));
    MG_CHECK_EQ(mg_read_entry(entry_at(1)), user | PARAPET_PTE_KERNEL);
    MG_DONE(mg_update_masked(entry_at(1), PARAPET_PTE_U, PARAPET_PTE_U));
    MG_CHECK_EQ(mg_read_entry(entry_at(1)), user);
    /* Of the levels above, too. */
    for (int level = 2; level <= NR_LEVELS; level++) {
        MG_DONE(mg_update_masked(entry_at(level), 0, PARAPET_PTE_U));
        MG_CHECK_EQ(mg_read_entry(entry_at(level)) & ~accessed,
                    good_value(level) | PARAPET_PTE_KERNEL);
        (void)mg_expect_no_fault("store", store_byte, (void *)SCRATCH);
        MG_DONE(mg_update(entry_at(level), good_value(level)));
    }
    MG_DONE(mg_set_va(SCRATCH, 0));
    mg_audit();
}

static void test_protection(void)
{
    struct mg_fault fault;
    static const unsigned char ret = 0xc3;

    *(unsigned char *)page = ret;
    MG_DONE(mg_set_va(SCRATCH, mg_pte(page, MG_WRITE)));
    (void)mg_expect_fault("jump into no-execute", jump, (void *)SCRATCH, MG_PF,
                          &fault);
    MG_CHECK_EQ(fault.frame.error, MG_PF_PRESENT | MG_PF_FETCH);
    MG_DONE(mg_set_va(SCRATCH, mg_pte(page, PARAPET_PTE_P)));
    (void)mg_expect_no_fault("jump", jump, (void *)SCRATCH);
    (void)mg_expect_fault("store to read-only", store_byte, (void *)SCRATCH,
                          MG_PF, &fault);
    MG_CHECK_EQ(fault.frame.error, MG_PF_PRESENT | MG_PF_WRITE);
    MG_CHECK_EQ(fault.vaddr, SCRATCH);
    MG_DONE(mg_set_va(SCRATCH, 0));
    (void)mg_expect_fault("load from nothing", load, (void *)SCRATCH, MG_PF,
                          &fault);
    MG_CHECK_EQ(fault.frame.error, 0);
    /* No-execute and read-only of a level above. */
    MG_DONE(mg_set_va(SCRATCH, mg_pte(page, PARAPET_PTE_P | PARAPET_PTE_W)));
    for (int level = 2; level <= NR_LEVELS; level++) {
        MG_DONE(mg_update(entry_at(level), good_value(level) | PARAPET_PTE_NX));
        MG_DONE(hypercall_mmu_flush(PARAPET_FLUSH_LOCAL));
        (void)mg_expect_fault("jump into no-execute", jump, (void *)SCRATCH,
                              MG_PF, NULL);
        MG_DONE(mg_update(entry_at(level),
                          good_value(level) & ~(uint64_t)PARAPET_PTE_W));
        MG_DONE(hypercall_mmu_flush(PARAPET_FLUSH_LOCAL));
        (void)mg_expect_fault("store to read-only", store_byte, (void *)SCRATCH,
                              MG_PF, NULL);
        MG_DONE(mg_update(entry_at(level), good_value(level)));
    }
    MG_DONE(hypercall_mmu_flush(PARAPET_FLUSH_LOCAL));
    MG_DONE(mg_set_va(SCRATCH, 0));
    mg_audit();
}

/* The guest's own bits, and those that the CPU sets. */
static void test_soft_bits(void)
{
    uint64_t entry = entry_at(1);
    uint64_t value = good_value(1) | PARAPET_PTE_U;

    for (uint64_t bits = 0; bits <= PARAPET_PTE_SOFT; bits += 0x200) {
        MG_DONE(mg_update(entry, value | bits | PARAPET_PTE_A));
        MG_CHECK_EQ(mg_read_entry(entry), value | bits | PARAPET_PTE_A);
    }
    MG_DONE(mg_update(entry, value));
    MG_DONE(hypercall_mmu_invalidate(SCRATCH, PARAPET_FLUSH_LOCAL));
    (void)mg_expect_no_fault("load", load, (void *)SCRATCH);
    MG_CHECK_EQ(mg_read_entry(entry), value | PARAPET_PTE_A);
    MG_DONE(mg_update(entry, 0));
    mg_audit();
}

void test_main(void)
{
    make_tables();
    mg_audit();
    test_refused_bits();
    test_large_pages();
    test_far_addresses();
    test_not_present();
    test_forged_kernel_bit();
    test_user_bit();
    test_protection();
    test_soft_bits();
}
