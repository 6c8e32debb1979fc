/* SPDX-License-Identifier: MIT
 *
 * With poison=on the hypervisor fills the registers that a hypercall clobbers,
 * so that a guest which relies on what happens to be there is found out.
 *
 * QEMU: append="poison=on"
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"

MG_TEST(poison);

#define POISON 0x5ca1ab1edeadbeef

struct clobbered {
    uint64_t rax, rcx, r11;
};

MG_SNIPPET(by_syscall, "mov (%rdi), %rax; syscall\n"
                       "mov %rax, (%rdi); mov %rcx, 8(%rdi)\n"
                       "mov %r11, 16(%rdi)");

static void check(uint64_t number, int64_t result)
{
    struct clobbered regs = {.rax = number};

    by_syscall(&regs);
    MG_CHECK_EQ(regs.rax, result);
    MG_CHECK_EQ(regs.rcx, POISON);
    MG_CHECK_EQ(regs.r11, POISON);
}

void test_main(void)
{
    check(PARAPET_HC_abi_version, PARAPET_ABI_VERSION);
    check(PARAPET_HC_yield, 0);
    check(PARAPET_NR_HYPERCALLS - 1, -PARAPET_ENOSYS);
    check(~0ul, -PARAPET_ENOSYS);
}
