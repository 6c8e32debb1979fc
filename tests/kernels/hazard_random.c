/* SPDX-License-Identifier: MIT
 *
 * Hazard: hypercalls with arguments that nobody thought of: random numbers
 * and random arguments out of a pool of interesting ones. None may end the
 * domain or do more than return an error or what it says.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(hazard_random);

#define ROUNDS 200000

static struct mg_random numbers;

static const uint64_t pool[] = {
    0,
    1,
    2,
    3,
    31,
    32,
    4095,
    4096,
    4097,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0x7fffffffffffffff,
    0x8000000000000000,
    ~0ul - 7,
    ~0ul,
    0x00007fffffffffff,
    0x0000800000000000,
    0xffff7fffffffffff,
    PARAPET_HYPERVISOR_START,
    PARAPET_HYPERVISOR_END - 8,
    PARAPET_HYPERVISOR_END,
    PARAPET_COUNTERS_PAGE(0ul),
    PARAPET_DTB,
    (uint64_t)mg_edge_page,
    (uint64_t)mg_edge_page + 4088,
    (uint64_t)mg_edge_page + 4095,
};

/*
 * These would do what they say, and the test would not go on: they end it,
 * put it to sleep, or send it to a random place.
 */
static bool is_excluded(uint64_t number)
{
    return number == PARAPET_HC_iret || number == PARAPET_HC_shutdown ||
           number == PARAPET_HC_block || number == PARAPET_HC_set_callback ||
           number == PARAPET_HC_set_trap_table;
}

static uint64_t argument(void)
{
    if (mg_random_below(&numbers, 4) == 0)
        return mg_random_next(&numbers) >> mg_random_below(&numbers, 64);
    return pool[mg_random_below(&numbers, ARRAY_SIZE(pool))];
}

static uint64_t number(void)
{
    if (mg_random_below(&numbers, 8) == 0)
        return argument();
    return mg_hypercalls[mg_random_below(&numbers, mg_nr_hypercalls)].number;
}

/*
 * Multicalls over the edge page: their entries are random as well. (No other
 * writable memory is in the pool: a multicall writes results, and what it
 * takes for numbers there may be a block.)
 */
static void refill(void)
{
    struct parapet_multicall_entry *entries = (void *)mg_edge_page;

    for (size_t i = 0; i < sizeof(mg_edge_page) / sizeof(*entries); i++) {
        do {
            entries[i].number = number();
        } while (is_excluded(entries[i].number));
        for (size_t a = 0; a < ARRAY_SIZE(entries[i].args); a++)
            entries[i].args[a] = argument();
    }
}

/* Console output would drown everything else. */
static bool would_print(uint64_t nr)
{
    return nr == PARAPET_HC_console_write && mg_random_below(&numbers, 100);
}

void test_main(void)
{
    uint64_t args[6];
    uint64_t errors = 0;

    mg_random_init(&numbers, 0x6675667a);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t nr = number();

        if (is_excluded(nr) || would_print(nr))
            continue;
        if (round % 64 == 0)
            refill();
        for (size_t i = 0; i < ARRAY_SIZE(args); i++)
            args[i] = argument();
        errors += mg_hypercall(nr, args) < 0;
        /* A segment base or the mask may have changed. */
        mg_cli();
    }
    MG_CHECK_EQ(
        hypercall_set_segment_base(PARAPET_SEGMENT_GS, PARAPET_VCPU_PAGE(0ul)),
        0);
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
    mg_printf("%lu of %d calls were errors\n", errors, ROUNDS);
    MG_CHECK(errors > ROUNDS / 4);
}
