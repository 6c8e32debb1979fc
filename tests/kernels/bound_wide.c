/* SPDX-License-Identifier: MIT
 *
 * A look of the scheduler's takes no more than half of an exit on a machine
 * with 32 CPUs either: the other half is for timers, and for vCPUs that move.
 * Domains that have a vCPU on each CPU all get a new weight, and of each a vCPU
 * comes to one CPU in a multicall that yields: at that switch all are sorted
 * in, and the counts of each domain are read of all CPUs. All else sleeps
 * meanwhile, so only one CPU is counted.
 *
 * BUNDLE: vcpus=32 memory=32M
 * QEMU: privileged=1 smp=32 icount=1 mem=512M patience=60
 * QEMU: append="meter=on audit=off"
 * METER: it is about many CPUs, and looks at the meter itself
 * CONSOLE: "meter: hypercall  multicall +\d{4} "
 * NOWHERE: "meter: (hypercall  multicall|interrupt  \w+) +\d{5,} "
 */
#include "abi/domain.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/sleep.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/partners/wide.h"

MG_TEST(bound_wide);

/* As many as are sorted in at once (SORT_AT_ONCE of fair.c). */
#define NR_CHILDREN 8u
#define NR_ROUNDS 8u
/* Until those that were woken sleep again. */
#define PAUSE_NS (5 * MG_MS)

/* bound_wide_asm.S */
extern const unsigned char wide_kernel[], wide_kernel_end[];

static struct mg_child_kernel kernel;
static struct mg_child children[NR_CHILDREN];
static uint32_t ports[NR_CHILDREN]; /* ours, to each */

static void place(uint32_t id, uint32_t vcpu, uint32_t cpu)
{
    MG_CHECK_EQ(hypercall_vcpu_affinity(id, vcpu, 1u << cpu), 0);
}

static void wait_for(const struct mg_child *child, uint64_t nr)
{
    while (mg_child_word(child, WIDE_SLEPT) < nr && !mg_failures())
        mg_sleep(PAUSE_NS);
}

static void make(uint32_t number)
{
    const struct mg_child_wish wish = {
        .kernel = &kernel, .nr_vcpus = WIDE_CPUS, .memory = UINT64_C(4) << 20};
    struct mg_child *child = &children[number];
    int64_t theirs, port;

    mg_child_create(&wish, child);
    for (uint32_t vcpu = 0; vcpu < WIDE_CPUS; vcpu++)
        place(child->id, vcpu, vcpu);
    theirs = HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(child->id, 0));
    port = hypercall_evtchn_bind_interdomain(child->id, (uint32_t)theirs);
    if (port < 0)
        mg_error("no port to domain %u: %ld, %ld", child->id, theirs, port);
    ports[number] = (uint32_t)port;
    MG_DONE(mg_domain_unpause(child->id));
    wait_for(child, WIDE_CPUS);
}

/* All children come at once, and each has a new weight. */
static void wake_all(uint32_t weight)
{
    struct parapet_multicall_entry calls[NR_CHILDREN + 1] = {0};

    for (uint32_t i = 0; i < NR_CHILDREN; i++) {
        MG_CHECK_EQ(hypercall_domain_schedule(children[i].id, weight, 0), 0);
        calls[i] = (struct parapet_multicall_entry){
            .number = PARAPET_HC_evtchn_send, .args = {ports[i]}};
    }
    calls[NR_CHILDREN].number = PARAPET_HC_yield;
    for (uint64_t done = 0;
         hypercall_multicall(calls + done, ARRAY_SIZE(calls) - done) ==
         -PARAPET_ERESTART;)
        done += mg_vcpu_page()->restart_done;
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        MG_CHECK_EQ(calls[i].result, 0);
    mg_sleep(PAUSE_NS);
}

void test_main(void)
{
    mg_control_init();
    mg_child_kernel_read(wide_kernel, wide_kernel_end, &kernel);
    mg_sleep_init();
    place(0, 0, 0);
    for (uint32_t i = 0; i < NR_CHILDREN; i++)
        make(i);
    for (uint32_t i = 0; i < NR_ROUNDS; i++)
        wake_all(i % 2 ? 128 + i : 512 - i);
}
