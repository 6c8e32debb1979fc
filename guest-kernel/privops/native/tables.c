/* SPDX-License-Identifier: MIT
 *
 * Global descriptor table, task state segment and interrupt descriptor table
 * (APM 2, sections 4.8 and 12.2.5).
 */
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/x86/trap.h"
#include "lib/x86/descriptor.h"

/* privops/native/entry.S */
extern const char trap_stubs[];

static struct gate idt[TRAP_NR_STUBS];
struct tss native_tss;
static uint8_t double_fault_stack[PAGE_SIZE] __attribute__((aligned(16)));
static uint64_t gdt[] = {
    [NATIVE_CS / 8] = DESCRIPTOR_CODE,
    [NATIVE_SS / 8] = DESCRIPTOR_DATA,
    [PARAPET_SS / 8] = DESCRIPTOR_DATA_USER,
    [PARAPET_CS_USER / 8] = DESCRIPTOR_CODE_USER,
    [NATIVE_TSS / 8] = 0, /* two entries */
    [NATIVE_TSS / 8 + 1] = 0,
};

static void load_gdt(void)
{
    const struct table_pointer pointer = {sizeof(gdt) - 1, (uint64_t)gdt};

    native_tss.ist[IST_DOUBLE_FAULT - 1] =
        (uint64_t)double_fault_stack + sizeof(double_fault_stack);
    native_tss.iomap_base = sizeof(native_tss);
    descriptor_set_tss(&gdt[NATIVE_TSS / 8], &native_tss);
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
        gate_set(&idt[vector], NATIVE_CS, entry);
    }
    idt[TRAP_BREAKPOINT].type |= GATE_DPL3;
    idt[TRAP_DOUBLE_FAULT].ist = IST_DOUBLE_FAULT;
    lidt(&pointer);
}

void native_tables_init(void)
{
    load_gdt();
    load_idt();
}
