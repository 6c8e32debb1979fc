/* SPDX-License-Identifier: MIT
 *
 * The meter (meter=on): how long each exit kept a guest from running, from its
 * entry to its return, and the longest of each name in a table when the machine
 * ends. No exit may take more than METER_BOUND instructions.
 *
 * It costs nothing when it is off. When it is on, the entries lead through
 * stubs of their own, which note the time (entry.S, pv_entry.S), and WORK_METER
 * is always set, so that every exit but two leaves by guest_exit_work(), which
 * notes how long it was. The two are the short paths of iret and of a system
 * call: some 40 instructions each, without a loop.
 */
#ifndef HYPERVISOR_CORE_METER_H
#define HYPERVISOR_CORE_METER_H

#include <stdbool.h>

#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"

#define METER_BOUND 20000        /* ABI.md, section 4 */
#define METER_BOUND_REPORT 60000 /* of a domain that is killed */

/* Set once, at boot: meter=on. */
extern bool meter_enabled;

/* Gives a CPU its table. At boot, one CPU after the other. */
void meter_start_cpu(struct cpu_info *cpu);

/* The exit under way gets its name: before another vCPU may be switched in. */
void meter_name(struct cpu_info *cpu);

/* The guest runs on: the exit is over. */
void meter_end(struct cpu_info *cpu);

/* Waits for an interrupt. The wait does not count: what came before it is over,
 * and what comes after it is named after the interrupt. */
void meter_wait(struct cpu_info *cpu);

/* The machine ends with the exit under way: prints the table of all CPUs. */
void meter_print(void);

/* The exit under way kills a domain: METER_BOUND_REPORT is its bound. */
void meter_report(void);

/* What was done since the time begin was an audit: it is listed apart, and does
 * not count in the exit under way. */
void meter_audit(uint64_t begin);

/* For the idle loop. */
static inline void meter_idle(struct cpu_info *cpu)
{
    if (meter_enabled)
        meter_wait(cpu);
    else
        cpu_wait_for_interrupt();
}

#endif
