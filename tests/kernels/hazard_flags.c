/* SPDX-License-Identifier: MIT
 *
 * Hazard: flags that would change how the hypervisor itself runs. AC would
 * open the guest's memory to it, NT and TF would break its returns, DF its
 * string instructions. Each is set before a hypercall, an emulated
 * instruction and each kind of exception; the guest's own flags survive, and
 * handlers start without TF and NT.
 *
 * Why: A guest sets most flags without an exit, and the CPU enters ring 0 with
 * some of them still on. The entry has to clear what matters before the first
 * instruction that minds: SFMASK for `syscall`, cld and clac for the rest.
 * Each flag is a hole of its own when one way in forgets it, and there are
 * several ways in, so each flag is tried with each of them.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/rflags.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(hazard_flags);

#define SET_FLAGS "pushfq; orq %rdi, (%rsp); popfq\n"
/* Flags at the end into rax, and clean ones for the caller. */
#define GET_FLAGS "pushfq; pop %rax; push $2; popfq\n"

uint64_t hypercall_result;

MG_SNIPPET(by_syscall, SET_FLAGS "mov $1, %eax; syscall\n"
                                 "mov %rax, hypercall_result\n" GET_FLAGS);
MG_SNIPPET(by_page, SET_FLAGS "call parapet_hypercall_page + 16\n"
                              "mov %rax, hypercall_result\n" GET_FLAGS);
/* Two that leave the hypervisor by iretq. */
MG_SNIPPET(by_yield, SET_FLAGS "mov $32, %eax; syscall\n"
                               "mov %rax, hypercall_result\n" GET_FLAGS);
MG_SNIPPET(by_iret,
           SET_FLAGS "mov %rsp, %rax; push $0x23; push %rax; pushfq\n"
                     "push $0x28; push $1f; sub $32, %rsp\n"
                     "movq $-1, hypercall_result; jmp parapet_hypercall_page\n"
                     "1:" GET_FLAGS);
MG_SNIPPET(by_cli, SET_FLAGS "cli\n"
                             "movq $-1, hypercall_result\n" GET_FLAGS);

MG_SNIPPET(do_ud2, SET_FLAGS "ud2");
MG_SNIPPET(do_int3, SET_FLAGS "int3");
MG_SNIPPET(do_page_fault, SET_FLAGS "mov 0x1000, %al");
MG_SNIPPET(do_gp, SET_FLAGS "mov $0x10, %eax; mov %eax, %ds");
MG_SNIPPET(do_divide, SET_FLAGS "xor %ecx, %ecx; div %ecx");

static const uint64_t flags[] = {RFLAGS_AC,
                                 RFLAGS_NT,
                                 RFLAGS_DF,
                                 RFLAGS_ID,
                                 RFLAGS_AC | RFLAGS_NT,
                                 RFLAGS_AC | RFLAGS_DF,
                                 RFLAGS_NT | RFLAGS_DF,
                                 RFLAGS_AC | RFLAGS_NT | RFLAGS_DF,
                                 RFLAGS_AC | RFLAGS_NT | RFLAGS_DF | RFLAGS_ID};

/* What must come back as it was; NT may be dropped on the way out. */
#define SURVIVES (RFLAGS_AC | RFLAGS_DF | RFLAGS_ID)

static void test_calls(uint64_t set)
{
    static const struct {
        const char *name;
        void (*fn)(void *);
        int64_t result;
    } ways[] = {{"syscall", by_syscall, PARAPET_ABI_VERSION},
                {"hypercall page", by_page, PARAPET_ABI_VERSION},
                {"yield", by_yield, 0},
                {"iret", by_iret, -1},
                {"emulated cli", by_cli, -1}};

    _Static_assert(PARAPET_HC_yield == 32, "by_yield knows the number");

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        uint64_t got = mg_call(ways[i].fn, (void *)set);

        MG_CHECK_EQ(hypercall_result, ways[i].result);
        if ((got & SURVIVES) != (set & SURVIVES))
            mg_failure("%s with flags %#lx: got %#lx back", ways[i].name, set,
                       got);
        mg_cli();
    }
}

/* The flags with which a handler runs, as it sees them itself. */
static uint64_t handler_flags;

static bool look(struct mg_regs *regs)
{
    (void)regs;
    handler_flags = read_rflags();
    return false;
}

static void test_exceptions(uint64_t set)
{
    static const struct {
        const char *name;
        void (*fn)(void *);
        uint64_t vector;
    } ways[] = {{"ud2", do_ud2, MG_UD},
                {"int3", do_int3, MG_BP},
                {"page fault", do_page_fault, MG_PF},
                {"protection fault", do_gp, MG_GP},
                {"division", do_divide, MG_DE}};

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        struct mg_fault fault;

        if (!mg_expect_fault(ways[i].name, ways[i].fn, (void *)set,
                             ways[i].vector, &fault))
            continue;
        if ((fault.frame.rflags & SURVIVES) != (set & SURVIVES))
            mg_failure("%s with flags %#lx: the frame says %#lx", ways[i].name,
                       set, fault.frame.rflags);
        if (handler_flags & (RFLAGS_TF | RFLAGS_NT))
            mg_failure("%s with flags %#lx: the handler has %#lx", ways[i].name,
                       set, handler_flags);
    }
}

/*
 * With AC set an unaligned access may fault as #AC (QEMU 7.2 does not); it is
 * the guest's own affair either way.
 */
MG_SNIPPET(unaligned, SET_FLAGS "mov 1(%rsp), %rax\n" GET_FLAGS);

static void test_alignment(void)
{
    struct mg_fault fault;

    if (mg_try(unaligned, (void *)RFLAGS_AC, &fault))
        MG_CHECK_EQ(fault.vector, MG_AC);
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
}

/* A guest's popf changes neither IOPL nor the interrupt flag, of any kind. */
MG_SNIPPET(set_and_get, SET_FLAGS GET_FLAGS);

static void test_privileged_flags(void)
{
    const uint64_t iopl = 3ul << 12, interrupts = 1ul << 9, vm = 1ul << 17,
                   virtual = 3ul << 19;
    uint64_t got = mg_call(set_and_get, (void *)(iopl | vm | virtual));

    MG_CHECK_EQ(got & (iopl | vm | virtual), 0);
    MG_CHECK_EQ(got & interrupts, interrupts);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
}

void test_main(void)
{
    for (uint64_t v = 0; v < PARAPET_NR_TRAPS; v++)
        mg_trap_hook(v, look);
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        test_calls(flags[i]);
        test_exceptions(flags[i]);
    }
    test_alignment();
    test_privileged_flags();
}
