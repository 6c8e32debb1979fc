/* SPDX-License-Identifier: MIT
 *
 * hypervisor/core/hypercall.c: what abi/hypercalls.def becomes. Each handler
 * is a fake that records what came; which types it takes is read from the
 * list here once more, in another way.
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

static int64_t record(uint32_t nr, unsigned int nr_args, uint64_t a1,
                      uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
                      uint64_t a6)
{
    const uint64_t args[MAX_ARGS] = {a1, a2, a3, a4, a5, a6};

    last.called = true;
    last.nr = nr;
    last.nr_args = nr_args;
    memcpy(last.args, args, sizeof(last.args));
    return RESULT(nr);
}

/* Weak, since hypercall.c has a handler of its own: hc_abi_version(). */
#define FAKE(name, ...) __attribute__((weak)) int64_t hc_##name(__VA_ARGS__)
#define P(t, n) HC_TYPE_##t a##n

#define PARAPET_HYPERCALL0(nr, name, ...)                                      \
    FAKE(name, void)                                                           \
    {                                                                          \
        return record(nr, 0, 0, 0, 0, 0, 0, 0);                                \
    }
#define PARAPET_HYPERCALL1(nr, name, flags, t1, n1, ...)                       \
    FAKE(name, P(t1, 1))                                                       \
    {                                                                          \
        return record(nr, 1, a1, 0, 0, 0, 0, 0);                               \
    }
#define PARAPET_HYPERCALL2(nr, name, flags, t1, n1, t2, n2, ...)               \
    FAKE(name, P(t1, 1), P(t2, 2))                                             \
    {                                                                          \
        return record(nr, 2, a1, a2, 0, 0, 0, 0);                              \
    }
#define PARAPET_HYPERCALL3(nr, name, flags, t1, n1, t2, n2, t3, n3, ...)       \
    FAKE(name, P(t1, 1), P(t2, 2), P(t3, 3))                                   \
    {                                                                          \
        return record(nr, 3, a1, a2, a3, 0, 0, 0);                             \
    }
#define PARAPET_HYPERCALL4(nr, name, flags, t1, n1, t2, n2, t3, n3, t4, n4,    \
                           ...)                                                \
    FAKE(name, P(t1, 1), P(t2, 2), P(t3, 3), P(t4, 4))                         \
    {                                                                          \
        return record(nr, 4, a1, a2, a3, a4, 0, 0);                            \
    }
#define PARAPET_HYPERCALL5(nr, name, flags, t1, n1, t2, n2, t3, n3, t4, n4,    \
                           t5, n5, ...)                                        \
    FAKE(name, P(t1, 1), P(t2, 2), P(t3, 3), P(t4, 4), P(t5, 5))               \
    {                                                                          \
        return record(nr, 5, a1, a2, a3, a4, a5, 0);                           \
    }
#define PARAPET_HYPERCALL6(nr, name, flags, t1, n1, t2, n2, t3, n3, t4, n4,    \
                           t5, n5, t6, n6, ...)                                \
    FAKE(name, P(t1, 1), P(t2, 2), P(t3, 3), P(t4, 4), P(t5, 5), P(t6, 6))     \
    {                                                                          \
        return record(nr, 6, a1, a2, a3, a4, a5, a6);                          \
    }
#include "abi/hypercalls.def"

#include "abi/undef_hypercalls.h"

struct line {
    uint32_t nr;
    const char *name;
    uint8_t flags;
    unsigned int nr_args;
    const char *types[MAX_ARGS];
};

#define PARAPET_HYPERCALL0(nr, name, flags, ...) {nr, #name, flags, 0, {NULL}},
#define PARAPET_HYPERCALL1(nr, name, flags, t1, n1, ...)                       \
    {nr, #name, flags, 1, {#t1}},
#define PARAPET_HYPERCALL2(nr, name, flags, t1, n1, t2, n2, ...)               \
    {nr, #name, flags, 2, {#t1, #t2}},
#define PARAPET_HYPERCALL3(nr, name, flags, t1, n1, t2, n2, t3, n3, ...)       \
    {nr, #name, flags, 3, {#t1, #t2, #t3}},
#define PARAPET_HYPERCALL4(nr, name, flags, t1, n1, t2, n2, t3, n3, t4, n4,    \
                           ...)                                                \
    {nr, #name, flags, 4, {#t1, #t2, #t3, #t4}},
#define PARAPET_HYPERCALL5(nr, name, flags, t1, n1, t2, n2, t3, n3, t4, n4,    \
                           t5, n5, ...)                                        \
    {nr, #name, flags, 5, {#t1, #t2, #t3, #t4, #t5}},
#define PARAPET_HYPERCALL6(nr, name, flags, t1, n1, t2, n2, t3, n3, t4, n4,    \
                           t5, n5, t6, n6, ...)                                \
    {nr, #name, flags, 6, {#t1, #t2, #t3, #t4, #t5, #t6}},

static const struct line lines[] = {
#include "abi/hypercalls.def"
};

#include "abi/undef_hypercalls.h"

#define NR_LINES (sizeof(lines) / sizeof(lines[0]))

static bool is_u32(const struct line *line, unsigned int arg)
{
    return arg < line->nr_args && strcmp(line->types[arg], "u32") == 0;
}

static int64_t dispatch(uint32_t nr, const uint64_t args[MAX_ARGS])
{
    last.called = false;
    return hypercall_table[nr](args[0], args[1], args[2], args[3], args[4],
                               args[5]);
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
    assert_int_equal(last.nr_args, line->nr_args);
    assert_memory_equal(last.args, args, line->nr_args * sizeof(args[0]));
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

        assert_non_null(hypercall_table[nr]);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments_arrive_in_order),
        cmocka_unit_test(test_each_high_bit_of_each_u32),
        cmocka_unit_test(test_tables),
    };

    return cmocka_run_group_tests_name("core/hypercall", tests, NULL, NULL);
}
