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
#include "lib/x86/descriptor.h"

#define NR_VECTORS 256
#define NR_EXCEPTIONS 32
#define STUB_SIZE 16

static struct gate idt[NR_VECTORS] __attribute__((aligned(4096)));
static struct gate trial_idt[NR_EXCEPTIONS];

static void use_stubs(const char *stubs)
{
    for (unsigned int i = 0; i < NR_VECTORS; i++)
        gate_set(&idt[i], HV_CS, (uint64_t)stubs + i * STUB_SIZE);
    idt[EXC_BP].type |= GATE_DPL3;
}

void idt_init(void)
{
    use_stubs(entry_stubs);
}

void idt_use_meter(void)
{
    use_stubs(meter_stubs);
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
    const struct table_pointer idtr = {(uint16_t)(size - 1), (uint64_t)table};

    lidt(&idtr);
}

void idt_load(void)
{
    load(idt, sizeof(idt));
}

void idt_load_trial(const char *exception, const char *nmi)
{
    for (unsigned int i = 0; i < NR_EXCEPTIONS; i++)
        gate_set(&trial_idt[i], HV_CS, (uint64_t)exception);
    gate_set(&trial_idt[EXC_NMI], HV_CS, (uint64_t)nmi);
    trial_idt[EXC_NMI].ist = IST_NMI;
    load(trial_idt, sizeof(trial_idt));
}
