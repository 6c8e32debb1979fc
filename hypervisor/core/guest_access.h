/* SPDX-License-Identifier: MIT
 *
 * The one gate to the virtual memory of the guest that runs on this CPU.
 * Everywhere else a guest pointer is an integer. Copy in once, check the
 * copy, use the copy.
 */
#ifndef HYPERVISOR_CORE_GUEST_ACCESS_H
#define HYPERVISOR_CORE_GUEST_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/abi.h"

/*
 * Whether all of [vaddr, vaddr + nr_bytes) may be touched on behalf of the
 * guest: it neither wraps nor touches the hypervisor's slots. What is not
 * canonical in it faults, and a fault is handled.
 */
static inline bool guest_range_ok(uint64_t vaddr, uint64_t nr_bytes)
{
    uint64_t end = vaddr + nr_bytes;

    return end >= vaddr &&
           (vaddr >= PARAPET_HYPERVISOR_END || end <= PARAPET_HYPERVISOR_START);
}

/* Whether vaddr is a guest's to use: canonical and not the hypervisor's. */
static inline bool guest_vaddr_ok(uint64_t vaddr)
{
    return vaddr >= PARAPET_HYPERVISOR_END || vaddr < 0x0000800000000000;
}

/* 0, or -PARAPET_EFAULT when not all bytes could be copied. */
int copy_from_guest(void *to, uint64_t from, size_t nr_bytes);
int copy_to_guest(uint64_t to, const void *from, size_t nr_bytes);

/* Some bytes of code: more than the longest instruction (15). */
struct guest_code {
    union {
        uint64_t words[2];
        uint8_t bytes[16];
    };
};

/*
 * Reads the code at vaddr; returns how many of the bytes there are before a
 * page that cannot be read.
 */
size_t guest_fetch_code(struct guest_code *code, uint64_t vaddr);

#endif
