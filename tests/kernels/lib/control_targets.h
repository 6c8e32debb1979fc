/* SPDX-License-Identifier: MIT
 *
 * The targets of suite_control.c and suite_control_memory.c: three domains, to
 * which the suites of domain control do what is refused. After each refusal
 * they are whole: what is told of them is the same, their audit finds nothing,
 * and the machine has the frames that it had.
 */
#ifndef KERNELS_CONTROL_TARGETS_H
#define KERNELS_CONTROL_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/hostile.h"

#define NOBODY 0x7fffffffu /* no domain has had that id */
#define NO_FRAME (1ul << 40)

/* Up to this number the calls are suite_control_memory.c's. */
#define LAST_OF_MEMORY PARAPET_HC_domain_copy_from

/* One with a frame and nothing else, one that is built, and one that has
 * ended. */
extern struct mg_child mg_bare, mg_built, mg_dead;
extern uint64_t mg_bare_mfn;

/* Makes them, before all else. */
void mg_targets_make(void);

/* Before a call that is refused, and after it. */
void mg_targets_look(void);
void mg_targets_check_whole(const char *text);

#define DENIES(call, error)                                                    \
    do {                                                                       \
        mg_targets_look();                                                     \
        REFUSES(call, error);                                                  \
        mg_targets_check_whole(#call);                                         \
    } while (0)

/* All pointers that no call may follow, in the place of a good one. */
void mg_targets_deny_pointers(const char *name, enum mg_access access,
                              size_t size, size_t alignment,
                              mg_pointer_call_t *call);

#endif
