/* SPDX-License-Identifier: MIT
 *
 * What a guest reads of the CPU after another domain ran there is its own, or
 * a constant: never the other's. docs/CPU-STATE.md has all of it; what is not
 * here is constant, or is in preserve.c, which runs beside itself.
 *
 * QEMU: partner=partners/state_mark
 */
#include "abi/exits.h"
#include "abi/stubs.h"
#include "tests/kernels/lib/state.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(state_leak);

/* What is off has no state: #UD, and #GP of the counters. */
MG_SNIPPET(read_pkru, "xor %ecx, %ecx; .byte 0x0f, 0x01, 0xee");
MG_SNIPPET(read_counter, "xor %ecx, %ecx; rdpmc");

#define ROUNDS 50

static uint8_t before[MG_STATE_SIZE] __attribute__((aligned(64)));
static uint8_t after[MG_STATE_SIZE] __attribute__((aligned(64)));
/* The same row with nothing in it, in the one row that may be reset. */
static uint8_t nothing[MG_STATE_SIZE] __attribute__((aligned(64)));

static void get(const struct mg_state_row *row, uint8_t *bytes)
{
    __builtin_memset(bytes, 0, MG_STATE_SIZE);
    row->get(bytes);
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    return __builtin_memcmp(a, b, MG_STATE_SIZE) == 0;
}

static uint64_t switches(void)
{
    return mg_counters(0)->exits[PARAPET_EXIT_switched_out];
}

static void report(const struct mg_state_row *row)
{
    for (size_t i = 0; i < MG_STATE_SIZE; i += 8) {
        uint64_t was, is;

        __builtin_memcpy(&was, before + i, sizeof(was));
        __builtin_memcpy(&is, after + i, sizeof(is));
        if (was != is)
            mg_failure("%s: the word at %zu was %lx and is %lx", row->name, i,
                       was, is);
    }
}

static void check_row(const struct mg_state_row *row, uint64_t seed)
{
    uint64_t start = switches();

    row->set(seed);
    get(row, before);
    row->set(seed); /* reading the environment changes it */
    (void)hypercall_yield();
    get(row, after);
    MG_CHECK(switches() > start);
    if (!same(before, after) && !(row->may_be_reset && same(nothing, after)))
        report(row);
}

void test_main(void)
{
    (void)mg_expect_fault("rdpkru", read_pkru, NULL, MG_UD, NULL);
    (void)mg_expect_fault("rdpmc", read_counter, NULL, MG_GP, NULL);
    for (uint64_t seed = 2; seed < 2 * ROUNDS && !mg_failures(); seed += 2) {
        for (size_t i = 0; i < mg_nr_state_rows; i++)
            check_row(&mg_state_rows[i], seed);
    }
    mg_state_reset_x87();
}
