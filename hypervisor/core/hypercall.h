/* SPDX-License-Identifier: MIT
 *
 * The prototypes of all handlers, hc_NAME, from abi/hypercalls.def, and the
 * tables made of them. A handler runs with interrupts off, in the context of
 * the calling vCPU (vcpu_current()), and may take locks. The contract of
 * each, with its errors, stands above its definition.
 */
#ifndef HYPERVISOR_CORE_HYPERCALL_H
#define HYPERVISOR_CORE_HYPERCALL_H

#include <stdint.h>

#include "abi/errors.h"
#include "abi/hypercall.h"
#include "hypervisor/core/domain.h"

#define HC_TYPE_u32 uint32_t
#define HC_TYPE_u64 uint64_t
#define HC_TYPE_vaddr uint64_t
#define HC_TYPE_in uint64_t
#define HC_TYPE_out uint64_t
#define HC_TYPE_inout uint64_t

#define HC_PARAM(n, type, arg) HC_TYPE_##type arg
#define PARAPET_HYPERCALL(nr, name, flags, errors, brief, ...)                 \
    int64_t hc_##name(PARAPET_PARAMS(HC_PARAM, ##__VA_ARGS__));
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL

/* The native ABI; another personality would be other tables. In the first, a
 * call for the control domain is -EPERM; the second is that domain's. */
extern hypercall_handler_t *const hypercall_table[PARAPET_NR_HYPERCALLS];
extern hypercall_handler_t
    *const hypercall_table_control[PARAPET_NR_HYPERCALLS];

/* NULL where a number has no hypercall. */
extern const char *const hypercall_names[PARAPET_NR_HYPERCALLS];

/* HC_* flags by number. */
extern const uint8_t hypercall_flags[PARAPET_NR_HYPERCALLS];

/* v's call has waited long enough and done nothing: it is to be made again.
 * Returns -ERESTART. */
static inline int64_t hypercall_again(struct vcpu *v)
{
    v->page->restart_done = 0;
    this_cpu()->multicall_stop |= MULTICALL_REPEAT;
    return -PARAPET_ERESTART;
}

#endif
