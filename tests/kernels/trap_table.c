/* SPDX-License-Identifier: MIT
 *
 * set_trap_table and set_callback: what is accepted, what is refused, and
 * where the table may lie.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"

MG_TEST(trap_table);

#define NON_CANONICAL 0x0000800000000000

MG_SNIPPET(do_ud2, "ud2");

static int64_t set(uint32_t vector, uint32_t flags, uint64_t entry)
{
    struct parapet_trap trap = {vector, flags, entry};

    return hypercall_set_trap_table(&trap, 1);
}

static void test_values(void)
{
    MG_CHECK_EQ(set(PARAPET_NR_TRAPS, 0, mg_trap_entry(0)), -PARAPET_EINVAL);
    MG_CHECK_EQ(set(0xffffffff, 0, mg_trap_entry(0)), -PARAPET_EINVAL);
    MG_CHECK_EQ(set(MG_UD, 2, mg_trap_entry(MG_UD)), -PARAPET_EINVAL);
    MG_CHECK_EQ(set(MG_UD, 0x80000001, mg_trap_entry(MG_UD)), -PARAPET_EINVAL);
    MG_CHECK_EQ(set(MG_UD, 0, NON_CANONICAL), -PARAPET_EINVAL);
    MG_CHECK_EQ(set(MG_UD, 0, ~0ul >> 1), -PARAPET_EINVAL);
    (void)mg_expect_fault("after refusals", do_ud2, NULL, MG_UD, NULL);
}

static void test_counts(void)
{
    struct parapet_trap traps[PARAPET_NR_TRAPS + 1];

    for (uint32_t v = 0; v < ARRAY_SIZE(traps); v++) {
        traps[v].vector = v % PARAPET_NR_TRAPS;
        traps[v].flags = PARAPET_TRAP_MASK_EVENTS;
        traps[v].entry = mg_trap_entry(v % PARAPET_NR_TRAPS);
    }
    MG_CHECK_EQ(hypercall_set_trap_table(traps, 0), 0);
    MG_CHECK_EQ(hypercall_set_trap_table(traps, PARAPET_NR_TRAPS), 0);
    MG_CHECK_EQ(hypercall_set_trap_table(traps, PARAPET_NR_TRAPS + 1),
                -PARAPET_E2BIG);
    MG_CHECK_EQ(hypercall_set_trap_table(traps, 1ul << 32), -PARAPET_E2BIG);
    /* Times 16 this is 16: the size of one entry. */
    MG_CHECK_EQ(hypercall_set_trap_table(traps, (1ul << 60) + 1),
                -PARAPET_E2BIG);
    MG_CHECK_EQ(hypercall_set_trap_table(traps, ~0ul), -PARAPET_E2BIG);
    (void)mg_expect_fault("whole table", do_ud2, NULL, MG_UD, NULL);
}

/* An odd address is as good as any; a table may end where its page ends. */
static void test_places(void)
{
    struct parapet_trap trap = {MG_UD, PARAPET_TRAP_MASK_EVENTS,
                                mg_trap_entry(MG_UD)};
    unsigned char *end = mg_edge_page + sizeof(mg_edge_page);

    memcpy(mg_edge_page + 1, &trap, sizeof(trap));
    MG_CHECK_EQ(hypercall_set_trap_table(mg_edge_page + 1, 1), 0);
    memcpy(end - sizeof(trap), &trap, sizeof(trap));
    MG_CHECK_EQ(hypercall_set_trap_table(end - sizeof(trap), 1), 0);
    MG_CHECK_EQ(hypercall_set_trap_table(end - sizeof(trap), 2),
                -PARAPET_EFAULT);
    (void)mg_expect_fault("odd places", do_ud2, NULL, MG_UD, NULL);
}

static void test_callbacks(void)
{
    static const uint32_t good[] = {PARAPET_CALLBACK_EVENT,
                                    PARAPET_CALLBACK_SYSCALL};

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        MG_CHECK_EQ(hypercall_set_callback(good[i], mg_trap_entry(0)), 0);
        MG_CHECK_EQ(hypercall_set_callback(good[i], 0), 0);
        MG_CHECK_EQ(hypercall_set_callback(good[i], NON_CANONICAL),
                    -PARAPET_EINVAL);
    }
    MG_CHECK_EQ(hypercall_set_callback(2, mg_trap_entry(0)), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_set_callback(~0u, mg_trap_entry(0)), -PARAPET_EINVAL);
}

void test_main(void)
{
    test_values();
    test_counts();
    test_places();
    test_callbacks();
}
