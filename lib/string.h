/* SPDX-License-Identifier: MIT
 *
 * The C library's string functions that the kernels and libfdt need, under
 * their standard names and with their standard meaning, and string_copy. No
 * locks, no errors but those in the results.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t size);
void *memmove(void *dst, const void *src, size_t size);
void *memset(void *dst, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *bytes, int value, size_t size);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* As in C, but without errno: a value too large reads as ULONG_MAX. */
unsigned long strtoul(const char *s, char **end, int base);

/*
 * Copies src into dst, a buffer of size bytes, cut short if need be and always
 * terminated (a size of 0 writes nothing). Returns whether all of src fitted.
 */
bool string_copy(char *dst, size_t size, const char *src);

#endif
