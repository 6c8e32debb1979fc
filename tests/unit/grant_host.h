/* SPDX-License-Identifier: MIT
 *
 * In front of the hypervisor's calls for grants when they are compiled for the
 * host (grant_core.c): a CPU that needs no ring 0, and words of a guest's
 * memory that is the test's own.
 */
#ifndef TESTS_UNIT_GRANT_HOST_H
#define TESTS_UNIT_GRANT_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifndef __x86_64__
/* In the place of hypervisor/x86/copy.h. */
#define HYPERVISOR_X86_COPY_H
#define copy_up memmove
#define copy_down memmove
#endif

#define this_cpu this_cpu_by_stack
#include "hypervisor/x86/percpu.h"
#undef this_cpu
struct cpu_info *this_cpu(void);

/* In the place of hypervisor/core/guest_words.h. */
#define HYPERVISOR_CORE_GUEST_WORDS_H

/* False: the guest has taken the page away. */
bool grant_host_may_access(bool to_write);

static inline bool guest_read_words(uint64_t vaddr, uint64_t *words,
                                    unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        words[i] = ((const uint64_t *)vaddr)[i];
    return grant_host_may_access(false);
}

static inline bool guest_read_2(uint64_t vaddr, uint64_t words[2])
{
    return guest_read_words(vaddr, words, 2);
}

static inline bool guest_read_3(uint64_t vaddr, uint64_t words[3])
{
    return guest_read_words(vaddr, words, 3);
}

/* Its status is the last half of so many words. */
static inline bool guest_begin(uint64_t vaddr, uint64_t *words, unsigned int nr)
{
    if (!guest_read_words(vaddr, words, nr) || !grant_host_may_access(true))
        return false;
    words[nr - 1] = (uint32_t)words[nr - 1];
    ((uint64_t *)vaddr)[nr - 1] = words[nr - 1];
    return true;
}

static inline bool guest_begin_1(uint64_t vaddr, uint32_t *half)
{
    uint64_t word;
    bool done = guest_begin(vaddr, &word, 1);

    *half = (uint32_t)word;
    return done;
}

static inline bool guest_begin_3(uint64_t vaddr, uint64_t words[3],
                                 uint32_t told)
{
    if (!guest_read_words(vaddr, words, 3) || !grant_host_may_access(true))
        return false;
    ((uint64_t *)vaddr)[3] = (uint64_t)told << 32;
    return true;
}

static inline bool guest_begin_5(uint64_t vaddr, uint64_t words[5])
{
    return guest_begin(vaddr, words, 5);
}

static inline bool guest_write_1(uint64_t vaddr, uint64_t offset, uint64_t word)
{
    if (!grant_host_may_access(true))
        return false;
    *(uint64_t *)(vaddr + offset) = word;
    return true;
}

static inline bool guest_write_3(uint64_t vaddr, uint64_t offset, uint64_t w0,
                                 uint64_t w1, uint64_t w2)
{
    uint64_t *to = (uint64_t *)(vaddr + offset);

    if (!grant_host_may_access(true))
        return false;
    to[0] = w0;
    to[1] = w1;
    to[2] = w2;
    return true;
}

#endif
