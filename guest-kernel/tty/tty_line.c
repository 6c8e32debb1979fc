/* SPDX-License-Identifier: MIT
 *
 * The line discipline: from the bytes in the ring to what is read, with editing
 * and echo. The echo of one call goes to the console in one piece.
 *
 * How wide a tab is depends on where the cursor was, which is not known here:
 * when one is erased, the line is shown again.
 */
#include "guest-kernel/tty/console.h"
#include "guest-kernel/tty/tty_parts.h"
#include "lib/macros.h"
#include "lib/string.h"

#define DELETE '\177'

/* ---- echo ---- */

/* The kernel is not preempted, and interrupts are disabled. */
static char echo_text[256];
static size_t echo_size;

static void echo_flush(void)
{
    if (echo_size > 0)
        console_put(echo_text, echo_size);
    echo_size = 0;
}

static void echo(const struct tty *tty, const char *text, size_t size)
{
    if ((tty->termios.lflag & ECHO) == 0)
        return;
    if (size > sizeof(echo_text) - echo_size)
        echo_flush();
    memcpy(echo_text + echo_size, text, size);
    echo_size += size;
}

static bool is_control(char c)
{
    return (uint8_t)c < ' ' || c == DELETE;
}

static bool shows_control(const struct tty *tty, char c)
{
    return is_control(c) && c != '\n' && c != '\t' &&
           (tty->termios.lflag & ECHOCTL) != 0;
}

static void echo_byte(const struct tty *tty, char c)
{
    char shown[2] = {'^', (char)(c ^ '@')};

    if (shows_control(tty, c))
        echo(tty, shown, 2);
    else
        echo(tty, &c, 1);
}

void tty_echo_key(struct tty *tty, char c)
{
    echo_byte(tty, c);
    echo_flush();
}

/* ---- editing ---- */

static void reprint(struct tty *tty)
{
    size_t i;

    echo(tty, "\n", 1);
    for (i = 0; i < tty->used; i++)
        echo_byte(tty, tty->line[i]);
}

/* The bytes of a character after its first, in UTF-8. */
static bool is_continuation(const struct tty *tty, char c)
{
    return (tty->termios.iflag & IUTF8) != 0 && ((uint8_t)c & 0xc0) == 0x80;
}

/* The line is to be shown again, once for all that one key erases. */
static bool tab_gone;

/* The last character goes. */
static void erase(struct tty *tty)
{
    char c;

    if (tty->used == 0)
        return;
    do
        c = tty->line[--tty->used];
    while (tty->used > 0 && is_continuation(tty, c));
    if ((tty->termios.lflag & ECHOE) == 0)
        echo_byte(tty, (char)tty->termios.cc[VERASE]);
    else if (c == '\t')
        tab_gone = true;
    else if (shows_control(tty, c))
        echo(tty, "\b \b\b \b", 6);
    else
        echo(tty, "\b \b", 3);
}

static bool ends_in_space(const struct tty *tty)
{
    char c = tty->line[tty->used - 1];

    return c == ' ' || c == '\t';
}

static void erase_word(struct tty *tty)
{
    while (tty->used > 0 && ends_in_space(tty))
        erase(tty);
    while (tty->used > 0 && !ends_in_space(tty))
        erase(tty);
}

static void erase_line(struct tty *tty)
{
    const uint32_t both = ECHOE | ECHOKE;

    if ((tty->termios.lflag & both) == both) {
        while (tty->used > 0)
            erase(tty);
        return;
    }
    tty->used = 0;
    echo_byte(tty, (char)tty->termios.cc[VKILL]);
    if ((tty->termios.lflag & ECHOK) != 0)
        echo(tty, "\n", 1);
}

/* The keys that change the line. False: it is none. */
static bool edit(struct tty *tty, char c)
{
    bool extended = (tty->termios.lflag & IEXTEN) != 0;

    if (tty_key(tty, VERASE, c)) {
        erase(tty);
    } else if (tty_key(tty, VKILL, c)) {
        erase_line(tty);
    } else if (extended && tty_key(tty, VWERASE, c)) {
        erase_word(tty);
    } else if (extended && tty_key(tty, VREPRINT, c)) {
        echo_byte(tty, c);
        reprint(tty);
    } else if (extended && tty_key(tty, VLNEXT, c)) {
        tty->literal = true;
        if ((tty->termios.lflag & ECHOCTL) != 0)
            echo(tty, "^\b", 2);
    } else {
        return false;
    }
    return true;
}

/* ---- from the ring to the line ---- */

static bool next_byte(struct tty *tty, char *c)
{
    if (tty->head == tty->tail)
        console_pull();
    if (tty->head == tty->tail)
        return false;
    *c = tty->ring[tty->tail++ % CONSOLE_INPUT_SIZE];
    return true;
}

static char translate(const struct tty *tty, char c)
{
    uint32_t iflag = tty->termios.iflag;

    if ((iflag & ISTRIP) != 0)
        c &= 0x7f;
    if (c == '\r' && (iflag & ICRNL) != 0)
        return '\n';
    if (c == '\n' && (iflag & INLCR) != 0)
        return '\r';
    return c;
}

/* As in Linux, what is too much of a line is lost: there is room for its end
 * always. */
static void add(struct tty *tty, char c, size_t limit)
{
    if (tty->used >= limit)
        return;
    tty->line[tty->used++] = c;
    echo_byte(tty, c);
}

static bool is_end(const struct tty *tty, char c)
{
    return c == '\n' || tty_key(tty, VEOL, c) || tty_key(tty, VEOL2, c);
}

static void put_byte(struct tty *tty, char c)
{
    if (tty->literal) {
        tty->literal = false;
        add(tty, c, TTY_LINE_SIZE - 1);
        return;
    }
    c = translate(tty, c);
    if (edit(tty, c)) {
        if (tab_gone)
            reprint(tty);
        tab_gone = false;
        return;
    }
    tty->ready = is_end(tty, c) || tty_key(tty, VEOF, c);
    if (!tty_key(tty, VEOF, c))
        add(tty, c, TTY_LINE_SIZE - (tty->ready ? 0 : 1));
    if (c == '\n' && (tty->termios.lflag & (ECHO | ECHONL)) == ECHONL)
        console_put("\n", 1);
}

void tty_assemble(struct tty *tty)
{
    char c;

    while (!tty->ready && next_byte(tty, &c))
        put_byte(tty, c);
    echo_flush();
}

/* ---- what is read ---- */

static size_t take_of_line(struct tty *tty, char *to, size_t size, bool *end)
{
    size_t n = MIN(size, tty->used - tty->taken);

    memcpy(to, tty->line + tty->taken, n);
    tty->taken += n;
    if (tty->taken == tty->used) {
        tty->ready = false;
        tty->used = 0;
        tty->taken = 0;
        *end = true;
    }
    return n;
}

size_t tty_take(struct tty *tty, char *to, size_t size, bool *end)
{
    size_t n = 0;
    char c;

    *end = false;
    if (tty->ready)
        return take_of_line(tty, to, size, end);
    if (tty_is_canonical(tty))
        return 0;
    while (n < size && next_byte(tty, &c)) {
        to[n] = translate(tty, c);
        echo_byte(tty, to[n++]);
    }
    echo_flush();
    return n;
}

size_t tty_available(struct tty *tty)
{
    size_t of_line = tty->ready ? tty->used - tty->taken : 0;

    if (tty_is_canonical(tty))
        return of_line;
    if (tty->head == tty->tail)
        console_pull();
    return of_line + (tty->head - tty->tail);
}

void tty_flush(struct tty *tty)
{
    tty->tail = tty->head;
    tty->used = 0;
    tty->taken = 0;
    tty->ready = false;
    tty->literal = false;
    tty->quoted = false;
}

void tty_mode_changed(struct tty *tty)
{
    tty->literal = false;
    tty->ready = tty->used > tty->taken;
    if (!tty->ready)
        tty->used = tty->taken = 0;
}
