/* SPDX-License-Identifier: MIT
 *
 * Exceptions in a micro-guest: every vector has a handler from the start. A
 * test says that it expects a fault by mg_try, or looks at the registers in a
 * hook of its own. Any other exception ends the test as an error.
 */
#ifndef KERNELS_TRAP_H
#define KERNELS_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/shared.h"
#include "tests/kernels/lib/regs.h"

#define MG_DE 0
#define MG_DB 1
#define MG_BP 3
#define MG_OF 4
#define MG_UD 6
#define MG_NM 7
#define MG_SS 12
#define MG_GP 13
#define MG_PF 14
#define MG_MF 16
#define MG_AC 17
#define MG_XM 19
/* No exception: a system call, whose entry the runtime treats as one more. */
#define MG_SYSCALL PARAPET_NR_TRAPS

/* Error code of a page fault (APM 2, section 8.2.15). */
#define MG_PF_PRESENT 1
#define MG_PF_WRITE 2
#define MG_PF_USER 4
#define MG_PF_FETCH 16

/* What a fault looked like, as far as the handler could see it. */
struct mg_fault {
    uint64_t vector;
    uint64_t vaddr;      /* the vCPU page's fault_vaddr; of page faults only */
    uint64_t event_mask; /* in the handler */
    struct parapet_frame frame;
};

/*
 * Runs fn(arg). Returns false if it returned; true if it was ended by an
 * exception, which *fault describes (fault may be NULL). The event mask is
 * then as it was at the call. May be nested.
 */
bool mg_try(void (*fn)(void *), void *arg, struct mg_fault *fault);

/*
 * The same, and a failure of the test unless the exception has this vector.
 * what names the deed in the message. Returns whether all was as wanted.
 */
bool mg_expect_fault(const char *what, void (*fn)(void *), void *arg,
                     uint64_t vector, struct mg_fault *fault);

/* The same for a deed that must not fault. */
bool mg_expect_no_fault(const char *what, void (*fn)(void *), void *arg);

/*
 * A piece of assembly as a function, for mg_try: rdi is arg, rax to r11 are
 * free, ret is added. The first instruction's address is the function's.
 */
#define MG_SNIPPET(name, code)                                                 \
    void name(void *arg);                                                      \
    __asm__(".pushsection .text\n" #name ":\n\t" code "\n\tret\n"              \
            ".popsection\n")

/* Calls a snippet for what it leaves in rax. */
static inline uint64_t mg_call(void (*fn)(void *), void *arg)
{
    uint64_t result;

    __asm__ volatile("call *%[fn]"
                     : "=a"(result), "+D"(arg)
                     : [fn] "a"(fn)
                     : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory",
                       "cc");
    return result;
}

/*
 * Sees an exception before mg_try does. True: go on with what is in regs;
 * false: not mine. Events are masked. NULL removes the hook.
 */
typedef bool mg_trap_hook_t(struct mg_regs *regs);
void mg_trap_hook(uint64_t vector, mg_trap_hook_t *hook);

/* Registers the runtime's handlers on this vCPU, all with events masked. */
void mg_trap_init(void);

/* Registers one handler, any; 0 removes it. A refusal ends the test. */
void mg_trap_set(uint32_t vector, uint32_t flags, uint64_t entry);

/* The runtime's own entry for a vector, to be registered with other flags. */
uint64_t mg_trap_entry(uint64_t vector);

const char *mg_trap_name(uint64_t vector);

#endif
