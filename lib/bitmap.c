/* SPDX-License-Identifier: MIT
 *
 * Searches and ranges over arrays of bits, a word at a time.
 */
#include "lib/bitmap.h"

#include "lib/macros.h"

/* The part of a word's bits that lies in [first, end): first and end are bit
 * numbers in the bitmap, and first's word is the one meant. */
static uint64_t range_mask(size_t first, size_t end)
{
    size_t start = first % BITMAP_WORD_BITS;
    size_t nr = MIN(end - first, BITMAP_WORD_BITS - start);

    return (UINT64_MAX >> (BITMAP_WORD_BITS - nr)) << start;
}

static size_t next_word(size_t bit)
{
    return (bit / BITMAP_WORD_BITS + 1) * BITMAP_WORD_BITS;
}

void bitmap_set_range(uint64_t *bitmap, size_t first, size_t nr)
{
    size_t end = first + nr;

    for (; first < end; first = next_word(first))
        bitmap[first / BITMAP_WORD_BITS] |= range_mask(first, end);
}

void bitmap_clear_range(uint64_t *bitmap, size_t first, size_t nr)
{
    size_t end = first + nr;

    for (; first < end; first = next_word(first))
        bitmap[first / BITMAP_WORD_BITS] &= ~range_mask(first, end);
}

/* Words are seen through flip: 0 finds ones, all ones finds zeros. */
static size_t find(const uint64_t *bitmap, size_t nr_bits, size_t from,
                   uint64_t flip)
{
    for (; from < nr_bits; from = next_word(from)) {
        size_t index = from / BITMAP_WORD_BITS;
        uint64_t found = (bitmap[index] ^ flip) & range_mask(from, nr_bits);

        if (found != 0)
            return index * BITMAP_WORD_BITS + (size_t)__builtin_ctzll(found);
    }
    return nr_bits;
}

size_t bitmap_find_set(const uint64_t *bitmap, size_t nr_bits, size_t from)
{
    return find(bitmap, nr_bits, from, 0);
}

size_t bitmap_find_zero(const uint64_t *bitmap, size_t nr_bits, size_t from)
{
    return find(bitmap, nr_bits, from, UINT64_MAX);
}

size_t bitmap_find_zeros(const uint64_t *bitmap, size_t nr_bits, size_t from,
                         size_t nr)
{
    for (;;) {
        size_t start = bitmap_find_zero(bitmap, nr_bits, from);

        if (start == nr_bits || nr > nr_bits - start)
            return nr_bits;
        from = bitmap_find_set(bitmap, start + nr, start);
        if (from == start + nr)
            return start;
    }
}
