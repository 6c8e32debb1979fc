/* SPDX-License-Identifier: MIT
 *
 * hypervisor/base/symbols.c: the binary search against a search one by one,
 * in random tables.
 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "hypervisor/base/symbols.h"

#define MAX_SYMBOLS 40
#define NAME_SIZE 16
#define TEXT_SIZE 4096

/* What the linker script and tools/symbols.sh yield; here it can change. */
struct symbol {
    uint32_t offset;
    uint32_t name;
};

extern const char hv_start[];
extern uint32_t hv_symbols_count;
extern struct symbol hv_symbols[MAX_SYMBOLS];
extern char hv_symbols_names[MAX_SYMBOLS * NAME_SIZE];

__asm__(".pushsection .rodata\n"
        ".globl hv_start, hv_text_end\n"
        "hv_start: .skip 4096\n"
        "hv_text_end: .byte 0\n"
        ".popsection");

uint32_t hv_symbols_count;
struct symbol hv_symbols[MAX_SYMBOLS];
char hv_symbols_names[MAX_SYMBOLS * NAME_SIZE];

static uint64_t random_state = 1;

/* Symbol i is called "s<i>"; the names lie in another order than the offsets.
 */
static void make_table(uint32_t count, uint32_t first, uint32_t largest_gap)
{
    uint32_t offset = first;

    hv_symbols_count = count;
    for (uint32_t i = 0; i < count; i++) {
        hv_symbols[i].offset = offset;
        hv_symbols[i].name = (count - 1 - i) * NAME_SIZE;
        (void)snprintf(hv_symbols_names + hv_symbols[i].name, NAME_SIZE, "s%u",
                       i);
        offset += 1 + (uint32_t)(unit_random(&random_state) % largest_gap);
    }
}

static void check_address(uint32_t offset)
{
    uint64_t vaddr = (uint64_t)hv_start + offset;
    uint64_t distance = UINT64_MAX;
    const char *name = symbols_find(vaddr, &distance);
    uint32_t n = 0;

    while (n < hv_symbols_count && hv_symbols[n].offset <= offset)
        n++;
    assert_ptr_equal(name, symbols_find(vaddr, NULL));
    if (n == 0) {
        assert_null(name);
        assert_int_equal(distance, UINT64_MAX);
    } else {
        char expected[NAME_SIZE];

        (void)snprintf(expected, sizeof(expected), "s%u", n - 1);
        assert_non_null(name);
        assert_string_equal(name, expected);
        assert_int_equal(distance, offset - hv_symbols[n - 1].offset);
    }
}

static void check_all(void)
{
    for (uint32_t offset = 0; offset < TEXT_SIZE; offset++)
        check_address(offset);
}

static void test_tables(void **state)
{
    (void)state;
    for (uint32_t count = 0; count <= MAX_SYMBOLS; count++) {
        make_table(count, 0, 1);
        check_all();
        make_table(count, 16, 100);
        check_all();
    }
}

static void test_no_text(void **state)
{
    const uint64_t start = (uint64_t)hv_start;
    const uint64_t elsewhere[] = {
        0,
        1,
        start - 1,
        start - 4096,
        start + TEXT_SIZE,
        start + TEXT_SIZE + 1,
        start + (1ul << 32), /* the low half alone would be in the text */
        start - (1ul << 32),
        UINT64_MAX,
    };

    (void)state;
    make_table(MAX_SYMBOLS, 0, 100);
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
        assert_null(symbols_find(elsewhere[i], NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_no_text),
    };

    return cmocka_run_group_tests_name("core/symbols", tests, NULL, NULL);
}
