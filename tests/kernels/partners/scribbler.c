/* SPDX-License-Identifier: MIT
 *
 * Writes to the console what takes the most of it, as a domain that has not got
 * its input: bytes that are shown as two or four, lines that each get a name,
 * and any bytes; 256 at a call, as long as the console takes them.
 */
#include "tests/kernels/partners/scribbler.h"
#include "abi/errors.h"
#include "abi/stubs.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"

MG_TEST(scribbler);

static char bytes[256];

static void write_all(void)
{
    for (uint64_t done = 0; done < sizeof(bytes);) {
        int64_t result =
            hypercall_console_write(bytes + done, sizeof(bytes) - done);

        if (result == -PARAPET_ERESTART)
            continue;
        if (!MG_CHECK(result > 0))
            return;
        done += (uint64_t)result;
    }
}

/* Two in turn. */
static void fill(char even, char odd)
{
    for (unsigned int i = 0; i < sizeof(bytes); i++)
        bytes[i] = i % 2 ? odd : even;
}

void test_main(void)
{
    static const char pairs[][2] = {
        {'a', 'a'},       {'\n', '\n'},   {'\x01', '\x01'},
        {'\x80', '\x80'}, {'\n', '\x01'}, {'\n', '\x80'},
        {'a', '\n'},      {'a', '\x01'},  {'\x01', '\x80'},
    };
    struct mg_random numbers;

    for (int round = 0; round < SCRIBBLER_ROUNDS; round++) {
        for (unsigned int i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
            fill(pairs[i][0], pairs[i][1]);
            write_all();
        }
    }
    mg_random_init(&numbers, 0x73637269);
    for (int round = 0; round < SCRIBBLER_ROUNDS; round++) {
        for (unsigned int i = 0; i < sizeof(bytes); i++)
            bytes[i] = (char)mg_random_next(&numbers);
        write_all();
    }
    /* The verdict has a line of its own. */
    fill('\n', '\n');
    write_all();
}
