/* SPDX-License-Identifier: MIT
 *
 * The guest's side of every hypercall: hypercall_name(arguments), a call into
 * the hypercall page that PARAPET_DEFINE_NOTE (abi/note.h) reserves and the
 * hypervisor fills. For guests only. Build guests with -mno-red-zone: the
 * call pushes a return address, and upcalls push frames.
 */
#ifndef ABI_STUBS_H
#define ABI_STUBS_H

#include <stdint.h>

#include "abi/domain.h"
#include "abi/errors.h"
#include "abi/grant.h"
#include "abi/hypercall.h"
#include "abi/log.h"
#include "abi/memory.h"
#include "abi/note.h"
#include "abi/shared.h"

#define PARAPET_STUB_u32 uint32_t
#define PARAPET_STUB_u64 uint64_t
#define PARAPET_STUB_vaddr uint64_t
#define PARAPET_STUB_in const void *
#define PARAPET_STUB_out void *
#define PARAPET_STUB_inout void *

/* The register of argument n: an operand, or one that C has no letter for. */
#define PARAPET_STUB_OPERAND(n, type, arg) PARAPET_STUB_OPERAND_##n(arg)
#define PARAPET_STUB_OPERAND_1(arg) , "D"(arg)
#define PARAPET_STUB_OPERAND_2(arg) , "S"(arg)
#define PARAPET_STUB_OPERAND_3(arg) , "d"(arg)
#define PARAPET_STUB_OPERAND_4(arg) , "r"(r10)
#define PARAPET_STUB_OPERAND_5(arg) , "r"(r8)
#define PARAPET_STUB_OPERAND_6(arg) , "r"(r9)
#define PARAPET_STUB_REGISTER(n, type, arg) PARAPET_STUB_REGISTER_##n(arg)
#define PARAPET_STUB_REGISTER_1(arg)
#define PARAPET_STUB_REGISTER_2(arg)
#define PARAPET_STUB_REGISTER_3(arg)
#define PARAPET_STUB_REGISTER_4(arg)                                           \
    register uint64_t r10 __asm__("r10") = (uint64_t)arg;
#define PARAPET_STUB_REGISTER_5(arg)                                           \
    register uint64_t r8 __asm__("r8") = (uint64_t)arg;
#define PARAPET_STUB_REGISTER_6(arg)                                           \
    register uint64_t r9 __asm__("r9") = (uint64_t)arg;
#define PARAPET_STUB_PARAM(n, type, arg) PARAPET_STUB_##type arg

/* One call into entry nr of the hypercall page. */
#define PARAPET_HYPERCALL(nr, name, flags, errors, brief, ...)                 \
    static inline int64_t hypercall_##name(                                    \
        PARAPET_PARAMS(PARAPET_STUB_PARAM, ##__VA_ARGS__))                     \
    {                                                                          \
        PARAPET_ARGS(PARAPET_STUB_REGISTER, ##__VA_ARGS__)                     \
        int64_t result;                                                        \
        __asm__ volatile("call parapet_hypercall_page + %c[entry]"             \
                         : "=a"(result)                                        \
                         : [entry] "i"((nr)*PARAPET_HYPERCALL_ENTRY_SIZE)      \
                             PARAPET_ARGS(PARAPET_STUB_OPERAND, ##__VA_ARGS__) \
                         : "rcx", "r11", "memory", "cc");                      \
        return result;                                                         \
    }

#include "abi/hypercalls.def"

#undef PARAPET_HYPERCALL

/*
 * Any number with any six arguments, by the syscall instruction itself and
 * not through the page: for tests of numbers that have no entry.
 */
static inline int64_t hypercall_raw(uint64_t number, uint64_t a1, uint64_t a2,
                                    uint64_t a3, uint64_t a4, uint64_t a5,
                                    uint64_t a6)
{
    register uint64_t r10 __asm__("r10") = a4;
    register uint64_t r8 __asm__("r8") = a5;
    register uint64_t r9 __asm__("r9") = a6;
    int64_t result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a1), "S"(a2), "d"(a3), "r"(r10),
                       "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory", "cc");
    return result;
}

/* The call with this number, by its entry in the page: for who gets the number
 * from somebody else, and has checked it. */
static inline int64_t hypercall_by_number(uint64_t number,
                                          const uint64_t args[6])
{
    register uint64_t r10 __asm__("r10") = args[3];
    register uint64_t r8 __asm__("r8") = args[4];
    register uint64_t r9 __asm__("r9") = args[5];
    int64_t result;

    __asm__ volatile("leaq parapet_hypercall_page(%%rip), %%rcx\n\t"
                     "addq %%rcx, %%rax\n\t"
                     "call *%%rax"
                     : "=a"(result)
                     : "0"(number * PARAPET_HYPERCALL_ENTRY_SIZE), "D"(args[0]),
                       "S"(args[1]), "d"(args[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory", "cc");
    return result;
}

/*
 * All entries of a multicall, however often the hypervisor stops in between.
 * Returns 0 when each entry has its result, else the error that ended it.
 * page is the calling vCPU's; an upcall handler that makes preemptible calls
 * of its own saves and restores restart_done.
 */
static inline int64_t
hypercall_multicall_all(const volatile struct parapet_vcpu_page *page,
                        struct parapet_multicall_entry *calls,
                        uint64_t nr_calls)
{
    int64_t result;

    while ((result = hypercall_multicall(calls, nr_calls)) ==
           -PARAPET_ERESTART) {
        calls += page->restart_done;
        nr_calls -= page->restart_done;
    }
    return result;
}

/*
 * All updates of an mmu_update. Returns 0, or the error that ended it; then
 * page->restart_done of the *updates that were left to do are done, and the
 * next one is at fault. nr_updates is not 0.
 */
static inline int64_t
hypercall_mmu_update_all(const volatile struct parapet_vcpu_page *page,
                         const struct parapet_pte_update *updates,
                         uint64_t nr_updates, uint64_t mask)
{
    int64_t result;

    while ((result = hypercall_mmu_update(updates, nr_updates, mask)) ==
           -PARAPET_ERESTART) {
        updates += page->restart_done;
        nr_updates -= page->restart_done;
    }
    return result;
}

/*
 * All elements of a call for grants (abi/grant.h). Returns 0 when each has its
 * status, or the error that ended it; then page->restart_done of those that
 * were left have theirs. nr_elements is not 0.
 */
#define PARAPET_GRANT_ALL(name, type)                                          \
    static inline int64_t hypercall_grant_##name##_all(                        \
        const volatile struct parapet_vcpu_page *page,                         \
        struct parapet_grant_##type *elements, uint64_t nr_elements)           \
    {                                                                          \
        int64_t result;                                                        \
                                                                               \
        while ((result = hypercall_grant_##name(elements, nr_elements)) ==     \
               -PARAPET_ERESTART) {                                            \
            elements += page->restart_done;                                    \
            nr_elements -= page->restart_done;                                 \
        }                                                                      \
        return result;                                                         \
    }

PARAPET_GRANT_ALL(map, map)
PARAPET_GRANT_ALL(unmap, unmap)
PARAPET_GRANT_ALL(hold, hold)
PARAPET_GRANT_ALL(hold_run, run)
PARAPET_GRANT_ALL(release, unmap)
PARAPET_GRANT_ALL(copy, copy)

/*
 * A preemptible call of one object, to its end: HYPERCALL_RESTARTED(call)
 * with, say, hypercall_mmu_pin(mfn, PARAPET_TABLE_L4).
 */
#define HYPERCALL_RESTARTED(call)                                              \
    __extension__({                                                            \
        int64_t restarted_result;                                              \
        do                                                                     \
            restarted_result = (call);                                         \
        while (restarted_result == -PARAPET_ERESTART);                         \
        restarted_result;                                                      \
    })

#endif
