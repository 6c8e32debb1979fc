/* SPDX-License-Identifier: MIT
 *
 * What a program may try against the kernel, third part: instructions that
 * are not for user mode, and states of the CPU that a kernel must not be
 * entered or left with.
 */
#include "user/posix/hostile.h"
#include "user/posix/posix.h"

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each a function without arguments, which may change all but the stack. */
#define CODE(name, text)                                                       \
    static void name(void *unused)                                             \
    {                                                                          \
        (void)unused;                                                          \
        __asm__ volatile(text ::                                               \
                             : "rax", "rbx", "rcx", "rdx", "rsi", "rdi",       \
                               "r11", "memory");                               \
    }

CODE(do_cli, "cli")
CODE(do_sti, "sti")
CODE(do_hlt, "hlt")
CODE(do_clts, "clts")
CODE(do_invd, "invd")
CODE(do_wbinvd, "wbinvd")
CODE(do_swapgs, "swapgs")
CODE(do_sysret, "sysretq")
CODE(do_read_cr0, "mov %%cr0, %%rax")
CODE(do_write_cr3, "mov %%rax, %%cr3")
CODE(do_write_cr8, "mov %%rax, %%cr8")
CODE(do_write_dr7, "mov %%rax, %%dr7")
CODE(do_rdmsr, "mov $0xc0000080, %%ecx; rdmsr")
CODE(do_wrmsr, "mov $0xc0000082, %%ecx; wrmsr")
CODE(do_xsetbv, "xor %%ecx, %%ecx; xsetbv")
CODE(do_in, "in $0x80, %%al")
CODE(do_out, "out %%al, $0xf4")
CODE(do_outs, "mov $0x80, %%edx; mov %%rsp, %%rsi; outsb")
CODE(do_lgdt, "lgdt (%%rsp)")
CODE(do_lidt, "lidt (%%rsp)")
CODE(do_ltr, "xor %%eax, %%eax; ltr %%ax")
CODE(do_lldt, "xor %%eax, %%eax; lldt %%ax")
CODE(do_invlpg, "invlpg (%%rsp)")
CODE(do_int_fault, "int $14")
CODE(do_int_nmi, "int $2")
CODE(do_int_double, "int $8")
CODE(do_int_timer, "int $0x20")
CODE(do_int_last, "int $0xff")
CODE(do_kernel_ss, "mov $0x10, %%eax; mov %%eax, %%ss")
CODE(do_no_ss, "xor %%eax, %%eax; mov %%eax, %%ss")
CODE(do_kernel_cs, "push $0x10; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:")
CODE(do_iret_kernel,
     "mov %%rsp, %%rax; push $0x18; push %%rax; pushfq; push $0x10;"
     "lea 1f(%%rip), %%rax; push %%rax; iretq; 1:")
CODE(do_jump_kernel, "mov $0xffffffff80100000, %%rax; jmp *%%rax")
CODE(do_jump_hypervisor, "mov $0xffff800000000000, %%rax; jmp *%%rax")
CODE(do_jump_not_canonical, "mov $0x800000000000, %%rax; push %%rax; ret")
CODE(do_read_kernel, "mov 0xffffffff80100000, %%rax")
CODE(do_write_kernel, "movb $0, 0xffffffff80100000")
CODE(do_iopl, "pushfq; orq $0x3000, (%%rsp); popfq; cli")
CODE(do_nested_task, "pushfq; orq $0x4000, (%%rsp); popfq; iretq")
CODE(do_bad_mxcsr, "push $-1; ldmxcsr (%%rsp)")
CODE(
    do_bad_xrstor,
    "sub $4096, %%rsp; and $-64, %%rsp; mov %%rsp, %%rdi; mov $4096, %%ecx;"
    "mov $255, %%al; rep stosb; mov $-1, %%eax; mov $-1, %%edx; xrstor (%%rsp)")

/* Others than SIGSEGV. */
CODE(do_ud2, "ud2")
CODE(do_lock_nop, ".byte 0xf0, 0x90")
CODE(do_int3, "int3")
CODE(do_single_step, "pushfq; orq $0x100, (%%rsp); popfq; nop; nop")
CODE(do_step_syscall,
     "pushfq; orq $0x100, (%%rsp); popfq; mov $39, %%eax; syscall; nop")
CODE(do_step_behind_ss, "mov %%ss, %%ebx; mov $39, %%eax; pushfq;"
                        "orq $0x100, (%%rsp); popfq; mov %%ebx, %%ss; syscall;"
                        "nop")
CODE(do_divide, "xor %%ecx, %%ecx; xor %%edx, %%edx; div %%ecx")

/* A kernel is entered with all of these, and a program goes on. Number 24 is
 * sched_yield. */
#define YIELD "mov $24, %%eax; syscall;"

CODE(enter_nested_task, "pushfq; orq $0x4000, (%%rsp); popfq;" YIELD
                        "pushfq; andq $~0x4000, (%%rsp); popfq")
CODE(enter_direction, "std;" YIELD "cld")
CODE(enter_alignment, "pushfq; orq $0x40000, (%%rsp); popfq;" YIELD
                      "pushfq; andq $~0x40000, (%%rsp); popfq")
CODE(enter_no_stack,
     "mov %%rsp, %%rbx; xor %%esp, %%esp;" YIELD "mov %%rbx, %%rsp")
CODE(enter_kernel_stack,
     "mov %%rsp, %%rbx; mov $0xffffffff80100000, %%rax; mov %%rax, %%rsp;" YIELD
     "mov %%rbx, %%rsp")
CODE(enter_not_canonical_stack,
     "mov %%rsp, %%rbx; mov $0x8000000000000000, %%rax; mov %%rax, %%rsp;" YIELD
     "mov %%rbx, %%rsp")
CODE(
    enter_no_segments,
    "xor %%eax, %%eax; mov %%eax, %%ds; mov %%eax, %%es; mov %%eax, %%gs;" YIELD
        YIELD)

/* A CPU refuses this base (SIGSEGV); QEMU does not, and then the kernel has it
 * to restore, whenever the other one has had its turn. */
static void take_turns(void *unused)
{
    const uint64_t not_canonical = 0x800000000000;
    pid_t other = fork();
    int i;

    (void)unused;
    if (other == 0)
        __asm__ volatile("wrgsbase %0" : : "r"(not_canonical));
    for (i = 0; i < 20; i++)
        sched_yield();
    if (other == 0)
        _exit(0);
    waitpid(other, NULL, 0);
}

struct code {
    void (*run)(void *unused);
    const char *what;
};
#define ROW(name)                                                              \
    {                                                                          \
        name, #name                                                            \
    }

static const struct code forbidden[] = {
    ROW(do_cli),
    ROW(do_sti),
    ROW(do_hlt),
    ROW(do_clts),
    ROW(do_swapgs),
    ROW(do_sysret),
    ROW(do_read_cr0),
    ROW(do_write_cr3),
    ROW(do_write_cr8),
    ROW(do_write_dr7),
    ROW(do_rdmsr),
    ROW(do_wrmsr),
    ROW(do_xsetbv),
    ROW(do_in),
    ROW(do_out),
    ROW(do_outs),
    ROW(do_lgdt),
    ROW(do_lidt),
    ROW(do_ltr),
    ROW(do_lldt),
    ROW(do_invlpg),
    ROW(do_int_fault),
    ROW(do_int_nmi),
    ROW(do_int_double),
    ROW(do_int_timer),
    ROW(do_int_last),
    ROW(do_kernel_ss),
    ROW(do_no_ss),
    ROW(do_kernel_cs),
    ROW(do_iret_kernel),
    ROW(do_jump_kernel),
    ROW(do_jump_hypervisor),
    ROW(do_jump_not_canonical),
    ROW(do_read_kernel),
    ROW(do_write_kernel),
    ROW(do_iopl),
    ROW(do_nested_task),
    ROW(do_bad_mxcsr),
    ROW(do_bad_xrstor),
};

static const struct code harmless[] = {
    ROW(enter_nested_task),  ROW(enter_direction),
    ROW(enter_alignment),    ROW(enter_no_stack),
    ROW(enter_kernel_stack), ROW(enter_not_canonical_stack),
    ROW(enter_no_segments),
};

/* A CPU refuses these, and QEMU from version 10 on takes them for a nop. */
static const struct code refused_or_nothing[] = {
    ROW(do_invd),
    ROW(do_wbinvd),
};

#define NR(codes) (sizeof(codes) / sizeof((codes)[0]))

static void check_killed_or_nothing(const struct code *code)
{
    int status = status_of_child(code->run, NULL);

    check(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV),
          "%s: expected death by SIGSEGV or nothing, got the status %#x",
          code->what, (unsigned int)status);
}

void hostile_code(void)
{
    size_t i;

    for (i = 0; i < NR(forbidden); i++)
        check_killed(forbidden[i].run, NULL, SIGSEGV, forbidden[i].what);
    for (i = 0; i < NR(refused_or_nothing); i++)
        check_killed_or_nothing(&refused_or_nothing[i]);
    for (i = 0; i < NR(harmless); i++)
        check_exits(harmless[i].run, NULL, 0, harmless[i].what);
    check_exits(take_turns, NULL, 0, "a base of GS that is not canonical");
    check_killed(do_ud2, NULL, SIGILL, "ud2");
    check_killed(do_lock_nop, NULL, SIGILL, "lock nop");
    check_killed(do_int3, NULL, SIGTRAP, "int3");
    check_killed(do_single_step, NULL, SIGTRAP, "a single step");
    check_killed(do_step_syscall, NULL, SIGTRAP, "a single step, syscall");
    check_killed(do_step_behind_ss, NULL, SIGTRAP, "the same behind mov ss");
    check_killed(do_divide, NULL, SIGFPE, "div");
}
