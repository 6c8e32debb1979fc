/* SPDX-License-Identifier: MIT
 *
 * How the two ends of abi/ring.h touch what they share.
 *
 * The order, for an index and an event. Who produces stores the index and then
 * loads the event; who waits stores the event and then loads the index. All
 * four are sequentially consistent: there is one order of them, so at least one
 * of the two loads comes after both stores. Either the one who waits sees the
 * index, or the one who produces sees the event. Nobody sleeps beside work. On
 * x86-64 the stores are xchg (a plain one could pass the load after it), the
 * loads plain. tests/models/ring.pml fails with either store plain.
 *
 * And for a slot: it is written before the index is stored, and read after the
 * index was loaded, which the same store and load see to (release and acquire).
 */
#ifndef PVDRIVERS_RING_PAGE_H
#define PVDRIVERS_RING_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint32_t ring_page_load(const uint32_t *shared)
{
    return __atomic_load_n(shared, __ATOMIC_SEQ_CST);
}

static inline void ring_page_store(uint32_t *shared, uint32_t value)
{
    __atomic_store_n(shared, value, __ATOMIC_SEQ_CST);
}

/* The producer's own store, and whether the other end waits for one of what is
 * new: of the numbers from old on, below new. */
static inline bool ring_page_publish(uint32_t *prod, uint32_t old, uint32_t new,
                                     const uint32_t *event)
{
    uint32_t nr = new - old;

    ring_page_store(prod, new);
    return ring_page_load(event) - old < nr;
}

/* A word of whatever lies in a slot. */
typedef uint64_t __attribute__((may_alias)) ring_word_t;

/* size: a constant, and a multiple of 8, as is where both lie. Each word is
 * read once: whatever the other end does to it afterwards, the copy stays. */
static inline void ring_page_read(void *to, const void *shared, size_t size)
{
    const volatile ring_word_t *from = shared;
    ring_word_t *words = to;

    /* One register, which gcc would else compute for each word. */
    __asm__("" : "+r"(from));
#pragma GCC unroll 16
    for (size_t i = 0; i < size / sizeof(*words); i++)
        words[i] = from[i];
}

static inline void ring_page_write(void *shared, const void *from, size_t size)
{
    const ring_word_t *words = from;
    volatile ring_word_t *to = shared;

    __asm__("" : "+r"(to));
#pragma GCC unroll 16
    for (size_t i = 0; i < size / sizeof(*words); i++)
        to[i] = words[i];
}

#endif
