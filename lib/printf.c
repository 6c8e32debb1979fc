/* SPDX-License-Identifier: MIT
 *
 * Formatted text into a sink. A conversion is read into a struct spec, its
 * argument is turned into a sign or prefix and digits, and one function pads
 * and emits them.
 */
#include "lib/printf.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/string.h"

/* 64 bits in octal are the longest number. */
#define MAX_DIGITS 22

struct sink {
    format_put_t *put;
    void *ctx;
};

/* One conversion: %[flags][width][.precision][length]letter */
struct spec {
    bool left, zero, plus, space, alternate;
    size_t width;
    bool has_precision;
    size_t precision;
    unsigned int argument_size; /* of an integer, in bytes */
};

/* va_list can be an array, which a function cannot take by reference. */
struct arguments {
    va_list list;
};

static void emit(const struct sink *sink, const char *text, size_t size)
{
    if (size > 0)
        sink->put(sink->ctx, text, size);
}

static void emit_repeated(const struct sink *sink, char c, size_t count)
{
    char block[16];

    if (count == 0)
        return;
    memset(block, c, sizeof(block));
    for (; count > sizeof(block); count -= sizeof(block))
        emit(sink, block, sizeof(block));
    emit(sink, block, count);
}

static size_t subtract(size_t from, size_t amount)
{
    return from > amount ? from - amount : 0;
}

/* [spaces] prefix [nr_zeros zeros] text [spaces], at least width wide. */
static void emit_field(const struct sink *sink, const struct spec *spec,
                       const char *prefix, size_t nr_zeros, const char *text,
                       size_t size)
{
    size_t prefix_size = strlen(prefix);
    size_t padding = subtract(spec->width, prefix_size + nr_zeros + size);

    if (!spec->left)
        emit_repeated(sink, ' ', padding);
    emit(sink, prefix, prefix_size);
    emit_repeated(sink, '0', nr_zeros);
    emit(sink, text, size);
    if (spec->left)
        emit_repeated(sink, ' ', padding);
}

static void emit_string(const struct sink *sink, const struct spec *spec,
                        const char *s)
{
    size_t limit = spec->has_precision ? spec->precision : SIZE_MAX;

    if (s == NULL)
        s = "(null)";
    emit_field(sink, spec, "", 0, s, strnlen(s, limit));
}

/* base is 8, 10 or 16; letters is "0123456789abcdef" in either case. */
static void emit_number(const struct sink *sink, const struct spec *spec,
                        const char *prefix, uint64_t value, unsigned int base,
                        const char *letters)
{
    char digits[MAX_DIGITS];
    size_t start = MAX_DIGITS, size, nr_zeros;

    for (; value != 0; value /= base)
        digits[--start] = letters[value % base];
    size = MAX_DIGITS - start;
    if (spec->has_precision)
        nr_zeros = subtract(spec->precision, size);
    else if (spec->zero && !spec->left)
        nr_zeros = subtract(spec->width, strlen(prefix) + size);
    else
        nr_zeros = 0;
    /* Zero itself has one digit, unless the precision says none. */
    if (size == 0 && nr_zeros == 0 && !spec->has_precision)
        nr_zeros = 1;
    if (base == 8 && spec->alternate && nr_zeros == 0)
        nr_zeros = 1;
    emit_field(sink, spec, prefix, nr_zeros, digits + start, size);
}

static void emit_signed(const struct sink *sink, const struct spec *spec,
                        int64_t value)
{
    const char *sign = spec->plus ? "+" : spec->space ? " " : "";
    uint64_t magnitude = (uint64_t)value;

    if (value < 0) {
        sign = "-";
        magnitude = -magnitude;
    }
    emit_number(sink, spec, sign, magnitude, 10, "0123456789");
}

static void emit_hexadecimal(const struct sink *sink, const struct spec *spec,
                             uint64_t value, bool upper)
{
    const char *prefix = "";

    if (spec->alternate && value != 0)
        prefix = upper ? "0X" : "0x";
    emit_number(sink, spec, prefix, value, 16,
                upper ? "0123456789ABCDEF" : "0123456789abcdef");
}

static uint64_t next_unsigned(const struct spec *spec, struct arguments *args)
{
    switch (spec->argument_size) {
    case 1:
        return (uint8_t)va_arg(args->list, unsigned int);
    case 2:
        return (uint16_t)va_arg(args->list, unsigned int);
    case 8:
        return va_arg(args->list, uint64_t);
    default:
        return va_arg(args->list, unsigned int);
    }
}

static int64_t next_signed(const struct spec *spec, struct arguments *args)
{
    uint64_t value = next_unsigned(spec, args);
    unsigned int unused_bits = 64 - 8 * spec->argument_size;

    return (int64_t)(value << unused_bits) >> unused_bits;
}

static const char *parse_flags(const char *p, struct spec *spec)
{
    for (;; p++) {
        if (*p == '-')
            spec->left = true;
        else if (*p == '0')
            spec->zero = true;
        else if (*p == '+')
            spec->plus = true;
        else if (*p == ' ')
            spec->space = true;
        else if (*p == '#')
            spec->alternate = true;
        else
            return p;
    }
}

/* A decimal number or '*'. Returns it, negative only if the argument was. */
static int parse_count(const char **p, struct arguments *args)
{
    int count = 0;

    if (**p == '*') {
        (*p)++;
        return va_arg(args->list, int);
    }
    for (; **p >= '0' && **p <= '9' && count < 100000; (*p)++)
        count = count * 10 + (**p - '0');
    return count;
}

static const char *parse_sizes(const char *p, struct spec *spec,
                               struct arguments *args)
{
    int count = parse_count(&p, args);

    if (count < 0) { /* as in C: a negative width is a flag '-' and a width */
        spec->left = true;
        spec->width = -(size_t)count;
    } else {
        spec->width = (size_t)count;
    }
    if (*p == '.') {
        p++;
        count = parse_count(&p, args);
        spec->has_precision = count >= 0;
        spec->precision = (size_t)count;
    }
    return p;
}

static const char *parse_length(const char *p, struct spec *spec)
{
    spec->argument_size = sizeof(int);
    if (*p == 'l' || *p == 'z') {
        spec->argument_size = sizeof(long);
        p += p[0] == 'l' && p[1] == 'l' ? 2 : 1;
    } else if (p[0] == 'h') {
        spec->argument_size = p[1] == 'h' ? sizeof(char) : sizeof(short);
        p += p[1] == 'h' ? 2 : 1;
    }
    return p;
}

/* Returns whether the letter is one we know, and its argument was taken. */
static bool convert(const struct sink *sink, struct spec *spec, char letter,
                    struct arguments *args)
{
    char c;

    switch (letter) {
    case 'd':
    case 'i':
        emit_signed(sink, spec, next_signed(spec, args));
        return true;
    case 'u':
        emit_number(sink, spec, "", next_unsigned(spec, args), 10,
                    "0123456789");
        return true;
    case 'o':
        emit_number(sink, spec, "", next_unsigned(spec, args), 8, "01234567");
        return true;
    case 'x':
    case 'X':
        emit_hexadecimal(sink, spec, next_unsigned(spec, args), letter == 'X');
        return true;
    case 'p':
        emit_number(sink, spec, "0x", (uintptr_t)va_arg(args->list, void *), 16,
                    "0123456789abcdef");
        return true;
    case 's':
        emit_string(sink, spec, va_arg(args->list, const char *));
        return true;
    case 'c':
        c = (char)va_arg(args->list, int);
        emit_field(sink, spec, "", 0, &c, 1);
        return true;
    case '%':
        emit(sink, "%", 1);
        return true;
    default:
        return false;
    }
}

void format_to(format_put_t *put, void *ctx, const char *format, va_list list)
{
    const struct sink sink = {.put = put, .ctx = ctx};
    struct arguments args;
    const char *p;

    va_copy(args.list, list);
    for (;;) {
        struct spec spec = {.left = false};

        for (p = format; *p != '\0' && *p != '%'; p++)
            ;
        emit(&sink, format, (size_t)(p - format));
        format = p;
        if (*p == '\0')
            break;
        p = parse_flags(p + 1, &spec);
        p = parse_sizes(p, &spec, &args);
        p = parse_length(p, &spec);
        if (!convert(&sink, &spec, *p, &args)) {
            emit(&sink, format, strlen(format));
            break;
        }
        format = p + 1;
    }
    va_end(args.list);
}

/* Where the text goes that string_vformat makes. */
struct buffer {
    char *bytes;
    size_t size;
    size_t length; /* of the whole text, also of what did not fit */
};

static void buffer_put(void *ctx, const char *text, size_t size)
{
    struct buffer *buffer = ctx;

    if (buffer->length < buffer->size) {
        size_t room = buffer->size - buffer->length;

        memcpy(buffer->bytes + buffer->length, text, size < room ? size : room);
    }
    buffer->length += size;
}

int string_vformat(char *buffer, size_t size, const char *format, va_list args)
{
    struct buffer to = {.bytes = buffer, .size = size};

    format_to(buffer_put, &to, format, args);
    if (size > 0)
        buffer[to.length < size ? to.length : size - 1] = '\0';
    return (int)to.length;
}

int string_format(char *buffer, size_t size, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = string_vformat(buffer, size, format, args);
    va_end(args);
    return length;
}
