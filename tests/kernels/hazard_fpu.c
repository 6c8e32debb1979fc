/* SPDX-License-Identifier: MIT
 *
 * Hazard: floating-point exceptions, which the CPU can raise late, and at an
 * instruction of the hypervisor's if it used the unit. They are the guest's:
 * #MF and #XM come to its handlers. (QEMU 7.2's TCG never raises #XM.)
 *
 * Why: An x87 exception waits in the unit until its next instruction, whoever
 * that one belongs to. A hypervisor that uses the unit, or saves its state
 * with a waiting instruction, takes a guest's #MF in ring 0. We have no such
 * instructions and save by xsave, which does not wait; the exception has to be
 * there still when the guest comes back to it.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(hazard_fpu);

static const uint16_t x87_unmasked = 0x0340;
static const uint32_t mxcsr_unmasked = 0x0000, mxcsr_masked = 0x1f80;

/* 1 / 0 with exceptions unmasked; the fault comes with the next wait. */
MG_SNIPPET(x87_divide, "fninit; fldcw (%rdi); fld1; fldz; fdivrp; fwait");
/* The same, but a hypercall, a trap and a yield come before the wait. */
MG_SNIPPET(x87_late, "fninit; fldcw (%rdi); fld1; fldz; fdivrp\n"
                     "mov $1, %eax; syscall; cli\n"
                     "mov $32, %eax; syscall; fwait");
MG_SNIPPET(sse_divide, "ldmxcsr (%rdi); xorps %xmm1, %xmm1\n"
                       "mov $0x3f800000, %eax; movd %eax, %xmm0\n"
                       "divss %xmm1, %xmm0");
MG_SNIPPET(x87_reset, "fninit");
MG_SNIPPET(sse_reset, "ldmxcsr (%rdi)");
_Static_assert(PARAPET_HC_yield == 32, "x87_late knows the number");

static void test_x87(const char *name, void (*fn)(void *))
{
    (void)mg_expect_fault(name, fn, (void *)(uint64_t)&x87_unmasked, MG_MF,
                          NULL);
    x87_reset(NULL);
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
}

static void test_sse(void)
{
    struct mg_fault fault;

    if (mg_try(sse_divide, (void *)(uint64_t)&mxcsr_unmasked, &fault))
        MG_CHECK_EQ(fault.vector, MG_XM);
    else
        mg_printf("this CPU raises no #XM\n");
    sse_reset((void *)(uint64_t)&mxcsr_masked);
}

void test_main(void)
{
    for (int i = 0; i < 100; i++) {
        test_x87("x87 division by zero", x87_divide);
        test_x87("the same, late", x87_late);
    }
    test_sse();
}
