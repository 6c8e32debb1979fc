/* SPDX-License-Identifier: MIT
 *
 * Single step: with TF set, the debug exception comes right after the
 * instruction, at the next one, also when the hypervisor has carried it out.
 * RF, by which a return skips a breakpoint, ends with it, too.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/debug.h"
#include "lib/x86/rflags.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(single_step);

#define DR6_OF_A_STEP (DR6_RESET | DR6_BS)

/*
 * Steps over insn, which before prepares (rdi: the argument): TF acts after the
 * instruction that follows popfq. Expected: a step that ends at NAME_insn, and
 * then one at NAME_after.
 */
#define STEP_OVER(name, before, insn)                                          \
    extern const unsigned char name##_insn[], name##_after[];                  \
    MG_SNIPPET(name, before "\n"                                               \
                            "pushfq; orq $0x100, (%rsp); popfq; nop\n" #name   \
                            "_insn: " insn "\n" #name "_after: nop\n"          \
                            "pushfq; andq $~0x100, (%rsp); popfq")

STEP_OVER(over_nop, "", "nop");
STEP_OVER(over_cpuid, "mov %rbx, %rsi; xor %eax, %eax",
          "cpuid; mov %rsi, %rbx");
STEP_OVER(over_hypercall, "mov $1, %eax", "syscall");
/* By the other way out: more is to be done at the end of these calls. */
STEP_OVER(over_yield, "mov 16(%rdi), %eax", "syscall");
STEP_OVER(over_irq_enable, "mov 24(%rdi), %eax", "syscall");
STEP_OVER(over_cli, "", "cli");
STEP_OVER(over_sti, "", "sti");
STEP_OVER(over_sti_before_hlt, "", "sti; hlt");
STEP_OVER(over_hlt, "", "hlt");
STEP_OVER(over_clts, "", "clts");
STEP_OVER(over_read_cr0, "", "mov %cr0, %rax");
STEP_OVER(over_write_cr0, "mov %cr0, %rax", "mov %rax, %cr0");
STEP_OVER(over_write_cr2, "xor %eax, %eax", "mov %rax, %cr2");
STEP_OVER(over_read_cr4, "", "mov %cr4, %rax");
STEP_OVER(over_smsw, "", "smsw %eax");
STEP_OVER(over_lmsw, "smsw %eax", "lmsw %ax");
STEP_OVER(over_read_dr7, "", "mov %dr7, %rax");
STEP_OVER(over_write_dr7, "mov %dr7, %rax", "mov %rax, %dr7");
STEP_OVER(over_rdmsr, "mov $0xc0000080, %ecx", "rdmsr");
STEP_OVER(over_wrmsr, "mov $0xc0000102, %ecx; xor %eax, %eax; xor %edx, %edx",
          "wrmsr");
STEP_OVER(over_invlpg, "", "invlpg (%rdi)");
STEP_OVER(over_table_write, "mov 8(%rdi), %rdx; mov (%rdi), %rcx",
          "mov %rdx, (%rcx)");
/* The same by the decoder's longer way. */
STEP_OVER(over_table_write_long,
          "mov 8(%rdi), %rdx; mov (%rdi), %rcx; sub $0x1000, %rcx",
          "mov %rdx, 0x1000(%rcx)");

#define CASE(name)                                                             \
    {                                                                          \
#name, name, name##_insn, name##_after                                 \
    }

static const struct step_case {
    const char *name;
    void (*run)(void *argument);
    const unsigned char *insn, *after;
} cases[] = {
    CASE(over_nop),        CASE(over_hypercall),   CASE(over_yield),
    CASE(over_irq_enable), CASE(over_cli),         CASE(over_sti),
    CASE(over_hlt),        CASE(over_clts),        CASE(over_read_cr0),
    CASE(over_write_cr0),  CASE(over_write_cr2),   CASE(over_read_cr4),
    CASE(over_smsw),       CASE(over_lmsw),        CASE(over_read_dr7),
    CASE(over_write_dr7),  CASE(over_rdmsr),       CASE(over_wrmsr),
    CASE(over_invlpg),     CASE(over_table_write), CASE(over_table_write_long),
};

#define MAX_STEPS 32

static uint64_t steps[MAX_STEPS];
static uint64_t nr_steps;

static bool step(struct mg_regs *regs)
{
    MG_CHECK_EQ(read_dr6(), DR6_OF_A_STEP);
    MG_CHECK_EQ(regs->frame.rflags & RFLAGS_RF, 0);
    if (nr_steps < MAX_STEPS)
        steps[nr_steps++] = regs->frame.rip;
    return true;
}

/* The place of the step that ended at an address, or MAX_STEPS. */
static uint64_t find(const unsigned char *vaddr)
{
    for (uint64_t i = 0; i < nr_steps; i++) {
        if (steps[i] == (uint64_t)vaddr)
            return i;
    }
    return MAX_STEPS;
}

static void run_case(const struct step_case *c, void *argument)
{
    uint64_t at_insn, at_after;

    nr_steps = 0;
    c->run(argument);
    mg_cli();
    at_insn = find(c->insn);
    at_after = find(c->after);
    if (at_insn == MAX_STEPS || at_after != at_insn + 1)
        mg_failure("%s: expected consecutive steps at the instruction and "
                   "after it, got %lu and %lu",
                   c->name, at_insn, at_after);
}

/* Time and again, for a hlt: an event at the sti has come before it. */
static void tick(uint32_t port, void *data)
{
    (void)port;
    (void)data;
    (void)hypercall_set_timer(mg_clock_ns() + MG_MS);
}

/* Two instructions, two steps. */
static void test_pairs(void)
{
    static const struct step_case cpuid = CASE(over_cpuid);
    static const struct step_case sti_hlt = CASE(over_sti_before_hlt);
    const struct step_case *const pairs[] = {&cpuid, &sti_hlt};
    const uint64_t lengths[] = {2, 1};

    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        nr_steps = 0;
        pairs[i]->run(NULL);
        mg_cli();
        if (find(pairs[i]->insn + lengths[i]) != find(pairs[i]->insn) + 1 ||
            find(pairs[i]->after) != find(pairs[i]->insn) + 2)
            mg_failure("%s: expected one step for each instruction",
                       pairs[i]->name);
    }
}

/* int3 shows the flags as the emulated instruction has left them. */
MG_SNIPPET(cli_int3, "cli; int3");

static uint64_t rflags_of_int3;

static bool breakpoint(struct mg_regs *regs)
{
    rflags_of_int3 = regs->frame.rflags;
    return true;
}

/* Its first instruction is returned to with RF. */
static bool set_rf(struct mg_regs *regs)
{
    regs->frame.rip = (uint64_t)cli_int3;
    regs->frame.rflags |= RFLAGS_RF;
    return true;
}

MG_SNIPPET(to_cli_int3, "ud2");

static void test_rf(void)
{
    mg_trap_hook(MG_BP, breakpoint);
    mg_trap_hook(MG_UD, set_rf);
    rflags_of_int3 = RFLAGS_RF;
    to_cli_int3(NULL);
    MG_CHECK_EQ(rflags_of_int3 & RFLAGS_RF, 0);
    mg_trap_hook(MG_UD, NULL);
}

static uint64_t arguments[] = {
    [2] = PARAPET_HC_yield,
    [3] = PARAPET_HC_cpu_irq_enable,
};
static volatile uint64_t nr_events;

void test_main(void)
{
    uint64_t *table = mg_table(NULL);
    uint32_t port = mg_event_bind_ipi(0, mg_event_count, (void *)&nr_events);

    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    arguments[0] = (uint64_t)(table + 20);
    arguments[1] = mg_pte(mg_page(), MG_READ);
    mg_trap_hook(MG_DB, step);
    /* So that hlt does not sleep; in the run of sti it comes. */
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (!mg_vcpu_page()->event_pending)
            MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
        run_case(&cases[i], arguments);
    }
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, tick, NULL);
    tick(0, NULL);
    test_pairs();
    test_rf();
    MG_CHECK(nr_events > 0);
}
