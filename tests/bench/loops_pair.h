/* SPDX-License-Identifier: MIT
 *
 * The two sides of loops_pair.S. Usable from assembly.
 */
#ifndef BENCH_LOOPS_PAIR_H
#define BENCH_LOOPS_PAIR_H

#ifndef __ASSEMBLY__

#include <stdint.h>

/* The port to the other side; set before either begins. */
extern uint64_t bench_pair_port;

uint64_t bench_event_round_trip(uint64_t iterations);
_Noreturn void bench_echo(void);
/* The event callback of both; it may change rax, rcx and r11. */
void bench_pair_entry(void);

#endif

#endif
