/* SPDX-License-Identifier: MIT
 *
 * Trap and emulate: model-specific registers. A guest has EFER, to read, and
 * the bases of FS, GS and the user's GS. All others are protection faults,
 * above all those that say where the hypervisor is entered.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/msr.h"
#include "lib/x86/segment.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"

MG_TEST(emulate_msr);

/* The hardware looks at ecx, eax and edx only: the upper halves are dirt. */
#define DIRT "movabs $0xdeadbeef00000000, %r8\n"

struct msr {
    uint64_t number;
    uint64_t value;
};

MG_SNIPPET(do_rdmsr, DIRT "mov (%rdi), %rcx; or %r8, %rcx; mov $-1, %rax\n"
                          "mov $-1, %rdx; rdmsr\n"
                          "shl $32, %rdx; add %rdx, %rax; mov %rax, 8(%rdi)");
MG_SNIPPET(do_wrmsr, DIRT "mov (%rdi), %rcx; or %r8, %rcx\n"
                          "mov 8(%rdi), %rdx; mov %edx, %eax; or %r8, %rax\n"
                          "shr $32, %rdx; or %r8, %rdx; wrmsr");

static uint64_t read_msr(uint64_t number)
{
    struct msr msr = {number, 0x7e57};

    (void)mg_expect_no_fault("rdmsr", do_rdmsr, &msr);
    return msr.value;
}

static void write_msr(uint64_t number, uint64_t value)
{
    struct msr msr = {number, value};

    (void)mg_expect_no_fault("wrmsr", do_wrmsr, &msr);
}

static void write_refused(uint64_t number, uint64_t value)
{
    struct msr msr = {number, value};

    (void)mg_expect_fault("wrmsr", do_wrmsr, &msr, MG_GP, NULL);
}

static void test_efer(void)
{
    uint64_t efer = read_msr(MSR_EFER);
    const uint64_t set = EFER_LME | EFER_LMA | EFER_NXE;

    MG_CHECK_EQ(efer & set, set);
    write_msr(MSR_EFER, efer);
    write_refused(MSR_EFER, efer & ~EFER_NXE);
    write_refused(MSR_EFER, efer ^ EFER_SVME);
    write_refused(MSR_EFER, 0);
    MG_CHECK_EQ(read_msr(MSR_EFER), efer);
}

static void test_bases(void)
{
    static const uint64_t msrs[] = {MSR_FS_BASE, MSR_GS_BASE,
                                    MSR_KERNEL_GS_BASE};
    static const uint64_t values[] = {
        0,    0x7fffffffffff,          PARAPET_DIRECT_MAP, 0xffffffff80000000,
        ~0ul, PARAPET_HYPERVISOR_START};
    static const uint64_t bad[] = {0x0000800000000000, 0xffff7fffffffffff,
                                   1ul << 63};

    for (size_t m = 0; m < ARRAY_SIZE(msrs); m++) {
        uint64_t before = read_msr(msrs[m]);

        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
            write_msr(msrs[m], values[i]);
            MG_CHECK_EQ(read_msr(msrs[m]), values[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
            write_refused(msrs[m], bad[i]);
        write_msr(msrs[m], before);
        MG_CHECK_EQ(read_msr(msrs[m]), before);
    }
}

/* They are the registers that the instructions and the hypercall know. */
static void test_same_registers(void)
{
    write_msr(MSR_FS_BASE, 0x12345678);
    MG_CHECK_EQ(read_fs_base(), 0x12345678);
    MG_CHECK_EQ(hypercall_set_segment_base(PARAPET_SEGMENT_GS_USER, 0x9abc), 0);
    MG_CHECK_EQ(read_msr(MSR_KERNEL_GS_BASE), 0x9abc);
    MG_CHECK_EQ(read_msr(MSR_GS_BASE), PARAPET_VCPU_PAGE(0ul));
    write_msr(MSR_FS_BASE, 0);
}

static void check_refused(uint64_t number)
{
    struct msr msr = {number, 0x7e57};

    (void)mg_expect_fault("rdmsr", do_rdmsr, &msr, MG_GP, NULL);
    MG_CHECK_EQ(msr.value, 0x7e57);
    write_refused(number, 0);
}

static void test_refused(void)
{
    static const uint64_t msrs[] = {
        0x10,                          /* TSC */
        0x1b,                          /* APIC_BASE */
        0x174,                         /* SYSENTER_CS, ESP, EIP */
        0x175,      0x176,      0x1d9, /* DEBUGCTL */
        0x277,                         /* PAT */
        0x6e0,                         /* TSC_DEADLINE */
        0xda0,                         /* XSS */
        0xc0000081,                    /* STAR, LSTAR, CSTAR, SFMASK */
        0xc0000082, 0xc0000083, 0xc0000084, 0xc0000103, /* TSC_AUX */
        0xc0010114,                                     /* VM_CR */
        0xc0010117,                                     /* VM_HSAVE_PA */
        0,          0xffffffff, 0x40000000};
    struct mg_random numbers;

    for (size_t i = 0; i < ARRAY_SIZE(msrs); i++)
        check_refused(msrs[i]);
    mg_random_init(&numbers, 0x6d7372);
    for (int i = 0; i < 500; i++)
        check_refused(mg_random_next(&numbers) & 0x3fffffff);
}

void test_main(void)
{
    test_efer();
    test_bases();
    test_same_registers();
    test_refused();
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
}
