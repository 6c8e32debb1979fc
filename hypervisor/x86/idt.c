/* SPDX-License-Identifier: MIT
 *
 * Owns the table. Every gate is an interrupt gate. Only int3 is open to
 * ring 3: the guest's `int n` traps as a protection fault.
 */
#include "hypervisor/x86/idt.h"

#include <stdint.h>

#include "hypervisor/x86/layout.h"
#include "hypervisor/x86/regs.h"

#define NR_VECTORS 256
#define STUB_SIZE 16
#define GATE_INTERRUPT 0x8e
#define GATE_DPL3 0x60

/* APM 2, 4.8.4. */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

extern char entry_stubs[];

static struct gate idt[NR_VECTORS] __attribute__((aligned(4096)));

void idt_init(void)
{
    for (unsigned int i = 0; i < NR_VECTORS; i++) {
        uint64_t stub = (uint64_t)entry_stubs + i * STUB_SIZE;

        idt[i].offset_low = (uint16_t)stub;
        idt[i].selector = HV_CS;
        idt[i].type = GATE_INTERRUPT;
        idt[i].offset_middle = (uint16_t)(stub >> 16);
        idt[i].offset_high = (uint32_t)(stub >> 32);
    }
    idt[EXC_BP].type |= GATE_DPL3;
}

void idt_use_ist(void)
{
    idt[EXC_NMI].ist = IST_NMI;
    idt[EXC_DF].ist = IST_DF;
    idt[EXC_MC].ist = IST_MC;
    idt[EXC_DB].ist = IST_DB;
}

void idt_load(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) idtr = {sizeof(idt) - 1, (uint64_t)idt};

    __asm__ volatile("lidt %0" : : "m"(idtr));
}
