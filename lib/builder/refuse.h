/* SPDX-License-Identifier: MIT
 *
 * How a reader of untrusted input says what is wrong with it: one line of
 * text for a person. No locks, no allocation.
 */
#ifndef LIB_BUILDER_REFUSE_H
#define LIB_BUILDER_REFUSE_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Turns every byte that is not printable ASCII into '?', so that text from
 * the input cannot break the log's lines or steer a terminal.
 */
void refuse_clean(char *text);

/*
 * Formats one clean line into line, a buffer of size bytes, cut if need be.
 * Always returns -PARAPET_EINVAL, for the caller to hand on.
 */
int refuse(char *line, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int refuse_va(char *line, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
