/* SPDX-License-Identifier: MIT
 *
 * hypervisor/core/hypercall.c: what abi/hypercalls.def becomes. Each handler
 * is a fake that records what came; which types it takes is read from the
 * list once more, as text.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>

#include "abi/errors.h"
#include "hypervisor/core/hypercall.h"

#define MAX_ARGS 6
#define RESULT(nr) (-1000 - (int64_t)(nr))

/* The last call of a handler. */
static struct {
    bool called;
    uint32_t nr;
    unsigned int nr_args;
    uint64_t args[MAX_ARGS];
} last;

static int64_t record(uint32_t nr, unsigned int nr_args,
                      const uint64_t args[MAX_ARGS])
{
    last.called = true;
    last.nr = nr;
    last.nr_args = nr_args;
    memcpy(last.args, args, sizeof(last.args));
    return RESULT(nr);
}

#define PARAM(n, type, name) HC_TYPE_##type a##n
#define CAME(n, type, name) a##n,

/* Weak, since hypercall.c has a handler of its own: hc_abi_version(). */
#define PARAPET_HYPERCALL(nr, name, flags, errors, brief, ...)                 \
    __attribute__((weak))                                                      \
    int64_t hc_##name(PARAPET_PARAMS(PARAM, ##__VA_ARGS__))                    \
    {                                                                          \
        const uint64_t args[MAX_ARGS] = {PARAPET_ARGS(CAME, ##__VA_ARGS__)};   \
                                                                               \
        return record(nr, PARAPET_NR_ARGS(nr, ##__VA_ARGS__), args);           \
    }
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL

/* The same list without the macros for arguments: they are a text. */
struct line {
    uint32_t nr;
    const char *name;
    uint8_t flags;
    const char *args; /* "type, name, ..." */
};

#define PARAPET_HYPERCALL(nr, name, flags, errors, brief, ...)                 \
    {nr, #name, flags, #__VA_ARGS__},

static const struct line lines[] = {
#include "abi/hypercalls.def"
};
#undef PARAPET_HYPERCALL

#define NR_LINES (sizeof(lines) / sizeof(lines[0]))

static unsigned int nr_args_of(const struct line *line)
{
    unsigned int nr_words = line->args[0] != '\0';

    for (const char *p = line->args; *p; p++)
        nr_words += *p == ',';
    return nr_words / 2;
}

static bool is_u32(const struct line *line, unsigned int arg)
{
    const char *word = line->args;

    for (unsigned int i = 0; i < 2 * arg && word; i++) {
        word = strchr(word, ',');
        if (word)
            word += strlen(", ");
    }
    return word && strncmp(word, "u32,", 4) == 0;
}

/* As the control domain calls, which has all of them. */
static int64_t dispatch(uint32_t nr, const uint64_t args[MAX_ARGS])
{
    last.called = false;
    return hypercall_table_control[nr](args[0], args[1], args[2], args[3],
                                       args[4], args[5]);
}

/* All bits of each argument that its type allows, and each one different. */
static void fill(const struct line *line, uint64_t args[MAX_ARGS])
{
    for (unsigned int i = 0; i < MAX_ARGS; i++) {
        args[i] = ~(uint64_t)i;
        if (is_u32(line, i))
            args[i] &= UINT32_MAX;
    }
}

static void check_arrival(const struct line *line,
                          const uint64_t args[MAX_ARGS])
{
    int64_t result = dispatch(line->nr, args);

    if (line->nr == PARAPET_HC_abi_version) {
        assert_false(last.called);
        assert_int_equal(result, PARAPET_ABI_VERSION);
        return;
    }
    assert_true(last.called);
    assert_int_equal(last.nr, line->nr);
    assert_int_equal(last.nr_args, nr_args_of(line));
    assert_memory_equal(last.args, args, nr_args_of(line) * sizeof(args[0]));
    assert_int_equal(result, RESULT(line->nr));
}

static void test_arguments_arrive_in_order(void **state)
{
    uint64_t args[MAX_ARGS];

    (void)state;
    for (const struct line *line = lines; line < lines + NR_LINES; line++) {
        fill(line, args);
        check_arrival(line, args);
        memset(args, 0, sizeof(args));
        check_arrival(line, args);
    }
}

static void test_each_high_bit_of_each_u32(void **state)
{
    unsigned int nr_refused = 0;

    (void)state;
    for (const struct line *line = lines; line < lines + NR_LINES; line++) {
        for (unsigned int arg = 0; arg < MAX_ARGS; arg++) {
            for (unsigned int bit = 32; is_u32(line, arg) && bit < 64; bit++) {
                uint64_t args[MAX_ARGS];

                fill(line, args);
                args[arg] |= 1ul << bit;
                assert_int_equal(dispatch(line->nr, args), -PARAPET_EINVAL);
                assert_false(last.called);
                nr_refused++;
            }
        }
    }
    assert_true(nr_refused > 0);
}

/* More than any line has now. */
static void test_up_to_six_arguments(void **state)
{
#define NUMBERED(n, tens, ones) 100 * n + 10 * tens + ones
    static const int all[] = {
        PARAPET_ARG_LIST(NUMBERED, 9, 1, 8, 2, 7, 3, 6, 4, 5, 5, 4, 6)};
    static const int expected[] = {191, 282, 373, 464, 555, 646};

    (void)state;
    assert_int_equal(sizeof(all), sizeof(expected));
    assert_memory_equal(all, expected, sizeof(all));
    assert_int_equal(PARAPET_NR_ARGS(0), 0);
    assert_int_equal(PARAPET_NR_ARGS(0, t, n), 1);
    assert_int_equal(PARAPET_NR_ARGS(0, t, n, t, n, t, n, t, n, t, n), 5);
    assert_int_equal(PARAPET_NR_ARGS(0, t, n, t, n, t, n, t, n, t, n, t, n), 6);
}

static const struct line *line_of(uint32_t nr)
{
    for (const struct line *line = lines; line < lines + NR_LINES; line++) {
        if (line->nr == nr)
            return line;
    }
    return NULL;
}

static void test_tables(void **state)
{
    static const uint64_t args[MAX_ARGS];

    (void)state;
    for (uint32_t nr = 0; nr < PARAPET_NR_HYPERCALLS; nr++) {
        const struct line *line = line_of(nr);

        assert_non_null(hypercall_table_control[nr]);
        if (line) {
            assert_string_equal(hypercall_names[nr], line->name);
            assert_int_equal(hypercall_flags[nr], line->flags);
        } else {
            assert_null(hypercall_names[nr]);
            assert_int_equal(hypercall_flags[nr], 0);
            assert_int_equal(dispatch(nr, args), -PARAPET_ENOSYS);
            assert_false(last.called);
        }
    }
}

/* Both tables are one, but for the calls of domain control: in the first none
 * reaches its handler, whatever the arguments. */
static void test_privilege(void **state)
{
    unsigned int nr_refused = 0;

    (void)state;
    for (uint32_t nr = 0; nr < PARAPET_NR_HYPERCALLS; nr++) {
        const struct line *line = line_of(nr);

        if (!line || !(line->flags & HC_CONTROL)) {
            assert_ptr_equal(hypercall_table[nr], hypercall_table_control[nr]);
            continue;
        }
        last.called = false;
        assert_int_equal(hypercall_table[nr](0, 0, 0, 0, 0, 0), -PARAPET_EPERM);
        assert_int_equal(
            hypercall_table[nr](~0ul, ~0ul, ~0ul, ~0ul, ~0ul, ~0ul),
            -PARAPET_EPERM);
        assert_false(last.called);
        nr_refused++;
    }
    assert_true(nr_refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments_arrive_in_order),
        cmocka_unit_test(test_each_high_bit_of_each_u32),
        cmocka_unit_test(test_up_to_six_arguments),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_privilege),
    };

    return cmocka_run_group_tests_name("core/hypercall", tests, NULL, NULL);
}
