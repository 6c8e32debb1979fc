/* SPDX-License-Identifier: MIT
 *
 * Descriptor tables and task state segment (APM 2, sections 4.8 and 12.2.5).
 */
#include "tests/probe/native/cpu.h"
#include "tests/probe/native/native.h"

#define GATE_INTERRUPT 0x8e
#define GATE_DPL3 0x60
#define VECTOR_BREAKPOINT 3

/* sysretq loads cs from this + 16 and ss from this + 8 (APM 2, 6.1.1). */
#define STAR_SYSRET 0x1b

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t iomap_base;
} __attribute__((packed));

static struct gate idt[NATIVE_NR_STUBS];
static struct tss tss;
static uint8_t trap_stack[4096] __attribute__((aligned(16)));
static uint64_t gdt[] = {
    [NATIVE_CS / 8] = 0x00209b0000000000,
    [NATIVE_SS / 8] = 0x0000930000000000,
    [NATIVE_SS_USER / 8] = 0x0000f30000000000,
    [NATIVE_CS_USER / 8] = 0x0020fb0000000000,
    [NATIVE_TSS / 8] = 0, /* two entries */
    [NATIVE_TSS / 8 + 1] = 0,
};

static void load_gdt(void)
{
    const struct table_pointer pointer = {sizeof(gdt) - 1, (uint64_t)gdt};
    uint64_t base = (uint64_t)&tss;

    tss.rsp[0] = (uint64_t)trap_stack + sizeof(trap_stack);
    /* No I/O permission bitmap: ring 3 has no ports. */
    tss.iomap_base = sizeof(tss);
    gdt[NATIVE_TSS / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 |
                          0x89ul << 40 | (base >> 24 & 0xff) << 56;
    gdt[NATIVE_TSS / 8 + 1] = base >> 32;
    lgdt(&pointer);
    lldt(0);
    ltr(NATIVE_TSS);
}

/* As a kernel would: ring 3 may raise only int3, and the end of a deed. */
static void load_idt(void)
{
    const struct table_pointer pointer = {sizeof(idt) - 1, (uint64_t)idt};

    for (unsigned int vector = 0; vector < NATIVE_NR_STUBS; vector++) {
        uint64_t stub = (uint64_t)native_stubs + vector * NATIVE_STUB_SIZE;

        idt[vector].offset_low = (uint16_t)stub;
        idt[vector].offset_middle = (uint16_t)(stub >> 16);
        idt[vector].offset_high = (uint32_t)(stub >> 32);
        idt[vector].selector = NATIVE_CS;
        idt[vector].type = GATE_INTERRUPT;
    }
    idt[VECTOR_BREAKPOINT].type |= GATE_DPL3;
    idt[NATIVE_VECTOR_RETURN].type |= GATE_DPL3;
    lidt(&pointer);
}

void native_tables_init(void)
{
    load_gdt();
    load_idt();
    wrmsr(MSR_STAR, (uint64_t)STAR_SYSRET << 48 | (uint64_t)NATIVE_CS << 32);
    wrmsr(MSR_SFMASK, RFLAGS_IF);
}
