/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/control/buffer.c: which calls /dev/parapet carries, and the
 * buffers of all of them, against the list of hypercalls.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#include "abi/domain.h"
#include "abi/hypercall.h"
#include "guest-kernel/control/buffer.h"

#define MAX PARAPET_CONTROL_MAX_BYTES

/* ---- each line of the list ---- */

struct line {
    const char *name;
    unsigned int number;
    unsigned int flags;
    const char *types[6];
};

#define TYPE(n, type, arg) [(n)-1] = #type,
#define PARAPET_HYPERCALL(nr, name, flags, errors, brief, ...)                 \
    {#name, nr, flags, {PARAPET_ARGS(TYPE, ##__VA_ARGS__)}},

static const struct line lines[] = {
#include "abi/hypercalls.def"
};

#undef PARAPET_HYPERCALL

static bool is_in(const char *type)
{
    return strcmp(type, "in") == 0 || strcmp(type, "inout") == 0;
}

static bool is_out(const char *type)
{
    return strcmp(type, "out") == 0 || strcmp(type, "inout") == 0;
}

static bool is_carried(const struct line *line)
{
    return (line->flags & HC_CONTROL) != 0 ||
           line->number == PARAPET_HC_memory_audit;
}

/* All its numbers are 1, so that no buffer is empty. */
static void check_carried(const struct line *line)
{
    const struct parapet_control_call call = {.number = line->number,
                                              .args = {1, 1, 1, 1, 1, 1}};
    struct control_buffer buffer;
    unsigned int nr_buffers = 0;

    if (control_buffer_of(&call, &buffer) != 0)
        fail_msg("%s is not carried: does it have its line in the table of "
                 "guest-kernel/control/buffer.c?",
                 line->name);
    for (unsigned int i = 0; i < 6 && line->types[i] != NULL; i++) {
        if (!is_in(line->types[i]) && !is_out(line->types[i]))
            continue;
        nr_buffers++;
        assert_int_equal(buffer.arg, i);
        assert_int_equal(buffer.is_out, is_out(line->types[i]));
        assert_in_range(buffer.size, 1, MAX);
    }
    assert_in_range(nr_buffers, 0, 1);
    assert_int_equal(buffer.is_there, nr_buffers == 1);
    if (nr_buffers == 0) {
        assert_int_equal(buffer.size, 0);
        assert_false(buffer.is_out);
    }
}

static void test_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const struct parapet_control_call call = {.number = lines[i].number};
        struct control_buffer buffer;

        if (is_carried(&lines[i]))
            check_carried(&lines[i]);
        else
            assert_int_equal(control_buffer_of(&call, &buffer), -EINVAL);
    }
}

/* ---- numbers that are in no line ---- */

static void test_numbers(void **state)
{
    static const uint64_t numbers[] = {
        176,
        255,
        256,
        PARAPET_HC_domain_info + 256,
        (1ul << 32) + PARAPET_HC_domain_info,
        ~0ul,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const struct parapet_control_call call = {.number = numbers[i]};
        struct control_buffer buffer;

        assert_int_equal(control_buffer_of(&call, &buffer), -EINVAL);
        assert_int_equal(buffer.size, 0);
        assert_false(buffer.is_out);
    }
}

/* ---- counts ---- */

static int64_t size_of(uint64_t number, unsigned int count, uint64_t nr)
{
    struct parapet_control_call call = {.number = number};
    struct control_buffer buffer;
    int64_t error;

    call.args[count] = nr;
    error = control_buffer_of(&call, &buffer);
    /* Of no bytes, too: its address is the program's. */
    assert_int_equal(buffer.is_there, error == 0);
    return error != 0 ? error : (int64_t)buffer.size;
}

static void check_count(uint64_t number, unsigned int count, uint64_t size)
{
    assert_int_equal(size_of(number, count, 0), 0);
    assert_int_equal(size_of(number, count, 1), size);
    assert_int_equal(size_of(number, count, MAX / size), MAX / size * size);
    assert_int_equal(size_of(number, count, MAX / size + 1), -E2BIG);
    assert_int_equal(size_of(number, count, ~0ul), -E2BIG);
    /* Such a number of 16 or of 120 bytes wraps around to 0. */
    assert_int_equal(size_of(number, count, 1ul << 61), -E2BIG);
}

static void test_counts(void **state)
{
    (void)state;
    check_count(PARAPET_HC_domain_copy_to, 3, 1);
    check_count(PARAPET_HC_domain_copy_from, 3, 1);
    check_count(PARAPET_HC_domain_list, 2, sizeof(struct parapet_domain_info));
    check_count(PARAPET_HC_log_read, 2, 1);
}

/* All of them have to fit, and some are handed on. */
static void test_at_once(void **state)
{
    struct parapet_control_call call = {.number = PARAPET_HC_domain_populate};
    struct control_buffer buffer;

    (void)state;
    for (; call.args[2] <= MAX / 16; call.args[2]++) {
        assert_int_equal(control_buffer_of(&call, &buffer), 0);
        if (buffer.nr_at_once == 0) {
            assert_int_equal(buffer.size, 16 * call.args[2]);
            continue;
        }
        assert_in_range(buffer.nr_at_once, 1, call.args[2] - 1);
        assert_int_equal(buffer.size, 16 * buffer.nr_at_once);
        assert_int_equal(buffer.count_arg, 2);
    }
    assert_int_not_equal(buffer.nr_at_once, 0);
    assert_int_equal(control_buffer_of(&call, &buffer), -E2BIG);
    call.args[2] = 1ul << 60;
    assert_int_equal(control_buffer_of(&call, &buffer), -E2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
