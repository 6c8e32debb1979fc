/* SPDX-License-Identifier: MIT
 *
 * Several vCPUs of the control domain destroy one domain at once: one of them
 * is told that it is done, and the others that there is none. Afterwards all of
 * its frames are back.
 *
 * BUNDLE: memory=32M vcpus=3
 * QEMU: privileged=1 smp=3 patience=120
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_destroy);

#define NR_VCPUS 3
#define ROUNDS 60

static uint64_t round;   /* it begins when this rises */
static uint64_t nr_done; /* of all rounds, those that are through */
static uint32_t target;
static int64_t results[NR_VCPUS];

static void destroy(uint64_t vcpu)
{
    results[vcpu] = mg_domain_destroy(target);
    __atomic_fetch_add(&nr_done, 1, __ATOMIC_SEQ_CST);
}

static void other(void *argument)
{
    uint64_t vcpu = (uint64_t)argument;

    for (uint64_t n = 1; n <= ROUNDS; n++) {
        while (__atomic_load_n(&round, __ATOMIC_SEQ_CST) < n)
            (void)hypercall_yield();
        destroy(vcpu);
    }
}

/* One that is made, built, running, paused, or dead. */
static void make_target(uint64_t n)
{
    const struct mg_child_wish wish = {.bootargs = "spin", .nr_vcpus = 2};
    struct mg_child child;

    switch (n % 5) {
    case 0:
        MG_CHECK_EQ(mg_child_make(&wish, &child), 0);
        break;
    case 1:
        mg_child_create(&wish, &child);
        break;
    case 2:
        mg_child_run("spin", &child);
        break;
    case 3:
        mg_child_run("spin", &child);
        MG_CHECK_EQ(mg_domain_pause(child.id), 0);
        break;
    case 4:
        mg_child_run("crash", &child);
        break;
    }
    target = child.id;
}

static void check_round(void)
{
    int nr_successes = 0;

    for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
        if (results[i] == 0)
            nr_successes++;
        else
            MG_CHECK_EQ(results[i], -PARAPET_ENOENT);
    }
    MG_CHECK_EQ(nr_successes, 1);
}

void test_main(void)
{
    uint64_t before;

    mg_control_init();
    for (uint64_t i = 1; i < NR_VCPUS; i++)
        MG_CHECK_EQ(mg_vcpu_start((uint32_t)i, other, (void *)i), 0);
    before = mg_machine_info().free_frames;
    for (uint64_t n = 1; n <= ROUNDS && mg_failures() == 0; n++) {
        make_target(n);
        __atomic_store_n(&round, n, __ATOMIC_SEQ_CST);
        destroy(0);
        while (__atomic_load_n(&nr_done, __ATOMIC_SEQ_CST) < n * NR_VCPUS)
            (void)hypercall_yield();
        check_round();
        MG_CHECK_EQ(mg_machine_info().free_frames, before);
        MG_CHECK_EQ(mg_machine_info().nr_domains, 1);
    }
    mg_audit();
}
