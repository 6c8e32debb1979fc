/* SPDX-License-Identifier: MIT
 *
 * Domains end, by themselves or not, and others are made in their place, while
 * the control domain's vCPUs bind, send to and close ports of theirs on several
 * CPUs. What a call comes to is what the ABI says, a port is raised once by the
 * end of the other side, and after that nothing comes.
 *
 * BUNDLE: vcpus=4 memory=32M
 * QEMU: privileged=1 patience=300 once=1
 * VARIANT: one smp=1
 * VARIANT: four smp=4 meter="as one"
 * VARIANT: long smp=4 soak=1 meter="as one"
 */
#include "abi/event.h"
#include "abi/stubs.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_ports);

#define NR_VCPUS 4u
/* Those of a child that sleeps, all bound to ours. */
#define NR_BOUND 8u
/* Those of a child that makes them itself, as partners/child.c has it. */
#define NR_TOYS 4u

static volatile uint32_t child_id; /* of the one whose ports are toys */
static volatile bool ends;
static uint32_t nr_done;

/* ---- those that bind, send and close ---- */

static void note(int64_t result, int64_t allowed, int64_t allowed_too)
{
    if (result < 0 && result != allowed && result != allowed_too)
        mg_failure("expected a port, %ld or %ld, got %ld", allowed, allowed_too,
                   result);
}

static void race(void *unused)
{
    (void)unused;
    for (uint32_t round = 0; !ends; round++) {
        int64_t port =
            hypercall_evtchn_bind_interdomain(child_id, 1 + round % NR_TOYS);

        note(port, -PARAPET_EINVAL, -PARAPET_ENOENT);
        if (port < 0) {
            (void)hypercall_yield();
            continue;
        }
        note(hypercall_evtchn_send((uint32_t)port), -PARAPET_ENOTCONN, 0);
        MG_CHECK_EQ(hypercall_evtchn_close((uint32_t)port), 0);
    }
    __atomic_fetch_add(&nr_done, 1, __ATOMIC_SEQ_CST);
}

/* ---- what comes of an end ---- */

static volatile uint64_t raised[NR_BOUND];

/* A child that sends nothing, and our ends of its ports. */
static void make_sleeper(struct mg_child *child, uint32_t *ports)
{
    const struct mg_child_wish wish = {.bootargs = "sleep"};

    mg_child_create(&wish, child);
    for (uint32_t i = 0; i < NR_BOUND; i++) {
        int64_t theirs =
            HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(child->id, 0));

        MG_CHECK_EQ(theirs, i + 1);
        ports[i] = mg_event_bind_interdomain(
            child->id, (uint32_t)theirs, mg_event_count, (void *)&raised[i]);
    }
    MG_CHECK_EQ(mg_domain_unpause(child->id), 0);
    /* Each begins pending. */
    mg_sti();
    for (uint32_t i = 0; i < NR_BOUND; i++) {
        MG_CHECK_EQ(raised[i], 1);
        raised[i] = 0;
    }
}

static void check_dead(uint32_t id, const uint32_t *ports)
{
    for (uint32_t i = 0; i < NR_BOUND; i++) {
        MG_CHECK_EQ(raised[i], 1);
        MG_CHECK_EQ(hypercall_evtchn_send(ports[i]), -PARAPET_ENOTCONN);
        MG_CHECK_EQ(hypercall_evtchn_bind_interdomain(id, i + 1),
                    -PARAPET_ENOENT);
    }
}

/*
 * One sleeps, another one plays with its ports, and both end; the sleeper's
 * ports are looked at once more when there is another in its place.
 */
static void run_round(struct mg_random *random)
{
    static uint32_t ports[NR_BOUND];
    struct mg_child sleeper, player, next;

    make_sleeper(&sleeper, ports);
    mg_child_run(mg_random_below(random, 2) ? "ports" : "ports_end", &player);
    child_id = player.id;
    for (uint64_t n = mg_random_below(random, 200); n > 0; n--)
        (void)hypercall_yield();
    for (uint32_t i = 0; i < NR_BOUND; i++)
        MG_CHECK_EQ(raised[i], 0);
    MG_CHECK_EQ(mg_domain_destroy(sleeper.id), 0);
    check_dead(sleeper.id, ports);
    MG_CHECK_EQ(mg_domain_destroy(player.id), 0);
    mg_child_run("ports", &next);
    child_id = next.id;
    (void)hypercall_yield();
    MG_CHECK_EQ(mg_domain_destroy(next.id), 0);
    check_dead(sleeper.id, ports);
    for (uint32_t i = 0; i < NR_BOUND; i++) {
        mg_event_close(ports[i]);
        raised[i] = 0;
    }
    mg_cli();
}

void test_main(void)
{
    uint64_t rounds = mg_variant("long") ? 500 : 5, before;
    struct mg_random random;

    mg_random_init(&random, 13);
    mg_control_init();
    /* What the first port of the control domain itself lies in stays. */
    mg_event_close(mg_event_bind_ipi(0, NULL, NULL));
    before = mg_machine_info().free_frames;
    child_id = UINT32_MAX - 1;
    for (uint32_t vcpu = 1; vcpu < NR_VCPUS; vcpu++)
        MG_CHECK_EQ(mg_vcpu_start(vcpu, race, NULL), 0);
    for (uint64_t round = 0; round < rounds; round++)
        run_round(&random);
    ends = true;
    while (__atomic_load_n(&nr_done, __ATOMIC_SEQ_CST) < NR_VCPUS - 1)
        (void)hypercall_yield();
    /* No number is lost, and no frame. */
    for (uint32_t port = 1; port < PARAPET_NR_PORTS; port++)
        MG_CHECK_EQ(hypercall_evtchn_close(port), -PARAPET_EINVAL);
    MG_CHECK_EQ(mg_machine_info().free_frames, before);
    mg_audit();
}
