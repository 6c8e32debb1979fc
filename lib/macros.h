/* SPDX-License-Identifier: MIT
 *
 * The few macros that every kernel needs. ARRAY_SIZE and ALIGN_* are
 * constant expressions when their arguments are.
 */
#ifndef LIB_MACROS_H
#define LIB_MACROS_H

#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Each argument is evaluated once: what another CPU or domain changes has one
 * value. The names differ, as one may be in another's argument. */
#define MACRO_JOIN(a, b) a##b
#define MACRO_NAME(prefix, number) MACRO_JOIN(prefix, number)
#define PICK_ONCE(a, is, b, x, y)                                              \
    __extension__({                                                            \
        const __typeof__(1 ? (a) : (b)) x = (a);                               \
        const __typeof__(1 ? (a) : (b)) y = (b);                               \
        x is y ? x : y;                                                        \
    })
#define MIN(a, b)                                                              \
    PICK_ONCE(a, <, b, MACRO_NAME(min_a_, __COUNTER__),                        \
              MACRO_NAME(min_b_, __COUNTER__))
#define MAX(a, b)                                                              \
    PICK_ONCE(a, >, b, MACRO_NAME(max_a_, __COUNTER__),                        \
              MACRO_NAME(max_b_, __COUNTER__))

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
