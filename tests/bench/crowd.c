/* SPDX-License-Identifier: MIT
 *
 * Runs beside the bench: each vCPU sets its timer, once, to a random moment
 * that is later than all that is measured, and sleeps until then. The first one
 * sleeps again until all have: a second of turns that find nothing to do is
 * billions of instructions, and nobody looks at them.
 */
#include "tests/bench/crowd.h"
#include "abi/stubs.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(crowd);

#define NAP_NS (100 * MG_MS)

static uint64_t ticks[MG_MAX_VCPUS];
static uint32_t nr_done;

static void sleep(void *argument)
{
    uint32_t vcpu = (uint32_t)(uintptr_t)argument;
    struct mg_random random;

    /* Its domain's number, from the bundle, makes each another one. */
    mg_random_init(&random, (uint64_t)mg_bootargs()[0] << 8 | vcpu);
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count, &ticks[vcpu]);
    MG_CHECK_EQ(hypercall_set_timer(mg_clock_ns() + CROWD_NS +
                                    mg_random_below(&random, CROWD_NS)),
                0);
    MG_CHECK_EQ(hypercall_block(), 0);
    MG_CHECK_EQ(ticks[vcpu], 1);
    __atomic_fetch_add(&nr_done, 1, __ATOMIC_SEQ_CST);
}

void test_main(void)
{
    for (uint32_t vcpu = 1; vcpu < MG_MAX_VCPUS; vcpu++)
        MG_CHECK_EQ(mg_vcpu_start(vcpu, sleep, (void *)(uintptr_t)vcpu), 0);
    sleep(NULL);
    while (__atomic_load_n(&nr_done, __ATOMIC_SEQ_CST) < MG_MAX_VCPUS) {
        MG_CHECK_EQ(hypercall_set_timer(mg_clock_ns() + NAP_NS), 0);
        MG_CHECK_EQ(hypercall_block(), 0);
    }
}
