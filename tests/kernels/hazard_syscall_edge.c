/* SPDX-License-Identifier: MIT
 *
 * Hazard: a syscall whose return address is bad. Either in the last bytes of
 * the text, with nothing mapped after it; or, the worst one, in the last two
 * bytes below the first non-canonical address: on Intel, sysretq to there would
 * fault in ring 0, with the guest's stack. The hypercall is carried out, and
 * the guest faults at the return address; a system call of user mode comes in,
 * and it is the way back that faults, in user mode.
 *
 * Why: AMD's sysretq faults in ring 3 when rip is not canonical, Intel's while
 * it is still in ring 0, on the stack of the guest: CVE-2012-0217 (XSA-7),
 * which took over machines of many kernels. The address need not be loaded by
 * anybody: a `syscall` in the last two bytes leads there by itself. Emulators
 * do as AMD does, so the test asks for what is right on both.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/user.h"

MG_TEST(hazard_syscall_edge);

#define LAST_PAGE 0x00007ffffffff000ul
#define NOT_CANONICAL 0x0000800000000000ul
#define ROUNDS 100

extern const unsigned char mg_text_end[];
extern const unsigned char last_page[];

__asm__(".pushsection .last_text_page, \"ax\", @progbits\n"
        "last_page: .fill 4094, 1, 0x90\n"
        "last_syscall: syscall\n"
        ".popsection\n");
MG_SNIPPET(go_to_the_edge, "mov $1, %eax; jmp last_syscall");
MG_SNIPPET(jump_with_one, "mov $1, %eax; jmp *%rdi");

static void test_end_of_text(void)
{
    struct mg_fault fault;

    for (int i = 0; i < ROUNDS; i++) {
        if (!mg_expect_fault("return to nothing", go_to_the_edge, NULL, MG_PF,
                             &fault))
            return;
        MG_CHECK_EQ(fault.frame.rip, mg_text_end);
        MG_CHECK_EQ(fault.vaddr, mg_text_end);
        MG_CHECK_EQ(fault.frame.error, MG_PF_FETCH);
        MG_CHECK_EQ(fault.frame.rax, PARAPET_ABI_VERSION);
    }
}

/* The last page of the text, at the end of the lower half of both roots. */
static void map_last_page(void)
{
    uint64_t code = mg_pte(last_page, MG_USER);
    uint64_t *l1 = mg_table_of(mg_index(LAST_PAGE, 1), code);
    uint64_t *l2 = mg_table_of(mg_index(LAST_PAGE, 2), mg_pte(l1, MG_TABLE));
    uint64_t *l3 = mg_table_of(mg_index(LAST_PAGE, 3), mg_pte(l2, MG_TABLE));
    uint64_t slot = mg_index(LAST_PAGE, 4);

    MG_DONE(
        mg_update(mg_entry_of(mg_start_root(), slot), mg_pte(l3, MG_TABLE)));
    MG_DONE(mg_update(mg_entry_of(mg_user_init()->root, slot),
                      mg_pte(l3, MG_TABLE)));
}

static void test_kernel_mode(void)
{
    struct mg_fault fault;

    for (int i = 0; i < ROUNDS; i++) {
        if (!mg_expect_fault("return to a non-canonical address", jump_with_one,
                             (void *)(NOT_CANONICAL - 2), MG_GP, &fault))
            return;
        MG_CHECK_EQ(fault.frame.rip, NOT_CANONICAL);
        MG_CHECK_EQ(fault.frame.cs, PARAPET_CS_KERNEL);
        MG_CHECK_EQ(fault.frame.rax, PARAPET_ABI_VERSION);
    }
}

static bool go_back(struct mg_regs *regs)
{
    MG_CHECK_EQ(regs->frame.rip, NOT_CANONICAL);
    MG_CHECK_EQ(regs->frame.rcx, NOT_CANONICAL);
    regs->frame.rax = 2;
    return true;
}

static void test_user_mode(void)
{
    struct parapet_frame frame = {.rip = NOT_CANONICAL - 2,
                                  .cs = PARAPET_CS_USER};
    struct mg_fault fault;

    mg_trap_hook(MG_SYSCALL, go_back);
    for (int i = 0; i < ROUNDS; i++) {
        mg_user_enter(&frame, 0, &fault);
        MG_CHECK_EQ(fault.vector, MG_GP);
        MG_CHECK_EQ(fault.frame.rip, NOT_CANONICAL);
        MG_CHECK_EQ(fault.frame.cs, PARAPET_CS_USER);
        MG_CHECK_EQ(fault.frame.rax, 2);
    }
    mg_trap_hook(MG_SYSCALL, NULL);
}

void test_main(void)
{
    test_end_of_text();
    map_last_page();
    test_kernel_mode();
    test_user_mode();
    mg_audit();
}
