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

#include "abi/hypercall.h"
#include "hypervisor/core/domain.h"

#define HC_TYPE_u32 uint32_t
#define HC_TYPE_u64 uint64_t
#define HC_TYPE_vaddr uint64_t
#define HC_TYPE_in uint64_t
#define HC_TYPE_out uint64_t
#define HC_TYPE_inout uint64_t

#define PARAPET_HYPERCALL0(nr, name, ...) int64_t hc_##name(void);
#define PARAPET_HYPERCALL1(nr, name, flags, t1, a1, ...)                       \
    int64_t hc_##name(HC_TYPE_##t1 a1);
#define PARAPET_HYPERCALL2(nr, name, flags, t1, a1, t2, a2, ...)               \
    int64_t hc_##name(HC_TYPE_##t1 a1, HC_TYPE_##t2 a2);
#define PARAPET_HYPERCALL3(nr, name, flags, t1, a1, t2, a2, t3, a3, ...)       \
    int64_t hc_##name(HC_TYPE_##t1 a1, HC_TYPE_##t2 a2, HC_TYPE_##t3 a3);
#define PARAPET_HYPERCALL4(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, a4,    \
                           ...)                                                \
    int64_t hc_##name(HC_TYPE_##t1 a1, HC_TYPE_##t2 a2, HC_TYPE_##t3 a3,       \
                      HC_TYPE_##t4 a4);
#define PARAPET_HYPERCALL5(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, a4,    \
                           t5, a5, ...)                                        \
    int64_t hc_##name(HC_TYPE_##t1 a1, HC_TYPE_##t2 a2, HC_TYPE_##t3 a3,       \
                      HC_TYPE_##t4 a4, HC_TYPE_##t5 a5);
#define PARAPET_HYPERCALL6(nr, name, flags, t1, a1, t2, a2, t3, a3, t4, a4,    \
                           t5, a5, t6, a6, ...)                                \
    int64_t hc_##name(HC_TYPE_##t1 a1, HC_TYPE_##t2 a2, HC_TYPE_##t3 a3,       \
                      HC_TYPE_##t4 a4, HC_TYPE_##t5 a5, HC_TYPE_##t6 a6);
#include "abi/hypercalls.def"

#include "abi/undef_hypercalls.h"

/* The native ABI; another personality would be another table. */
extern hypercall_handler_t *const hypercall_table[PARAPET_NR_HYPERCALLS];

/* NULL where a number has no hypercall. */
extern const char *const hypercall_names[PARAPET_NR_HYPERCALLS];

/* HC_* flags by number. */
extern const uint8_t hypercall_flags[PARAPET_NR_HYPERCALLS];

#endif
