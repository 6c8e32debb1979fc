/* SPDX-License-Identifier: MIT
 *
 * Bringing up the other CPUs.
 */
#ifndef HYPERVISOR_BOOT_SMP_H
#define HYPERVISOR_BOOT_SMP_H

/*
 * Starts nr_cpus - 1 others, one after the other; each enters the scheduler
 * once smp_release() is called. Returns how many CPUs there are then.
 */
unsigned int smp_start(unsigned int nr_cpus);

/* The domains are built: lets the others run them. */
void smp_release(void);

/* What a CPU does once it has its block: descriptors, features, APIC. */
void smp_setup_this_cpu(unsigned int cpu);

/* Where the assembly lands on another CPU. */
_Noreturn void smp_ap_main(void);

#endif
