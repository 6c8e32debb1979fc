/* SPDX-License-Identifier: MIT
 *
 * The guest kernel writes to a page table that it has mapped read-only. An
 * aligned mov of eight bytes is carried out, under the same checks as an
 * update; whatever else it is, or would be refused, is the guest's own page
 * fault and changes nothing. User mode never writes to a table.
 */
#include "abi/exits.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/user.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_trapped_write);

static uint64_t *table, *page;

/* What the snippets store, and where: they have rdi only. */
struct store {
    uint64_t *entry;
    uint64_t value;
};

/* mov from each kind of register, to each kind of place. */
#define LOAD "mov (%rdi), %rcx; mov 8(%rdi), %rdx; "
MG_SNIPPET(mov_rdx, LOAD "mov %rdx, (%rcx)");
MG_SNIPPET(mov_rax, LOAD "mov %rdx, %rax; mov %rax, (%rcx)");
MG_SNIPPET(mov_r8, LOAD "mov %rdx, %r8; mov %r8, (%rcx)");
MG_SNIPPET(mov_rbx, "push %rbx; " LOAD "mov %rdx, %rbx; mov %rbx, (%rcx); "
                    "pop %rbx");
MG_SNIPPET(mov_rbp, "push %rbp; " LOAD "mov %rdx, %rbp; mov %rbp, (%rcx); "
                    "pop %rbp");
MG_SNIPPET(mov_r15, "push %r15; " LOAD "mov %rdx, %r15; mov %r15, (%rcx); "
                    "pop %r15");
MG_SNIPPET(mov_to_r12, "push %r12; " LOAD "mov %rcx, %r12; mov %rdx, (%r12); "
                       "pop %r12");
MG_SNIPPET(mov_to_r13, "push %r13; " LOAD "mov %rcx, %r13; mov %rdx, (%r13); "
                       "pop %r13");
MG_SNIPPET(mov_disp8, LOAD "mov %rdx, %rax; sub $16, %rcx; "
                           "mov %rax, 16(%rcx)");
MG_SNIPPET(mov_disp32, LOAD "sub $0x12345678, %rcx; "
                            "mov %rdx, 0x12345678(%rcx)");
MG_SNIPPET(mov_scaled, LOAD "sub $80, %rcx; mov $9, %eax; "
                            "mov %rdx, 8(%rcx,%rax,8)");

static void (*const movs[])(void *) = {
    mov_rdx,    mov_rax,    mov_r8,    mov_rbx,    mov_rbp,   mov_r15,
    mov_to_r12, mov_to_r13, mov_disp8, mov_disp32, mov_scaled};

/* Those that are no mov of eight bytes, and locked ones. */
MG_SNIPPET(mov_4, LOAD "mov %edx, (%rcx)");
MG_SNIPPET(mov_4_high, LOAD "mov %edx, 4(%rcx)");
MG_SNIPPET(mov_2, LOAD "mov %dx, (%rcx)");
MG_SNIPPET(mov_1, LOAD "mov %dl, (%rcx)");
MG_SNIPPET(do_xchg, LOAD "xchg %rdx, (%rcx)");
MG_SNIPPET(do_cmpxchg, LOAD "xor %eax, %eax; lock cmpxchg %rdx, (%rcx)");
MG_SNIPPET(do_or, LOAD "or %rdx, (%rcx)");
MG_SNIPPET(do_add, LOAD "lock add %rdx, (%rcx)");
MG_SNIPPET(do_inc, LOAD "incq (%rcx)");
MG_SNIPPET(do_bts, LOAD "lock btsq $0, (%rcx)");

static void (*const others[])(void *) = {mov_4,   mov_4_high, mov_2, mov_1,
                                         do_xchg, do_cmpxchg, do_or, do_add,
                                         do_inc,  do_bts};

static uint64_t nr_emulated(void)
{
    return mg_counters(0)->exits[PARAPET_EXIT_table_write];
}

static void test_applied(void)
{
    struct store store = {table + 20, 0};

    for (size_t i = 0; i < ARRAY_SIZE(movs); i++) {
        uint64_t before = nr_emulated();

        store.value = mg_pte(page, MG_USER | PARAPET_PTE_W);
        if (!mg_expect_no_fault("a trapped write", movs[i], &store))
            mg_failure("the write that failed was movs[%zu]", i);
        MG_CHECK_EQ(table[20], store.value);
        MG_CHECK_EQ(nr_emulated(), before + 1);
        store.value = mg_pte(page, MG_READ);
        (void)mg_expect_no_fault("a trapped write", movs[i], &store);
        MG_CHECK_EQ(table[20],
                    store.value | PARAPET_PTE_U | PARAPET_PTE_KERNEL);
        store.value = 0;
        (void)mg_expect_no_fault("a trapped write", movs[i], &store);
        MG_CHECK_EQ(table[20], 0);
        mg_audit();
    }
}

/* The references that it takes are as good as another's. */
static void test_counts(void)
{
    uint64_t *other = mg_table(NULL);
    struct store store = {table, mg_pte(other, MG_WRITE)};

    (void)mg_expect_no_fault("a trapped write", mov_rdx, &store);
    MG_REFUSED(mg_pin(other, PARAPET_TABLE_L1), EBUSY);
    store.value = 0;
    (void)mg_expect_no_fault("a trapped write", mov_rdx, &store);
    MG_DONE(mg_pin(other, PARAPET_TABLE_L1));
    MG_DONE(mg_unpin(other));
}

static void expect_fault(void (*fn)(void *), uint64_t *entry, uint64_t value)
{
    struct store store = {entry, value};
    uint64_t before = *entry, emulated = nr_emulated();
    struct mg_fault fault;

    if (!mg_expect_fault("a refused write", fn, &store, MG_PF, &fault))
        return;
    MG_CHECK_EQ(fault.frame.error, MG_PF_PRESENT | MG_PF_WRITE);
    MG_CHECK((fault.vaddr & ~7ul) == ((uint64_t)entry & ~7ul));
    MG_CHECK_EQ(*entry, before);
    MG_CHECK_EQ(nr_emulated(), emulated);
    mg_audit();
}

static void test_refused_values(void)
{
    uint64_t good = mg_pte(page, MG_USER);

    expect_fault(mov_rdx, table, good | 0x80);
    expect_fault(mov_rdx, table, good | PARAPET_PTE_KERNEL);
    expect_fault(mov_rdx, table, good & ~1ul);
    expect_fault(mov_rdx, table, mg_pte(table, MG_TABLE));
    expect_fault(mov_rdx, table, MG_USER); /* mfn 0 */
    expect_fault(mov_rdx, table, 0xfee00000 | MG_TABLE);
    expect_fault(mov_rdx, mg_start_root() + 256, 0);
    expect_fault(mov_rdx, mg_start_root() + 257, good);
    expect_fault(mov_rdx, mg_start_root() + 510, good);
}

static void test_other_stores(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        expect_fault(others[i], table + 30, mg_pte(page, MG_USER));
    for (uint64_t odd = 1; odd < 8; odd++) {
        struct store store = {(uint64_t *)((uint64_t)(table + 30) + odd), 0};

        (void)mg_expect_fault("an unaligned write", mov_rdx, &store, MG_PF,
                              NULL);
    }
    MG_CHECK_EQ(table[30], 0);
    MG_CHECK_EQ(table[31], 0);
}

/* Read-only, but no table: nobody's business. */
static void test_no_table(void)
{
    uint64_t *data = mg_table(NULL);

    expect_fault(mov_rdx, data, 0);
    expect_fault(mov_rdx, data, mg_pte(page, MG_USER));
}

/* Through a mapping that user mode has; and the kernel's, for comparison. */
static void test_user(void)
{
    const struct mg_user_space *space = mg_user_init();
    struct parapet_frame frame = {.cs = PARAPET_CS_USER,
                                  .rsp = MG_USER_STACK_TOP};
    uint64_t index = mg_index(MG_USER_DATA, 1) + 1;
    struct store *store = (void *)space->data;
    struct mg_fault fault;

    MG_DONE(mg_update(mg_entry_of(space->data_l1, index),
                      mg_pte(table, MG_USER | PARAPET_PTE_NX)));
    MG_DONE(hypercall_mmu_flush(PARAPET_FLUSH_LOCAL));
    store->entry = (uint64_t *)(MG_USER_DATA + MG_PAGE_SIZE);
    store->value = mg_pte(page, MG_USER);
    frame.rip = mg_user_address(mov_rdx);
    mg_user_enter(&frame, MG_USER_DATA, &fault);
    MG_CHECK_EQ(fault.vector, MG_PF);
    MG_CHECK_EQ(fault.frame.error, MG_PF_PRESENT | MG_PF_WRITE | MG_PF_USER);
    MG_CHECK_EQ(fault.frame.cs, PARAPET_CS_USER);
    MG_CHECK_EQ(table[0], 0);
    (void)mg_expect_no_fault("a trapped write", mov_rdx, store);
    MG_CHECK_EQ(table[0], store->value);
    mg_audit();
}

void test_main(void)
{
    page = mg_page();
    table = mg_table(NULL);
    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    test_applied();
    test_counts();
    test_refused_values();
    test_other_stores();
    test_no_table();
    test_user();
}
