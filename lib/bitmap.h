/* SPDX-License-Identifier: MIT
 *
 * Arrays of bits: bit b is bit b % 64 of word b / 64. Nothing here is atomic;
 * the caller locks. Searches look at the bits below nr_bits only and return
 * nr_bits when there is no such bit.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITMAP_WORD_BITS 64
/* How many words hold nr_bits bits. */
#define BITMAP_WORDS(nr_bits)                                                  \
    (((nr_bits) + BITMAP_WORD_BITS - 1) / BITMAP_WORD_BITS)

static inline uint64_t bitmap_mask(size_t bit)
{
    return (uint64_t)1 << (bit % BITMAP_WORD_BITS);
}

static inline void bitmap_set(uint64_t *bitmap, size_t bit)
{
    bitmap[bit / BITMAP_WORD_BITS] |= bitmap_mask(bit);
}

static inline void bitmap_clear(uint64_t *bitmap, size_t bit)
{
    bitmap[bit / BITMAP_WORD_BITS] &= ~bitmap_mask(bit);
}

static inline bool bitmap_test(const uint64_t *bitmap, size_t bit)
{
    return (bitmap[bit / BITMAP_WORD_BITS] & bitmap_mask(bit)) != 0;
}

/* The bits from first to first + nr - 1. */
void bitmap_set_range(uint64_t *bitmap, size_t first, size_t nr);
void bitmap_clear_range(uint64_t *bitmap, size_t first, size_t nr);

/* The first bit at or after from that is set, or is zero. */
size_t bitmap_find_set(const uint64_t *bitmap, size_t nr_bits, size_t from);
size_t bitmap_find_zero(const uint64_t *bitmap, size_t nr_bits, size_t from);

/* The start of the first nr zeros in a row at or after from; nr is not 0. */
size_t bitmap_find_zeros(const uint64_t *bitmap, size_t nr_bits, size_t from,
                         size_t nr);

#endif
