/* SPDX-License-Identifier: MIT
 *
 * Three domains play with grants at random, each with both of the others
 * (lib/grant_random.h): the control domain, and two children. Now and then one
 * of the children is destroyed, and another one begun in its place; who knew
 * the old one goes on with it as long as it likes. All the time the audits find
 * nothing, no child finds anything amiss, and when all have let go, all frames
 * are back.
 *
 *   calls=N  of all domains together, at least; a tenth of them our own
 *
 * It does not end with ICOUNT=1 where QEMU gives the second CPU no turn
 * (docs/DESIGN.md, section 3). There CPU 0 plays, and CPU 1 stands at one
 * instruction of the hypervisor, after a write to its timer: not halted, its
 * timer's interrupt pending, interrupts off. `fair` asks for no tick while a
 * vCPU is alone, so that CPU 0 touches no device for so long.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 smp=2 patience=300 random=1
 * METER: bound_grants has the longest of these
 * VARIANT: some bootargs="calls=60000"
 * VARIANT: million soak=1 bootargs="calls=1000000"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/grant_random.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_grant_random);

#define NR_CHILDREN 2
#define CALLS_PER_CHILD 600 /* before it is destroyed; of ours */
#define STEPS_PER_AUDIT 1000
#define STEPS_PER_YIELD 256
#define NOBODY 0x7ffffff0u

static struct mg_grant_play play;
static struct mg_child children[NR_CHILDREN];
static uint64_t nr_theirs; /* calls of children that are gone */
static uint64_t nr_made;

/* Those that are there, most; those that were, and nobody. */
static void set_peers(void)
{
    for (uint32_t i = 0; i + 2 < MG_GRANT_PEERS; i++)
        play.peers[i] = children[i % NR_CHILDREN].id;
    play.peers[MG_GRANT_PEERS - 2] = children[0].id - 1;
    play.peers[MG_GRANT_PEERS - 1] = NOBODY;
}

/* It knows its own id, and those before it and after it. */
static void begin(struct mg_child *child)
{
    static char bootargs[60];
    static uint32_t last_id;
    const struct mg_child_wish wish = {.bootargs = bootargs,
                                       .memory = UINT64_C(2) << 20};

    (void)string_format(bootargs, sizeof(bootargs), "grants seed=%lu near=%u",
                        1 + mg_random_below(&play.numbers, 1000000),
                        last_id + 1);
    mg_child_create(&wish, child);
    last_id = child->id;
    MG_DONE(mg_domain_unpause(child->id));
    nr_made++;
    set_peers();
}

static void end(struct mg_child *child)
{
    MG_CHECK_EQ(mg_domain_info(child->id).state, PARAPET_DOMAIN_RUNNING);
    mg_domain_audit(child->id);
    nr_theirs += mg_child_word(child, 1);
    MG_DONE(mg_domain_destroy(child->id));
}

/* The frames of a control domain's handles stay its own. */
static uint64_t frames(void)
{
    struct parapet_memory_limits limits = {0};

    MG_DONE(hypercall_memory_limits(&limits));
    return mg_machine_info().free_frames + limits.nr_charged;
}

/* Of all domains. */
static uint64_t nr_calls(void)
{
    uint64_t nr = play.nr_calls + nr_theirs;

    for (int i = 0; i < NR_CHILDREN; i++)
        nr += mg_child_word(&children[i], 1);
    return nr;
}

static void play_until(uint64_t nr_wanted)
{
    uint64_t nr_last = 0;

    for (uint64_t i = 1; !mg_failures(); i++) {
        mg_grant_play(&play);
        if (play.nr_calls - nr_last >= CALLS_PER_CHILD) {
            struct mg_child *child = &children[nr_made % NR_CHILDREN];

            nr_last = play.nr_calls;
            end(child);
            begin(child);
        }
        if (i % STEPS_PER_AUDIT == 0) {
            mg_audit();
            if (nr_calls() >= nr_wanted && play.nr_calls >= nr_wanted / 10)
                return;
        }
        if (i % STEPS_PER_YIELD == 0)
            (void)hypercall_yield();
    }
}

void test_main(void)
{
    uint64_t before;

    mg_control_init();
    mg_random_init(&play.numbers, 0x6772616e);
    mg_grant_play_init(&play);
    before = frames();
    for (int i = 0; i < NR_CHILDREN; i++)
        begin(&children[i]);
    play_until(mg_argument("calls", 60000) * mg_argument("times", 1));
    for (int i = 0; i < NR_CHILDREN; i++)
        end(&children[i]);
    mg_grant_play_end(&play);
    mg_printf("%lu calls by %lu children, %lu by us: %lu were refused, %lu "
              "frames borrowed\n",
              nr_theirs, nr_made, play.nr_calls, play.nr_refused,
              play.nr_borrowed);
    MG_CHECK(play.nr_borrowed > play.nr_calls / 20);
    MG_CHECK(play.nr_refused > play.nr_calls / 20);
    MG_CHECK_EQ(frames(), before);
    mg_audit();
}
