/* SPDX-License-Identifier: MIT
 *
 * Descriptor tables and task state segment (APM 2, sections 4.8 and 12.2.5).
 */
#include "lib/x86/descriptor.h"
#include "lib/x86/msr.h"
#include "lib/x86/rflags.h"
#include "tests/probe/native/native.h"

#define VECTOR_BREAKPOINT 3

/* sysretq loads cs from this + 16 and ss from this + 8 (APM 2, 6.1.1). */
#define STAR_SYSRET 0x1b

static struct gate idt[NATIVE_NR_STUBS];
static struct tss tss;
static uint8_t trap_stack[4096] __attribute__((aligned(16)));
static uint64_t gdt[] = {
    [NATIVE_CS / 8] = DESCRIPTOR_CODE,
    [NATIVE_SS / 8] = DESCRIPTOR_DATA,
    [NATIVE_SS_USER / 8] = DESCRIPTOR_DATA_USER,
    [NATIVE_CS_USER / 8] = DESCRIPTOR_CODE_USER,
    [NATIVE_TSS / 8] = 0, /* two entries */
    [NATIVE_TSS / 8 + 1] = 0,
};

static void load_gdt(void)
{
    const struct table_pointer pointer = {sizeof(gdt) - 1, (uint64_t)gdt};

    tss.rsp[0] = (uint64_t)trap_stack + sizeof(trap_stack);
    /* No I/O permission bitmap: ring 3 has no ports. */
    tss.iomap_base = sizeof(tss);
    descriptor_set_tss(&gdt[NATIVE_TSS / 8], &tss);
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

        gate_set(&idt[vector], NATIVE_CS, stub);
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
