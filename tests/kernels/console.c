/* SPDX-License-Identifier: MIT
 *
 * console_write: what it takes, how much, and what it does at the edge of
 * readable memory. console_read without input.
 *
 * QEMU: once=1
 */
#include "tests/kernels/lib/console.h"
#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/test.h"

MG_TEST(console);

#define HUGE_SIZE 65536

static char huge[HUGE_SIZE];

/* Lines of dots: 64 of them, of 1024 characters. */
static void fill_huge(void)
{
    memset(huge, '.', sizeof(huge));
    for (size_t i = 1023; i < sizeof(huge); i += 1024)
        huge[i] = '\n';
}

static void test_plain(void)
{
    static const char text[] = "one line of text\n";

    MG_CHECK_EQ(hypercall_console_write(text, sizeof(text) - 1),
                sizeof(text) - 1);
    MG_CHECK_EQ(hypercall_console_write(text, 0), 0);
}

/* A part may be taken, never nothing and never more than there is. */
static void test_huge(void)
{
    size_t done = 0;

    while (done < sizeof(huge)) {
        int64_t result =
            hypercall_console_write(huge + done, sizeof(huge) - done);

        if (!MG_CHECK(result > 0 && (uint64_t)result <= sizeof(huge) - done))
            return;
        done += (size_t)result;
    }
}

/*
 * The text begins in readable memory and runs out of it: -EFAULT, or the
 * count of what was readable, and not a byte more.
 */
static void test_over_the_edge(void)
{
    static const uint64_t lengths[] = {
        9, 4096, 1ul << 32, 1ul << 47, 1ul << 63, ~0ul - 8, ~0ul};
    char *text = (char *)mg_edge_page + 4096 - 8;

    memcpy(text, "at edge\n", 8);
    MG_CHECK_EQ(hypercall_console_write(text, 8), 8);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        int64_t result = hypercall_console_write(text, lengths[i]);

        if (result != -PARAPET_EFAULT && (result <= 0 || result > 8))
            mg_failure("8 readable bytes, length %#lx: expected -EFAULT or 1 "
                       "to 8, got %ld",
                       lengths[i], result);
    }
}

/* Bytes that a terminal or a careless log would trip over. */
static void test_odd_bytes(void)
{
    char bytes[256];

    for (int i = 0; i < 256; i++)
        bytes[i] = (char)(i < 32 || i == 127 ? '?' : i);
    bytes[0] = '%';
    bytes[1] = 's';
    bytes[2] = '\0';
    MG_CHECK_EQ(hypercall_console_write(bytes, sizeof(bytes)), sizeof(bytes));
    mg_printf("\n");
}

static void test_read_nothing(void)
{
    char buffer[16];

    MG_CHECK_EQ(hypercall_console_read(buffer, sizeof(buffer)),
                -PARAPET_EAGAIN);
}

void test_main(void)
{
    fill_huge();
    test_plain();
    test_huge();
    test_over_the_edge();
    test_odd_bytes();
    test_read_nothing();
}
