/* SPDX-License-Identifier: MIT
 *
 * Descriptor tables and the task state segment of 64-bit mode (APM 2, sections
 * 4.8 and 12.2.5). The numbers are for C and assembly.
 */
#ifndef LIB_X86_DESCRIPTOR_H
#define LIB_X86_DESCRIPTOR_H

/* Code and data, of ring 0 and of ring 3. */
#define DESCRIPTOR_CODE 0x00209b0000000000
#define DESCRIPTOR_DATA 0x0000930000000000
#define DESCRIPTOR_CODE_USER 0x0020fb0000000000
#define DESCRIPTOR_DATA_USER 0x0000f30000000000

/* Where a task state segment has the stack for entries to ring 0. */
#define TSS_RSP0 4

#ifndef __ASSEMBLY__

#include <stddef.h>
#include <stdint.h>

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t iomap_base;
} __attribute__((packed));

_Static_assert(sizeof(struct tss) == 104, "the layout is the CPU's");
_Static_assert(offsetof(struct tss, rsp) == TSS_RSP0, "for assembly");

/* An available TSS: two entries of a descriptor table. */
static inline void descriptor_set_tss(uint64_t entries[2],
                                      const struct tss *tss)
{
    uint64_t base = (uint64_t)tss;

    entries[0] = (sizeof(*tss) - 1) | (base & 0xffffff) << 16 | 0x89ul << 40 |
                 (base >> 24 & 0xff) << 56;
    entries[1] = base >> 32;
}

/* An entry of the interrupt table. */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

_Static_assert(sizeof(struct gate) == 16, "the layout is the CPU's");

#define GATE_INTERRUPT 0x8e /* present, DPL 0, 64-bit interrupt gate */
#define GATE_DPL3 0x60      /* ring 3 may raise it with int */

static inline void gate_set_entry(struct gate *gate, uint64_t entry)
{
    gate->offset_low = (uint16_t)entry;
    gate->offset_middle = (uint16_t)(entry >> 16);
    gate->offset_high = (uint32_t)(entry >> 32);
}

/* An interrupt gate. What it has of an interrupt stack stays. */
static inline void gate_set(struct gate *gate, uint16_t selector,
                            uint64_t entry)
{
    gate->selector = selector;
    gate->type = GATE_INTERRUPT;
    gate_set_entry(gate, entry);
}

/* What lgdt and lidt take, and sidt yields. */
struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static inline void lgdt(const struct table_pointer *table)
{
    __asm__ volatile("lgdt %0" : : "m"(*table) : "memory");
}

static inline void lidt(const struct table_pointer *table)
{
    __asm__ volatile("lidt %0" : : "m"(*table) : "memory");
}

static inline void sidt(struct table_pointer *table)
{
    __asm__ volatile("sidt %0" : "=m"(*table));
}

static inline void lldt(uint16_t selector)
{
    __asm__ volatile("lldt %0" : : "r"(selector));
}

static inline void ltr(uint16_t selector)
{
    __asm__ volatile("ltr %0" : : "r"(selector));
}

#endif
#endif
