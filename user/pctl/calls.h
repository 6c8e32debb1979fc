/* SPDX-License-Identifier: MIT
 *
 * The hypercalls as pctl makes them: call_NAME(machine, arguments), for each
 * line of abi/hypercalls.def that the device carries. What they return is the
 * hypercall's result, or -errno when it was not made.
 */
#ifndef USER_PCTL_CALLS_H
#define USER_PCTL_CALLS_H

#include <stdint.h>

#include "abi/domain.h"
#include "abi/errors.h"
#include "abi/hypercall.h"
#include "abi/memory.h"
#include "user/pctl/machine.h"

#define PCTL_CALL_u32 uint32_t
#define PCTL_CALL_u64 uint64_t
#define PCTL_CALL_vaddr uint64_t
#define PCTL_CALL_in const void *
#define PCTL_CALL_out void *
#define PCTL_CALL_inout void *
#define PCTL_CALL_PARAM(n, type, arg) , PCTL_CALL_##type arg
#define PCTL_CALL_VALUE(n, type, arg) call.args[(n)-1] = (uint64_t)arg;

static inline int64_t calls_make(struct pctl_machine *m,
                                 struct parapet_control_call *call)
{
    int error = m->call(m, call);

    m->done = call->done;
    return error ? error : call->result;
}

#define PARAPET_HYPERCALL(nr, name, flags, errors, brief, ...)                 \
    static inline int64_t call_##name(                                         \
        struct pctl_machine *m PARAPET_ARGS(PCTL_CALL_PARAM, ##__VA_ARGS__))   \
    {                                                                          \
        struct parapet_control_call call = {.number = (nr)};                   \
                                                                               \
        PARAPET_ARGS(PCTL_CALL_VALUE, ##__VA_ARGS__)                           \
        return calls_make(m, &call);                                           \
    }

#include "abi/hypercalls.def"

#undef PARAPET_HYPERCALL

/* A preemptible call of one object, to its end: CALLS_TO_END(call). */
#define CALLS_TO_END(call)                                                     \
    __extension__({                                                            \
        int64_t calls_result;                                                  \
        do                                                                     \
            calls_result = (call);                                             \
        while (calls_result == -PARAPET_ERESTART);                             \
        calls_result;                                                          \
    })

/* All frames of a domain_populate. 0, or the error that ended it. nr is not
 * 0. */
static inline int64_t calls_populate(struct pctl_machine *m, uint32_t domain,
                                     struct parapet_populate *frames,
                                     uint64_t nr)
{
    int64_t result;

    while ((result = call_domain_populate(m, domain, frames, nr)) ==
           -PARAPET_ERESTART) {
        frames += m->done;
        nr -= m->done;
    }
    return result;
}

#endif
