/* SPDX-License-Identifier: MIT
 *
 * See console_filter.h.
 */
#include "hypervisor/base/console_filter.h"

#include "lib/string.h"

static void add(struct console_shown *shown, const char *text, size_t size)
{
    memcpy(shown->text + shown->size, text, size);
    shown->size += size;
}

static void show_byte(struct console_shown *shown, char c)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;
    const char control[] = {'^', (char)(c ^ 0x40)};
    const char high[] = {'\\', 'x', digits[byte / 16], digits[byte % 16]};

    if (byte >= 0x80)
        add(shown, high, sizeof(high));
    else
        add(shown, control, sizeof(control));
}

static bool is_plain(char c)
{
    return (c >= ' ' && c <= '~') || c == '\t' || c == '\n';
}

size_t console_filter(const char *prefix, bool *line_begins, const char *bytes,
                      size_t nr_bytes, struct console_shown *shown)
{
    size_t prefix_size = strlen(prefix);
    size_t i;

    shown->size = 0;
    for (i = 0; i < nr_bytes; i++) {
        char c = bytes[i];

        if (shown->room - shown->size < CONSOLE_SHOWN_MIN)
            break;
        if (*line_begins)
            add(shown, prefix, prefix_size);
        if (is_plain(c))
            shown->text[shown->size++] = c;
        else
            show_byte(shown, c);
        *line_begins = c == '\n';
    }
    return i;
}
