/* SPDX-License-Identifier: MIT
 *
 * Segment registers: their selectors, and the bases of FS and GS.
 */
#ifndef LIB_X86_SEGMENT_H
#define LIB_X86_SEGMENT_H

#include <stdint.h>

/* read_fs_base(), write_fs_base() and so on; they need CR4_FSGSBASE. */
#define DEFINE_BASE(seg)                                                       \
    static inline uint64_t read_##seg##_base(void)                             \
    {                                                                          \
        uint64_t value;                                                        \
        __asm__ volatile("rd" #seg "base %0" : "=r"(value));                   \
        return value;                                                          \
    }                                                                          \
    static inline void write_##seg##_base(uint64_t value)                      \
    {                                                                          \
        __asm__ volatile("wr" #seg "base %0" : : "r"(value) : "memory");       \
    }
DEFINE_BASE(fs)
DEFINE_BASE(gs)
#undef DEFINE_BASE

/* read_ds(), write_ds() and so on. */
#define DEFINE_SELECTOR(seg)                                                   \
    static inline uint16_t read_##seg(void)                                    \
    {                                                                          \
        uint16_t value;                                                        \
        __asm__ volatile("mov %%" #seg ", %0" : "=r"(value));                  \
        return value;                                                          \
    }                                                                          \
    static inline void write_##seg(uint16_t value)                             \
    {                                                                          \
        __asm__ volatile("mov %0, %%" #seg : : "r"(value) : "memory");         \
    }
DEFINE_SELECTOR(ds)
DEFINE_SELECTOR(es)
DEFINE_SELECTOR(fs)
DEFINE_SELECTOR(gs)
#undef DEFINE_SELECTOR

#endif
