/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/tty/tty_line.c: what lines typed keys make, what is echoed, and
 * what is read in either mode. The console is a buffer. And tty_speed.c.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "guest-kernel/tty/console.h"
#include "guest-kernel/tty/tty_parts.h"

static struct tty tty;
static char output[1024];
static size_t output_size;
static const char *in_device; /* what comes when there is room */

void console_put(const char *text, size_t size)
{
    assert_true(output_size + size < sizeof(output));
    memcpy(output + output_size, text, size);
    output_size += size;
    output[output_size] = '\0';
}

static void receive(const char *keys)
{
    for (; *keys != '\0' && tty.head - tty.tail < CONSOLE_INPUT_SIZE; keys++)
        tty.ring[tty.head++ % CONSOLE_INPUT_SIZE] = *keys;
    in_device = keys;
}

void console_pull(void)
{
    receive(in_device);
}

static void start(void)
{
    static const uint8_t cc[NR_CC] = {
        [VINTR] = 3,     [VERASE] = 0177, [VKILL] = 025,  [VEOF] = 4,
        [VREPRINT] = 18, [VWERASE] = 027, [VLNEXT] = 026, [VMIN] = 1,
    };

    memset(&tty, 0, sizeof(tty));
    tty.termios.iflag = ICRNL | IUTF8;
    tty.termios.lflag =
        ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    memcpy(tty.termios.cc, cc, sizeof(cc));
    in_device = "";
}

static void expect_echo(const char *echo)
{
    assert_string_equal(output, echo);
    output_size = 0;
    output[0] = '\0';
}

/* One read of at most size bytes. */
static void expect_read_of(size_t size, const char *text)
{
    char bytes[TTY_LINE_SIZE + 1];
    bool end;
    size_t n;

    if (tty_is_canonical(&tty))
        tty_assemble(&tty);
    n = tty_take(&tty, bytes, size, &end);
    bytes[n] = '\0';
    assert_string_equal(bytes, text);
}

static void expect_read(const char *text)
{
    expect_read_of(TTY_LINE_SIZE, text);
}

static void expect_line(const char *keys, const char *line, const char *echo)
{
    start();
    receive(keys);
    expect_read(line);
    expect_echo(echo);
}

static void lines(void **state)
{
    (void)state;
    expect_line("ls\n", "ls\n", "ls\n");
    expect_line("ls\r", "ls\n", "ls\n");
    expect_line("a\tb\n", "a\tb\n", "a\tb\n");
    expect_line("a\001\n", "a\001\n", "a^A\n");
    expect_line("ls", "", "ls");
    /* The rest of a line, and the next one. */
    expect_line("one\ntwo\n", "one\n", "one\n");
    expect_read_of(2, "tw");
    expect_echo("two\n");
    expect_read("o\n");
    expect_read("");
}

static void end_of_file(void **state)
{
    (void)state;
    expect_line("ab\004c\n", "ab", "ab");
    expect_read("c\n");
    start();
    receive("\004x\n");
    tty_assemble(&tty);
    assert_true(tty.ready);
    assert_int_equal(tty_available(&tty), 0);
    expect_read("");
    expect_read("x\n");
}

static void erasing(void **state)
{
    (void)state;
    output[0] = '\0';
    output_size = 0;
    expect_line("lx\177s\n", "ls\n", "lx\b \bs\n");
    expect_line("\177\177a\n", "a\n", "a\n");
    expect_line("x\303\251\177y\n", "xy\n", "x\303\251\b \by\n");
    expect_line("a\001\177b\n", "ab\n", "a^A\b \b\b \bb\n");
    expect_line("ab\t\177c\n", "abc\n", "ab\t\nabc\n");
    expect_line("ab\025c\n", "c\n", "ab\b \b\b \bc\n");
    expect_line("a bc  \027d\n", "a d\n", "a bc  \b \b\b \b\b \b\b \bd\n");
    expect_line("ab\022c\n", "abc\n", "ab^R\nabc\n");
}

static void literal(void **state)
{
    (void)state;
    expect_line("a\026\003b\n", "a\003b\n", "a^\b^Cb\n");
    expect_line("\026\004\026\177\n", "\004\177\n", "^\b^D^\b^?\n");
    expect_line("\026\rx\n", "\rx\n", "^\b^Mx\n");
}

static void without_echo(void **state)
{
    (void)state;
    start();
    tty.termios.lflag &= ~ECHO;
    receive("secret\177\n");
    expect_read("secre\n");
    expect_echo("");
    tty.termios.lflag |= ECHONL;
    receive("x\n");
    expect_read("x\n");
    expect_echo("\n");
}

/* What is too much is lost, the end of the line is not. */
static void long_line(void **state)
{
    char keys[TTY_LINE_SIZE + 101], line[TTY_LINE_SIZE + 1];

    (void)state;
    memset(keys, 'x', sizeof(keys));
    keys[sizeof(keys) - 2] = '\n';
    keys[sizeof(keys) - 1] = '\0';
    memset(line, 'x', sizeof(line));
    line[TTY_LINE_SIZE - 1] = '\n';
    line[TTY_LINE_SIZE] = '\0';
    start();
    tty.termios.lflag &= ~ECHO;
    receive(keys); /* more than the ring holds */
    expect_read(line);
    receive("next\n");
    expect_read("next\n");
}

static void raw(void **state)
{
    (void)state;
    start();
    tty.termios.lflag &= ~(ICANON | ECHO);
    receive("a\177\004\r");
    assert_int_equal(tty_available(&tty), 4);
    expect_read_of(2, "a\177");
    expect_read("\004\n");
    expect_read("");
    tty.termios.iflag = 0;
    tty.termios.lflag |= ECHO;
    receive("\r\033");
    expect_read("\r\033");
    expect_echo("^M^[");
}

static void mode_changes(void **state)
{
    (void)state;
    start();
    receive("ab\177c\nrest");
    tty_assemble(&tty);
    expect_read_of(1, "a");
    tty.termios.lflag &= ~ICANON;
    tty_mode_changed(&tty);
    assert_int_equal(tty_available(&tty), 2 + 4);
    expect_read("c\n");
    expect_read_of(2, "re");
    /* What is left is put together in the new mode. */
    tty.termios.lflag |= ICANON;
    tty_mode_changed(&tty);
    receive("\177x\n");
    expect_read("sx\n");
    /* A line that was begun is there to be read. */
    receive("begun");
    tty_assemble(&tty);
    tty.termios.lflag &= ~ICANON;
    tty_mode_changed(&tty);
    expect_read("begun");
    /* An end of file is nothing then. */
    tty.termios.lflag |= ICANON;
    tty_mode_changed(&tty);
    receive("\004");
    tty_assemble(&tty);
    tty.termios.lflag &= ~ICANON;
    tty_mode_changed(&tty);
    assert_int_equal(tty_available(&tty), 0);
}

static void flushing(void **state)
{
    (void)state;
    start();
    receive("one\ntwo");
    tty_assemble(&tty);
    tty_flush(&tty);
    expect_read("");
    receive("three\n");
    expect_read("three\n");
}

static void expect_speeds(uint32_t cflag, uint32_t in, uint32_t out)
{
    struct termios termios = {.cflag = cflag, .ispeed = 77, .ospeed = 99};

    tty_set_speeds(&termios);
    assert_int_equal(termios.ispeed, in);
    assert_int_equal(termios.ospeed, out);
}

/* The numbers are those of Linux's asm-generic/termbits.h. */
static void speeds(void **state)
{
    (void)state;
    expect_speeds(0, 0, 0);
    expect_speeds(B38400 | CS8 | CREAD, 38400, 38400);
    expect_speeds(0010001, 57600, 57600);
    expect_speeds(0010002, 115200, 115200);
    expect_speeds(0010017, 4000000, 4000000);
    expect_speeds(0010000, 99, 99);
    expect_speeds(0000015 | 0000013u << 16, 2400, 9600);
    expect_speeds(0000015 | 0010000u << 16, 77, 9600);
    expect_speeds(0010000 | 0000001u << 16, 50, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),        cmocka_unit_test(end_of_file),
        cmocka_unit_test(erasing),      cmocka_unit_test(literal),
        cmocka_unit_test(without_echo), cmocka_unit_test(long_line),
        cmocka_unit_test(raw),          cmocka_unit_test(mode_changes),
        cmocka_unit_test(flushing),     cmocka_unit_test(speeds),
    };

    return cmocka_run_group_tests_name("tty/tty_line", tests, NULL, NULL);
}
