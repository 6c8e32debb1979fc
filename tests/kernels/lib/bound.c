/* SPDX-License-Identifier: MIT
 *
 * Owns the longest call of each name.
 */
#include "tests/kernels/lib/bound.h"

#include "abi/stubs.h"
#include "lib/string.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

#define MAX_NAMES 64

static struct {
    const char *name;
    uint64_t longest;
    uint64_t nr_calls;
} notes[MAX_NAMES];

void mg_bound_note(const char *name, uint64_t instructions)
{
    unsigned int i = 0;

    while (i < MAX_NAMES && notes[i].name && strcmp(notes[i].name, name) != 0)
        i++;
    if (i == MAX_NAMES)
        mg_error("more than %d names of calls", MAX_NAMES);
    notes[i].name = name;
    notes[i].nr_calls++;
    if (instructions > notes[i].longest)
        notes[i].longest = instructions;
}

void mg_bound_multicall(const char *name, struct parapet_multicall_entry *calls,
                        uint64_t nr)
{
    uint64_t done = 0;
    int64_t result;

    while ((result = MG_BOUNDED(
                name, hypercall_multicall(calls + done, nr - done))) ==
           -PARAPET_ERESTART)
        done += mg_vcpu_page()->restart_done;
    MG_CHECK_EQ(result, 0);
    for (uint64_t i = 0; i < nr; i++)
        MG_CHECK(calls[i].result >= 0);
}

void mg_bound_report(void)
{
    for (unsigned int i = 0; i < MAX_NAMES && notes[i].name; i++) {
        mg_printf("%6lu instructions at most in %5lu calls: %s\n",
                  notes[i].longest, notes[i].nr_calls, notes[i].name);
        if (notes[i].longest > MG_BOUND)
            mg_failure("%s: expected at most %d instructions, got %lu",
                       notes[i].name, MG_BOUND, notes[i].longest);
    }
}
