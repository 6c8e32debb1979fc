/* SPDX-License-Identifier: MIT
 *
 * Two vCPUs at the same few frames: one makes them tables and lets them go,
 * the other maps them writable, gives them entries, and writes where it can.
 * Each call is refused or done; a table is never written to.
 *
 * BUNDLE: vcpus=2
 * QEMU: smp=2 patience=300
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_race);

#define NR_FRAMES 4
#define ROUNDS 5000
#define MOST_ROUNDS (20 * ROUNDS)
#define ENOUGH 100
#define SCRATCH 0x10000000ul

static uint64_t *frames[NR_FRAMES];
static uint64_t *scratch; /* maps SCRATCH */
static volatile uint64_t finished, nr_done[2], nr_busy[2];

/* Of four bytes; its word is zero for a CPU and an address for nobody. */
MG_SNIPPET(store, "movl $0, (%rdi)");

static void note(int vcpu, int64_t result)
{
    switch (result) {
    case 0:
        nr_done[vcpu]++;
        break;
    case -PARAPET_EBUSY:
    case -PARAPET_ENOENT:
    case -PARAPET_EEXIST:
    case -PARAPET_ERESTART:
        nr_busy[vcpu]++;
        break;
    default:
        mg_failure("vCPU %d: expected 0 or that it was busy, got %ld (%s)",
                   vcpu, result, mg_error_name(-result));
        break;
    }
}

/*
 * The host may halt one vCPU while the other goes on: then nearly all that this
 * one tries is refused.
 */
static bool is_enough(void)
{
    return nr_done[0] > ENOUGH && nr_busy[0] > ENOUGH && nr_done[1] > ENOUGH &&
           nr_busy[1] > ENOUGH;
}

/* vCPU 0: tables of all levels, that refer to each other. */
static void make_tables(struct mg_random *numbers)
{
    for (int round = 0;
         (round < ROUNDS || (!is_enough() && round < MOST_ROUNDS)) &&
         !mg_failures();
         round++) {
        uint64_t *frame = frames[mg_random_below(numbers, NR_FRAMES)];
        uint64_t *other = frames[mg_random_below(numbers, NR_FRAMES)];
        uint32_t level = 1 + (uint32_t)mg_random_below(numbers, 5);
        struct parapet_pte_update update = {
            mg_entry_of(frame, mg_random_below(numbers, 256)),
            mg_pte(other, MG_USER)};

        note(0, hypercall_mmu_pin(mg_mfn_of(frame), level));
        note(0, hypercall_mmu_update(&update, 1, ~0ul));
        update.value = 0;
        note(0, hypercall_mmu_update(&update, 1, ~0ul));
        note(0, hypercall_mmu_unpin(mg_mfn_of(other)));
    }
}

/* vCPU 1: writable mappings, and stores through them. */
static void map_writable(void *argument)
{
    struct mg_random *numbers = argument;

    while (!finished && !mg_failures()) {
        uint64_t i = mg_random_below(numbers, NR_FRAMES);
        uint64_t vaddr = SCRATCH + i * MG_PAGE_SIZE;
        int64_t result = hypercall_mmu_update_va(
            vaddr, mg_pte(frames[i], MG_WRITE), PARAPET_FLUSH_NONE);

        note(1, result);
        if (result == 0 && mg_try(store, (void *)vaddr, NULL))
            mg_failure("a writable mapping cannot be written to");
        /* From here on frame i may be a table again, at any moment. */
        note(1, hypercall_mmu_update_va(vaddr, 0, PARAPET_FLUSH_NONE));
    }
    finished = 2;
}

static void prepare(void)
{
    uint64_t *l2, *l3;

    scratch = mg_table(NULL);
    l2 = mg_table_of(mg_index(SCRATCH, 2), mg_pte(scratch, MG_TABLE));
    l3 = mg_table_of(0, mg_pte(l2, MG_TABLE));
    MG_DONE(mg_update(mg_entry_of(mg_start_root(), 0), mg_pte(l3, MG_TABLE)));
    for (int i = 0; i < NR_FRAMES; i++)
        frames[i] = mg_table(NULL);
}

void test_main(void)
{
    static struct mg_random numbers[2];

    prepare();
    mg_random_init(&numbers[0], 0x72616365);
    mg_random_init(&numbers[1], 0x65636172);
    if (mg_vcpu_start(1, map_writable, &numbers[1]) != 0)
        mg_error("the other vCPU does not start");
    make_tables(&numbers[0]);
    finished = 1;
    for (uint64_t end = mg_clock_ns() + MG_PATIENCE; finished != 2;) {
        if (mg_clock_ns() > end)
            mg_error("the other vCPU does not end");
    }
    mg_audit();
    mg_printf("done and refused: %lu and %lu by vCPU 0, %lu and %lu by vCPU "
              "1\n",
              nr_done[0], nr_busy[0], nr_done[1], nr_busy[1]);
    MG_CHECK(is_enough());
}
