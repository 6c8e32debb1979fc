/* SPDX-License-Identifier: MIT
 *
 * Which argument is a buffer follows from its line in abi/hypercalls.def; how
 * large it is, from the table here. A call whose line and whose entry in the
 * table do not fit together is not carried: no address of a program's may get
 * to the hypervisor as it is, which would take it for the kernel's own.
 */
#include "guest-kernel/control/buffer.h"

#include "abi/domain.h"
#include "abi/hypercall.h"
#include "abi/log.h"
#include "abi/memory.h"
#include "guest-kernel/errno.h"
#include "lib/macros.h"

/* ---- from the list of hypercalls ---- */

/* Two bits for each argument, and one that stands for the whole call. */
#define READ 1u
#define WRITTEN 2u
#define CARRIED (1u << 12)

#define DIRECTION_u32 0u
#define DIRECTION_u64 0u
#define DIRECTION_vaddr 0u
#define DIRECTION_in READ
#define DIRECTION_out WRITTEN
#define DIRECTION_inout (READ | WRITTEN)
#define DIRECTION(n, type, arg) | DIRECTION_##type << 2 * ((n)-1)

static bool is_carried(unsigned int number, unsigned int flags)
{
    return (flags & HC_CONTROL) != 0 || number == PARAPET_HC_memory_audit;
}

#define PARAPET_HYPERCALL(nr, name, flags, errors, brief, ...)                 \
    case (nr):                                                                 \
        return (is_carried(nr, flags) ? CARRIED : 0u)PARAPET_ARGS(             \
            DIRECTION, ##__VA_ARGS__);

static unsigned int directions_of(uint64_t number)
{
    switch (number) {
#include "abi/hypercalls.def"
    default:
        return 0;
    }
}

#undef PARAPET_HYPERCALL

/* ---- how large they are ---- */

/* Counted from 1, as in the list of hypercalls. */
struct size {
    uint8_t number;
    uint8_t arg;   /* the buffer */
    uint8_t count; /* the argument that says how many elements; 0: it has one */
    uint8_t at_once; /* elements for one call; 0: all of them */
    uint16_t size;   /* of an element, in bytes */
};

/* The hypervisor stops after a few of these frames, and the program comes
 * again: copying all of the rest each time would be a quarter of the work. */
#define POPULATE_AT_ONCE 16

static const struct size sizes[] = {
    {PARAPET_HC_domain_create, 1, 0, 0, sizeof(struct parapet_domain_create)},
    {PARAPET_HC_domain_vcpu_create, 4, 0, 0,
     sizeof(struct parapet_vcpu_frames)},
    {PARAPET_HC_domain_populate, 2, 3, POPULATE_AT_ONCE,
     sizeof(struct parapet_populate)},
    {PARAPET_HC_domain_copy_to, 3, 4, 0, 1},
    {PARAPET_HC_domain_copy_from, 3, 4, 0, 1},
    {PARAPET_HC_domain_vcpu_start, 3, 0, 0, sizeof(struct parapet_vcpu_start)},
    {PARAPET_HC_domain_info, 2, 0, 0, sizeof(struct parapet_domain_info)},
    {PARAPET_HC_domain_list, 2, 3, 0, sizeof(struct parapet_domain_info)},
    {PARAPET_HC_domain_rename, 2, 0, 0, PARAPET_NAME_SIZE},
    {PARAPET_HC_domain_counters, 4, 0, 0, 4096 /* a page of the vCPU */},
    {PARAPET_HC_log_read, 2, 3, 0, 1},
    {PARAPET_HC_machine_info, 1, 0, 0, sizeof(struct parapet_machine_info)},
};

static const struct size *size_of(uint64_t number)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(sizes); i++)
        if (sizes[i].number == number)
            return &sizes[i];
    return NULL;
}

int64_t control_buffer_of(const struct parapet_control_call *call,
                          struct control_buffer *buffer)
{
    unsigned int directions = directions_of(call->number);
    const struct size *size = size_of(call->number);
    unsigned int shift = size == NULL ? 0 : 2u * (size->arg - 1u);
    unsigned int own = size == NULL ? 0 : directions & 3u << shift;
    uint64_t nr = 1;

    *buffer = (struct control_buffer){.size = 0};
    if ((directions & CARRIED) == 0 || directions != (CARRIED | own))
        return -EINVAL;
    if (own == 0)
        return 0;
    if (size->count != 0)
        nr = call->args[size->count - 1u];
    if (nr > PARAPET_CONTROL_MAX_BYTES / size->size)
        return -E2BIG;
    if (size->at_once != 0 && nr > size->at_once) {
        buffer->count_arg = size->count - 1u;
        buffer->nr_at_once = nr = size->at_once;
    }
    buffer->is_there = true;
    buffer->arg = size->arg - 1u;
    buffer->size = (size_t)nr * size->size;
    buffer->is_out = (own >> shift & WRITTEN) != 0;
    return 0;
}
