/* SPDX-License-Identifier: MIT
 *
 * The native build's measured loops (native_loops.S), and what they use.
 * Usable from assembly for its constants.
 */
#ifndef GUEST_KERNEL_BENCH_NATIVE_LOOPS_H
#define GUEST_KERNEL_BENCH_NATIVE_LOOPS_H

/* How often an iteration of the quickest loops has its operation. */
#define BENCH_UNROLLED 16

#ifndef __ASSEMBLY__

#include "guest-kernel/bench/bench.h"

bench_loop_t bench_empty;
bench_loop_t bench_cli;
bench_loop_t bench_cli_sti;
bench_loop_t bench_clock;
bench_loop_t bench_iret;
bench_loop_t bench_breakpoint;
bench_loop_t bench_kernel_fault;
bench_loop_t bench_cr0_read;
bench_loop_t bench_msr_read;
/* An iteration is one VMRUN of bench_vmcb_paddr. */
bench_loop_t bench_svm_exit;

/* Set before the loops that use them. */
extern uint64_t bench_tsc_base, bench_multiplier;
extern uint64_t bench_vmcb_paddr;

/* Exception entries that do the least that is right. */
void bench_breakpoint_entry(void);
void bench_kernel_fault_entry(void);

/* What the virtual machine of bench_svm_exit executes: VMMCALL. */
void bench_svm_guest(void);

#endif
#endif
