/* SPDX-License-Identifier: MIT
 *
 * The counters that the hypervisor keeps of this vCPU, in a page that we may
 * read, with the names from the ABI's own lists.
 */
#include "abi/abi.h"
#include "abi/shared.h"
#include "guest-kernel/privops/privops.h"

#define NAME(nr, name, ...) [nr] = #name,
#define PARAPET_HYPERCALL0 NAME
#define PARAPET_HYPERCALL1 NAME
#define PARAPET_HYPERCALL2 NAME
#define PARAPET_HYPERCALL3 NAME
#define PARAPET_HYPERCALL4 NAME
#define PARAPET_HYPERCALL5 NAME
#define PARAPET_HYPERCALL6 NAME
static const char *const hypercall_names[PARAPET_NR_HYPERCALLS] = {
#include "abi/hypercalls.def"
};
#include "abi/undef_hypercalls.h"

#define PARAPET_EXIT NAME
static const char *const exit_names[PARAPET_NR_EXITS] = {
#include "abi/exits.def"
};
#undef PARAPET_EXIT

static void put_all(void (*put)(const char *, const char *, uint64_t),
                    const char *kind, const char *const *names,
                    const volatile uint64_t *counts, unsigned int nr)
{
    unsigned int i;
    uint64_t count;

    for (i = 0; i < nr; i++) {
        count = counts[i];
        if (count != 0)
            put(kind, names[i] != NULL ? names[i] : "(no name)", count);
    }
}

bool privops_counters(void (*put)(const char *kind, const char *name,
                                  uint64_t count))
{
    const volatile struct parapet_counters *counters =
        (const volatile struct parapet_counters *)PARAPET_COUNTERS_PAGE(0ul);

    put_all(put, "hypercall", hypercall_names, counters->hypercalls,
            PARAPET_NR_HYPERCALLS);
    if (counters->unknown_hypercalls != 0)
        put("hypercall", "(unknown)", counters->unknown_hypercalls);
    put_all(put, "exit", exit_names, counters->exits, PARAPET_NR_EXITS);
    return true;
}
