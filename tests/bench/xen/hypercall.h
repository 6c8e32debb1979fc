/* SPDX-License-Identifier: MIT
 *
 * Xen's hypercalls from C, through the hypercall page. What a number and its
 * arguments mean is in abi.h; the result is negative for an error.
 */
#ifndef BENCH_XEN_HYPERCALL_H
#define BENCH_XEN_HYPERCALL_H

#include <stdint.h>

#include "tests/bench/xen/abi.h"

/* number must be a constant. Fewer arguments: the others are 0. */
#define xen_hypercall4(number, a, b, c, d)                                     \
    __extension__({                                                            \
        register uint64_t arg4_ __asm__("r10") = (uint64_t)(d);                \
        uint64_t arg1_ = (uint64_t)(a), arg2_ = (uint64_t)(b);                 \
        uint64_t arg3_ = (uint64_t)(c);                                        \
        int64_t result_;                                                       \
                                                                               \
        __asm__ volatile("call xen_hypercall_page + %c[offset]"                \
                         : "=a"(result_), "+D"(arg1_), "+S"(arg2_),            \
                           "+d"(arg3_), "+r"(arg4_)                            \
                         : [offset] "i"((number)*32)                           \
                         : "rcx", "r8", "r9", "r11", "memory");                \
        result_;                                                               \
    })
#define xen_hypercall3(number, a, b, c) xen_hypercall4(number, a, b, c, 0)
#define xen_hypercall2(number, a, b) xen_hypercall4(number, a, b, 0, 0)
#define xen_hypercall1(number, a) xen_hypercall4(number, a, 0, 0, 0)

#endif
