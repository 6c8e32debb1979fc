/* SPDX-License-Identifier: MIT
 *
 * The line editor.
 */
#include "guest-kernel/monitor/line.h"

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/tty/console.h"

#define CTRL(letter) ((letter) - '@')
#define ESCAPE '\33'
#define DELETE '\177'

static bool is_control(char c)
{
    return (uint8_t)c < ' ';
}

/*
 * The next byte that is no part of an escape sequence (ECMA-48, 5.4). A control
 * character in the middle of one ends it, and counts.
 */
static char get_key(void)
{
    char c = console_get();

    while (c == ESCAPE) {
        c = console_get();
        if (c == '[')
            do
                c = console_get();
            while (c >= ' ' && c < '@');
        if (!is_control(c))
            c = console_get();
    }
    return c;
}

/* CR LF is one end of a line: its LF is passed over. */
static char get_key_after(bool *after_cr)
{
    char c = get_key();

    if (*after_cr && c == '\n')
        c = get_key();
    *after_cr = c == '\r';
    return c;
}

/* The bytes of a character after its first, in UTF-8. */
static bool is_continuation(char c)
{
    return ((uint8_t)c & 0xc0) == 0x80;
}

static size_t erase_character(const char *line, size_t length)
{
    if (length == 0)
        return 0;
    do
        length--;
    while (length > 0 && is_continuation(line[length]));
    console_put("\b \b", 3);
    return length;
}

static size_t erase_all(const char *line, size_t length)
{
    while (length > 0)
        length = erase_character(line, length);
    return 0;
}

enum line_result line_read(char *line, size_t size)
{
    static bool after_cr;
    bool too_long = false;
    size_t length = 0;
    char c;

    for (;;) {
        c = get_key_after(&after_cr);
        if (c == CTRL('D') && length == 0)
            return LINE_END;
        if (c == '\r' || c == '\n' || c == CTRL('D'))
            break;
        if (c == CTRL('C')) {
            console_put("^C\n", 3);
            return LINE_GIVEN_UP;
        }
        if (c == '\b' || c == DELETE)
            length = erase_character(line, length);
        else if (c == CTRL('U')) {
            length = erase_all(line, length);
            too_long = false;
        } else if (!is_control(c) && length == size - 1)
            too_long = true;
        else if (!is_control(c)) {
            line[length++] = c;
            console_put(&c, 1);
        }
    }
    console_put("\n", 1);
    line[length] = '\0';
    return too_long ? LINE_TOO_LONG : LINE_READ;
}
