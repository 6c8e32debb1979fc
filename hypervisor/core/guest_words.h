/* SPDX-License-Identifier: MIT
 *
 * A few words of the guest's memory at a time, for hypercalls of which the way
 * is what they cost: they read and write their elements by this. The range was
 * checked by guest_range_ok(). False when a word cannot be read, or written.
 *
 * They use the guest's address as it is. So a call that has them is for engines
 * whose guests' roots the CPU runs on, as engine/direct_access.h; for another
 * engine it is to go by core/guest_access.h.
 */
#ifndef HYPERVISOR_CORE_GUEST_WORDS_H
#define HYPERVISOR_CORE_GUEST_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/x86/ex_table.h"

/* In each that reads: gcc before 12.4 may else lose the outputs (its bug
 * 113921). */
#define GUEST_WORDS_KEEP __asm__ volatile("")

static inline __attribute__((always_inline)) bool
guest_read_2(uint64_t vaddr, uint64_t words[2])
{
    uint64_t w0, w1;

    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("mov (%[from]), %[w0]")
        MAY_FAULT("mov 8(%[from]), %[w1]")
        "clac"
        : [w0] "=&r"(w0), [w1] "=&r"(w1)
        : [from] "r"(vaddr)
        : "memory", "cc"
        : fault);
    /* clang-format on */
    GUEST_WORDS_KEEP;
    words[0] = w0;
    words[1] = w1;
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

static inline __attribute__((always_inline)) bool
guest_read_3(uint64_t vaddr, uint64_t words[3])
{
    uint64_t w0, w1, w2;

    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("mov (%[from]), %[w0]")
        MAY_FAULT("mov 8(%[from]), %[w1]")
        MAY_FAULT("mov 16(%[from]), %[w2]")
        "clac"
        : [w0] "=&r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2)
        : [from] "r"(vaddr)
        : "memory", "cc"
        : fault);
    /* clang-format on */
    GUEST_WORDS_KEEP;
    words[0] = w0;
    words[1] = w1;
    words[2] = w2;
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

/*
 * Elements whose last half word is their status: they are read, and their
 * status becomes 0, so that what cannot be told is not done. Who finds that an
 * element fails writes its status once more.
 */

/* Of one word: its lower half. */
static inline __attribute__((always_inline)) bool guest_begin_1(uint64_t vaddr,
                                                                uint32_t *half)
{
    uint32_t w;

    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("mov (%[at]), %[w]")
        MAY_FAULT("movl $0, 4(%[at])")
        "clac"
        : [w] "=&r"(w)
        : [at] "r"(vaddr)
        : "memory", "cc"
        : fault);
    /* clang-format on */
    GUEST_WORDS_KEEP;
    *half = w;
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

/* Of three words, and told above the status, at once with that. */
static inline __attribute__((always_inline)) bool
guest_begin_3(uint64_t vaddr, uint64_t words[3], uint32_t told)
{
    uint64_t w0, w1, w2;

    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("mov (%[at]), %[w0]")
        MAY_FAULT("mov 8(%[at]), %[w1]")
        MAY_FAULT("mov 16(%[at]), %[w2]")
        MAY_FAULT("mov %[told], 24(%[at])")
        "clac"
        : [w0] "=&r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2)
        : [at] "r"(vaddr), [told] "r"((uint64_t)told << 32)
        : "memory", "cc"
        : fault);
    /* clang-format on */
    GUEST_WORDS_KEEP;
    words[0] = w0;
    words[1] = w1;
    words[2] = w2;
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

/* Of five words; the last one without its status. */
static inline __attribute__((always_inline)) bool
guest_begin_5(uint64_t vaddr, uint64_t words[5])
{
    uint64_t w0, w1, w2, w3, w4;

    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("mov (%[at]), %[w0]")
        MAY_FAULT("mov 8(%[at]), %[w1]")
        MAY_FAULT("mov 16(%[at]), %[w2]")
        MAY_FAULT("mov 24(%[at]), %[w3]")
        MAY_FAULT("mov 32(%[at]), %k[w4]")
        MAY_FAULT("movl $0, 36(%[at])")
        "clac"
        : [w0] "=&r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2), [w3] "=&r"(w3),
          [w4] "=&r"(w4)
        : [at] "r"(vaddr)
        : "memory", "cc"
        : fault);
    /* clang-format on */
    GUEST_WORDS_KEEP;
    words[0] = w0;
    words[1] = w1;
    words[2] = w2;
    words[3] = w3;
    words[4] = w4;
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

static inline __attribute__((always_inline)) bool
guest_write_1(uint64_t vaddr, const uint32_t offset, uint64_t word)
{
    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("mov %[w], %c[at](%[to])")
        "clac"
        :
        : [to] "r"(vaddr), [at] "i"(offset), [w] "r"(word)
        : "memory", "cc"
        : fault);
    /* clang-format on */
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

/* The first is written last. offset is a constant, as above. */
static inline __attribute__((always_inline)) bool
guest_write_3(uint64_t vaddr, const uint32_t offset, uint64_t w0, uint64_t w1,
              uint64_t w2)
{
    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("mov %[w2], 16 + %c[at](%[to])")
        MAY_FAULT("mov %[w1], 8 + %c[at](%[to])")
        MAY_FAULT("movq %[w0], %c[at](%[to])")
        "clac"
        :
        : [to] "r"(vaddr), [at] "i"(offset), [w0] "re"(w0), [w1] "r"(w1),
          [w2] "r"(w2)
        : "memory", "cc"
        : fault);
    /* clang-format on */
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

#endif
