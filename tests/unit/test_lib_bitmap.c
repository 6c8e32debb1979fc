/* SPDX-License-Identifier: MIT
 *
 * lib/bitmap.c against an array of bool.
 */
#include "tests/unit/unit.h"

#include "lib/bitmap.h"

#define NR_BITS 200

struct fixture {
    uint64_t bitmap[BITMAP_WORDS(NR_BITS)];
    bool model[NR_BITS];
};

static void check_equal(const struct fixture *fixture)
{
    for (size_t bit = 0; bit < NR_BITS; bit++)
        assert_int_equal(bitmap_test(fixture->bitmap, bit),
                         fixture->model[bit]);
    /* The bits after the last one are nobody's. */
    assert_int_equal(fixture->bitmap[NR_BITS / 64] >> NR_BITS % 64, 0);
}

static size_t model_find(const struct fixture *fixture, size_t nr_bits,
                         size_t from, bool value)
{
    while (from < nr_bits && fixture->model[from] != value)
        from++;
    return from < nr_bits ? from : nr_bits;
}

static size_t model_find_zeros(const struct fixture *fixture, size_t nr_bits,
                               size_t from, size_t nr)
{
    for (; from + nr <= nr_bits; from++) {
        if (model_find(fixture, from + nr, from, true) == from + nr)
            return from;
    }
    return nr_bits;
}

static void check_searches(const struct fixture *fixture, size_t nr_bits)
{
    for (size_t from = 0; from <= nr_bits; from++) {
        assert_int_equal(bitmap_find_set(fixture->bitmap, nr_bits, from),
                         model_find(fixture, nr_bits, from, true));
        assert_int_equal(bitmap_find_zero(fixture->bitmap, nr_bits, from),
                         model_find(fixture, nr_bits, from, false));
        for (size_t nr = 1; nr < 9; nr++) {
            assert_int_equal(
                bitmap_find_zeros(fixture->bitmap, nr_bits, from, nr),
                model_find_zeros(fixture, nr_bits, from, nr));
        }
    }
}

static void test_words(void **state)
{
    (void)state;
    assert_int_equal(BITMAP_WORDS(0), 0);
    assert_int_equal(BITMAP_WORDS(1), 1);
    assert_int_equal(BITMAP_WORDS(64), 1);
    assert_int_equal(BITMAP_WORDS(65), 2);
}

static void test_set_and_clear(void **state)
{
    struct fixture fixture = {.bitmap = {0}};
    uint64_t seed = 1;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        size_t bit = unit_random(&seed) % NR_BITS;

        if (unit_random(&seed) % 2 == 0) {
            bitmap_set(fixture.bitmap, bit);
            fixture.model[bit] = true;
        } else {
            bitmap_clear(fixture.bitmap, bit);
            fixture.model[bit] = false;
        }
        check_equal(&fixture);
    }
}

static void test_ranges(void **state)
{
    struct fixture fixture = {.bitmap = {0}};
    uint64_t seed = 2;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        size_t first = unit_random(&seed) % (NR_BITS + 1);
        size_t nr = unit_random(&seed) % (NR_BITS - first + 1);
        bool value = unit_random(&seed) % 2 == 0;

        if (value)
            bitmap_set_range(fixture.bitmap, first, nr);
        else
            bitmap_clear_range(fixture.bitmap, first, nr);
        for (size_t bit = first; bit < first + nr; bit++)
            fixture.model[bit] = value;
        check_equal(&fixture);
    }
}

/* Sparse, even and dense bitmaps; of whole words and of any size. */
static void test_searches(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 128, 130, NR_BITS};
    uint64_t seed = 3;

    (void)state;
    for (size_t round = 0; round < 64; round++) {
        struct fixture fixture = {.bitmap = {0}};

        for (size_t bit = 0; bit < NR_BITS; bit++) {
            if (unit_random(&seed) % 64 < round) {
                bitmap_set(fixture.bitmap, bit);
                fixture.model[bit] = true;
            }
        }
        check_searches(&fixture, sizes[round % 8]);
    }
}

static void test_full_and_empty(void **state)
{
    struct fixture fixture = {.bitmap = {0}};

    (void)state;
    assert_int_equal(bitmap_find_set(fixture.bitmap, NR_BITS, 0), NR_BITS);
    assert_int_equal(bitmap_find_zeros(fixture.bitmap, NR_BITS, 0, NR_BITS), 0);
    assert_int_equal(bitmap_find_zeros(fixture.bitmap, NR_BITS, 1, NR_BITS),
                     NR_BITS);
    assert_int_equal(bitmap_find_zeros(fixture.bitmap, NR_BITS, 0, SIZE_MAX),
                     NR_BITS);
    bitmap_set_range(fixture.bitmap, 0, NR_BITS);
    assert_int_equal(bitmap_find_zero(fixture.bitmap, NR_BITS, 0), NR_BITS);
    assert_int_equal(bitmap_find_set(fixture.bitmap, NR_BITS, NR_BITS + 1),
                     NR_BITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_set_and_clear),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_searches),
        cmocka_unit_test(test_full_and_empty),
    };

    return cmocka_run_group_tests_name("lib/bitmap", tests, NULL, NULL);
}
