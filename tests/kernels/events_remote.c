/* SPDX-License-Identifier: MIT
 *
 * Ports between domains: binding, sending, closing by either end, moving to
 * another vCPU, and what is left when the other domain has ended. Each call is
 * tried with the ports and ids of others, too: what is not the caller's, or
 * does not wait for it, is refused.
 *
 * BUNDLE: vcpus=2
 * QEMU: partner=partners/events_peer
 * VARIANT: one_cpu smp=1
 * VARIANT: two_cpus smp=2
 */
#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/partners/events_peer.h"

MG_TEST(events_remote);

static volatile uint64_t echoes, changes, told[2];

static void expect_after(uint64_t yields, volatile uint64_t *count,
                         uint64_t expected, const char *what)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    for (uint64_t i = 0; i < yields && *count < expected; i++)
        (void)hypercall_yield();
    while (*count < expected && mg_clock_ns() < end)
        ;
    if (*count != expected)
        mg_failure("%s: expected %lu events, got %lu", what, expected, *count);
    *count = 0;
}

static void expect(volatile uint64_t *count, uint64_t expected,
                   const char *what)
{
    expect_after(100, count, expected, what);
}

static void expect_status(uint32_t port, uint32_t kind, uint32_t remote,
                          uint32_t remote_port)
{
    struct parapet_port_status status = {.kind = 99, .irq = 99};

    MG_CHECK_EQ(hypercall_evtchn_status(port, &status), 0);
    MG_CHECK_EQ(status.kind, kind);
    MG_CHECK_EQ(status.remote, remote);
    MG_CHECK_EQ(status.remote_port, remote_port);
    MG_CHECK_EQ(status.virq, 0);
    MG_CHECK_EQ(status.irq, 0);
}

/*
 * The peer makes its ports when it likes, this one last. No try is taken back:
 * the peer would be told of that, and its echo could come out at a later port.
 */
static uint32_t bind_toy(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    int64_t port;

    /* It begins pending: the upcall is to find the handler. */
    mg_cli();
    while ((port = hypercall_evtchn_bind_interdomain(PEER_ID, PEER_TOY)) < 0 &&
           mg_clock_ns() < end)
        (void)hypercall_yield();
    MG_CHECK(port > 0);
    mg_event_handle((uint32_t)port, mg_event_count, (void *)&changes);
    mg_sti();
    expect(&changes, 1, "a new port");
    return (uint32_t)port;
}

/*
 * The peer has done what it was told before: the first echo may come in the
 * midst of that, but the second comes from a later upcall.
 */
static void wait_for_peer(uint32_t toy)
{
    for (int i = 0; i < 2; i++) {
        MG_CHECK_EQ(hypercall_evtchn_send(toy), 0);
        expect(&changes, 1, "an echo of the toy");
    }
}

/* Of those that are not there, some have the place of one that is. */
static void test_strangers(void)
{
    static const uint32_t nobody[] = {
        0,       3,       4095,  4096,       4097,       4098,
        0x10001, 0x10002, 65535, 0x7fffffff, 0x80000000, 0xfffffffe};
    static const uint32_t ports[] = {
        0,    PEER_OTHERS, PEER_TOY + 1,        511,        512,
        4095, 4096,        PEER_ECHO | 0x10000, 0x7fffffff, 0xffffffff};

    for (size_t i = 0; i < ARRAY_SIZE(nobody); i++) {
        MG_CHECK_EQ(hypercall_evtchn_alloc_unbound(nobody[i]), -PARAPET_ENOENT);
        MG_CHECK_EQ(hypercall_evtchn_bind_interdomain(nobody[i], PEER_ECHO),
                    -PARAPET_ENOENT);
    }
    for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
        MG_CHECK_EQ(hypercall_evtchn_bind_interdomain(PEER_ID, ports[i]),
                    -PARAPET_EINVAL);
}

static void test_echo(uint32_t toy)
{
    uint32_t port = mg_event_bind_interdomain(PEER_ID, PEER_ECHO,
                                              mg_event_count, (void *)&echoes);

    expect_status(port, PARAPET_PORT_INTERDOMAIN, PEER_ID, PEER_ECHO);
    expect(&echoes, 1, "a new port");
    for (int i = 0; i < 100; i++) {
        MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
        /* What is sent does not come out here. */
        expect(&echoes, 1, "an echo");
    }
    MG_CHECK_EQ(hypercall_evtchn_bind_interdomain(PEER_ID, PEER_ECHO),
                -PARAPET_EINVAL);
    mg_event_close(port);
    MG_CHECK_EQ(hypercall_evtchn_send(port), -PARAPET_EINVAL);
    /* The peer was told, and its echo found nobody, or this port. */
    port = mg_event_bind_interdomain(PEER_ID, PEER_ECHO, NULL, NULL);
    wait_for_peer(toy);
    mg_event_close(port);
}

/* Both ends in one domain, by its number and by the name for oneself. */
static void test_self(uint32_t id, uint32_t other_id)
{
    uint32_t one = mg_event_alloc_unbound(id, mg_event_count, (void *)&echoes);
    uint32_t other = mg_event_bind_interdomain(other_id, one, mg_event_count,
                                               (void *)&changes);

    expect_status(one, PARAPET_PORT_INTERDOMAIN, TEST_ID, other);
    expect_status(other, PARAPET_PORT_INTERDOMAIN, TEST_ID, one);
    expect(&changes, 1, "a new port");
    MG_CHECK_EQ(hypercall_evtchn_send(one), 0);
    expect(&changes, 1, "to the one end");
    MG_CHECK_EQ(hypercall_evtchn_send(other), 0);
    expect(&echoes, 1, "to the other");
    mg_event_close(one);
    expect(&changes, 1, "the one end was closed");
    expect_status(other, PARAPET_PORT_UNBOUND, TEST_ID, 0);
    MG_CHECK_EQ(hypercall_evtchn_send(other), -PARAPET_ENOTCONN);
    /* The same domain may bind it again. */
    one = mg_event_bind_interdomain(id, other, mg_event_count, (void *)&echoes);
    expect(&echoes, 1, "bound anew");
    mg_event_close(other);
    expect(&echoes, 1, "the other end was closed");
    mg_event_close(one);
}

static void test_closed_by_peer(uint32_t close, uint32_t toy)
{
    for (int i = 0; i < 20; i++) {
        MG_CHECK_EQ(hypercall_evtchn_send(close), 0);
        expect(&changes, 1, "the peer has closed");
        expect_status(toy, PARAPET_PORT_UNBOUND, PEER_ID, 0);
        MG_CHECK_EQ(hypercall_evtchn_send(toy), -PARAPET_ENOTCONN);
        mg_event_close(toy);
        toy = bind_toy();
    }
    mg_event_close(toy);
}

/* ---- another vCPU ---- */

static void second_vcpu(void *unused)
{
    (void)unused;
    mg_sti();
    for (;;)
        (void)hypercall_block();
}

static void note(uint32_t port, void *data)
{
    (void)port;
    (void)data;
    told[mg_vcpu_id()]++;
}

/* What is pending goes along, and is not lost. */
static void test_move(void)
{
    uint32_t port = mg_event_bind_interdomain(PEER_ID, PEER_ECHO, note, NULL);
    uint32_t waits = mg_event_bind_ipi(0, note, NULL);

    expect(&told[0], 1, "a new port");
    MG_CHECK_EQ(mg_vcpu_start(1, second_vcpu, NULL), 0);
    for (int i = 0; i < 20; i++) {
        uint32_t to = i % 2 ? 0 : 1;

        mg_event_move(port, to);
        MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
        expect(&told[to], 1, "moved");
        MG_CHECK_EQ(told[1 - to], 0);
    }
    mg_cli();
    MG_CHECK_EQ(hypercall_evtchn_send(waits), 0);
    mg_event_move(waits, 1);
    mg_sti();
    expect(&told[1], 1, "moved while it was pending");
    MG_CHECK_EQ(told[0], 0);
    MG_CHECK_EQ(hypercall_evtchn_move(port, 2), -PARAPET_ENOENT);
    mg_event_close(waits);
    mg_event_close(port);
}

/* ---- the peer's end ---- */

static void test_end(uint32_t close)
{
    uint32_t port = mg_event_bind_interdomain(PEER_ID, PEER_END, NULL, NULL);

    changes = 0;
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    expect_after(0, &changes, 1, "the peer has ended");
    expect_status(close, PARAPET_PORT_UNBOUND, PEER_ID, 0);
    MG_CHECK_EQ(hypercall_evtchn_send(close), -PARAPET_ENOTCONN);
    MG_CHECK_EQ(hypercall_evtchn_alloc_unbound(PEER_ID), -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_evtchn_bind_interdomain(PEER_ID, PEER_TOY),
                -PARAPET_ENOENT);
    mg_clock_delay(20 * MG_MS);
    MG_CHECK_EQ(changes, 0);
    mg_event_close(close);
}

void test_main(void)
{
    uint32_t close, toy = bind_toy();

    test_strangers();
    test_echo(toy);
    test_self(TEST_ID, PARAPET_DOMAIN_SELF);
    test_self(PARAPET_DOMAIN_SELF, TEST_ID);
    close = mg_event_bind_interdomain(PEER_ID, PEER_CLOSE, mg_event_count,
                                      (void *)&changes);
    expect(&changes, 1, "a new port");
    test_closed_by_peer(close, toy);
    test_move();
    test_end(close);
}
