/* SPDX-License-Identifier: MIT
 *
 * Two edges of the address space that memory calls once tripped over: a store
 * to a read-only page by the last instruction of a mapped page, whose page
 * fault has to name the data and not what the hypervisor read after the code;
 * and a batch in the last bytes of all, which must not go on at address 0.
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_edges);

#define PAGE_BYTES 4096ul
#define NR_ASKED 4
#define NR_AT_TOP 16

/* Maps a page at 0, where nothing was. */
static void map_at_zero(uint64_t entry)
{
    uint64_t *l1 = mg_table_of(0, entry);
    uint64_t *l2 = mg_table_of(0, mg_pte(l1, MG_TABLE));
    uint64_t *l3 = mg_table_of(0, mg_pte(l2, MG_TABLE));

    MG_DONE(mg_update(mg_entry_of(mg_start_root(), 0), mg_pte(l3, MG_TABLE)));
}

/* mov %rax, (%rdi); ret: at the end of the page at 0, with nothing after it. */
static void test_last_instruction(uint64_t *page)
{
    static const uint8_t code[] = {0x48, 0x89, 0x07, 0xc3};
    uint64_t start = PAGE_BYTES - sizeof(code);
    struct mg_fault fault = {0};
    uint64_t *data = mg_page();
    void (*store)(void *);

    memcpy((uint8_t *)page + start, code, sizeof(code));
    memcpy(&store, &start, sizeof(store));
    MG_DONE(mg_set_writable(data, false));
    if (mg_expect_fault("a store at the end", store, data, MG_PF, &fault)) {
        MG_CHECK_EQ(fault.vaddr, data);
        MG_CHECK_EQ(fault.frame.rip, start);
    }
}

/* Maps a page as the last one of all; the image's tables lead there. */
static void map_at_top(uint64_t *page)
{
    uint64_t *l1 = mg_table_of(511, mg_pte(page, MG_WRITE)), *l2, *l3;

    l3 = mg_mfn_pointer((mg_start_root()[511] & PARAPET_PTE_ADDRESS) >> 12);
    if (l3[511] == 0) {
        l2 = mg_table_of(511, mg_pte(l1, MG_TABLE));
        MG_DONE(mg_update(mg_entry_of(l3, 511), mg_pte(l2, MG_TABLE)));
    } else {
        l2 = mg_mfn_pointer((l3[511] & PARAPET_PTE_ADDRESS) >> 12);
        MG_DONE(mg_update(mg_entry_of(l2, 511), mg_pte(l1, MG_TABLE)));
    }
}

/* The page at 0 goes on with the list, as it were. */
static void test_batch_at_top(uint64_t *low)
{
    uint64_t *top = mg_page(), *data = mg_page(), *table = mg_table(NULL);
    uint64_t first = 512 - 2 * NR_AT_TOP, nr = 0;

    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    map_at_top(top);
    for (uint64_t i = 0; i < NR_AT_TOP; i++) {
        top[first + 2 * i] = mg_entry_of(table, i);
        top[first + 2 * i + 1] = mg_pte(data, MG_READ);
    }
    for (uint64_t i = 0; i < 256; i++) {
        low[2 * i] = mg_entry_of(table, 256 + i);
        low[2 * i + 1] = mg_pte(data, MG_READ);
    }
    MG_CHECK_EQ(
        hypercall_mmu_update((void *)(-sizeof(uint64_t) * 2 * NR_AT_TOP),
                             NR_ASKED, ~0ul),
        0);
    for (uint64_t i = 0; i < 512; i++)
        nr += table[i] != 0;
    MG_CHECK_EQ(nr, NR_ASKED);
    /* The last word of all, and the one at 0: such a range wraps around. */
    MG_CHECK_EQ(hypercall_mmu_update((void *)-sizeof(uint64_t), 1, ~0ul),
                -PARAPET_EFAULT);
}

void test_main(void)
{
    uint64_t *page = mg_page();

    map_at_zero(mg_pte(page, PARAPET_PTE_P | PARAPET_PTE_W));
    test_last_instruction(page);
    mg_audit();
    test_batch_at_top(page);
    mg_audit();
}
