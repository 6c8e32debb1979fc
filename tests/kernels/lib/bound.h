/* SPDX-License-Identifier: MIT
 *
 * How long a call keeps the CPU, in instructions: for tests that run with
 * icount=1, where a tick of the TSC is one. The ABI has a bound (docs/ABI.md,
 * section 4).
 */
#ifndef KERNELS_BOUND_H
#define KERNELS_BOUND_H

#include <stdint.h>

#include "lib/x86/tsc.h"

#define MG_BOUND 20000

/* Makes the call, notes under the name how long it took, gives its result. */
#define MG_BOUNDED(name, call)                                                 \
    __extension__({                                                            \
        uint64_t bounded_start = rdtsc();                                      \
        int64_t bounded_result = (int64_t)(call);                              \
        mg_bound_note(name, rdtsc() - bounded_start);                          \
        bounded_result;                                                        \
    })

/* The same of a preemptible call, each time that it is made. */
#define MG_BOUNDED_ALL(name, call) HYPERCALL_RESTARTED(MG_BOUNDED(name, call))

struct parapet_multicall_entry;

/*
 * Carries out the nr calls as multicalls, each of which is noted. A failure for
 * each of the calls that fails.
 */
void mg_bound_multicall(const char *name, struct parapet_multicall_entry *calls,
                        uint64_t nr);

void mg_bound_note(const char *name, uint64_t instructions);

/* Prints the longest of each name: a failure for each above the bound. */
void mg_bound_report(void);

#endif
