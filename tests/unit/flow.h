/* SPDX-License-Identifier: MIT
 *
 * Flows of control that take turns in one thread, each with a stack of its own.
 * To go from one to another takes some ten instructions, and no system call.
 */
#ifndef TESTS_UNIT_FLOW_H
#define TESTS_UNIT_FLOW_H

#include <stddef.h>

/* One that is all zeroes stands for what calls flow_go() first. */
struct flow {
    void *sp; /* while it does not run */
    void (*main)(void);
    const void *stack; /* its lowest address */
    size_t stack_size;
    void *fake_stack; /* the address sanitizer's */
};

/* Makes one that begins with main, which never returns. Its stack is never
 * freed. */
void flow_create(struct flow *flow, void (*main)(void));

/* Goes over to another flow; from is the one that runs. Returns when somebody
 * goes back to it. */
void flow_go(struct flow *from, struct flow *to);

#endif
