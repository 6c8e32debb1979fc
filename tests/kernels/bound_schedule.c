/* SPDX-License-Identifier: MIT
 *
 * No exit is longer than the ABI says, whatever the scheduler has to do in it:
 * 255 domains wait for one moment on one CPU, most of them with a timer, the
 * others until their caps let them run again. Those that have come make exits
 * that are long by themselves. Each is there in each round: none is lost. How
 * long the exits are says the meter.
 *
 * BUNDLE: memory=16M
 * QEMU: privileged=1 icount=1 mem=768M patience=120 append="audit=off"
 */
#include "abi/domain.h"
#include "abi/stubs.h"
#include "lib/printf.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/sleep.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/partners/crowd.h"

MG_TEST(bound_schedule);

#define NR_CHILDREN 255
#define CHILD_MEMORY (UINT64_C(2) << 20)
/* Until all of them sleep, and may run as long as they can. */
#define SETTLE_NS (200 * MG_MS)
/* A round begins to be watched so long before its moment. */
#define BEFORE_NS (3 * MG_MS)

/* bound_schedule_asm.S */
extern const unsigned char crowd_kernel[], crowd_kernel_end[];

static struct mg_child_kernel kernel;
static struct mg_child children[NR_CHILDREN];

static void make(uint32_t number)
{
    char bootargs[32];
    const struct mg_child_wish wish = {
        .kernel = &kernel, .bootargs = bootargs, .memory = CHILD_MEMORY};

    (void)string_format(bootargs, sizeof(bootargs), "number=%u", number);
    mg_child_create(&wish, &children[number]);
    if (number < CROWD_CAPPED)
        MG_CHECK_EQ(hypercall_domain_schedule(
                        children[number].id, PARAPET_DEFAULT_WEIGHT, CROWD_CAP),
                    0);
}

static void start(const struct mg_child *child, uint64_t begins)
{
    MG_CHECK_EQ(mg_copy_to(child->id,
                           child->vcpu_page_mfn * MG_PAGE_SIZE +
                               PARAPET_VCPU_GUEST + 8 * CROWD_BEGINS,
                           &begins, sizeof(begins)),
                0);
    MG_CHECK_EQ(mg_domain_unpause(child->id), 0);
}

void test_main(void)
{
    uint64_t begins;

    mg_control_init();
    mg_child_kernel_read(crowd_kernel, crowd_kernel_end, &kernel);
    mg_sleep_init();
    for (uint32_t i = 0; i < NR_CHILDREN; i++)
        make(i);
    begins = mg_clock_ns() + SETTLE_NS;
    for (uint32_t i = 0; i < NR_CHILDREN; i++)
        start(&children[i], begins);
    for (uint64_t round = 0; round < CROWD_NR_ROUNDS; round++) {
        uint64_t begin = begins + round * CROWD_ROUND_NS;

        mg_sleep_until(begin + CROWD_MOMENT_NS - BEFORE_NS);
        while (mg_clock_ns() < begin + CROWD_MOMENT_NS + BEFORE_NS)
            ; /* this one runs when all others come */
        mg_sleep_until(begin + CROWD_ROUND_NS - BEFORE_NS);
    }
    for (uint32_t i = 0; i < NR_CHILDREN; i++)
        MG_CHECK_EQ(mg_child_word(&children[i], CROWD_ROUNDS), CROWD_NR_ROUNDS);
}
