/* SPDX-License-Identifier: MIT
 *
 * Formatted text: %d %i %u %x %X %o %p %s %c %% with the lengths hh h l ll z,
 * the flags - 0 + space #, a width and a precision (also as *). As in C,
 * except that %p is 0x and hexadecimal digits always. No floating point. A
 * conversion that is not known ends the formatting: it and what follows it
 * are copied as they are.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <stdarg.h>
#include <stddef.h>

/* Takes size bytes of text, not terminated; ctx is the caller's own. */
typedef void format_put_t(void *ctx, const char *text, size_t size);

/* Hands the text to put, piece by piece, in order. */
void format_to(format_put_t *put, void *ctx, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/*
 * Writes at most size bytes, always terminated if size is not 0. Returns the
 * length of the whole text, without its end: it was cut if that is >= size.
 */
int string_format(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int string_vformat(char *buffer, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
