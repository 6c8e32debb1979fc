/* SPDX-License-Identifier: MIT
 *
 * hypervisor/mm/frame.c as it is in builds with DEBUG=1: a frame that is
 * written to after it was freed is found when it is given out again.
 */
#undef PARAPET_DEBUG
#define PARAPET_DEBUG 1
#include "hypervisor/mm/frame.c"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/direct_map.h"

#define MIB 0x100000ul
#define PANICKED 42

/* Only a child of the test gets here; what it says goes to the test. */
static int panic_pipe[2];

_Noreturn void panic(const char *format, ...)
{
    char text[200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (write(panic_pipe[1], text, sizeof(text)) != sizeof(text))
        abort();
    _exit(PANICKED);
}

static int begin(void **state)
{
    static const struct memory_range ram = {MIB, 2 * MIB};

    (void)state;
    direct_map_reset();
    direct_map_add(ram.start, ram.end);
    return frame_init(&ram, 1, NULL, 0) ? 0 : -1;
}

static void allocate(size_t nr)
{
    if (nr == 1)
        (void)frame_alloc_zeroed();
    else
        (void)frame_alloc_run(nr);
}

/* Whether it panics; and then it names the frame. */
static bool allocating_panics(size_t nr, mfn_t mfn)
{
    char text[200], expected[60];
    int status = 0;
    pid_t child;

    assert_int_equal(pipe(panic_pipe), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        allocate(nr);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) != PANICKED)
        return false;
    assert_int_equal(read(panic_pipe[0], text, sizeof(text)), sizeof(text));
    snprintf(expected, sizeof(expected), "BUG: frame %lx: its word", mfn);
    assert_non_null(strstr(text, expected));
    return true;
}

static void test_a_write_after_the_end(void **state)
{
    static const size_t words[] = {0, 1, 255, 511};
    mfn_t mfn = frame_alloc_zeroed();
    uint64_t *contents = frame_vaddr(mfn);

    (void)state;
    frame_free(mfn);
    assert_false(allocating_panics(1, mfn));
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        uint64_t before = contents[words[i]];

        contents[words[i]] = 0;
        assert_true(allocating_panics(1, mfn));
        assert_true(allocating_panics(2, mfn));
        contents[words[i]] = before;
        assert_false(allocating_panics(2, mfn));
    }
    assert_int_equal(frame_alloc_zeroed(), mfn);
}

/* What was never given out holds whatever the firmware left there. */
static void test_memory_of_before(void **state)
{
    mfn_t mfn = frame_alloc_zeroed();

    (void)state;
    memset(frame_vaddr(mfn + 1), 0x5a, PAGE_SIZE);
    assert_false(allocating_panics(1, mfn + 1));
    assert_int_equal(frame_alloc_zeroed(), mfn + 1);
    assert_int_equal(*(uint64_t *)frame_vaddr(mfn + 1), 0);
}

/* Whoever has it may write to it, the second time as the first. */
static void test_given_out_again(void **state)
{
    mfn_t mfn = frame_alloc_zeroed();

    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        memset(frame_vaddr(mfn), 0xa5, PAGE_SIZE);
        frame_free(mfn);
        assert_int_equal(frame_alloc_zeroed(), mfn);
        assert_int_equal(*(uint64_t *)frame_vaddr(mfn), 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(test_a_write_after_the_end),
        TEST(test_memory_of_before),
        TEST(test_given_out_again),
    };

    return cmocka_run_group_tests_name("mm/frame, DEBUG=1", tests, NULL, NULL);
}
