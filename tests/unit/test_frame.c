/* SPDX-License-Identifier: MIT
 *
 * hypervisor/mm/frame.c against an array with the state of each frame. Only
 * what the test calls RAM is memory, and every frame that is allocated is
 * filled: bookkeeping that lies in a hole, in reserved memory or in a frame
 * that is given away does not live long.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hypervisor/base/panic.h"
#include "hypervisor/mm/frame.h"
#include "lib/macros.h"
#include "tests/unit/direct_map.h"

#define MIB 0x100000ul
#define GIB 0x40000000ul
#define MAX_FRAMES (DIRECT_MAP_SIZE / PAGE_SIZE)
#define MAX_RANGES 8
#define PANICKED 42

enum frame_state {
    NOT_RAM,
    RESERVED,
    FREE,
    USED,
};

struct layout {
    struct memory_range ram[MAX_RANGES];
    size_t nr_ram;
    struct memory_range reserved[MAX_RANGES];
    size_t nr_reserved;
};

/* The states of the frames below nr_modelled; the others are no RAM. */
static uint8_t model[MAX_FRAMES];
static size_t nr_modelled;
static uint64_t random_state = 88172645463325252;

/* BUG_ON() ends here; only a child of the test gets that far. */
_Noreturn void panic(const char *format, ...)
{
    (void)format;
    _exit(PANICKED);
}

static uint64_t below(uint64_t limit)
{
    return unit_random(&random_state) % limit;
}

/* ---- the model ---- */

/* The frames that lie in the range as a whole, or that it touches. */
static void model_set(const struct memory_range *range, bool whole,
                      enum frame_state state)
{
    uint64_t first = range->start / PAGE_SIZE;
    uint64_t end = range->end / PAGE_SIZE;

    if (whole && range->start % PAGE_SIZE)
        first++;
    if (!whole && range->end % PAGE_SIZE)
        end++;
    for (; first < end; first++) {
        if (state != RESERVED || model[first] == FREE)
            model[first] = (uint8_t)state;
    }
}

static void model_init(const struct layout *layout)
{
    memset(model, NOT_RAM, sizeof(model));
    nr_modelled = 0;
    for (size_t i = 0; i < layout->nr_ram; i++) {
        model_set(&layout->ram[i], true, FREE);
        nr_modelled = MAX(nr_modelled, layout->ram[i].end / PAGE_SIZE);
    }
}

static size_t model_count(enum frame_state state)
{
    size_t n = 0;

    for (size_t mfn = 0; mfn < nr_modelled; mfn++)
        n += model[mfn] == state;
    return n;
}

static void model_reserve(const struct layout *layout)
{
    for (size_t i = 0; i < layout->nr_reserved; i++)
        model_set(&layout->reserved[i], false, RESERVED);
}

static bool init(const struct layout *layout)
{
    direct_map_reset();
    for (size_t i = 0; i < layout->nr_ram; i++)
        direct_map_add(layout->ram[i].start, layout->ram[i].end);
    return frame_init(layout->ram, layout->nr_ram, layout->reserved,
                      layout->nr_reserved);
}

/* A frame came from the allocator: it was free, and it is memory. */
static void take(mfn_t mfn)
{
    assert_true(mfn < MAX_FRAMES);
    assert_int_equal(model[mfn], FREE);
    model[mfn] = USED;
    memset(frame_vaddr(mfn), 0xa5, PAGE_SIZE);
}

static void check_zeroed(mfn_t mfn)
{
    static const uint8_t zeros[PAGE_SIZE];

    assert_memory_equal(frame_vaddr(mfn), zeros, PAGE_SIZE);
}

/*
 * Takes every frame there is. The rest of the free ones is where the
 * bookkeeping lies: as many in a row as its size is, below 1 GiB.
 */
static void exhaust(const struct layout *layout)
{
    uint64_t end = 0;
    size_t nr_rest;
    mfn_t first = 0;
    mfn_t mfn;

    for (size_t left = frame_nr_free(); left > 0; left--) {
        assert_int_equal(frame_nr_free(), left);
        take(frame_alloc_zeroed());
    }
    assert_int_equal(frame_alloc_zeroed(), MFN_NONE);
    assert_int_equal(frame_alloc_run(1), MFN_NONE);
    assert_int_equal(frame_nr_free(), 0);

    for (size_t i = 0; i < layout->nr_ram; i++)
        end = MAX(end, layout->ram[i].end);
    nr_rest = model_count(FREE);
    assert_int_equal(nr_rest, (end / PAGE_SIZE + 32767) / 32768);
    while (model[first] != FREE)
        first++;
    for (mfn = first; mfn < first + nr_rest; mfn++)
        assert_int_equal(model[mfn], FREE);
    assert_true(mfn * PAGE_SIZE <= GIB);
}

static void check_layout(const struct layout *layout)
{
    size_t nr_own;

    assert_true(init(layout));
    model_init(layout);
    assert_int_equal(frame_nr_total(), model_count(FREE));
    model_reserve(layout);
    nr_own = model_count(FREE) - frame_nr_free();
    exhaust(layout);
    assert_int_equal(model_count(FREE), nr_own);
}

/* ---- where memory is, and what of it may be used ---- */

static void test_a_machine(void **state)
{
    /* What microvm and q35 have. */
    static const struct layout layout = {
        .ram = {{0, 0x9fc00}, {MIB, 64 * MIB}},
        .nr_ram = 2,
        .reserved = {{0, MIB}, {2 * MIB, 0x2a3000}, {0x3ffa989, 64 * MIB}},
        .nr_reserved = 3,
    };

    (void)state;
    check_layout(&layout);
}

static void test_layouts(void **state)
{
    static const struct layout layouts[] = {
        /* Everything from 0, and nothing reserved: 0 is a place too. */
        {.ram = {{0, MIB}}, .nr_ram = 1},
        /* One page, which the bitmap takes. */
        {.ram = {{0x5000, 0x6000}}, .nr_ram = 1},
        /* The page must lie in the range as a whole. */
        {.ram = {{0x4001, 0x6fff}}, .nr_ram = 1},
        /* In the wrong order; the last one ends in the middle of a page. */
        {.ram = {{2 * MIB, 3 * MIB + 5}, {0, MIB}}, .nr_ram = 2},
        /* The same memory twice counts once. */
        {.ram = {{0, 2 * MIB}, {MIB, 3 * MIB}, {MIB, MIB}}, .nr_ram = 3},
        /* Reserved ranges that overlap, stick out and do not touch RAM. */
        {.ram = {{MIB, 3 * MIB}},
         .nr_ram = 1,
         .reserved = {{0, MIB + 1},
                      {MIB + 0x1800, MIB + 0x3800},
                      {MIB + 0x3000, MIB + 0x5000},
                      {2 * MIB, 2 * MIB},
                      {2 * MIB + 1, 2 * MIB + 2},
                      {3 * MIB - 1, 9 * MIB},
                      {8 * MIB, DIRECT_MAP_SIZE}},
         .nr_reserved = 7},
        /* The one gap that is large enough lies after the last range. */
        {.ram = {{0, 0x4000}, {MIB, MIB + 0x4000}},
         .nr_ram = 2,
         .reserved = {{MIB, MIB + 0x2001}, {0, 0x3001}},
         .nr_reserved = 2},
        /* Most memory lies above the first GiB, the bitmap below. */
        {.ram = {{GIB + 7 * MIB, GIB + 8 * MIB}, {GIB - 0x9000, GIB + MIB}},
         .nr_ram = 2},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
        check_layout(&layouts[i]);
}

static void test_no_place_for_the_bitmap(void **state)
{
    static const struct layout layouts[] = {
        {.nr_ram = 0},
        {.ram = {{0x4001, 0x5fff}}, .nr_ram = 1},
        {.ram = {{GIB, GIB + MIB}}, .nr_ram = 1},
        /* 9 pages are needed, and one less lies below 1 GiB. */
        {.ram = {{GIB - 0x8000, GIB + MIB}}, .nr_ram = 1},
        {.ram = {{0, 0x4000}, {MIB, MIB + 0x4000}},
         .nr_ram = 2,
         .reserved = {{0, 0x3001}, {MIB, MIB + 0x4000}},
         .nr_reserved = 2},
        {.ram = {{0, MIB}},
         .nr_ram = 1,
         .reserved = {{0, 0x80000}, {0x7f000, 0xff001}},
         .nr_reserved = 2},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
        assert_false(init(&layouts[i]));
}

static void random_range(struct memory_range *range, uint64_t start,
                         uint64_t size)
{
    uint64_t a = start + below(size);
    uint64_t b = start + below(size);

    if (below(2)) {
        a = ALIGN_DOWN(a, PAGE_SIZE);
        b = ALIGN_DOWN(b, PAGE_SIZE);
    }
    range->start = MIN(a, b);
    range->end = MAX(a, b);
}

static void test_random_layouts(void **state)
{
    unsigned int nr_without_place = 0;

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct layout layout = {.nr_ram = 1 + below(MAX_RANGES),
                                .nr_reserved = below(MAX_RANGES + 1)};

        for (size_t i = 0; i < layout.nr_ram; i++)
            random_range(&layout.ram[i], 0, MIB);
        for (size_t i = 0; i < layout.nr_reserved; i++)
            random_range(&layout.reserved[i], 0, MIB);
        if (init(&layout)) {
            check_layout(&layout);
        } else {
            /* Then each page of RAM is touched by something reserved. */
            model_init(&layout);
            model_reserve(&layout);
            assert_int_equal(model_count(FREE), 0);
            nr_without_place++;
        }
    }
    /* Both cases were met. */
    assert_int_in_range(nr_without_place, 1, 199);
}

/* ---- giving away and taking back ---- */

/* 256 frames and a hole between them; the bitmap takes one. */
static const struct layout small = {
    .ram = {{MIB, MIB + 0x80000}, {2 * MIB, 2 * MIB + 0x80000}},
    .nr_ram = 2,
};
#define SMALL_END (2 * MIB + 0x80000)

static void init_small(void)
{
    assert_true(init(&small));
    model_init(&small);
    assert_int_equal(frame_nr_free(), 255);
    /* It lies in the first frame. */
    model[MIB / PAGE_SIZE] = RESERVED;
}

static void test_no_memory_left(void **state)
{
    (void)state;
    init_small();
    while (frame_nr_free() > 0)
        take(frame_alloc_zeroed());
    assert_int_equal(frame_alloc_zeroed(), MFN_NONE);
    /* The one that comes back is the one that goes out. */
    for (mfn_t mfn = MIB / PAGE_SIZE; mfn < nr_modelled; mfn++) {
        if (model[mfn] != USED)
            continue;
        frame_free(mfn);
        assert_int_equal(frame_nr_free(), 1);
        assert_int_equal(frame_alloc_zeroed(), mfn);
        check_zeroed(mfn);
        assert_int_equal(frame_alloc_zeroed(), MFN_NONE);
    }
}

static void test_runs(void **state)
{
    mfn_t first;

    (void)state;
    init_small();
    /* None goes across the hole, and none is longer than what is there. */
    assert_int_equal(frame_alloc_run(129), MFN_NONE);
    assert_int_equal(frame_alloc_run(255), MFN_NONE);
    assert_int_equal(frame_alloc_run(SIZE_MAX), MFN_NONE);
    assert_int_equal(frame_nr_free(), 255);
    first = frame_alloc_run(128);
    assert_int_equal(first, 2 * MIB / PAGE_SIZE);
    assert_int_equal(frame_nr_free(), 127);
    assert_int_equal(frame_alloc_run(128), MFN_NONE);
    assert_int_equal(frame_alloc_run(127), MIB / PAGE_SIZE + 1);
    assert_int_equal(frame_nr_free(), 0);
    /* Every second frame: enough, but never two in a row. */
    for (mfn_t mfn = first; mfn < first + 128; mfn += 2)
        frame_free(mfn);
    assert_int_equal(frame_nr_free(), 64);
    assert_int_equal(frame_alloc_run(2), MFN_NONE);
    frame_free(first + 7);
    assert_int_equal(frame_alloc_run(3), first + 6);
    assert_int_equal(frame_nr_free(), 62);
}

static mfn_t random_used(void)
{
    mfn_t mfn;

    do {
        mfn = below(nr_modelled);
    } while (model[mfn] != USED);
    return mfn;
}

static bool model_has_run(size_t nr)
{
    size_t length = 0;

    for (mfn_t mfn = 0; mfn < nr_modelled; mfn++) {
        length = model[mfn] == FREE ? length + 1 : 0;
        if (length == nr)
            return true;
    }
    return false;
}

static void random_run(void)
{
    size_t nr = 1 + below(9);
    bool possible = model_has_run(nr);
    mfn_t first = frame_alloc_run(nr);

    assert_int_equal(first != MFN_NONE, possible);
    for (mfn_t mfn = first; possible && mfn < first + nr; mfn++) {
        check_zeroed(mfn);
        take(mfn);
    }
}

static void random_single(void)
{
    mfn_t mfn = frame_alloc_zeroed();

    if (model_count(FREE) == 0) {
        assert_int_equal(mfn, MFN_NONE);
        return;
    }
    assert_int_not_equal(mfn, MFN_NONE);
    check_zeroed(mfn);
    take(mfn);
}

/* Times of many allocations and times of many frees by turns. */
static void test_random_operations(void **state)
{
    unsigned int nr_empty = 0;

    (void)state;
    init_small();
    for (int step = 0; step < 20000; step++) {
        bool fill = step / 1000 % 2 == 0;
        size_t nr_free = model_count(FREE);

        nr_empty += nr_free == 0;
        if (nr_free < 255 && below(10) < (fill ? 3 : 7)) {
            mfn_t mfn = random_used();

            frame_free(mfn);
            model[mfn] = FREE;
        } else if (below(4) == 0) {
            random_run();
        } else {
            random_single();
        }
        assert_int_equal(frame_nr_free(), model_count(FREE));
        assert_int_equal(frame_nr_total(), 256);
    }
    assert_true(nr_empty > 0);
}

/* ---- what only a bug of ours does ---- */

static bool panics(void (*call)(mfn_t), mfn_t mfn)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        call(mfn);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == PANICKED;
}

static bool free_panics(mfn_t mfn)
{
    return panics(frame_free, mfn);
}

static void alloc_run(mfn_t nr)
{
    (void)frame_alloc_run(nr);
}

static void test_freeing_what_is_free(void **state)
{
    mfn_t mfn;

    (void)state;
    init_small();
    mfn = frame_alloc_zeroed();
    assert_false(free_panics(mfn));
    frame_free(mfn);
    assert_true(free_panics(mfn));
    assert_true(free_panics(2 * MIB / PAGE_SIZE));
    assert_true(free_panics(SMALL_END / PAGE_SIZE));
    assert_true(free_panics(MAX_FRAMES));
    assert_true(free_panics(MFN_NONE));
}

/* A guest could make it search for long, or in vain. */
static void test_a_run_after_the_boot(void **state)
{
    (void)state;
    init_small();
    assert_false(panics(alloc_run, 1));
    frame_boot_ends();
    assert_true(panics(alloc_run, 1));
    take(frame_alloc_zeroed());
}

static void test_addresses(void **state)
{
    static const mfn_t mfns[] = {0, 1, 0x12345, DIRECT_SIZE / PAGE_SIZE - 1};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(mfns); i++) {
        uint64_t paddr = mfns[i] * PAGE_SIZE;

        assert_int_equal(frame_paddr(mfns[i]), paddr);
        assert_ptr_equal(frame_vaddr(mfns[i]), paddr_to_vaddr(paddr));
        assert_int_equal(frame_of(frame_vaddr(mfns[i])), mfns[i]);
        assert_int_equal((uint64_t)paddr_to_vaddr(paddr) - DIRECT_BASE, paddr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_machine),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_no_place_for_the_bitmap),
        cmocka_unit_test(test_random_layouts),
        cmocka_unit_test(test_no_memory_left),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_random_operations),
        cmocka_unit_test(test_freeing_what_is_free),
        cmocka_unit_test(test_a_run_after_the_boot),
        cmocka_unit_test(test_addresses),
    };

    return cmocka_run_group_tests_name("mm/frame", tests, NULL, NULL);
}
