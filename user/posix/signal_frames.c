/* SPDX-License-Identifier: MIT
 *
 * Signals, third part: what handlers find on their stack, and what is left of
 * it when they are done.
 */
#include "user/posix/signals.h"

#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define STACK_SIZE 16384ul

static void set_action(int number, void (*handler)(int, siginfo_t *, void *),
                       int flags)
{
    struct sigaction action = {
        .sa_sigaction = handler,
        .sa_flags = SA_SIGINFO | flags,
    };

    check_is(sigaction(number, &action, NULL), 0, "sigaction");
}

/* ---- registers ---- */

static bool was_aligned;

/* Uses what it likes. */
static void clobber(int number, siginfo_t *info, void *context)
{
    uint64_t here[2] __attribute__((aligned(16)));

    (void)number;
    (void)info;
    (void)context;
    here[0] = (uint64_t)&here;
    was_aligned =
        here[0] % 16 == 0 && (uint64_t)__builtin_frame_address(0) % 16 == 0;
    __asm__ volatile("pxor %%xmm3, %%xmm3; pxor %%xmm15, %%xmm15; fldz; "
                     "fstp %%st(0); xor %%r15d, %%r15d; cld"
                     :
                     : "r"(here)
                     : "xmm3", "xmm15", "r15", "st", "memory");
}

/* kill(getpid(), SIGUSR1) with known values in registers of all kinds, and
 * something in the red zone. */
static void test_registers(void)
{
    static const uint64_t in[4] = {1, 2, 3, 0x123456789abcdef0};
    uint64_t out[4] = {0}, zone = 0, callee = 0;

    set_action(SIGUSR1, clobber, 0);
    __asm__ volatile("movdqu (%[in]), %%xmm3\n\t"
                     "movdqu 16(%[in]), %%xmm15\n\t"
                     "mov $0x5a5a5a5a, %%r15\n\t"
                     "mov %%r15, -120(%%rsp)\n\t"
                     "mov $62, %%eax\n\t"
                     "syscall\n\t"
                     "movdqu %%xmm3, (%[out])\n\t"
                     "movdqu %%xmm15, 16(%[out])\n\t"
                     "mov -120(%%rsp), %[zone]\n\t"
                     "mov %%r15, %[callee]\n\t"
                     : [zone] "=&r"(zone), [callee] "=&r"(callee)
                     : [in] "r"(in), [out] "r"(out), "D"(getpid()), "S"(SIGUSR1)
                     : "rax", "rcx", "r11", "r15", "xmm3", "xmm15", "memory");
    check(memcmp(in, out, sizeof(in)) == 0, "SSE registers across a handler");
    check(zone == 0x5a5a5a5a, "the red zone across a handler: %lx", zone);
    check(callee == 0x5a5a5a5a, "r15 across a handler: %lx", callee);
    check(was_aligned, "the alignment of a handler's stack");
}

static void clobber_avx(int number)
{
    (void)number;
    __asm__ volatile("vzeroall" : : : "memory");
    nr_handled++;
}

__attribute__((target("avx"))) static void test_avx(void)
{
    static const double in[4] = {1.5, -2.5, 3.25, 1e300};
    double out[4] = {0};

    if (!__builtin_cpu_supports("avx"))
        return;
    set_handler(SIGUSR1, clobber_avx, 0);
    __asm__ volatile("vmovupd (%[in]), %%ymm7\n\t"
                     "mov $62, %%eax\n\t"
                     "syscall\n\t"
                     "vmovupd %%ymm7, (%[out])\n\t"
                     "vzeroupper\n\t"
                     :
                     : [in] "r"(in), [out] "r"(out), "D"(getpid()), "S"(SIGUSR1)
                     : "rax", "rcx", "r11", "xmm7", "memory");
    check(nr_handled == 1 && memcmp(in, out, sizeof(in)) == 0,
          "AVX registers across a handler");
}

/* A handler may change what is interrupted. */
static void change(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;

    (void)number;
    (void)info;
    user->uc_mcontext.gregs[REG_R15] = 4711;
    user->uc_mcontext.gregs[REG_EFL] |= 0x3001; /* carry, and IOPL: no */
    sigaddset(&user->uc_sigmask, SIGUSR2);
}

static void test_change(void)
{
    uint64_t r15, rflags;
    sigset_t set;

    set_action(SIGUSR1, change, 0);
    __asm__ volatile("xor %%r15d, %%r15d\n\t"
                     "mov $62, %%eax\n\t"
                     "syscall\n\t"
                     "pushfq\n\t"
                     "pop %[rflags]\n\t"
                     "mov %%r15, %[r15]\n\t"
                     : [r15] "=&r"(r15), [rflags] "=&r"(rflags)
                     : "D"(getpid()), "S"(SIGUSR1)
                     : "rax", "rcx", "r11", "r15", "memory", "cc");
    check(r15 == 4711, "a handler changes r15: %lu", r15);
    check((rflags & 0x3001) == 1, "a handler changes rflags: %#lx", rflags);
    sigprocmask(SIG_SETMASK, NULL, &set);
    check_is(sigismember(&set, SIGUSR2), 1, "a handler changes the mask");
    set = set_of(0);
    sigprocmask(SIG_SETMASK, &set, NULL);
}

/* ---- faults ---- */

static sigjmp_buf where;
static siginfo_t fault;

static void jump_out(int number, siginfo_t *info, void *context)
{
    (void)context;
    fault = *info;
    siglongjmp(where, number);
}

static void test_faults(void)
{
    volatile char *page = new_pages(PAGE_SIZE);
    sigset_t set;

    set_action(SIGSEGV, jump_out, 0);
    set_action(SIGILL, jump_out, 0);
    set_action(SIGFPE, jump_out, 0);
    munmap((void *)page, PAGE_SIZE);
    if (sigsetjmp(where, 1) == 0)
        page[123] = 1;
    check(fault.si_signo == SIGSEGV && fault.si_code == SEGV_MAPERR &&
              fault.si_addr == page + 123,
          "SIGSEGV at %p: code %d", fault.si_addr, fault.si_code);
    page = new_pages(PAGE_SIZE);
    mprotect((void *)page, PAGE_SIZE, PROT_READ);
    if (sigsetjmp(where, 1) == 0)
        page[5] = 1;
    check(fault.si_code == SEGV_ACCERR && fault.si_addr == page + 5,
          "SIGSEGV of a read-only page: code %d", fault.si_code);
    if (sigsetjmp(where, 1) == 0)
        __asm__ volatile("ud2");
    check_is(fault.si_signo, SIGILL, "ud2");
    if (sigsetjmp(where, 1) == 0)
        __asm__ volatile("xor %%ecx, %%ecx; div %%ecx"
                         :
                         :
                         : "eax", "ecx", "edx");
    check(fault.si_signo == SIGFPE && fault.si_code == FPE_INTDIV,
          "division by zero");
    sigprocmask(SIG_SETMASK, NULL, &set);
    check_is(sigismember(&set, SIGSEGV), 0, "siglongjmp puts the mask back");
    set_handler(SIGSEGV, SIG_DFL, 0);
    set_handler(SIGILL, SIG_DFL, 0);
    set_handler(SIGFPE, SIG_DFL, 0);
}

/* Faults again as often as it returns; the third time there is a page. */
static volatile char *missing;

static void map_it(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    (void)context;
    if (++nr_handled == 3)
        mprotect((void *)missing, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static void test_retry(void)
{
    missing = new_pages(PAGE_SIZE);
    mprotect((void *)missing, PAGE_SIZE, PROT_NONE);
    set_action(SIGSEGV, map_it, 0);
    nr_handled = 0;
    *missing = 42;
    check(nr_handled == 3 && *missing == 42, "a fault is tried again: %d",
          (int)nr_handled);
    set_handler(SIGSEGV, SIG_DFL, 0);
}

/* ---- the alternate stack ---- */

static char *stack;
static stack_t seen;
static bool was_on_it;

static void look_at_stack(int number, siginfo_t *info, void *context)
{
    char here;

    (void)number;
    (void)info;
    (void)context;
    was_on_it = &here > stack && &here < stack + STACK_SIZE;
    sigaltstack(NULL, &seen);
}

static void overflow_handler(int number)
{
    (void)number;
    _exit(7);
}

static int recurse(volatile int depth)
{
    volatile char block[1024];

    block[0] = (char)depth;
    return depth < 0 ? 0 : recurse(depth + 1) + block[0];
}

static void overflow(void *argument)
{
    (void)argument;
    set_handler(SIGSEGV, overflow_handler, SA_ONSTACK);
    _exit(recurse(0));
}

static void overflow_without_stack(void *argument)
{
    (void)argument;
    set_handler(SIGSEGV, overflow_handler, 0);
    _exit(recurse(0));
}

static void test_stack(void)
{
    stack_t new = {.ss_size = STACK_SIZE}, old;

    stack = new_pages(STACK_SIZE);
    new.ss_sp = stack;
    check_is(sigaltstack(NULL, &old), 0, "sigaltstack reads");
    check_is(old.ss_flags, SS_DISABLE, "there is no stack at first");
    check_is(sigaltstack(&new, NULL), 0, "sigaltstack");
    set_action(SIGUSR1, look_at_stack, 0);
    raise(SIGUSR1);
    check(!was_on_it && seen.ss_flags == 0, "a handler without SA_ONSTACK");
    set_action(SIGUSR1, look_at_stack, SA_ONSTACK);
    raise(SIGUSR1);
    check(was_on_it && seen.ss_flags == SS_ONSTACK && seen.ss_sp == stack,
          "a handler with SA_ONSTACK: %d", seen.ss_flags);
    check_exits(overflow, NULL, 7, "a handler after the stack's overflow");
    check_killed(overflow_without_stack, NULL, SIGSEGV,
                 "an overflow without another stack");
    new.ss_flags = SS_DISABLE;
    check_is(sigaltstack(&new, NULL), 0, "sigaltstack, SS_DISABLE");
    raise(SIGUSR1);
    check(!was_on_it, "a handler after SS_DISABLE");
    set_handler(SIGUSR1, SIG_DFL, 0);
}

/* ---- frames that were tampered with ---- */

static void go_to_the_kernel(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;

    (void)number;
    (void)info;
    user->uc_mcontext.gregs[REG_RIP] = (greg_t)0xffffffff80100000ul;
}

static void go_nowhere(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;

    (void)number;
    (void)info;
    user->uc_mcontext.gregs[REG_RIP] = (greg_t)0x8000000000000000ul;
}

/* Every bit of the header that xrstor looks at, and of mxcsr. */
static void spoil_fpu(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    char *area = (char *)user->uc_mcontext.fpregs;

    (void)number;
    (void)info;
    memset(area + 24, 0xff, 4);
    memset(area + 512, 0xff, 64);
}

static void tamper(void *argument)
{
    void (*const *handler)(int, siginfo_t *, void *) = argument;

    set_action(SIGUSR1, *handler, 0);
    raise(SIGUSR1);
}

static void return_from_nothing(void *argument)
{
    (void)argument;
    __asm__ volatile("mov $64, %%esp; mov $15, %%eax; syscall" : : : "memory");
}

static void test_tampered(void)
{
    void (*handler)(int, siginfo_t *, void *) = go_to_the_kernel;
    int status;

    check_killed(tamper, &handler, SIGSEGV, "a frame that leads to the kernel");
    handler = go_nowhere;
    check_killed(tamper, &handler, SIGSEGV, "a frame that leads nowhere");
    check_killed(return_from_nothing, NULL, SIGSEGV, "no frame at all");
    /* Linux kills it, or takes what is possible of it. */
    handler = spoil_fpu;
    status = status_of_child(tamper, &handler);
    check(status == 0 || WTERMSIG(status) == SIGSEGV,
          "a frame with a bad xsave area: %#x", (unsigned int)status);
}

void test_signal_frames(void)
{
    test_registers();
    test_avx();
    test_change();
    test_faults();
    test_retry();
    test_stack();
    test_tampered();
}
