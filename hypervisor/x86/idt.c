/* SPDX-License-Identifier: MIT
 *
 * Owns the table, and a short one for a trial at boot. Every gate is an
 * interrupt gate. Only int3 is open to ring 3: the guest's `int n` traps as a
 * protection fault.
 */
#include "hypervisor/x86/idt.h"

#include <stdint.h>

#include "hypervisor/x86/layout.h"
#include "hypervisor/x86/regs.h"

#define NR_VECTORS 256
#define NR_EXCEPTIONS 32
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
static struct gate trial_idt[NR_EXCEPTIONS];

static void set_gate(struct gate *gate, uint64_t entry)
{
    gate->offset_low = (uint16_t)entry;
    gate->selector = HV_CS;
    gate->type = GATE_INTERRUPT;
    gate->offset_middle = (uint16_t)(entry >> 16);
    gate->offset_high = (uint32_t)(entry >> 32);
}

void idt_init(void)
{
    for (unsigned int i = 0; i < NR_VECTORS; i++)
        set_gate(&idt[i], (uint64_t)entry_stubs + i * STUB_SIZE);
    idt[EXC_BP].type |= GATE_DPL3;
}

void idt_use_ist(void)
{
    idt[EXC_NMI].ist = IST_NMI;
    idt[EXC_DF].ist = IST_DF;
    idt[EXC_MC].ist = IST_MC;
    idt[EXC_DB].ist = IST_DB;
}

static void load(const struct gate *table, uint16_t size)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) idtr = {(uint16_t)(size - 1), (uint64_t)table};

    __asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}

void idt_load(void)
{
    load(idt, sizeof(idt));
}

void idt_load_trial(const char *exception, const char *nmi)
{
    for (unsigned int i = 0; i < NR_EXCEPTIONS; i++)
        set_gate(&trial_idt[i], (uint64_t)exception);
    set_gate(&trial_idt[EXC_NMI], (uint64_t)nmi);
    trial_idt[EXC_NMI].ist = IST_NMI;
    load(trial_idt, sizeof(trial_idt));
}
