/* SPDX-License-Identifier: MIT
 *
 * The string functions. Copying and filling go by eight-byte words, four to a
 * turn, with the destination aligned: an emulator translates that well, while
 * it runs `rep movsb` as one instruction for each byte, and vector registers
 * belong to the guests. The compiler must not recognize these loops and turn
 * them into calls to themselves: see lib/objects.mk.
 */
#include "lib/string.h"

#include <limits.h>
#include <stdint.h>

/* A word that may lie anywhere and alias anything. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

#define WORD sizeof(word_t)

static inline uint64_t load(const void *from)
{
    return *(const word_t *)from;
}

static inline void store(void *to, uint64_t word)
{
    *(word_t *)to = word;
}

/* How far it is to the next aligned word: 1 to 8 bytes. */
static inline size_t to_next_word(const void *p)
{
    return WORD - (uintptr_t)p % WORD;
}

static void copy_bytes(uint8_t *dst, const uint8_t *src, size_t size)
{
    while (size-- > 0)
        *dst++ = *src++;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t size)
{
    uint8_t *d = dst;
    const uint8_t *s = src;
    size_t head;

    if (size < WORD) {
        copy_bytes(d, s, size);
        return dst;
    }
    store(d, load(s));
    head = to_next_word(d);
    for (d += head, s += head, size -= head; size >= 4 * WORD;
         d += 4 * WORD, s += 4 * WORD, size -= 4 * WORD) {
        store(d, load(s));
        store(d + WORD, load(s + WORD));
        store(d + 2 * WORD, load(s + 2 * WORD));
        store(d + 3 * WORD, load(s + 3 * WORD));
    }
    for (; size >= WORD; d += WORD, s += WORD, size -= WORD)
        store(d, load(s));
    /* The last word may cover some of the bytes before it once more. */
    if (size > 0)
        store(d + size - WORD, load(s + size - WORD));
    return dst;
}

/* For dst below src, however close: nothing is stored before it was loaded. */
static void move_down(uint8_t *dst, const uint8_t *src, size_t size)
{
    for (; size >= WORD; dst += WORD, src += WORD, size -= WORD)
        store(dst, load(src));
    copy_bytes(dst, src, size);
}

/* For dst above src, however close: from the end to the start. */
static void move_up(uint8_t *dst, const uint8_t *src, size_t size)
{
    for (; size >= WORD; size -= WORD)
        store(dst + size - WORD, load(src + size - WORD));
    while (size-- > 0)
        dst[size] = src[size];
}

void *memmove(void *dst, const void *src, size_t size)
{
    uintptr_t up = (uintptr_t)dst - (uintptr_t)src;

    if (up >= size && -up >= size)
        return memcpy(dst, src, size);
    if (up < size)
        move_up(dst, src, size);
    else
        move_down(dst, src, size);
    return dst;
}

void *memset(void *dst, int value, size_t size)
{
    uint8_t *d = dst;
    uint64_t word = (uint8_t)value * 0x0101010101010101ULL;
    size_t head;

    if (size < WORD) {
        while (size-- > 0)
            *d++ = (uint8_t)value;
        return dst;
    }
    store(d, word);
    head = to_next_word(d);
    for (d += head, size -= head; size >= 4 * WORD;
         d += 4 * WORD, size -= 4 * WORD) {
        store(d, word);
        store(d + WORD, word);
        store(d + 2 * WORD, word);
        store(d + 3 * WORD, word);
    }
    for (; size >= WORD; d += WORD, size -= WORD)
        store(d, word);
    if (size > 0)
        store(d + size - WORD, word);
    return dst;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;

    for (; size >= WORD && load(x) == load(y); size -= WORD) {
        x += WORD;
        y += WORD;
    }
    for (; size > 0; size--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

void *memchr(const void *bytes, int value, size_t size)
{
    const uint8_t *p = bytes;

    for (; size > 0; size--, p++) {
        if (*p == (uint8_t)value)
            return (void *)p;
    }
    return NULL;
}

size_t strlen(const char *s)
{
    const char *end = s;

    while (*end != '\0')
        end++;
    return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t limit)
{
    size_t length = 0;

    while (length < limit && s[length] != '\0')
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t limit)
{
    for (; limit > 0; limit--, a++, b++) {
        if (*a != *b)
            return (uint8_t)*a - (uint8_t)*b;
        if (*a == '\0')
            break;
    }
    return 0;
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++) {
        if (*s == '\0')
            return NULL;
    }
    return (char *)s;
}

char *strrchr(const char *s, int c)
{
    const char *last = NULL;

    do {
        if (*s == (char)c)
            last = s;
    } while (*s++ != '\0');
    return (char *)last;
}

/* The value of a digit in bases up to 36, or INT_MAX. */
static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    return INT_MAX;
}

/* Steps over "0x" where the base allows it and a hexadecimal digit follows. */
static const char *skip_base_prefix(const char *s, int *base)
{
    bool hex =
        s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit_value(s[2]) < 16;

    if (hex && (*base == 0 || *base == 16)) {
        *base = 16;
        return s + 2;
    }
    if (*base == 0)
        *base = s[0] == '0' ? 8 : 10;
    return s;
}

unsigned long strtoul(const char *s, char **end, int base)
{
    const char *start = s;
    unsigned long value = 0;
    bool negative, overflow = false;
    const char *digits;

    while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
        s++;
    negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    digits = s = skip_base_prefix(s, &base);
    for (; digit_value(*s) < base; s++) {
        overflow |= __builtin_mul_overflow(value, (unsigned long)base, &value);
        overflow |= __builtin_add_overflow(
            value, (unsigned long)digit_value(*s), &value);
    }
    if (end != NULL)
        *end = (char *)(s == digits ? start : s);
    if (overflow)
        return ULONG_MAX;
    return negative ? -value : value;
}

bool string_copy(char *dst, size_t size, const char *src)
{
    size_t length;

    if (size == 0)
        return false;
    length = strnlen(src, size - 1);
    memcpy(dst, src, length);
    dst[length] = '\0';
    return src[length] == '\0';
}
