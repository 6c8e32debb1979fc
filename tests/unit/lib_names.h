/* SPDX-License-Identifier: MIT
 *
 * Lets lib/ stand beside the C library in one program: the standard functions
 * of lib/string.c are called lib_NAME here. lib/ is compiled with this header
 * in front; a test of them includes the C library's headers, then this, then
 * lib/string.h, and from there on memcpy means lib_memcpy.
 */
#ifndef TESTS_UNIT_LIB_NAMES_H
#define TESTS_UNIT_LIB_NAMES_H

#define memcpy lib_memcpy
#define memmove lib_memmove
#define memset lib_memset
#define memcmp lib_memcmp
#define memchr lib_memchr
#define strlen lib_strlen
#define strnlen lib_strnlen
#define strcmp lib_strcmp
#define strncmp lib_strncmp
#define strchr lib_strchr
#define strrchr lib_strrchr
#define strtoul lib_strtoul

#endif
