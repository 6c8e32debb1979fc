/* SPDX-License-Identifier: MIT
 *
 * Owns the trap table of every vCPU and decides what becomes of an exception:
 * a hook, the innermost mg_try of that vCPU, or the end of the test.
 */
#include "tests/kernels/lib/trap.h"

#include "lib/macros.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

#define TRAP_ENTRY_SIZE 16

extern const unsigned char mg_trap_entries[MG_SYSCALL + 1][TRAP_ENTRY_SIZE];
extern const unsigned char mg_try_faulted[];
uint64_t mg_try_run(uint64_t *saved_rsp, void (*fn)(void *), void *arg);
void mg_trap_dispatch(struct mg_regs *regs);

struct attempt {
    struct attempt *outer;
    uint64_t rsp; /* of mg_try_run */
    uint8_t event_mask;
    struct mg_fault *fault;
};

static struct attempt *innermost[MG_MAX_VCPUS];
static mg_trap_hook_t *hooks[MG_SYSCALL + 1];

const char *mg_trap_name(uint64_t vector)
{
    static const char *const names[] = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9",
        "#TS", "#NP", "#SS", "#GP", "#PF", "15",  "#MF", "#AC", "#MC", "#XM"};

    if (vector == MG_SYSCALL)
        return "a system call";
    return vector < ARRAY_SIZE(names) ? names[vector] : "?";
}

uint64_t mg_trap_entry(uint64_t vector)
{
    return (uint64_t)mg_trap_entries[vector];
}

void mg_trap_set(uint32_t vector, uint32_t flags, uint64_t entry)
{
    struct parapet_trap trap = {vector, flags, entry};
    int64_t result = hypercall_set_trap_table(&trap, 1);

    if (result != 0)
        mg_error("set_trap_table of vector %u: %ld", vector, result);
}

void mg_trap_init(void)
{
    for (uint32_t v = 0; v < PARAPET_NR_TRAPS; v++)
        mg_trap_set(v, PARAPET_TRAP_MASK_EVENTS, mg_trap_entry(v));
}

void mg_trap_hook(uint64_t vector, mg_trap_hook_t *hook)
{
    hooks[vector] = hook;
}

static void describe(const struct mg_regs *regs, struct mg_fault *fault)
{
    fault->vector = regs->vector;
    fault->vaddr = mg_vcpu_page()->fault_vaddr;
    fault->event_mask = mg_vcpu_page()->event_mask;
    fault->frame = regs->frame;
}

/* Makes the iret go to mg_try_run's second return. */
static void give_up(struct mg_regs *regs, struct attempt *attempt)
{
    if (attempt->fault)
        describe(regs, attempt->fault);
    innermost[mg_vcpu_id()] = attempt->outer;
    regs->frame.rip = (uint64_t)mg_try_faulted;
    regs->frame.cs = PARAPET_CS_KERNEL;
    regs->frame.rsp = attempt->rsp;
    regs->frame.rflags = attempt->event_mask ? 0 : PARAPET_RFLAGS_IF;
}

/* From trap_entry.S, with events masked. */
void mg_trap_dispatch(struct mg_regs *regs)
{
    struct attempt *attempt = innermost[mg_vcpu_id()];
    mg_trap_hook_t *hook = hooks[regs->vector];

    if (hook && hook(regs))
        return;
    if (attempt) {
        give_up(regs, attempt);
        return;
    }
    mg_error("unexpected %s (%lu), error %#lx, rip %#lx, rsp %#lx, "
             "fault_vaddr %#lx",
             mg_trap_name(regs->vector), regs->vector, regs->frame.error,
             regs->frame.rip, regs->frame.rsp, mg_vcpu_page()->fault_vaddr);
}

bool mg_try(void (*fn)(void *), void *arg, struct mg_fault *fault)
{
    uint32_t vcpu = mg_vcpu_id();
    struct attempt attempt = {
        .outer = innermost[vcpu],
        .event_mask = mg_vcpu_page()->event_mask,
        .fault = fault,
    };

    innermost[vcpu] = &attempt;
    if (mg_try_run(&attempt.rsp, fn, arg))
        return true;
    innermost[vcpu] = attempt.outer;
    return false;
}

bool mg_expect_fault(const char *what, void (*fn)(void *), void *arg,
                     uint64_t vector, struct mg_fault *fault)
{
    struct mg_fault here;

    if (!fault)
        fault = &here;
    if (!mg_try(fn, arg, fault)) {
        mg_failure("%s: expected %s, no exception came", what,
                   mg_trap_name(vector));
        return false;
    }
    if (fault->vector != vector) {
        mg_failure("%s: expected %s, got %s, error %#lx, rip %#lx", what,
                   mg_trap_name(vector), mg_trap_name(fault->vector),
                   fault->frame.error, fault->frame.rip);
        return false;
    }
    return true;
}

bool mg_expect_no_fault(const char *what, void (*fn)(void *), void *arg)
{
    struct mg_fault fault;

    if (!mg_try(fn, arg, &fault))
        return true;
    mg_failure("%s: unexpected %s, error %#lx, rip %#lx, vaddr %#lx", what,
               mg_trap_name(fault.vector), fault.frame.error, fault.frame.rip,
               fault.vaddr);
    return false;
}
