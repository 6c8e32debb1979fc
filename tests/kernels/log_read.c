/* SPDX-License-Identifier: MIT
 *
 * log_read, by the control domain: all that the console said comes back, what
 * the hypervisor says about another domain and what that one writes, too. A
 * reader that is too slow is told so; positions and buffers that make no sense
 * do no harm.
 *
 * QEMU: privileged=1 partner=partners/witness once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/test.h"

MG_TEST(log_read);

#define HEAD sizeof(struct parapet_log_head)
#define UNTOUCHED 0x7e

struct answer {
    struct parapet_log_head head;
    char text[PARAPET_LOG_AT_ONCE + 8];
};

static struct answer answer;

/* With room for so many bytes of text; nothing is written beyond them. */
static size_t log_read(uint64_t position, size_t room)
{
    int64_t n;

    memset(&answer, UNTOUCHED, sizeof(answer));
    n = hypercall_log_read(position, &answer, HEAD + room);
    if (!MG_CHECK(n >= 0 && (size_t)n <= MIN(room, PARAPET_LOG_AT_ONCE)))
        mg_error("log_read: %ld", n);
    for (size_t i = (size_t)n; i < sizeof(answer.text); i++) {
        if (!MG_CHECK_EQ(answer.text[i], UNTOUCHED))
            break;
    }
    MG_CHECK_EQ(answer.head.zero, 0);
    return (size_t)n;
}

static uint64_t log_end(void)
{
    MG_CHECK_EQ(log_read(~0ul, PARAPET_LOG_AT_ONCE), 0);
    MG_CHECK_EQ(answer.head.lost, 0);
    return answer.head.next;
}

static void write(const char *text)
{
    size_t size = strlen(text);

    while (size > 0) {
        int64_t n = HYPERCALL_RESTARTED(hypercall_console_write(text, size));

        if (!MG_CHECK(n > 0))
            return;
        text += n;
        size -= (size_t)n;
    }
}

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* The first line of all, if nothing is lost yet. */
static void test_beginning(void)
{
    MG_CHECK(log_read(0, PARAPET_LOG_AT_ONCE) > 0);
    MG_CHECK_EQ(answer.head.lost, 0);
    MG_CHECK_EQ(answer.head.midline, 0);
    MG_CHECK(begins_with(answer.text, "parapet: Parapet, ABI "));
    MG_CHECK_EQ(log_read(1, 3), 3);
    MG_CHECK_EQ(answer.head.next, 4);
    MG_CHECK_EQ(answer.head.midline, 1);
    MG_CHECK(begins_with(answer.text, "ara"));
}

/* It comes back as it was written, in pieces of any size. */
static void test_own_line(void)
{
    static const char line[] = "log_read: a line of its own\nand a part";
    uint64_t position = log_end();

    write(line);
    for (size_t room = 1; room < sizeof(line); room++) {
        size_t done = 0, n;

        for (; (n = log_read(position + done, room)) > 0; done += n) {
            MG_CHECK_EQ(answer.head.lost, 0);
            MG_CHECK_EQ(answer.head.next, position + done + n);
            MG_CHECK_EQ(answer.head.midline,
                        done > 0 && line[done - 1] != '\n');
            MG_CHECK_EQ(memcmp(answer.text, line + done, n), 0);
        }
        MG_CHECK_EQ(done, sizeof(line) - 1);
    }
    write("\n");
}

/* A line that is whole, at the start of the text. */
static bool next_line(uint64_t *position, char *line, size_t room)
{
    size_t n = log_read(*position, room - 1);
    size_t i = 0;

    while (i < n && answer.text[i] != '\n')
        i++;
    if (i == n)
        return false;
    memcpy(line, answer.text, i);
    line[i] = '\0';
    *position += answer.head.lost + i + 1;
    return true;
}

/* Waits for the lines, in this order, from position on; others are between. */
static void wait_for_lines(const char *const *lines, size_t nr)
{
    uint64_t position = 0;
    char line[256];

    for (size_t i = 0; i < nr;) {
        if (!next_line(&position, line, sizeof(line)))
            (void)hypercall_yield();
        else if (strcmp(line, lines[i]) == 0)
            i++;
    }
}

static void test_other_domain(void)
{
    static const char *const lines[] = {
        "d1| the witness is done",
        "d1: powered off (partner1)",
    };

    wait_for_lines(lines, ARRAY_SIZE(lines));
}

/* More than the log holds, in lines of 64 bytes with their number. */
static uint64_t write_much(unsigned long nr)
{
    uint64_t start = log_end();
    char line[65];

    for (unsigned long i = 0; i < nr; i++) {
        (void)string_format(line, sizeof(line), "%063lu\n", i);
        write(line);
    }
    MG_CHECK_EQ(log_end(), start + 64 * nr);
    return start;
}

static void test_slow_reader(void)
{
    uint64_t start = write_much(1100), position = 0, lost;
    char line[256];

    MG_CHECK(log_read(start, PARAPET_LOG_AT_ONCE) > 0);
    lost = answer.head.lost;
    MG_CHECK_EQ(lost, 64 * 1100 - 65536 + 1);
    MG_CHECK_EQ(answer.head.midline, lost % 64 != 0);
    /* Also for who asks for what was gone long ago. */
    MG_CHECK(log_read(position, 1) == 1);
    MG_CHECK_EQ(answer.head.lost, start + lost);
    /* The rest of the line whose beginning is gone, and then a whole one. */
    MG_CHECK(next_line(&position, line, sizeof(line)));
    MG_CHECK(next_line(&position, line, sizeof(line)));
    MG_CHECK_EQ(answer.head.midline, 0);
    MG_CHECK_EQ(strlen(line), 63);
    MG_CHECK_EQ(position, start + (lost + 63) / 64 * 64 + 64);
}

static void test_positions(void)
{
    uint64_t end = log_end();
    const uint64_t future[] = {end, end + 1, 1ul << 63, ~0ul - 65536, ~0ul};

    for (size_t i = 0; i < ARRAY_SIZE(future); i++) {
        MG_CHECK_EQ(log_read(future[i], PARAPET_LOG_AT_ONCE), 0);
        MG_CHECK_EQ(answer.head.next, end);
        MG_CHECK_EQ(answer.head.lost, 0);
    }
    MG_CHECK_EQ(log_read(end - 1, 10), 1);
    MG_CHECK_EQ(log_read(end - 1, 0), 0);
    MG_CHECK_EQ(answer.head.next, end - 1);
}

static void test_lengths(void)
{
    static const uint64_t much[] = {HEAD + PARAPET_LOG_AT_ONCE,
                                    HEAD + PARAPET_LOG_AT_ONCE + 1, 1ul << 32,
                                    1ul << 63, ~0ul};

    for (uint64_t length = 0; length < HEAD; length++)
        MG_CHECK_EQ(hypercall_log_read(0, &answer, length), -PARAPET_EINVAL);
    for (size_t i = 0; i < ARRAY_SIZE(much); i++)
        MG_CHECK_EQ(hypercall_log_read(0, &answer, much[i]),
                    PARAPET_LOG_AT_ONCE);
}

static int64_t read_to(uint64_t vaddr, void *length)
{
    return hypercall_log_read(0, (void *)vaddr, *(const uint64_t *)length);
}

static void test_hostile_buffers(void)
{
    uint64_t length = HEAD + 100;
    const struct mg_object object = {.call = "log_read",
                                     .access = MG_ACCESS_WRITE,
                                     .size = HEAD + 100,
                                     .alignment = 1};
    unsigned char *edge = mg_edge_page + sizeof(mg_edge_page) - HEAD;

    mg_hostile_check(&object, read_to, &length);
    MG_CHECK_EQ(hypercall_log_read(0, edge, HEAD), 0);
    MG_CHECK_EQ(hypercall_log_read(~0ul, edge, HEAD + 1), 0);
    MG_CHECK_EQ(hypercall_log_read(0, edge, HEAD + 1), -PARAPET_EFAULT);
}

void test_main(void)
{
    test_beginning();
    test_own_line();
    test_other_domain();
    test_positions();
    test_slow_reader();
    test_positions();
    test_lengths();
    test_hostile_buffers();
}
