/* SPDX-License-Identifier: MIT
 *
 * Console input: the event, a read into forbidden memory that loses nothing,
 * and the text in order when it is read in small pieces.
 *
 * INPUT: The quick brown fox jumps over the lazy dog.
 */
#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(console_input);

static const char expected[] = "The quick brown fox jumps over the lazy dog.\n";

static volatile uint64_t nr_events;

static int64_t read_into(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_console_read((void *)vaddr, 16);
}

/* Reads seven bytes at a time until a whole line is there. */
static size_t read_line(char *line, size_t size)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    size_t used = 0;

    while (used < size && mg_clock_ns() < end) {
        int64_t result = hypercall_console_read(line + used, 7);

        if (result == -PARAPET_EAGAIN)
            continue;
        if (result <= 0 || result > 7)
            mg_error("console_read: %ld", result);
        used += (size_t)result;
        if (memchr(line, '\n', used))
            break;
    }
    return used;
}

void test_main(void)
{
    static const struct mg_object buffer = {"console_read", MG_ACCESS_WRITE, 16,
                                            1};
    char line[sizeof(expected) + 16];
    size_t size;

    (void)mg_event_bind_virq(PARAPET_VIRQ_CONSOLE, mg_event_count,
                             (void *)&nr_events);
    mg_sti();
    if (!mg_clock_wait(&nr_events))
        mg_failure("no event came for the input");

    mg_hostile_check(&buffer, read_into, NULL);

    size = read_line(line, sizeof(line) - 7);
    if (size < sizeof(expected) - 1 ||
        memcmp(line, expected, sizeof(expected) - 1) != 0)
        mg_failure("expected '%s', got %zu bytes, '%.*s'", expected, size,
                   (int)size, line);
}
