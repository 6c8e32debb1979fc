/* SPDX-License-Identifier: MIT
 *
 * Page tables at random: a few frames become tables of any level, map each
 * other and themselves, are written to where they can be, go back to the
 * machine and come again; half of what is begun is never gone on with. Each
 * call returns what abi/hypercalls.def says, and the audit is always clean.
 * Some of the frames are below the root that is in use, so that the CPU walks
 * what has come about, and stores through it.
 *
 * QEMU: patience=300 random=1
 * VARIANT: one
 * VARIANT: two vcpus=2 smp=2
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/tsc.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_random);

#define STEPS 10000
#define STEPS_PER_AUDIT 1000
#define NR_FRAMES 10
#define LOWER_HALF_SLOT 3 /* of the start root: a table of level 3 is there */

static uint64_t *frames[NR_FRAMES];
static uint64_t *l3;
static uint64_t nr_steps;
static volatile bool stop;
static volatile uint64_t finished;
static uint64_t nr_done[MG_MAX_VCPUS], nr_refused[MG_MAX_VCPUS];

/* Eight bytes, so that a store to a table is tried as an update, too. */
MG_SNIPPET(store, "mov 8(%rdi), %rax; mov (%rdi), %rcx; mov %rax, (%rcx)");

static uint64_t *any_frame(struct mg_random *numbers)
{
    return frames[mg_random_below(numbers, NR_FRAMES)];
}

static uint64_t any_index(struct mg_random *numbers)
{
    static const uint64_t indices[] = {0,   1,   2,   3,   255,
                                       256, 257, 271, 272, 511};

    return indices[mg_random_below(numbers, ARRAY_SIZE(indices))];
}

/* Most are good at some level. */
static uint64_t any_value(struct mg_random *numbers)
{
    static const uint64_t flags[] = {
        MG_USER, MG_USER,  MG_TABLE, MG_TABLE,           MG_READ,
        MG_READ, MG_WRITE, 0,        MG_USER | 0x80,     MG_TABLE | 0x100,
        0x600,   MG_TABLE, 2,        PARAPET_PTE_KERNEL,
    };
    uint64_t chosen = flags[mg_random_below(numbers, ARRAY_SIZE(flags))];

    if (!(chosen & PARAPET_PTE_P) && mg_random_below(numbers, 8) != 0)
        return chosen;
    return mg_pte(any_frame(numbers), chosen);
}

static uint64_t any_mask(struct mg_random *numbers)
{
    static const uint64_t masks[] = {~0ul,
                                     ~0ul,
                                     ~0ul,
                                     PARAPET_PTE_W,
                                     PARAPET_PTE_U,
                                     PARAPET_PTE_P | PARAPET_PTE_ADDRESS,
                                     PARAPET_PTE_ADDRESS,
                                     PARAPET_PTE_A | PARAPET_PTE_D,
                                     0};

    return masks[mg_random_below(numbers, ARRAY_SIZE(masks))];
}

/* ---- what may happen ---- */

static void note(uint64_t number, int64_t result)
{
    const struct mg_hypercall *hc = mg_hypercall_find(number);

    if (!mg_hypercall_can_return(hc, result))
        mg_failure("%s: got %ld, which abi/hypercalls.def does not name",
                   hc->name, result);
    if (result == 0)
        nr_done[mg_vcpu_id()]++;
    else
        nr_refused[mg_vcpu_id()]++;
}

static void update(struct mg_random *numbers)
{
    struct parapet_pte_update updates[4];
    uint64_t nr = 1 + mg_random_below(numbers, ARRAY_SIZE(updates));

    for (uint64_t i = 0; i < nr; i++) {
        uint64_t *table = mg_random_below(numbers, 4) ? any_frame(numbers) : l3;

        updates[i].pte = mg_entry_of(table, any_index(numbers));
        updates[i].value = any_value(numbers);
    }
    note(PARAPET_HC_mmu_update,
         hypercall_mmu_update(updates, nr, any_mask(numbers)));
}

/* The frame's place in the direct map: read-only, writable, or nothing. */
static void remap(struct mg_random *numbers)
{
    static const uint64_t flags[] = {MG_READ, MG_READ, MG_WRITE};
    uint64_t *frame = any_frame(numbers);

    note(PARAPET_HC_mmu_update_va,
         hypercall_mmu_update_va(
             (uint64_t)frame,
             mg_pte(frame, flags[mg_random_below(numbers, ARRAY_SIZE(flags))]),
             (uint32_t)mg_random_below(numbers, 3)));
}

static void pin(struct mg_random *numbers)
{
    uint32_t level = 1 + (uint32_t)mg_random_below(numbers, 5);

    note(PARAPET_HC_mmu_pin,
         hypercall_mmu_pin(mg_mfn_of(any_frame(numbers)), level));
}

static void unpin(struct mg_random *numbers)
{
    note(PARAPET_HC_mmu_unpin,
         hypercall_mmu_unpin(mg_mfn_of(any_frame(numbers))));
}

static void set_user_root(struct mg_random *numbers)
{
    uint64_t mfn =
        mg_random_below(numbers, 2) ? mg_mfn_of(any_frame(numbers)) : 0;

    note(PARAPET_HC_mmu_set_user_root, hypercall_mmu_set_user_root(mfn));
}

/* By the direct map, or by whatever the tables map there just now. */
static void touch(struct mg_random *numbers)
{
    uint64_t vaddr = (uint64_t)(any_frame(numbers) + any_index(numbers));
    uint64_t request[2];

    if (mg_random_below(numbers, 2))
        vaddr = (uint64_t)LOWER_HALF_SLOT << 39 | any_index(numbers) << 30 |
                any_index(numbers) << 21 | any_index(numbers) << 12 |
                any_index(numbers) << 3;
    request[0] = vaddr;
    request[1] = any_value(numbers);
    (void)mg_try(store, request, NULL);
}

/* Away and back, by the first vCPU only; another may take it for what it was.
 */
static void exchange(struct mg_random *numbers)
{
    uint64_t *frame = any_frame(numbers);
    uint64_t mfn = mg_mfn_of(frame);
    struct parapet_populate entry = {mg_gfn_of(frame), 0};
    int64_t result;

    if (mg_vcpu_id() != 0)
        return;
    note(PARAPET_HC_mmu_update_va,
         hypercall_mmu_update_va((uint64_t)frame, 0, PARAPET_FLUSH_NONE));
    result = hypercall_memory_give_back(&mfn, 1);
    note(PARAPET_HC_memory_give_back, result);
    if (result != 0)
        return;
    MG_DONE(HYPERCALL_RESTARTED(hypercall_memory_populate(&entry, 1)));
    *mg_p2m(entry.gfn) = entry.mfn;
}

static void (*const steps[])(struct mg_random *numbers) = {
    update, update, update, update,        remap,    remap, pin,
    pin,    unpin,  unpin,  set_user_root, exchange, touch, touch,
};

static void run(struct mg_random *numbers)
{
    for (uint64_t i = 0; i < nr_steps && !stop && !mg_failures(); i++) {
        steps[mg_random_below(numbers, ARRAY_SIZE(steps))](numbers);
        if (i % STEPS_PER_AUDIT == 0)
            mg_audit();
    }
}

static void run_other(void *numbers)
{
    run(numbers);
    finished = 1;
}

static void prepare(void)
{
    l3 = mg_table(NULL);
    MG_DONE(mg_update(mg_entry_of(mg_start_root(), LOWER_HALF_SLOT),
                      mg_pte(l3, MG_TABLE)));
    for (int i = 0; i < NR_FRAMES; i++)
        frames[i] = mg_page();
}

void test_main(void)
{
    static struct mg_random numbers[2];

    nr_steps = STEPS * mg_argument("times", 1);
    mg_random_init(&numbers[0], mg_argument("seed", 0x74616264));
    mg_random_init(&numbers[1], rdtsc_ordered());
    prepare();
    if (mg_variant("two") && mg_vcpu_start(1, run_other, &numbers[1]) != 0)
        mg_error("the other vCPU does not start");
    run(&numbers[0]);
    stop = true;
    if (mg_variant("two") && !mg_clock_wait(&finished))
        mg_error("the other vCPU does not end");
    mg_audit();
    for (uint32_t vcpu = 0; vcpu <= finished; vcpu++) {
        mg_printf("vCPU %u: %lu done, %lu refused\n", vcpu, nr_done[vcpu],
                  nr_refused[vcpu]);
        /* The other one may have had little of a busy machine. */
        MG_CHECK(nr_done[vcpu] > (vcpu ? 0 : nr_steps / 20));
        MG_CHECK(nr_refused[vcpu] > (vcpu ? 0 : nr_steps / 20));
    }
}
