/* SPDX-License-Identifier: MIT
 *
 * How a vCPU is run. The shared code (core, sched, mm) knows an engine only
 * by this table; which one a domain has is said in its description.
 */
#ifndef HYPERVISOR_CORE_ENGINE_H
#define HYPERVISOR_CORE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_regs;
struct domain;
struct elf_image;
struct vcpu;

struct engine {
    const char *name;

    /*
     * Makes the domain's address space: memory, kernel image, shared region.
     * Its frames are in p2m and loaded. False when there is no memory.
     */
    bool (*address_space_create)(struct domain *d, const struct elf_image *k);

    /* Fills the guest's hypercall page. */
    void (*fill_hypercall_page)(void *page);

    /* Sets the registers with which a vCPU starts. It is not running. */
    void (*vcpu_start)(struct vcpu *v, uint64_t entry, uint64_t stack,
                       uint64_t argument);

    /* The vCPU comes to this CPU, or leaves it: all but the general registers.
     * Interrupts are off. */
    void (*switch_in)(struct vcpu *v);
    void (*switch_out)(struct vcpu *v);

    /*
     * An exception of the vCPU that runs: the quick way, with only the
     * caller-saved registers valid in regs. True when the guest can run on.
     */
    bool (*exception)(struct cpu_regs *regs);

    /* Any exception, with complete registers: handled, or the domain ended. */
    void (*trap)(struct vcpu *v, struct cpu_regs *regs);

    /* Enters the guest's event handler: an upcall is due. */
    void (*deliver_event)(struct vcpu *v, struct cpu_regs *regs);
};

/* Names, ending with NULL, and the table of a name (NULL if there is none). */
extern const char *const engine_names[];
const struct engine *engine_find(const char *name);

extern const struct engine engine_pv;

#endif
