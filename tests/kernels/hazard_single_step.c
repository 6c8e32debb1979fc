/* SPDX-License-Identifier: MIT
 *
 * Hazard: single-stepping (TF) into the hypervisor, and the shadow of MOV SS,
 * which puts off a debug trap until after the next instruction: when that one
 * enters the hypervisor, the trap comes in ring 0 (the "POP SS" hole of many
 * kernels). Debug registers would be the other way to arm it; they are
 * refused (emulate_misc.c).
 *
 * Why: A debug trap that is put off by MOV SS comes after the next
 * instruction; is that one a `syscall`, it comes at the first instruction of
 * the entry, before there is a stack. CVE-2018-8897 (XSA-260) was this one in
 * nearly every kernel. #DB therefore has a stack of its own here, and its
 * handler knows that it may come from ring 0.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/debug.h"
#include "lib/x86/rflags.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(hazard_single_step);

/* TF acts from the second instruction after it was set. */
#define ARM "pushfq; orq $0x100, (%rsp); popfq\n"
#define DISARM "pushfq; andq $~0x100, (%rsp); popfq\n"
#define MOV_SS "mov $0x23, %ecx; mov %ecx, %ss\n"

/* Each returns the ABI version when all of it was carried out. */
#define VERSION "mov $1, %eax; syscall\n"

MG_SNIPPET(plain, ARM "nop; nop\n" VERSION DISARM);
MG_SNIPPET(across_syscall, ARM VERSION "nop\n" DISARM);
MG_SNIPPET(across_page, ARM "call parapet_hypercall_page + 16; nop\n" DISARM);
MG_SNIPPET(across_unknown, ARM "mov $255, %eax; syscall\n" DISARM VERSION);
MG_SNIPPET(across_int3, ARM "int3; nop\n" DISARM VERSION);
MG_SNIPPET(across_cli, ARM "cli; nop\n" DISARM VERSION);
MG_SNIPPET(across_rdtsc,
           "push %rbx\n" ARM "rdtsc; cpuid; nop\n" DISARM VERSION "pop %rbx");
MG_SNIPPET(across_iret,
           ARM "mov %rsp, %rax; push $0x23; push %rax; pushfq; push $0x28\n"
               "push $1f; sub $32, %rsp; xor %eax, %eax; syscall\n"
               "1: nop\n" DISARM VERSION);
MG_SNIPPET(mov_ss_syscall, ARM "mov $1, %eax\n" MOV_SS "syscall\n" DISARM);
MG_SNIPPET(mov_ss_int3, ARM MOV_SS "int3\n" DISARM VERSION);
MG_SNIPPET(mov_ss_cli, ARM MOV_SS "cli\n" DISARM VERSION);
MG_SNIPPET(mov_ss_mov_ss, ARM MOV_SS MOV_SS "nop\n" DISARM VERSION);
/* mov to ss cannot be followed by int n: its gates fault, like this one. */
MG_SNIPPET(mov_ss_int, MOV_SS "int $0x80");
MG_SNIPPET(mov_ss_ud2, ARM MOV_SS "ud2");
MG_SNIPPET(mov_ss_fault, ARM MOV_SS "mov 0x1000, %al");
MG_SNIPPET(armed_ud2, ARM "ud2");
/* int1: a debug exception that says nothing in dr6. QEMU 7.2 has #UD here. */
MG_SNIPPET(int1, ".byte 0xf1\n" VERSION);

extern const unsigned char mg_text_end[], parapet_hypercall_page[];

static uint64_t nr_steps, nr_breakpoints, dr6;

/*
 * Every step is in the guest's own text, and the handler is not stepped. (TF
 * in the frame is as the instruction left it: clear after the last one.)
 */
static bool step(struct mg_regs *regs)
{
    uint64_t own = read_rflags();

    nr_steps++;
    dr6 = read_dr6();
    MG_CHECK(regs->frame.rip >= (uint64_t)parapet_hypercall_page &&
             regs->frame.rip < (uint64_t)mg_text_end);
    MG_CHECK(!(own & RFLAGS_TF));
    return true;
}

static bool breakpoint(struct mg_regs *regs)
{
    (void)regs;
    nr_breakpoints++;
    return true;
}

static void check(const char *name, void (*fn)(void *), uint64_t least_steps)
{
    int64_t result;

    nr_steps = 0;
    result = (int64_t)mg_call(fn, NULL);
    if (result != PARAPET_ABI_VERSION)
        mg_failure("%s: expected the version, %d, got %ld", name,
                   PARAPET_ABI_VERSION, result);
    if (nr_steps < least_steps)
        mg_failure("%s: expected %lu debug exceptions or more, got %lu", name,
                   least_steps, nr_steps);
    if (dr6 != (DR6_RESET | DR6_BS))
        mg_failure("%s: dr6 of a step: expected %lx, got %lx", name,
                   DR6_RESET | DR6_BS, dr6);
    /* A step that ended in the hypervisor is forgotten with it. */
    if (!mg_try(int1, NULL, NULL) && dr6 != DR6_RESET)
        mg_failure("%s: dr6 of int1: expected %lx, got %lx", name, DR6_RESET,
                   dr6);
    mg_cli();
}

static void test_steps(void)
{
    /* The exact number is the CPU's affair around traps: a lower bound. */
    check("plain", plain, 6);
    check("syscall", across_syscall, 5);
    check("hypercall page", across_page, 6);
    check("unknown hypercall", across_unknown, 4);
    check("int3", across_int3, 3);
    check("cli", across_cli, 3);
    check("rdtsc", across_rdtsc, 5);
    check("iret", across_iret, 10);
    MG_CHECK_EQ(nr_breakpoints, 1);
}

static void test_mov_ss(void)
{
    check("mov ss, syscall", mov_ss_syscall, 3);
    check("mov ss, int3", mov_ss_int3, 2);
    check("mov ss, cli", mov_ss_cli, 2);
    check("mov ss, mov ss", mov_ss_mov_ss, 3);
    MG_CHECK_EQ(nr_breakpoints, 2);
    (void)mg_expect_fault("mov ss, int", mov_ss_int, NULL, MG_GP, NULL);
    (void)mg_expect_fault("mov ss, ud2", mov_ss_ud2, NULL, MG_UD, NULL);
    (void)mg_expect_fault("mov ss, page fault", mov_ss_fault, NULL, MG_PF,
                          NULL);
    (void)mg_expect_fault("armed ud2", armed_ud2, NULL, MG_UD, NULL);
}

void test_main(void)
{
    mg_trap_hook(MG_DB, step);
    mg_trap_hook(MG_BP, breakpoint);
    test_steps();
    test_mov_ss();
    /* TF does not outlive its owner: this code is not stepped. */
    nr_steps = 0;
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
    MG_CHECK_EQ(nr_steps, 0);
}
