/* SPDX-License-Identifier: MIT
 *
 * The measured loops of loops.S, loops_memory.S and loops_user.S: each does its
 * operation so many times and returns what was in rax at the end, which after
 * a hypercall is its result. Usable from assembly for its constants.
 */
#ifndef BENCH_XEN_LOOPS_H
#define BENCH_XEN_LOOPS_H

/* How often an iteration of the quickest loops has its operation. */
#define BENCH_UNROLLED 16

/* Most entries in a multicall; in a batch, which fills a page table. */
#define BENCH_CALLS 128
#define BENCH_BATCH 512
/* Grants in a batch. */
#define BENCH_GRANTS 32

#ifndef __ASSEMBLY__

#include <stdint.h>

#include "tests/bench/xen/abi.h"

typedef uint64_t bench_loop_t(uint64_t iterations);

/* Nothing: what the loop itself costs. */
bench_loop_t bench_empty;

bench_loop_t bench_null_hypercall;
bench_loop_t bench_unknown_hypercall;
/* An iteration is one multicall of bench_count entries. */
bench_loop_t bench_multicall;
bench_loop_t bench_cli_shared;
bench_loop_t bench_cli_sti_shared;
bench_loop_t bench_cli_trap;
bench_loop_t bench_clock_shared;
bench_loop_t bench_iret;
bench_loop_t bench_breakpoint;
bench_loop_t bench_page_fault;
bench_loop_t bench_read_cr0;
bench_loop_t bench_read_efer;
/* To bench_port. */
bench_loop_t bench_event_send;
bench_loop_t bench_set_timer;
bench_loop_t bench_yield;

/* Two hypercalls in an iteration: bench_requests[0] and then [1]. */
bench_loop_t bench_mmu_update;
/* Two in an iteration: bench_values[0], then [1], for the window's start. */
bench_loop_t bench_update_va;
/* The same by a write to bench_pte, which is mapped read-only. */
bench_loop_t bench_pte_trap;
bench_loop_t bench_demand_fault;

/* Two hypercalls in an iteration: bench_operations[0] and then [1]. */
bench_loop_t bench_mmuext;

/* bench_count of them in an iteration. */
bench_loop_t bench_grant_map_unmap;
bench_loop_t bench_grant_copy;

/* In user mode; the roots must be set. */
bench_loop_t bench_user_syscall;
bench_loop_t bench_user_page_fault;

/* Handlers that do the least that is right. */
void bench_return(void);      /* no error code: returns */
void bench_skip_cli(void);    /* error code: skips one byte */
void bench_skip_load(void);   /* error code: skips three bytes */
void bench_map_window(void);  /* page fault: maps what bench_values[0] is */
void bench_event_entry(void); /* acknowledges bench_port */
void bench_syscall_entry(void);
void bench_leave_user(void); /* breakpoint: ends the loop in user mode */

/* Never in a page with code; set before the loops that use them. */
extern struct xen_multicall bench_calls[BENCH_CALLS];
extern struct xen_mmu_update bench_requests[2][BENCH_BATCH];
extern struct xen_mmuext bench_operations[2];
extern struct xen_grant_map bench_grant_maps[BENCH_GRANTS];
extern struct xen_grant_unmap bench_grant_unmaps[BENCH_GRANTS];
extern struct xen_grant_copy bench_copies[BENCH_GRANTS];
extern struct xen_shared_info bench_shared_info;
extern char bench_window[BENCH_BATCH][4096];
extern uint64_t bench_count;
extern uint64_t bench_deadline;
extern uint64_t bench_values[2];
extern volatile uint64_t *bench_pte;
extern const struct xen_vcpu_info *bench_vcpu;
extern uint32_t bench_port;

#endif

#endif
