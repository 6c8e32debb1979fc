/* SPDX-License-Identifier: MIT
 *
 * What a program may try against the kernel, second part: the frames of
 * signals, which lie in its memory: what is in them, and what comes of it when
 * they are changed.
 */
#include "user/posix/hostile.h"
#include "user/posix/posix.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* ---- what comes from the kernel ---- */

static siginfo_t last_info;

static void keep_info(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    last_info = *info;
}

/* After the last field that kill(2) and the end of a child fill. */
#define INFO_USED 48

static void check_rest(const char *what)
{
    const char *bytes = (const char *)&last_info;
    size_t i;

    for (i = INFO_USED; i < sizeof(last_info) && bytes[i] == 0; i++)
        ;
    check(i == sizeof(last_info), "%s: byte %zu of siginfo is not 0", what, i);
}

static void nothing(void *unused)
{
    (void)unused;
}

static void no_leaks(void)
{
    struct sigaction action = {.sa_sigaction = keep_info,
                               .sa_flags = SA_SIGINFO};

    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
    memset(&last_info, 1, sizeof(last_info));
    kill(getpid(), SIGUSR1);
    check_rest("kill");
    memset(&last_info, 1, sizeof(last_info));
    check_exits(nothing, NULL, 0, "a child");
    check_rest("the end of a child");
    signal(SIGUSR1, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
}

/* ---- spoilt frames ---- */

enum spoil {
    SPOIL_RIP,
    SPOIL_RSP,
    SPOIL_FLAGS,
    SPOIL_FPU_ADDRESS,
    SPOIL_FPU_HEADER,
    SPOIL_FPU_ALL,
    SPOIL_SEGMENTS,
    NR_SPOILS,
};

static enum spoil spoil_what;
static uint64_t spoil_value;

/* The part of an xsave area that says what is in it; it is after the 512
 * bytes that fxsave has. */
#define FPU_HEADER 512
#define FPU_HEADER_SIZE 64

static void spoil(int number, siginfo_t *info, void *context)
{
    ucontext_t *frame = context;
    greg_t *registers = frame->uc_mcontext.gregs;
    char *fpu = (char *)frame->uc_mcontext.fpregs;

    (void)number;
    (void)info;
    if (spoil_what == SPOIL_RIP)
        registers[REG_RIP] = (greg_t)spoil_value;
    else if (spoil_what == SPOIL_RSP)
        registers[REG_RSP] = (greg_t)spoil_value;
    else if (spoil_what == SPOIL_FLAGS)
        registers[REG_EFL] = (greg_t)spoil_value;
    else if (spoil_what == SPOIL_SEGMENTS)
        registers[REG_CSGSFS] = (greg_t)spoil_value;
    else if (spoil_what == SPOIL_FPU_ADDRESS)
        memcpy(&frame->uc_mcontext.fpregs, &spoil_value, sizeof(spoil_value));
    else if (spoil_what == SPOIL_FPU_HEADER)
        memset(fpu + FPU_HEADER, (int)spoil_value, FPU_HEADER_SIZE);
    else
        memset(fpu, (int)spoil_value, FPU_HEADER + FPU_HEADER_SIZE);
}

static void return_spoilt(void *unused)
{
    struct sigaction action = {.sa_sigaction = spoil, .sa_flags = SA_SIGINFO};

    (void)unused;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    usleep(1000); /* another has the CPU, and what is spoilt is loaded */
}

/* Whether it dies of it does not matter, but that all others live. */
static void frames(void)
{
    size_t i;

    for (spoil_what = 0; spoil_what < NR_SPOILS; spoil_what++)
        for (i = 0; i < NR_BAD_ADDRESSES; i++) {
            spoil_value = bad_addresses[i];
            check(status_of_child(return_spoilt, NULL) != -1,
                  "a spoilt frame: there is no such child");
        }
}

static void return_at_once(void *unused)
{
    (void)unused;
    (void)syscall(SYS_rt_sigreturn);
}

/* Of a size that newer C libraries do not refuse by themselves. */
static void use_bad_stack(void *start)
{
    stack_t stack = {.ss_sp = start, .ss_size = SIGSTKSZ};
    struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_ONSTACK};

    action.sa_sigaction = keep_info;
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
}

static void stacks(void)
{
    size_t i;

    for (i = 0; i < NR_BAD_ADDRESSES; i++)
        check_killed(use_bad_stack, (void *)bad_addresses[i], SIGSEGV,
                     "a handler on a stack that is nobody's");
    check_killed(return_at_once, NULL, SIGSEGV, "rt_sigreturn, and no handler");
}

void hostile_frames(void)
{
    no_leaks();
    frames();
    stacks();
}
