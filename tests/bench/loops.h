/* SPDX-License-Identifier: MIT
 *
 * The measured loops of loops.S, loops_memory.S and loops_user.S: each does its
 * operation so many times and returns what was in rax at the end, which after
 * a hypercall is its result. Usable from assembly for its constants.
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

/* Most updates in a batch: all entries of a page table. */
#define BENCH_BATCH 512
#define BENCH_UPDATE_SIZE 16

/* The elements of the calls of grants: sizes, and where status and handle are.
 */
#define BENCH_GRANT_MAP_SIZE 32
#define BENCH_GRANT_MAP_STATUS 24
#define BENCH_GRANT_MAP_HANDLE 28
#define BENCH_GRANT_HOLD_SIZE 32
#define BENCH_GRANT_HOLD_STATUS 12
#define BENCH_GRANT_HOLD_HANDLE 16
#define BENCH_GRANT_UNMAP_SIZE 8
#define BENCH_GRANT_COPY_SIZE 40

/* What a row of the console writes: as much as a call takes. */
#define BENCH_CONSOLE_BYTES 256

/* MG_USER_TEXT: where the text is in user mode. */
#define BENCH_USER_TEXT 0x400000

#ifndef __ASSEMBLY__

#include <stdint.h>

#include "abi/memory.h"

typedef uint64_t bench_loop_t(uint64_t iterations);

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
bench_loop_t bench_event_send_remote;
bench_loop_t bench_set_timer;
/* To one after the other of bench_deadlines. */
bench_loop_t bench_set_timer_any;
bench_loop_t bench_yield;
bench_loop_t bench_clock_shared;
bench_loop_t bench_clock_hypercall;
/* An iteration is one multicall of bench_nr_calls entries. */
bench_loop_t bench_multicall;

/* Two lists in an iteration, bench_count each: bench_updates[0], then [1]. */
bench_loop_t bench_mmu_update;
/* Two in an iteration: bench_values[0], then [1], for bench_pages[0]. */
bench_loop_t bench_update_va;
/* The same by a write to bench_pte, which is mapped read-only. */
bench_loop_t bench_pte_trap;
/* Of bench_pages[0], where nothing is mapped between the iterations. */
bench_loop_t bench_demand_fault;
/* Two in an iteration: bench_pages[0], then [1]. */
bench_loop_t bench_invalidate;
/* Two in an iteration: to the root in bench_frames[0], then in [1]. */
bench_loop_t bench_root_switch;
/* Makes bench_frames[0] a page table of level 1, and lets it go. */
bench_loop_t bench_pin_unpin;

/* bench_count elements in an iteration: of bench_grant_maps and then of
 * bench_grant_handles, of bench_grant_holds and then those, or of
 * bench_grant_copies. */
bench_loop_t bench_grant_map_unmap;
bench_loop_t bench_grant_hold_release;
bench_loop_t bench_grant_copy;

/* Writes bench_console_text, a byte at a time, to a port. */
bench_loop_t bench_console_port;

/* In user mode, which mg_user_init() has prepared. */
bench_loop_t bench_user_syscall;
bench_loop_t bench_user_fault;

/* Set before the loops that use them; never in a page with code. */
extern uint64_t bench_calls, bench_nr_calls;
extern uint64_t bench_deadline;
extern uint64_t bench_port;
extern uint64_t bench_deadlines[256];
extern uint8_t bench_console_text[BENCH_CONSOLE_BYTES];
extern struct parapet_pte_update bench_updates[2][BENCH_BATCH];
extern uint64_t bench_count;
extern uint64_t bench_values[2]; /* entries */
extern volatile uint64_t *bench_pte;
extern char *bench_pages[2];
extern uint64_t bench_frames[2]; /* machine frame numbers */

/* Upcall entries that do the least that is right. */
void bench_breakpoint_entry(void);
void bench_kernel_fault_entry(void); /* skips three bytes */
void bench_port_entry(void);         /* protection fault: %al to the console */
void bench_event_entry(void);
void bench_map_page(void); /* page fault: maps what bench_values[0] is */
void bench_syscall_entry(void);
void bench_leave_user(void); /* breakpoint: ends the loop in user mode */

#endif

#endif
