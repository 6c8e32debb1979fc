/* SPDX-License-Identifier: MIT */
#include "tests/unit/flow.h"

#include <sanitizer/common_interface_defs.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Room for what the sanitizers report, too. */
#define STACK_SIZE (1ul << 20)
#define GUARD_SIZE 4096ul

/* Which one runs, and which ran before it. */
static struct flow *current, *last;

/*
 * void flow_switch(void **from, void *to): stores the stack pointer at from,
 * and takes to, which was stored so. On a stack that is left, from its top on:
 * r15, r14, r13, r12, rbx, rbp, where to return to. All other registers are
 * lost, as in any call.
 */
void flow_switch(void **from, void *to);
__asm__(".pushsection .text\n"
        ".type flow_switch, @function\n"
        "flow_switch:\n"
        "    push %rbp\n"
        "    push %rbx\n"
        "    push %r12\n"
        "    push %r13\n"
        "    push %r14\n"
        "    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15\n"
        "    pop %r14\n"
        "    pop %r13\n"
        "    pop %r12\n"
        "    pop %rbx\n"
        "    pop %rbp\n"
        "    ret\n"
        ".size flow_switch, . - flow_switch\n"
        ".popsection");

/* The address sanitizer's, which wants to know on which stack it is; they are
 * not there without it. */
#pragma weak __sanitizer_start_switch_fiber
#pragma weak __sanitizer_finish_switch_fiber

/* On the stack of the flow that begins or goes on. */
static void arrive(void)
{
    if (__sanitizer_finish_switch_fiber)
        __sanitizer_finish_switch_fiber(current->fake_stack, &last->stack,
                                        &last->stack_size);
}

void flow_go(struct flow *from, struct flow *to)
{
    last = from;
    current = to;
    if (__sanitizer_start_switch_fiber)
        __sanitizer_start_switch_fiber(&from->fake_stack, to->stack,
                                       to->stack_size);
    flow_switch(&from->sp, to->sp);
    arrive();
}

static void begin(void)
{
    arrive();
    current->main();
    abort(); /* there is nowhere to return to */
}

/* On its stack is what flow_switch() takes from there. So begin() finds the
 * stack as if it had been called, from address 0. */
void flow_create(struct flow *flow, void (*main)(void))
{
    char *memory = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void **top = (void **)(memory + GUARD_SIZE + STACK_SIZE);

    if (memory == MAP_FAILED || mprotect(memory, GUARD_SIZE, PROT_NONE) != 0)
        abort();
    top[-2] = (void *)begin;
    *flow = (struct flow){
        .sp = top - 8,
        .main = main,
        .stack = memory + GUARD_SIZE,
        .stack_size = STACK_SIZE,
    };
}
