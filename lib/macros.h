/* SPDX-License-Identifier: MIT
 *
 * The few macros that every kernel needs. All of them but container_of are
 * constant expressions when their arguments are, and may evaluate an argument
 * twice: pass nothing with a side effect.
 */
#ifndef LIB_MACROS_H
#define LIB_MACROS_H

#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* alignment is a power of two, and taken in value's type: no upper bits lost.
 */
#define ALIGN_DOWN(value, alignment)                                           \
    ((value) & ~((__typeof__(value))(alignment)-1))
#define ALIGN_UP(value, alignment)                                             \
    ALIGN_DOWN((value) + (__typeof__(value))(alignment)-1, alignment)

/* The object of the given type whose member is at pointer. */
#define container_of(pointer, type, member)                                    \
    ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
