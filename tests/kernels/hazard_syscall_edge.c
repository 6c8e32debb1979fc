/* SPDX-License-Identifier: MIT
 *
 * Hazard: a syscall whose return address is bad. The worst one, the last two
 * bytes below the first non-canonical address (sysretq would fault in ring 0
 * there, on Intel), cannot be reached yet: guests have no mapping in the
 * lower half. What can: the last bytes of the text, with nothing mapped
 * behind; the hypercall is carried out, and the guest faults at the return
 * address.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"

MG_TEST(hazard_syscall_edge);

extern const unsigned char mg_text_end[];

__asm__(".pushsection .last_text_page, \"ax\", @progbits\n"
        ".fill 4094, 1, 0x90\n"
        "last_syscall: syscall\n"
        ".popsection\n");
MG_SNIPPET(go_to_the_edge, "mov $1, %eax; jmp last_syscall");

void test_main(void)
{
    struct mg_fault fault;

    for (int i = 0; i < 100; i++) {
        if (!mg_expect_fault("return to nothing", go_to_the_edge, NULL, MG_PF,
                             &fault))
            return;
        MG_CHECK_EQ(fault.frame.rip, mg_text_end);
        MG_CHECK_EQ(fault.vaddr, mg_text_end);
        MG_CHECK_EQ(fault.frame.error, MG_PF_FETCH);
        MG_CHECK_EQ(fault.frame.rax, PARAPET_ABI_VERSION);
    }
}
