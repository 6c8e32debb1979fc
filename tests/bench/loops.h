/* SPDX-License-Identifier: MIT
 *
 * The measured loops of loops.S: each does its operation so many times.
 * Usable from assembly for its constants.
 */
#ifndef BENCH_LOOPS_H
#define BENCH_LOOPS_H

/* How often an iteration of the quickest loops has its operation. */
#define BENCH_UNROLLED 16

/* PARAPET_ERESTART, and the shared page's clock: see bench_guest.c. */
#define BENCH_ERESTART 85
#define BENCH_CLOCK (PARAPET_SHARED_PAGE + 1024)

/* The port of bench_event_self: the first that a domain gets. */
#define BENCH_PORT 1

#ifndef __ASSEMBLY__

#include <stdint.h>

typedef void bench_loop_t(uint64_t iterations);

/* Nothing: what the loop itself costs. */
bench_loop_t bench_empty;

bench_loop_t bench_null_hypercall;
bench_loop_t bench_enosys_hypercall;
bench_loop_t bench_cli_shared;
bench_loop_t bench_cli_hypercall;
bench_loop_t bench_cli_trap;
bench_loop_t bench_cli_sti_shared;
bench_loop_t bench_cli_sti_hypercall;
bench_loop_t bench_cli_sti_trap;
bench_loop_t bench_iret;
bench_loop_t bench_breakpoint;
bench_loop_t bench_kernel_fault;
bench_loop_t bench_cr0_read;
bench_loop_t bench_msr_read;
bench_loop_t bench_event_self;
bench_loop_t bench_event_send_pending;
bench_loop_t bench_set_timer;
bench_loop_t bench_yield;
bench_loop_t bench_clock_shared;
bench_loop_t bench_clock_hypercall;
/* An iteration is one multicall of bench_nr_calls entries. */
bench_loop_t bench_multicall;

/* Set before the loops that use them. */
extern uint64_t bench_calls, bench_nr_calls;
extern uint64_t bench_deadline;

/* Upcall entries that do the least that is right. */
void bench_breakpoint_entry(void);
void bench_kernel_fault_entry(void);
void bench_event_entry(void);

#endif

#endif
