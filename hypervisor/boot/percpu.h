/* SPDX-License-Identifier: MIT
 *
 * Making what belongs to one CPU (x86/percpu.h), and loading it.
 */
#ifndef HYPERVISOR_BOOT_PERCPU_H
#define HYPERVISOR_BOOT_PERCPU_H

#include <stdint.h>

struct cpu_info;

/*
 * Maps the block of a CPU, fills its descriptor table, task state segment
 * and system call stubs. On the boot CPU only, before the CPU runs. Panics
 * when there is no memory.
 */
void percpu_create(unsigned int cpu, uint32_t apic_id);

/* Loads all of it into the CPU that calls, whose block it must be. */
void percpu_load(struct cpu_info *cpu);

#endif
