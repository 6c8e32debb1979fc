/* SPDX-License-Identifier: MIT
 *
 * The control domain's calls that concern all vCPUs of another domain make no
 * exit longer than the ABI says, when it has as many as there can be and all of
 * them wait for one CPU: a new weight, a new cap, and the end. How long the
 * exits are says the meter.
 *
 * BUNDLE: memory=16M
 * QEMU: privileged=1 icount=1 mem=256M patience=120 append="audit=off"
 */
#include "abi/domain.h"
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"

MG_TEST(control_bound);

#define NR_VCPUS 32u
#define NR_ROUNDS 8u

/* After that all of them have come: the first one starts them in its turn. */
#define SETTLE_NS (200 * MG_MS)

void test_main(void)
{
    const struct mg_child_wish wish = {.bootargs = "spin vcpus=32",
                                       .nr_vcpus = NR_VCPUS};
    struct mg_child child;
    uint64_t settled;

    mg_control_init();
    mg_child_create(&wish, &child);
    MG_CHECK_EQ(mg_domain_unpause(child.id), 0);
    settled = mg_clock_ns() + SETTLE_NS;
    while (mg_clock_ns() < settled)
        (void)hypercall_yield();
    for (uint32_t n = 0; n < NR_ROUNDS; n++) {
        MG_CHECK_EQ(hypercall_domain_schedule(child.id, 1 + 64 * n, 0), 0);
        MG_CHECK_EQ(hypercall_domain_schedule(child.id, 1 + 64 * n, 100 + n),
                    0);
    }
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
}
