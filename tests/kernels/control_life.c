/* SPDX-License-Identifier: MIT
 *
 * The life of a domain that the control domain makes: it is built, runs, is
 * paused and goes on, is changed, looked into, asked to end, and taken apart;
 * and what is told of it meanwhile. When all are gone the machine has as many
 * free frames as before. The variant with two CPUs goes by the real time, the
 * other one counts instructions.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 patience=120
 * VARIANT: one smp=1 icount=1
 * VARIANT: two smp=2 meter="as one"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_life);

static uint8_t page[MG_PAGE_SIZE];

static bool is_named(const struct parapet_domain_info *info, const char *name)
{
    return strcmp(info->name, name) == 0;
}

static uint32_t state_of(uint32_t id)
{
    return mg_domain_info(id).state;
}

/* The child does something; false, and a failure, when it never does. */
static bool wait_for_word(const struct mg_child *child, unsigned int word,
                          uint64_t value)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (mg_child_word(child, word) < value) {
        if (mg_clock_ns() > end) {
            mg_failure("domain %u: word %u stays below %lu", child->id, word,
                       value);
            return false;
        }
        (void)hypercall_yield();
    }
    return true;
}

/* ---- beginning and end ---- */

static void test_ends(void)
{
    static const struct {
        const char *bootargs;
        uint32_t reason;
    } ends[] = {
        {"exit", PARAPET_SHUTDOWN_POWEROFF},
        {"reboot", PARAPET_SHUTDOWN_REBOOT},
        {"crash", PARAPET_SHUTDOWN_CRASH},
        {"kill", PARAPET_SHUTDOWN_CRASH},
    };
    struct mg_child child;

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        mg_child_run(ends[i].bootargs, &child);
        if (!mg_domain_wait(child.id, PARAPET_DOMAIN_ENDED))
            return;
        MG_CHECK_EQ(mg_domain_info(child.id).end_reason, ends[i].reason);
        /* It can be looked at until it is collected. */
        MG_CHECK_EQ(mg_child_word(&child, 0), 1);
        mg_domain_audit(child.id);
        MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
        MG_CHECK_EQ(mg_domain_destroy(child.id), -PARAPET_ENOENT);
        MG_CHECK_EQ(hypercall_domain_info(child.id, page), -PARAPET_ENOENT);
    }
}

/* Since the last time. In one step: another CPU may tell it meanwhile. */
static bool is_told(uint32_t port)
{
    return mg_port_clear(port);
}

/* It may be told a little after it has become so. */
static void wait_until_told(uint32_t port)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (!is_told(port)) {
        if (mg_clock_ns() > end) {
            mg_failure("port %u: nothing was told", port);
            return;
        }
        (void)hypercall_yield();
    }
}

/* Each change is told: that it comes, each state, and that it is gone. */
static void test_states(void)
{
    const struct mg_child_wish wish = {.name = "states", .bootargs = "sleep"};
    uint32_t port = mg_event_bind_virq(PARAPET_VIRQ_DOMAIN, NULL, NULL);
    struct mg_child child;

    MG_CHECK_EQ(mg_child_make(&wish, &child), 0);
    MG_CHECK(is_told(port));
    MG_CHECK_EQ(mg_child_build(&child), 0);
    MG_CHECK_EQ(state_of(child.id), PARAPET_DOMAIN_BUILDING);
    MG_CHECK(!is_told(port));
    MG_CHECK_EQ(mg_domain_unpause(child.id), 0);
    MG_CHECK_EQ(state_of(child.id), PARAPET_DOMAIN_RUNNING);
    MG_CHECK(is_told(port));
    (void)wait_for_word(&child, 0, 1);
    MG_CHECK_EQ(mg_domain_pause(child.id), 0);
    MG_CHECK_EQ(state_of(child.id), PARAPET_DOMAIN_PAUSED);
    MG_CHECK(is_told(port));
    MG_CHECK_EQ(mg_domain_unpause(child.id), 0);
    MG_CHECK_EQ(state_of(child.id), PARAPET_DOMAIN_RUNNING);
    MG_CHECK(is_told(port));
    MG_CHECK_EQ(hypercall_domain_destroy(child.id), -PARAPET_ERESTART);
    MG_CHECK_EQ(state_of(child.id), PARAPET_DOMAIN_ENDED);
    MG_CHECK(is_told(port));
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
    MG_CHECK(is_told(port));

    /* Its own end, some time after its start. */
    mg_child_run("nap", &child);
    MG_CHECK(is_told(port));
    MG_CHECK(mg_domain_wait(child.id, PARAPET_DOMAIN_ENDED));
    wait_until_told(port);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
    mg_event_close(port);
}

/* ---- running and paused ---- */

static void test_pause(void)
{
    struct mg_child child;
    uint64_t stopped;

    mg_child_run("spin", &child);
    for (int round = 0; round < 10; round++) {
        if (!wait_for_word(&child, 0, 1000))
            return;
        MG_CHECK_EQ(mg_domain_pause(child.id), 0);
        stopped = mg_child_word(&child, 0);
        mg_clock_delay(2 * MG_MS);
        (void)hypercall_yield();
        if (!MG_CHECK_EQ(mg_child_word(&child, 0), stopped))
            return;
        MG_CHECK_EQ(mg_domain_pause(child.id), 0);
        MG_CHECK_EQ(mg_domain_unpause(child.id), 0);
        if (!wait_for_word(&child, 0, stopped + 1))
            return;
    }
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
}

/* ---- what is told, and changed ---- */

static void test_info(void)
{
    const struct mg_child_wish wish = {
        .name = "told", .bootargs = "sleep", .nr_vcpus = 3};
    struct parapet_domain_info info;
    struct mg_child child;

    mg_child_create(&wish, &child);
    info = mg_domain_info(child.id);
    MG_CHECK(is_named(&info, "told"));
    MG_CHECK(strcmp(info.engine, "pv") == 0);
    MG_CHECK_EQ(info.id, child.id);
    MG_CHECK_EQ(info.end_reason, 0);
    MG_CHECK_EQ(info.privileged, 0);
    MG_CHECK_EQ(info.nr_vcpus, 3);
    MG_CHECK_EQ(info.max_vcpus, 3);
    MG_CHECK_EQ(info.weight, PARAPET_DEFAULT_WEIGHT);
    MG_CHECK_EQ(info.cap, 0);
    MG_CHECK_EQ(info.nr_frames, child.plan.nr_gfns);
    MG_CHECK_EQ(info.max_frames, child.plan.nr_gfns + PARAPET_GRANT_RESERVE);
    MG_CHECK_EQ(info.nr_gfns, child.plan.nr_gfns);
    MG_CHECK_EQ(info.memory_target, 0);
    MG_CHECK_EQ(info.request, 0);
    MG_CHECK_EQ(info.nr_charged, 0);

    MG_CHECK_EQ(hypercall_domain_rename(child.id, "again\0\0\0\0\0\0\0\0\0\0\0"
                                                  "\0\0\0\0\0\0\0\0\0\0\0\0"),
                0);
    MG_CHECK_EQ(hypercall_domain_limits(child.id, 7000, 600), 0);
    MG_CHECK_EQ(hypercall_domain_schedule(child.id, 7, 250), 0);
    MG_CHECK_EQ(hypercall_domain_request(child.id, PARAPET_REQUEST_SUSPEND), 0);
    info = mg_domain_info(child.id);
    MG_CHECK(is_named(&info, "again"));
    MG_CHECK_EQ(info.max_frames, 7000);
    MG_CHECK_EQ(info.memory_target, 600);
    MG_CHECK_EQ(info.weight, 7);
    MG_CHECK_EQ(info.cap, 250);
    MG_CHECK_EQ(info.request, PARAPET_REQUEST_SUSPEND);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
}

/* Ids only rise, and the list is in their order. */
static void test_list(void)
{
    static struct parapet_domain_info infos[PARAPET_MAX_INFOS];
    struct mg_child children[3];

    MG_CHECK_EQ(hypercall_domain_list(0, infos, ARRAY_SIZE(infos)), 1);
    MG_CHECK_EQ(infos[0].id, 0);
    MG_CHECK_EQ(infos[0].privileged, 1);
    MG_CHECK_EQ(infos[0].state, PARAPET_DOMAIN_RUNNING);
    MG_CHECK_EQ(mg_machine_info().nr_domains, 1);
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        MG_CHECK_EQ(
            mg_child_make(&(struct mg_child_wish){.name = NULL}, &children[i]),
            0);
        MG_CHECK(i == 0 || children[i].id > children[i - 1].id);
    }
    MG_CHECK_EQ(mg_machine_info().nr_domains, 4);
    MG_CHECK_EQ(hypercall_domain_list(0, infos, ARRAY_SIZE(infos)), 4);
    for (size_t i = 0; i < ARRAY_SIZE(children); i++)
        MG_CHECK_EQ(infos[1 + i].id, children[i].id);
    MG_CHECK_EQ(hypercall_domain_list(1, infos, 2), 2);
    MG_CHECK_EQ(infos[1].id, children[1].id);
    MG_CHECK_EQ(hypercall_domain_list(infos[1].id + 1, infos, 2), 1);
    MG_CHECK_EQ(infos[0].id, children[2].id);
    MG_CHECK_EQ(mg_domain_destroy(children[1].id), 0);
    MG_CHECK_EQ(hypercall_domain_list(1, infos, ARRAY_SIZE(infos)), 2);
    MG_CHECK_EQ(infos[1].id, children[2].id);
    MG_CHECK_EQ(mg_domain_destroy(children[0].id), 0);
    MG_CHECK_EQ(mg_domain_destroy(children[2].id), 0);
}

/* ---- into it, and out of it ---- */

static void test_copies(void)
{
    static uint8_t back[MG_PAGE_SIZE];
    static const struct {
        uint64_t offset, length;
    } parts[] = {{0, MG_PAGE_SIZE}, {1, 1}, {4095, 1}, {5, 1000}, {8, 0}};
    struct parapet_populate frame = {.gfn = 0};
    struct mg_child child;
    uint64_t maddr;

    MG_CHECK_EQ(mg_child_make(&(struct mg_child_wish){.name = NULL}, &child),
                0);
    MG_CHECK_EQ(hypercall_domain_populate(child.id, &frame, 1), 0);
    maddr = frame.mfn * MG_PAGE_SIZE;
    MG_CHECK_EQ(mg_m2p(frame.mfn), 0);
    MG_CHECK_EQ(mg_copy_from(child.id, maddr, back, MG_PAGE_SIZE), 0);
    for (size_t i = 0; i < MG_PAGE_SIZE; i++) {
        if (!MG_CHECK_EQ(back[i], 0))
            break;
        page[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        uint64_t at = parts[i].offset, length = parts[i].length;

        memset(back, 0xee, sizeof(back));
        MG_CHECK_EQ(mg_copy_to(child.id, maddr + at, page + at, length), 0);
        MG_CHECK_EQ(mg_copy_from(child.id, maddr + at, back, length), 0);
        MG_CHECK(memcmp(back, page + at, length) == 0);
        MG_CHECK_EQ(length == MG_PAGE_SIZE || back[length] == 0xee, 1);
    }
    mg_domain_audit(child.id);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
}

/* ---- frames, some at once ---- */

/* What is asked for until it is refused; returns how many were given. */
static uint64_t populate_until(uint32_t id, struct parapet_populate *frames,
                               uint64_t nr, int64_t error)
{
    uint64_t done = 0;
    int64_t result;

    do {
        result = hypercall_domain_populate(id, frames + done, nr - done);
        done += mg_vcpu_page()->restart_done;
    } while (result == -PARAPET_ERESTART);
    MG_CHECK_EQ(result, error);
    return done;
}

/* Wherever the entry is for which it is refused, those before it are done. */
static void test_populate(void)
{
    enum { MOST = 16 };
    static const struct parapet_populate read_only[MOST];
    struct parapet_populate *end =
        (struct parapet_populate *)(mg_edge_page + MG_PAGE_SIZE);
    struct mg_child child;
    uint64_t nr_frames;

    MG_CHECK_EQ(mg_child_make(&(struct mg_child_wish){.name = NULL}, &child),
                0);
    nr_frames = mg_domain_info(child.id).nr_frames;
    for (uint64_t nr = 0; nr < MOST; nr++) {
        struct parapet_populate *frames = end - nr;

        for (uint64_t i = 0; i < nr; i++)
            frames[i] = (struct parapet_populate){.gfn = i};
        MG_CHECK_EQ(populate_until(child.id, frames, nr + 1, -PARAPET_EFAULT),
                    nr);
        for (uint64_t i = 0; i < nr; i++)
            MG_CHECK_EQ(mg_m2p(frames[i].mfn), i);
        frames = end - MOST;
        for (uint64_t i = 0; i < MOST; i++)
            frames[i].gfn = i == nr ? child.plan.nr_gfns : i;
        MG_CHECK_EQ(populate_until(child.id, frames, MOST, -PARAPET_EINVAL),
                    nr);
        nr_frames += 2 * nr;
        MG_CHECK_EQ(mg_domain_info(child.id).nr_frames, nr_frames);
        MG_CHECK_EQ(hypercall_domain_limits(child.id, nr_frames + nr, 0), 0);
        frames[nr].gfn = nr;
        MG_CHECK_EQ(populate_until(child.id, frames, MOST, -PARAPET_ENOSPC),
                    nr);
        nr_frames += nr;
        MG_CHECK_EQ(hypercall_domain_limits(child.id, 7000, 0), 0);
    }
    MG_CHECK_EQ(populate_until(child.id, (void *)(uintptr_t)read_only, MOST,
                               -PARAPET_EFAULT),
                0);
    MG_CHECK_EQ(mg_domain_info(child.id).nr_frames, nr_frames);
    mg_domain_audit(child.id);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
}

static void test_counters(void)
{
    const struct parapet_counters *counters = (const void *)page;
    struct mg_child child;

    mg_child_run("obey", &child);
    if (!wait_for_word(&child, 0, 2))
        return;
    MG_CHECK_EQ(
        hypercall_domain_counters(child.id, 0, PARAPET_PART_COUNTERS, page), 0);
    MG_CHECK(counters->hypercalls[PARAPET_HC_evtchn_bind_virq] == 1);
    for (uint32_t part = 1; part < PARAPET_NR_PARTS; part++)
        MG_CHECK_EQ(hypercall_domain_counters(child.id, 0, part, page), 0);

    /* And the way in which a domain is asked to end. */
    MG_CHECK_EQ(hypercall_domain_request(child.id, PARAPET_REQUEST_REBOOT), 0);
    if (!mg_domain_wait(child.id, PARAPET_DOMAIN_ENDED))
        return;
    MG_CHECK_EQ(mg_domain_info(child.id).end_reason, PARAPET_SHUTDOWN_REBOOT);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
}

/* A port that both have before the child runs. */
static void test_port(void)
{
    const struct mg_child_wish wish = {.bootargs = "sleep"};
    struct mg_child child;
    int64_t theirs, ours;

    mg_child_create(&wish, &child);
    theirs = HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(child.id, 0));
    MG_CHECK(theirs > 0);
    ours = hypercall_evtchn_bind_interdomain(child.id, (uint32_t)theirs);
    MG_CHECK(ours > 0);
    MG_CHECK_EQ(hypercall_evtchn_send((uint32_t)ours), 0);
    MG_CHECK_EQ(mg_domain_unpause(child.id), 0);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
    MG_CHECK_EQ(hypercall_evtchn_close((uint32_t)ours), 0);
}

void test_main(void)
{
    static void (*const tests[])(void) = {
        test_ends,   test_states,   test_pause,    test_info, test_list,
        test_copies, test_populate, test_counters, test_port,
    };

    mg_control_init();
    /* What the first port of the control domain itself lies in stays. */
    mg_event_close(mg_event_bind_ipi(0, NULL, NULL));
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        uint64_t before = mg_machine_info().free_frames;

        tests[i]();
        if (!MG_CHECK_EQ(mg_machine_info().free_frames, before))
            mg_error("test %zu has lost frames", i);
    }
    mg_audit();
}
