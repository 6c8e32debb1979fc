/* SPDX-License-Identifier: MIT
 *
 * Owns one bit for each frame up to the end of RAM: 1 is in use or no RAM. A
 * second bitmap has a bit for each word of the first: 1 is full; and a third
 * one the same for the second. So a search is short however much is in use,
 * on which a guest may have some influence: one word of the third bitmap stands
 * for 1 GiB.
 */
#include "hypervisor/mm/frame.h"

#include "hypervisor/base/bug.h"
#include "hypervisor/base/spinlock.h"
#include "lib/bitmap.h"
#include "lib/macros.h"
#include "lib/string.h"

/* The boot page tables map 4 GiB; be modest. */
#define EARLY_LIMIT 0x40000000ul

static struct spinlock frame_lock;
static uint64_t *used;
static uint64_t *full;
static uint64_t *all_full;
static size_t nr_frames;
static size_t nr_total;
static size_t nr_free;

static bool overlaps(const struct memory_range *range, uint64_t start,
                     uint64_t end)
{
    return range->start < end && start < range->end;
}

/*
 * Finds a place for the bitmap, of size bytes: in RAM, below EARLY_LIMIT,
 * touching no reserved range. Candidates are the start of RAM and the ends of
 * reserved ranges.
 */
static bool place_bitmap(struct memory_range *own, size_t size,
                         const struct memory_range *ram, size_t nr_ram,
                         const struct memory_range *reserved,
                         size_t nr_reserved)
{
    for (size_t i = 0; i < nr_ram; i++) {
        uint64_t limit = MIN(ram[i].end, EARLY_LIMIT);
        uint64_t start = ALIGN_UP(ram[i].start, PAGE_SIZE);
        size_t j = 0;

        while (start + size <= limit && j < nr_reserved) {
            if (overlaps(&reserved[j], start, start + size)) {
                start = ALIGN_UP(reserved[j].end, PAGE_SIZE);
                j = 0;
            } else {
                j++;
            }
        }
        if (start + size <= limit) {
            own->start = start;
            own->end = start + size;
            return true;
        }
    }
    return false;
}

static void mark_free(const struct memory_range *range)
{
    uint64_t first = ALIGN_UP(range->start, PAGE_SIZE) >> PAGE_SHIFT;
    uint64_t end = range->end >> PAGE_SHIFT;

    if (first < end)
        bitmap_clear_range(used, first, end - first);
}

static void mark_used(const struct memory_range *range)
{
    uint64_t first = range->start >> PAGE_SHIFT;
    uint64_t end =
        MIN(ALIGN_UP(range->end, PAGE_SIZE) >> PAGE_SHIFT, (uint64_t)nr_frames);

    if (first < end)
        bitmap_set_range(used, first, end - first);
}

/* After a change of nr bits of below from first on. */
static void update_above(uint64_t *above, const uint64_t *below, size_t first,
                         size_t nr)
{
    size_t end = (first + nr - 1) / BITMAP_WORD_BITS;

    for (size_t word = first / BITMAP_WORD_BITS; word <= end; word++) {
        if (below[word] == ~0ul)
            bitmap_set(above, word);
        else
            bitmap_clear(above, word);
    }
}

/* After a change of the frames from first on, nr of them. */
static void update_full(size_t first, size_t nr)
{
    size_t word = first / BITMAP_WORD_BITS;

    update_above(full, used, first, nr);
    update_above(all_full, full, word,
                 (first + nr - 1) / BITMAP_WORD_BITS - word + 1);
}

static size_t count_free(void)
{
    size_t n = 0;

    for (size_t i = bitmap_find_zero(used, nr_frames, 0); i < nr_frames;) {
        size_t end = bitmap_find_set(used, nr_frames, i);

        n += end - i;
        i = bitmap_find_zero(used, nr_frames, end);
    }
    return n;
}

bool frame_init(const struct memory_range *ram, size_t nr_ram,
                const struct memory_range *reserved, size_t nr_reserved)
{
    struct memory_range own;
    size_t size, nr_words, nr_full_words;

    nr_frames = 0;
    for (size_t i = 0; i < nr_ram; i++)
        nr_frames = MAX(nr_frames, (size_t)(ram[i].end >> PAGE_SHIFT));
    nr_frames = ALIGN_UP(nr_frames, (size_t)BITMAP_WORD_BITS);
    nr_words = nr_frames / BITMAP_WORD_BITS;
    nr_full_words = nr_words / BITMAP_WORD_BITS + 1;
    size = nr_words + nr_full_words + nr_full_words / BITMAP_WORD_BITS + 1;
    size = ALIGN_UP(size * sizeof(uint64_t), PAGE_SIZE);
    if (!place_bitmap(&own, size, ram, nr_ram, reserved, nr_reserved))
        return false;

    used = paddr_to_vaddr(own.start);
    full = used + nr_words;
    all_full = full + nr_full_words;
    memset(used, 0xff, size);
    for (size_t i = 0; i < nr_ram; i++)
        mark_free(&ram[i]);
    nr_total = count_free();
    for (size_t i = 0; i < nr_reserved; i++)
        mark_used(&reserved[i]);
    mark_used(&own);
    update_full(0, nr_frames);
    nr_free = count_free();
    return true;
}

mfn_t frame_alloc(void)
{
    size_t nr_full_words = nr_frames / BITMAP_WORD_BITS / BITMAP_WORD_BITS + 1;
    mfn_t mfn = MFN_NONE;
    size_t word;

    spin_lock(&frame_lock);
    word = bitmap_find_zero(all_full, nr_full_words, 0);
    if (word < nr_full_words) {
        word = word * BITMAP_WORD_BITS + (size_t)__builtin_ctzl(~full[word]);
        mfn = word * BITMAP_WORD_BITS + (size_t)__builtin_ctzl(~used[word]);
        bitmap_set(used, mfn);
        update_full(mfn, 1);
        nr_free--;
    }
    spin_unlock(&frame_lock);
    return mfn;
}

mfn_t frame_alloc_zeroed(void)
{
    mfn_t mfn = frame_alloc();

    if (mfn != MFN_NONE)
        memset(frame_vaddr(mfn), 0, PAGE_SIZE);
    return mfn;
}

mfn_t frame_alloc_run(size_t nr)
{
    size_t mfn;

    spin_lock(&frame_lock);
    mfn = bitmap_find_zeros(used, nr_frames, 0, nr);
    if (mfn < nr_frames) {
        bitmap_set_range(used, mfn, nr);
        update_full(mfn, nr);
        nr_free -= nr;
    }
    spin_unlock(&frame_lock);
    if (mfn == nr_frames)
        return MFN_NONE;
    memset(frame_vaddr(mfn), 0, nr * PAGE_SIZE);
    return mfn;
}

void frame_free(mfn_t mfn)
{
    spin_lock(&frame_lock);
    BUG_ON(mfn >= nr_frames || !bitmap_test(used, mfn));
    bitmap_clear(used, mfn);
    update_full(mfn, 1);
    nr_free++;
    spin_unlock(&frame_lock);
}

size_t frame_limit(void)
{
    return nr_frames;
}

size_t frame_nr_free(void)
{
    return nr_free;
}

size_t frame_nr_total(void)
{
    return nr_total;
}
