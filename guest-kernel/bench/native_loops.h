/* SPDX-License-Identifier: MIT
 *
 * The native build's measured loops (native_loops.S, native_loops_memory.S,
 * native_loops_user.S), and what they use.
 * Usable from assembly for its constants.
 */
#ifndef GUEST_KERNEL_BENCH_NATIVE_LOOPS_H
#define GUEST_KERNEL_BENCH_NATIVE_LOOPS_H

/* How often an iteration of the quickest loops has its operation. */
#define BENCH_UNROLLED 16

/* Where the page of the loops in ring 3 is mapped for it. */
#define BENCH_USER_TEXT 0x400000

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

/* Two in an iteration: bench_values[0], then [1], into *bench_table. */
bench_loop_t bench_pte_update;
/* The same for bench_count entries from there, each. */
bench_loop_t bench_pte_batch;
/* The same for one, and bench_pages[0] is invalidated. */
bench_loop_t bench_pte_set_va;
/* Of bench_pages[0], where nothing is mapped between the iterations. */
bench_loop_t bench_demand_fault;
/* Two in an iteration: bench_pages[0], then [1]. */
bench_loop_t bench_invalidate;
/* Two in an iteration: bench_roots[0], then [1]. */
bench_loop_t bench_root_switch;

/* In ring 3, which native_user.c has prepared. */
bench_loop_t bench_user_syscall;
bench_loop_t bench_user_fault;

/* Set before the loops that use them. */
extern uint64_t bench_tsc_base, bench_multiplier;
extern uint64_t bench_vmcb_paddr;
extern uint64_t bench_count;
extern uint64_t bench_values[2];       /* entries */
extern volatile uint64_t *bench_table; /* of level 1, for bench_pages[0] on */
extern char *bench_pages[2];
extern uint64_t bench_roots[2]; /* physical addresses */

/* The page with the code of the loops in ring 3. */
extern const char bench_user_page[];

/* Exception entries that do the least that is right. */
void bench_breakpoint_entry(void);
void bench_kernel_fault_entry(void); /* skips three bytes */
void bench_map_page(void); /* page fault: maps what bench_values[0] is */
void bench_syscall_entry(void);
void bench_leave_user(void); /* breakpoint: ends the loop in ring 3 */

/* What the virtual machine of bench_svm_exit executes: VMMCALL. */
void bench_svm_guest(void);

#endif
#endif
