/* SPDX-License-Identifier: MIT
 *
 * Bytes from one place to another, by the string instructions: upward, and
 * downward for what overlaps.
 */
#ifndef HYPERVISOR_X86_COPY_H
#define HYPERVISOR_X86_COPY_H

#include <stdint.h>

static inline void copy_up(void *to, const void *from, uint64_t length)
{
    uint64_t words = length / sizeof(uint64_t);
    uint64_t rest = length % sizeof(uint64_t);

    __asm__ volatile("rep movsq\n"
                     "mov %[rest], %%rcx\n"
                     "rep movsb"
                     : "+D"(to), "+S"(from), "+c"(words)
                     : [rest] "r"(rest)
                     : "memory");
}

/* From the end, for what overlaps. The entries of the hypervisor clear the
 * direction flag, should an NMI come. */
static inline void copy_down(uint8_t *to, const uint8_t *from, uint64_t length)
{
    uint64_t words = length / sizeof(uint64_t);
    uint64_t rest = length % sizeof(uint64_t);

    to += length - 1;
    from += length - 1;
    __asm__ volatile("std\n"
                     "rep movsb\n"
                     "sub $7, %%rdi\n"
                     "sub $7, %%rsi\n"
                     "mov %[words], %%rcx\n"
                     "rep movsq\n"
                     "cld"
                     : "+D"(to), "+S"(from), "+c"(rest)
                     : [words] "r"(words)
                     : "memory", "cc");
}

#endif
