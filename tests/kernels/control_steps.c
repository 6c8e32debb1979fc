/* SPDX-License-Identifier: MIT
 *
 * A domain is destroyed after each step of its building, and so are those that
 * were never built: with nothing of theirs, with frames of every kind that
 * nobody maps, with a root that is half checked, with ports and no vCPU
 * running, and again while another call is half way. Each time the machine has
 * the frames back that it had before, to the frame.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 patience=300 once=1
 * VARIANT: one smp=1
 * VARIANT: two smp=2 meter="as one"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_steps);

static const struct mg_child_wish wish = {
    .bootargs = "sleep", .nr_vcpus = 3, .served = true};

static uint64_t free_before;

static void begin(void)
{
    free_before = mg_machine_info().free_frames;
}

/* It goes away; false, and a failure, unless all of it does. */
static bool end(struct mg_child *child, const char *what, uint64_t step)
{
    uint64_t now;

    mg_domain_audit(child->id);
    MG_CHECK_EQ(mg_domain_destroy(child->id), 0);
    now = mg_machine_info().free_frames;
    if (now == free_before && mg_machine_info().nr_domains == 1)
        return true;
    mg_failure("%s, step %lu: expected %lu free frames, got %lu; %u domains",
               what, step, free_before, now, mg_machine_info().nr_domains);
    return false;
}

/* How many steps there are is known when one lets it come to its end. */
static void test_each_step(void)
{
    struct mg_child child;
    uint64_t nr_steps;

    begin();
    mg_child_create(&wish, &child);
    nr_steps = child.nr_steps;
    MG_CHECK(nr_steps > 20);
    if (!end(&child, "built", nr_steps))
        return;
    for (uint64_t step = 1; step < nr_steps; step++) {
        MG_CHECK_EQ(mg_child_make(&wish, &child), 0);
        child.max_steps = step;
        MG_CHECK_EQ(mg_child_build(&child), -PARAPET_EAGAIN);
        MG_CHECK_EQ(mg_domain_info(child.id).state, PARAPET_DOMAIN_BUILDING);
        if (!end(&child, "half built", step))
            return;
    }
    mg_printf("destroyed at each of %lu steps\n", nr_steps);
}

static void test_nothing(void)
{
    struct mg_child child;

    begin();
    MG_CHECK_EQ(mg_child_make(&wish, &child), 0);
    (void)end(&child, "nothing", 0);
}

/* The check of its root has stopped once, twice, and so on. */
static void test_half_checked(void)
{
    struct mg_child child;
    int64_t result;
    uint64_t stops = 0, allowed = 0;

    begin();
    do {
        MG_CHECK_EQ(mg_child_make(&wish, &child), 0);
        child.keep_start = true;
        MG_CHECK_EQ(mg_child_build(&child), 0);
        stops = 0;
        do {
            result = hypercall_domain_vcpu_start(child.id, 0, &child.start);
        } while (result == -PARAPET_ERESTART && ++stops <= allowed);
        if (!end(&child, "half checked", stops))
            return;
        allowed++;
    } while (result == -PARAPET_ERESTART);
    MG_CHECK_EQ(result, 0);
    MG_CHECK(allowed > 2);
    mg_printf("destroyed at each of %lu stops\n", allowed);
}

/* A root that is refused is let go, and what was checked below it. */
static void test_refused(void)
{
    struct mg_child child;
    uint64_t at, bad = 1ul << 58 | PARAPET_PTE_P;

    begin();
    MG_CHECK_EQ(mg_child_make(&wish, &child), 0);
    child.keep_start = true;
    MG_CHECK_EQ(mg_child_build(&child), 0);
    /* The last slot of the root, so that all others are checked before. */
    at = child.start.root_mfn * MG_PAGE_SIZE + 8 * 510;
    MG_CHECK_EQ(mg_copy_to(child.id, at, &bad, sizeof(bad)), 0);
    MG_CHECK_EQ(HYPERCALL_RESTARTED(
                    hypercall_domain_vcpu_start(child.id, 0, &child.start)),
                -PARAPET_EINVAL);
    (void)end(&child, "refused", 0);
}

/* Ports that the others know: ours becomes unbound, and nobody is told twice.
 */
static void test_ports(void)
{
    struct mg_child child;
    int64_t theirs, ours;

    begin();
    mg_child_create(&wish, &child);
    theirs = HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(child.id, 0));
    ours = hypercall_evtchn_bind_interdomain(child.id, (uint32_t)theirs);
    MG_CHECK(theirs > 0 && ours > 0);
    (void)mg_port_clear((uint32_t)ours);
    (void)end(&child, "ports", 0);
    MG_CHECK(mg_port_is_pending((uint32_t)ours));
    MG_CHECK_EQ(hypercall_evtchn_send((uint32_t)ours), -PARAPET_ENOTCONN);
    MG_CHECK_EQ(hypercall_evtchn_close((uint32_t)ours), 0);
}

/* What has ended is refused all that would change it, and goes away. */
static void test_between(void)
{
    struct parapet_populate frame = {.gfn = 0};
    struct mg_child child;
    uint64_t calls = 0;
    int64_t result;

    begin();
    mg_child_run("spin", &child);
    do {
        result = hypercall_domain_destroy(child.id);
        if (result == 0)
            break;
        MG_CHECK(hypercall_domain_populate(child.id, &frame, 1) < 0);
        MG_CHECK(hypercall_domain_unpause(child.id) < 0);
        MG_CHECK(hypercall_domain_pause(child.id) < 0);
        MG_CHECK(hypercall_domain_copy_to(
                     child.id, child.shared_mfn * MG_PAGE_SIZE, &frame, 8) < 0);
        MG_CHECK(hypercall_domain_alloc_unbound(child.id, 0) < 0);
        MG_CHECK(hypercall_domain_request(child.id, 0) < 0);
        calls++;
    } while (result == -PARAPET_ERESTART && !mg_failures());
    MG_CHECK(calls > 2);
    MG_CHECK_EQ(mg_machine_info().free_frames, free_before);
}

void test_main(void)
{
    mg_control_init();
    /* What the first port of the control domain itself lies in stays. */
    mg_event_close(mg_event_bind_ipi(0, NULL, NULL));
    test_nothing();
    test_each_step();
    test_half_checked();
    test_refused();
    test_ports();
    test_between();
    mg_audit();
}
