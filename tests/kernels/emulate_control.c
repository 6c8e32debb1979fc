/* SPDX-License-Identifier: MIT
 *
 * Trap and emulate: control registers. cr0 and cr4 read as they are, and may
 * be written when nothing changes; cr2 is the fault address; cr3 and cr8 are
 * not for guests.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(emulate_control);

#define CR0_PE (1ul << 0)
#define CR0_TS (1ul << 3)
#define CR0_WP (1ul << 16)
#define CR0_PG (1ul << 31)
#define CR4_PAE (1ul << 5)
#define CR4_UMIP (1ul << 11)
#define CR4_FSGSBASE (1ul << 16)
#define CR4_SMEP (1ul << 20)
#define CR4_SMAP (1ul << 21)

MG_SNIPPET(read_cr0, "mov %cr0, %rax");
MG_SNIPPET(read_cr2, "mov %cr2, %rax");
MG_SNIPPET(read_cr3, "mov %cr3, %rax");
MG_SNIPPET(read_cr4, "mov %cr4, %rax");
MG_SNIPPET(read_cr8, "mov %cr8, %rax");
/* Another register, one of the upper eight. */
MG_SNIPPET(read_cr0_r12, "push %r12; mov %cr0, %r12; mov %r12, %rax; pop %r12");
MG_SNIPPET(write_cr0, "mov %rdi, %cr0");
MG_SNIPPET(write_cr2, "mov %rdi, %cr2");
MG_SNIPPET(write_cr3, "mov %rdi, %cr3");
MG_SNIPPET(write_cr4, "mov %rdi, %cr4");
MG_SNIPPET(write_cr8, "mov %rdi, %cr8");
MG_SNIPPET(do_clts, "clts");
MG_SNIPPET(do_smsw, "mov $-1, %rax; smsw %eax");
MG_SNIPPET(do_smsw16, "mov $-1, %rax; smsw %ax");
MG_SNIPPET(do_smsw_memory, "smsw (%rdi)");
MG_SNIPPET(do_lmsw, "lmsw %di");
MG_SNIPPET(do_xsetbv, "xor %ecx, %ecx; mov $1, %eax; xor %edx, %edx; xsetbv");
MG_SNIPPET(do_read_nothing, "mov (%rdi), %al");

static void refused(const char *what, void (*fn)(void *), uint64_t value)
{
    (void)mg_expect_fault(what, fn, (void *)value, MG_GP, NULL);
}

static void allowed(const char *what, void (*fn)(void *), uint64_t value)
{
    (void)mg_expect_no_fault(what, fn, (void *)value);
}

static void test_cr0(void)
{
    uint64_t cr0 = mg_call(read_cr0, NULL);
    const uint64_t set = CR0_PE | CR0_WP | CR0_PG;

    MG_CHECK_EQ(cr0 & set, set);
    MG_CHECK_EQ(cr0 & CR0_TS, 0);
    MG_CHECK_EQ(mg_call(read_cr0_r12, NULL), cr0);
    allowed("cr0 unchanged", write_cr0, cr0);
    refused("cr0 without PG", write_cr0, cr0 & ~CR0_PG);
    refused("cr0 without WP", write_cr0, cr0 & ~CR0_WP);
    refused("cr0 with TS", write_cr0, cr0 | CR0_TS);
    refused("cr0, upper half", write_cr0, cr0 | 1ul << 32);
    refused("cr0 zero", write_cr0, 0);
    MG_CHECK_EQ(mg_call(read_cr0, NULL), cr0);
    allowed("clts", do_clts, 0);
}

static void test_machine_status_word(void)
{
    uint64_t cr0 = mg_call(read_cr0, NULL);

    MG_CHECK_EQ(mg_call(do_smsw, NULL) & 0xffff, cr0 & 0xffff);
    MG_CHECK_EQ(mg_call(do_smsw16, NULL), ~0xfffful | (cr0 & 0xffff));
    allowed("lmsw unchanged", do_lmsw, cr0);
    refused("lmsw with TS", do_lmsw, cr0 | CR0_TS);
}

/* To memory it is refused: nobody needs it. The memory must be as before. */
static void test_smsw_memory(void)
{
    uint64_t word = 0x1234;

    refused("smsw to memory", do_smsw_memory, (uint64_t)&word);
    MG_CHECK_EQ(word, 0x1234);
}

static void test_cr2(void)
{
    (void)mg_expect_fault("read", do_read_nothing, (void *)0x1230, MG_PF, NULL);
    MG_CHECK_EQ(mg_call(read_cr2, NULL), 0x1230);
    allowed("cr2", write_cr2, 0x5678);
    MG_CHECK_EQ(mg_call(read_cr2, NULL), 0x5678);
    MG_CHECK_EQ(mg_vcpu_page()->fault_vaddr, 0x5678);
}

static void test_cr4(void)
{
    uint64_t cr4 = mg_call(read_cr4, NULL);
    const uint64_t set =
        CR4_PAE | CR4_UMIP | CR4_FSGSBASE | CR4_SMEP | CR4_SMAP;

    MG_CHECK_EQ(cr4 & set, set);
    allowed("cr4 unchanged", write_cr4, cr4);
    refused("cr4 without SMAP", write_cr4, cr4 & ~CR4_SMAP);
    refused("cr4 zero", write_cr4, 0);
    MG_CHECK_EQ(mg_call(read_cr4, NULL), cr4);
}

/* The page tables are the hypervisor's, and so is the interrupt priority. */
static void test_refused(void)
{
    refused("read of cr3", read_cr3, 0);
    refused("cr3", write_cr3, 0);
    refused("read of cr8", read_cr8, 0);
    refused("cr8", write_cr8, 0);
    refused("xsetbv", do_xsetbv, 0);
}

void test_main(void)
{
    test_cr0();
    test_machine_status_word();
    test_smsw_memory();
    test_cr2();
    test_cr4();
    test_refused();
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
}
