/* SPDX-License-Identifier: MIT
 *
 * Owns the stacks of the vCPUs other than the first, which begins on the one
 * that the hypervisor made for it.
 */
#include "tests/kernels/lib/vcpu.h"

#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/trap.h"

#define STACK_SIZE 16384

struct stack {
    _Alignas(16) unsigned char bytes[STACK_SIZE];
};

static struct stack stacks[MG_MAX_VCPUS]; /* number 0 stays unused */

struct start {
    void (*fn)(void *);
    void *argument;
};

static struct start starts[MG_MAX_VCPUS];

uint32_t mg_vcpu_id(void)
{
    uint64_t offset =
        (uint64_t)__builtin_frame_address(0) - (uint64_t)&stacks[0];

    return offset < sizeof(stacks) ? (uint32_t)(offset / STACK_SIZE) : 0;
}

static void vcpu_main(const struct start *start)
{
    mg_trap_init();
    mg_event_init();
    start->fn(start->argument);
    for (;;)
        (void)hypercall_block();
}

int64_t mg_vcpu_start(uint32_t vcpu, void (*fn)(void *), void *argument)
{
    /* As after a call: a zero return address, rsp 8 below a multiple of 16. */
    uint64_t rsp = (uint64_t)&stacks[vcpu + 1] - 8;

    starts[vcpu].fn = fn;
    starts[vcpu].argument = argument;
    *(uint64_t *)rsp = 0;
    return hypercall_vcpu_up(vcpu, (uint64_t)vcpu_main, rsp,
                             (uint64_t)&starts[vcpu]);
}
