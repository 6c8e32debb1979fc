/* SPDX-License-Identifier: MIT
 *
 * Owns one bit for each frame up to the end of RAM: 1 is in use or no RAM. A
 * bit of the next level stands for a word of this one: 1 is full; and so on up
 * to one word for all. So finding a frame is one look at each level, however
 * large the machine is and whatever guests have taken and given back.
 *
 * In builds with DEBUG=1 a frame that is freed is filled with a pattern, and
 * must still hold it when it is given out: a use after free is found.
 */
#include "hypervisor/mm/frame.h"

#include "hypervisor/base/bug.h"
#include "hypervisor/base/spinlock.h"
#include "lib/bitmap.h"
#include "lib/macros.h"
#include "lib/string.h"

/* The boot page tables map 4 GiB; be modest. */
#define EARLY_LIMIT 0x40000000ul

#define NR_LEVELS 5
#define MAX_FRAMES ((size_t)1 << (6 * NR_LEVELS))

_Static_assert(BITMAP_WORD_BITS == 1 << 6 &&
                   DIRECT_SIZE >> PAGE_SHIFT <= MAX_FRAMES,
               "the last level is one word");

/* No address, and as an entry of a table not present. */
#define POISON 0xdeaddeaddeaddeacul

static struct spinlock frame_lock = SPINLOCK(frame);
static uint64_t *levels[NR_LEVELS]; /* [0]: a bit for each frame */
static size_t nr_words[NR_LEVELS];
static size_t last_word;   /* of [0], where one was found */
static uint64_t *poisoned; /* DEBUG=1: a bit for each frame, too */
static size_t nr_frames;
static size_t nr_total;
static size_t nr_free;
static bool boot_is_over;

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
        bitmap_clear_range(levels[0], first, end - first);
}

static void mark_used(const struct memory_range *range)
{
    uint64_t first = range->start >> PAGE_SHIFT;
    uint64_t end =
        MIN(ALIGN_UP(range->end, PAGE_SIZE) >> PAGE_SHIFT, (uint64_t)nr_frames);

    if (first < end)
        bitmap_set_range(levels[0], first, end - first);
}

/* After a change of the frames [first, first + nr), all in one go. */
static void update_above(size_t first, size_t nr)
{
    size_t end = first + nr - 1;

    for (unsigned int i = 1; i < NR_LEVELS; i++) {
        first /= BITMAP_WORD_BITS;
        end /= BITMAP_WORD_BITS;
        for (size_t word = first; word <= end; word++) {
            if (levels[i - 1][word] == ~0ul)
                bitmap_set(levels[i], word);
            else
                bitmap_clear(levels[i], word);
        }
    }
}

static size_t count_free(void)
{
    size_t n = 0;

    for (size_t i = bitmap_find_zero(levels[0], nr_frames, 0); i < nr_frames;) {
        size_t end = bitmap_find_set(levels[0], nr_frames, i);

        n += end - i;
        i = bitmap_find_zero(levels[0], nr_frames, end);
    }
    return n;
}

static void count_frames(const struct memory_range *ram, size_t nr_ram)
{
    nr_frames = 0;
    for (size_t i = 0; i < nr_ram; i++)
        nr_frames = MAX(nr_frames, (size_t)(ram[i].end >> PAGE_SHIFT));
    nr_frames = MIN(ALIGN_UP(nr_frames, (size_t)BITMAP_WORD_BITS), MAX_FRAMES);
}

/* Returns how many words all levels take. */
static size_t count_words(void)
{
    size_t sum = 0;

    for (unsigned int i = 0; i < NR_LEVELS; i++) {
        nr_words[i] = BITMAP_WORDS(i == 0 ? nr_frames : nr_words[i - 1]);
        sum += nr_words[i];
    }
    return sum + (PARAPET_DEBUG ? nr_words[0] : 0);
}

/* Everything is in use, and nothing is poisoned. */
static void create_levels(uint64_t *words, size_t size)
{
    memset(words, 0xff, size);
    for (unsigned int i = 0; i < NR_LEVELS; i++) {
        levels[i] = words;
        words += nr_words[i];
    }
    poisoned = words;
    if (PARAPET_DEBUG)
        memset(poisoned, 0, nr_words[0] * sizeof(uint64_t));
}

bool frame_init(const struct memory_range *ram, size_t nr_ram,
                const struct memory_range *reserved, size_t nr_reserved)
{
    struct memory_range own;
    size_t size;

    count_frames(ram, nr_ram);
    size = ALIGN_UP(count_words() * sizeof(uint64_t), PAGE_SIZE);
    if (!place_bitmap(&own, size, ram, nr_ram, reserved, nr_reserved))
        return false;
    create_levels(paddr_to_vaddr(own.start), size);
    for (size_t i = 0; i < nr_ram; i++)
        mark_free(&ram[i]);
    nr_total = count_free();
    for (size_t i = 0; i < nr_reserved; i++)
        mark_used(&reserved[i]);
    mark_used(&own);
    update_above(0, nr_frames);
    nr_free = count_free();
    last_word = 0;
    boot_is_over = false;
    return true;
}

void frame_boot_ends(void)
{
    boot_is_over = true;
}

/* ---- what is free is not written to ---- */

/* Both work on so many words at once, to be short: calls have their bound. */
#define WORDS_AT_ONCE 16

static void fill_8(uint64_t *words)
{
    words[0] = POISON;
    words[1] = POISON;
    words[2] = POISON;
    words[3] = POISON;
    words[4] = POISON;
    words[5] = POISON;
    words[6] = POISON;
    words[7] = POISON;
}

static void poison(mfn_t mfn)
{
    uint64_t *words = frame_vaddr(mfn);

    for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i += WORDS_AT_ONCE) {
        fill_8(words + i);
        fill_8(words + i + 8);
    }
}

/* What was written to some of them, the same to all or not, does not add up to
 * the same by accident. */
static uint64_t sum_of_8(const uint64_t *words)
{
    return words[0] + words[1] + words[2] + words[3] + words[4] + words[5] +
           words[6] + words[7];
}

static bool are_poisoned(const uint64_t *words)
{
    return sum_of_8(words) + sum_of_8(words + 8) == WORDS_AT_ONCE * POISON;
}

static void check_poison(mfn_t mfn)
{
    const uint64_t *words = frame_vaddr(mfn);
    const size_t nr = PAGE_SIZE / sizeof(*words);
    size_t i = 0;

    while (i < nr && are_poisoned(words + i))
        i += WORDS_AT_ONCE;
    for (; i < nr; i++) {
        if (words[i] != POISON)
            panic("BUG: frame %lx: its word %lu is %lx, written after the "
                  "frame was freed",
                  mfn, i, words[i]);
    }
}

/* The frame is given out now. The lock is held. */
static void end_poison(mfn_t mfn)
{
    if (!PARAPET_DEBUG || !bitmap_test(poisoned, mfn))
        return;
    bitmap_clear(poisoned, mfn);
    check_poison(mfn);
}

/* ---- one frame ---- */

/* Mostly where the last one was. MFN_NONE: there is none. */
static mfn_t find_free(void)
{
    size_t at = 0;

    if (levels[0][last_word] == ~0ul) {
        if (levels[NR_LEVELS - 1][0] == ~0ul)
            return MFN_NONE;
        for (unsigned int i = NR_LEVELS - 1; i > 0; i--)
            at = at * BITMAP_WORD_BITS + (size_t)__builtin_ctzl(~levels[i][at]);
        last_word = at;
    }
    return last_word * BITMAP_WORD_BITS +
           (size_t)__builtin_ctzl(~levels[0][last_word]);
}

/* A bit changes, and those above as far as a word becomes full by it; or is
 * so no longer. */
static void set_used(size_t bit)
{
    for (unsigned int i = 0; i < NR_LEVELS; i++) {
        uint64_t *word = &levels[i][bit / BITMAP_WORD_BITS];

        *word |= bitmap_mask(bit);
        if (*word != ~0ul)
            return;
        bit /= BITMAP_WORD_BITS;
    }
}

static void set_free(size_t bit)
{
    for (unsigned int i = 0; i < NR_LEVELS; i++) {
        uint64_t *word = &levels[i][bit / BITMAP_WORD_BITS];
        uint64_t before = *word;

        *word = before & ~bitmap_mask(bit);
        if (before != ~0ul)
            return;
        bit /= BITMAP_WORD_BITS;
    }
}

/* Its contents are what somebody left there. */
static mfn_t take_free(void)
{
    mfn_t mfn;

    spin_lock(&frame_lock);
    mfn = find_free();
    if (mfn != MFN_NONE) {
        set_used(mfn);
        nr_free--;
        end_poison(mfn);
    }
    spin_unlock(&frame_lock);
    return mfn;
}

mfn_t frame_alloc_zeroed(void)
{
    mfn_t mfn = take_free();

    if (mfn != MFN_NONE)
        memset(frame_vaddr(mfn), 0, PAGE_SIZE);
    return mfn;
}

mfn_t frame_alloc_run(size_t nr)
{
    size_t mfn;

    BUG_ON(boot_is_over);
    spin_lock(&frame_lock);
    mfn = bitmap_find_zeros(levels[0], nr_frames, 0, nr);
    if (mfn < nr_frames) {
        bitmap_set_range(levels[0], mfn, nr);
        update_above(mfn, nr);
        nr_free -= nr;
        for (size_t i = 0; i < nr; i++)
            end_poison(mfn + i);
    }
    spin_unlock(&frame_lock);
    if (mfn == nr_frames)
        return MFN_NONE;
    memset(frame_vaddr(mfn), 0, nr * PAGE_SIZE);
    return mfn;
}

void frame_free(mfn_t mfn)
{
    BUG_ON(mfn >= nr_frames);
    if (PARAPET_DEBUG)
        poison(mfn);
    spin_lock(&frame_lock);
    BUG_ON(!bitmap_test(levels[0], mfn));
    set_free(mfn);
    nr_free++;
    if (PARAPET_DEBUG)
        bitmap_set(poisoned, mfn);
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
