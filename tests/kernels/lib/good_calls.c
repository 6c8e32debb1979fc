/* SPDX-License-Identifier: MIT */
#include "tests/kernels/lib/good_calls.h"

#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"

#define OBJECT MG_GOOD_OBJECT
#define PORT MG_GOOD_PORT
#define PAGE MG_GOOD_PAGE
#define ENTRY MG_GOOD_ENTRY
#define FLUSH MG_GOOD_FLUSH
#define TABLE MG_GOOD_TABLE
#define ROOT MG_GOOD_ROOT
#define TIME MG_GOOD_TIME
#define UNBOUND MG_GOOD_UNBOUND

/* CALL(name, result, arguments), and one with a pointer to an object. */
#define CALL(name, result, ...)                                                \
    {                                                                          \
        PARAPET_HC_##name, {__VA_ARGS__}, 0, 0, result                         \
    }
#define WITH(size, alignment, name, result, ...)                               \
    {                                                                          \
        PARAPET_HC_##name, {__VA_ARGS__}, size, alignment, result              \
    }
#define SIZE(name) sizeof(struct parapet_##name)

static const struct mg_good_call calls[] = {
    CALL(abi_version, PARAPET_ABI_VERSION),
    WITH(16, 1, console_write, 16, OBJECT, 16),
    WITH(16, 1, console_read, -PARAPET_EAGAIN, OBJECT, 16),
    WITH(SIZE(multicall_entry), 8, multicall, 0, OBJECT, 1),

    WITH(SIZE(trap), 1, set_trap_table, 0, OBJECT, 1),
    CALL(set_callback, 0, PARAPET_CALLBACK_SYSCALL, 0),
    CALL(set_segment_base, 0, PARAPET_SEGMENT_GS_USER, 0),
    CALL(set_timer, 0, TIME),
    CALL(vcpu_up, -PARAPET_EEXIST, 0),
    CALL(cpu_irq_disable, 0),
    CALL(cpu_irq_enable, 0),
    CALL(event_check, 0),
    CALL(clock_read, MG_SUCCESS),
    CALL(vcpu_down, -PARAPET_EBUSY), /* the others are down, or it is alone */

    CALL(yield, 0),
    CALL(block, 0),
    CALL(shutdown, 0, PARAPET_SHUTDOWN_POWEROFF), /* does not come back */

    CALL(evtchn_bind_virq, MG_SUCCESS, PARAPET_VIRQ_CONSOLE, 0),
    CALL(evtchn_bind_ipi, MG_SUCCESS, 0),
    CALL(evtchn_send, 0, PORT),
    CALL(evtchn_unmask, 0, PORT),
    CALL(evtchn_close, 0, PORT),
    CALL(evtchn_alloc_unbound, MG_SUCCESS, PARAPET_DOMAIN_SELF),
    CALL(evtchn_bind_interdomain, MG_SUCCESS, PARAPET_DOMAIN_SELF, UNBOUND),
    WITH(SIZE(port_status), 1, evtchn_status, 0, PORT, OBJECT),
    CALL(evtchn_move, 0, PORT, 0),

    WITH(SIZE(pte_update), 8, mmu_update, 0, OBJECT, 1, ~0ul),
    CALL(mmu_update_va, 0, PAGE, ENTRY, FLUSH),
    CALL(mmu_pin, 0, TABLE, PARAPET_TABLE_L1),
    CALL(mmu_unpin, 0, TABLE),
    CALL(mmu_set_kernel_root, 0, ROOT),
    CALL(mmu_set_user_root, 0, 0),
    CALL(mmu_invalidate, 0, PAGE, FLUSH),
    CALL(mmu_flush, 0, FLUSH),
    /* The frames would be gone: memory_balloon.c has good ones. */
    WITH(MG_ELSEWHERE, 8, memory_give_back, -PARAPET_EFAULT, 0, 1),
    WITH(MG_ELSEWHERE, 8, memory_populate, -PARAPET_EFAULT, 0, 1),
    WITH(SIZE(memory_limits), 1, memory_limits, 0, OBJECT),

    /* Of elements that are zeros each has a status that says so. */
    WITH(SIZE(grant_map), 8, grant_map, 0, OBJECT, 1),
    WITH(SIZE(grant_unmap), 8, grant_unmap, 0, OBJECT, 1),
    WITH(SIZE(grant_hold), 8, grant_hold, 0, OBJECT, 1),
    WITH(SIZE(grant_unmap), 8, grant_release, 0, OBJECT, 1),
    WITH(SIZE(grant_run), 8, grant_hold_run, 0, OBJECT, 1),
    WITH(SIZE(grant_copy), 8, grant_copy, 0, OBJECT, 1),
    CALL(grant_grow, -PARAPET_EPERM, 0),
    WITH(SIZE(grant_status), 1, grant_status, 0, 0, OBJECT),

    CALL(memory_audit, 0),
};

const struct mg_good_call *mg_good_call(uint64_t number)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        if (calls[i].number == number)
            return &calls[i];
    }
    return NULL;
}

void mg_good_args(const struct mg_good_call *call,
                  const struct mg_good_values *values, uint64_t args[6])
{
    const uint64_t known[] = {
        values->object, values->port,  values->page,
        values->entry,  values->flush, values->table,
        values->root,   values->time,  values->unbound,
    };

    _Static_assert(ARRAY_SIZE(known) == MG_NR_GOOD, "one is not known");
    for (size_t i = 0; i < ARRAY_SIZE(call->args); i++) {
        uint64_t n = call->args[i] - MG_GOOD(0);

        args[i] = n < ARRAY_SIZE(known) ? known[n] : call->args[i];
    }
}
