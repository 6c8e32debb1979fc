/* SPDX-License-Identifier: MIT
 *
 * The multicall: several hypercalls for one entry and exit.
 */
#include "abi/errors.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/x86/ex_table.h"
#include "hypervisor/x86/percpu.h"
#include "lib/macros.h"

/*
 * A call stops after so many entries, or after one that is slow, was long, or
 * had to wait for a lock or for another CPU; and before one that is slow when
 * it comes after more than a few. So it keeps within 20,000 instructions,
 * whatever the entries are, and has one wait at most: one that is not slow
 * takes some 420, and some 12 for each CPU that it looks at. How many these
 * are is counted, too.
 */
#define ENTRIES_AT_A_TIME 32
#define ENTRIES_BEFORE_SLOW 4
#define LOOKS_BEFORE_SLOW 32 /* at CPUs (mm/tlb.c) */

_Static_assert(sizeof(struct parapet_multicall_entry) == 64,
               "the offsets below are those of the structure");

/*
 * Reads each field of the entry at vaddr once, in a range that has been
 * checked. False when it cannot be read.
 */
static inline bool read_entry(uint64_t vaddr, uint64_t *number,
                              uint64_t args[6])
{
    uint64_t n, a0, a1, a2, a3, a4, a5;

    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("mov (%[from]), %[n]")
        MAY_FAULT("mov 8(%[from]), %[a0]")
        MAY_FAULT("mov 16(%[from]), %[a1]")
        MAY_FAULT("mov 24(%[from]), %[a2]")
        MAY_FAULT("mov 32(%[from]), %[a3]")
        MAY_FAULT("mov 40(%[from]), %[a4]")
        MAY_FAULT("mov 48(%[from]), %[a5]")
        "clac"
        : [n] "=&r"(n), [a0] "=&r"(a0), [a1] "=&r"(a1), [a2] "=&r"(a2),
          [a3] "=&r"(a3), [a4] "=&r"(a4), [a5] "=&r"(a5)
        : [from] "r"(vaddr)
        : "memory", "cc"
        : fault);
    /* clang-format on */
    /* gcc before 12.4 may else lose the outputs (its bug 113921). */
    __asm__ volatile("");
    *number = n;
    args[0] = a0;
    args[1] = a1;
    args[2] = a2;
    args[3] = a3;
    args[4] = a4;
    args[5] = a5;
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

static inline bool write_result(uint64_t vaddr, int64_t result)
{
    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("mov %[result], 56(%[to])")
        "clac"
        :
        : [to] "r"(vaddr), [result] "r"(result)
        : "memory", "cc"
        : fault);
    /* clang-format on */
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

/*
 * Whether the call at entry is refused here. Notes one that is slow, and with
 * it the multicall stops: before it, if there were more than a few others. On
 * the path of all calls, so where the first one is comes from the registers
 * that the guest called with.
 */
static inline bool is_refused(struct cpu_info *cpu, uint8_t flags,
                              uint64_t entry)
{
    const uint64_t few = ENTRIES_BEFORE_SLOW * 64;

    if (__builtin_expect(!(flags & (HC_NO_MULTICALL | HC_SLOW)), 1))
        return false;
    if (flags & HC_NO_MULTICALL)
        return true;
    cpu->multicall_stop |= HC_SLOW;
    if (entry - guest_regs_of(cpu)->rdi <= few &&
        cpu->multicall_stop < LOOKS_BEFORE_SLOW * MULTICALL_LOOK)
        return false;
    cpu->multicall_stop |= MULTICALL_REPEAT;
    return true;
}

/* What a call is told that is_refused(). Who lacks the privilege for it learns
 * that first. */
static __attribute__((cold, noinline)) int64_t refusal(uint64_t number)
{
    bool privileged = vcpu_current()->domain->control;

    return (hypercall_flags[number] & HC_CONTROL) && !privileged
               ? -PARAPET_EPERM
               : -PARAPET_EINVAL;
}

/*
 * multicall: carries out calls[0..nr_calls) in order and stores each result.
 * An entry that fails does not stop the others. EINVAL: calls is not aligned
 * to 8. E2BIG: more than PARAPET_MAX_MULTICALL. EFAULT: an entry cannot be
 * read or its result not be written; the entries before it have their
 * results. ERESTART: restart_done entries are done, go on after them; also
 * when an entry asks for that itself.
 */
int64_t hc_multicall(uint64_t calls, uint64_t nr_calls)
{
    struct vcpu *v = vcpu_current();
    struct cpu_info *cpu = this_cpu();
    hypercall_handler_t *const *dispatch = v->domain->dispatch;
    struct parapet_counters *counters = v->counters;
    uint64_t end = calls + nr_calls * sizeof(struct parapet_multicall_entry);
    uint64_t stop = calls + MIN(nr_calls, ENTRIES_AT_A_TIME) * 64;
    uint64_t entry = calls;
    uint64_t args[6];
    uint64_t number;
    int64_t result;

    if (nr_calls > PARAPET_MAX_MULTICALL)
        return -PARAPET_E2BIG;
    if (calls % 8 != 0)
        return -PARAPET_EINVAL;
    if (!guest_range_ok(calls, end - calls))
        return -PARAPET_EFAULT;
    cpu->multicall_stop = 0;
    while (entry != stop && (cpu->multicall_stop & MULTICALL_STOP) == 0) {
        if (!read_entry(entry, &number, args))
            return -PARAPET_EFAULT;
        if (__builtin_expect(number >= PARAPET_NR_HYPERCALLS, 0)) {
            counters->unknown_hypercalls++;
            result = -PARAPET_ENOSYS;
        } else if (is_refused(cpu, hypercall_flags[number], entry)) {
            /* Or whatever, if it comes again. */
            result = refusal(number);
        } else {
            counters->hypercalls[number]++;
            result = dispatch[number](args[0], args[1], args[2], args[3],
                                      args[4], args[5]);
        }
        if (!write_result(entry, result))
            return -PARAPET_EFAULT;
        entry += sizeof(struct parapet_multicall_entry);
    }
    if (cpu->multicall_stop & MULTICALL_REPEAT)
        entry -= sizeof(struct parapet_multicall_entry);
    if (entry == end)
        return 0;
    v->page->restart_done = (entry - calls) / 64;
    return -PARAPET_ERESTART;
}
