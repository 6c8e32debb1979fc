/* SPDX-License-Identifier: MIT
 *
 * Global descriptor table, task state segment and interrupt descriptor table
 * (APM 2, sections 4.8 and 12.2.5).
 */
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/native/cpu.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/x86/trap.h"

#define GATE_INTERRUPT 0x8e /* present, DPL 0, 64-bit interrupt gate */
#define GATE_FROM_USER 0x60 /* DPL 3: user mode may raise it with int */

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

/* privops/native/entry.S */
extern const char trap_stubs[];

static struct gate idt[TRAP_NR_STUBS];
struct native_tss native_tss;

_Static_assert(__builtin_offsetof(struct native_tss, rsp) == TSS_RSP0,
               "native_syscall_entry loads rsp from there");

static uint8_t double_fault_stack[PAGE_SIZE] __attribute__((aligned(16)));
static uint64_t gdt[] = {
    [NATIVE_CS / 8] = 0x00209b0000000000,       /* 64-bit code */
    [NATIVE_SS / 8] = 0x0000930000000000,       /* data */
    [PARAPET_SS / 8] = 0x0000f30000000000,      /* user data */
    [PARAPET_CS_USER / 8] = 0x0020fb0000000000, /* user 64-bit code */
    [NATIVE_TSS / 8] = 0,                       /* two entries */
    [NATIVE_TSS / 8 + 1] = 0,
};

static void load_gdt(void)
{
    const struct table_pointer pointer = {sizeof(gdt) - 1, (uint64_t)gdt};
    uint64_t base = (uint64_t)&native_tss;

    native_tss.ist[IST_DOUBLE_FAULT - 1] =
        (uint64_t)double_fault_stack + sizeof(double_fault_stack);
    native_tss.iomap_base = sizeof(native_tss);
    gdt[NATIVE_TSS / 8] = (sizeof(native_tss) - 1) | (base & 0xffffff) << 16 |
                          0x89ul << 40 | (base >> 24 & 0xff) << 56;
    gdt[NATIVE_TSS / 8 + 1] = base >> 32;
    lgdt(&pointer);
    ltr(NATIVE_TSS);
}

static void load_idt(void)
{
    const struct table_pointer pointer = {sizeof(idt) - 1, (uint64_t)idt};
    unsigned int vector;
    uint64_t entry;

    for (vector = 0; vector < TRAP_NR_STUBS; vector++) {
        entry = (uint64_t)trap_stubs + vector * TRAP_STUB_SIZE;
        idt[vector].offset_low = (uint16_t)entry;
        idt[vector].offset_middle = (uint16_t)(entry >> 16);
        idt[vector].offset_high = (uint32_t)(entry >> 32);
        idt[vector].selector = NATIVE_CS;
        idt[vector].type = GATE_INTERRUPT;
    }
    idt[TRAP_BREAKPOINT].type |= GATE_FROM_USER;
    idt[TRAP_DOUBLE_FAULT].ist = IST_DOUBLE_FAULT;
    lidt(&pointer);
}

void native_tables_init(void)
{
    load_gdt();
    load_idt();
}
