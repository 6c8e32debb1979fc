/* SPDX-License-Identifier: MIT
 *
 * Event ports on one vCPU: send, mask, unmask, close, what waits while
 * events are off, a sti that finds work, and upcalls inside upcalls.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(events);

static volatile uint64_t count;

static void expect_count(uint64_t expected, const char *when)
{
    if (count != expected)
        mg_failure("%s: expected %lu upcalls so far, got %lu", when, expected,
                   count);
    count = 0;
}

static uint32_t open(void)
{
    count = 0;
    return mg_event_bind_ipi(0, mg_event_count, (void *)&count);
}

static void test_send(void)
{
    uint32_t port = open();

    mg_sti();
    for (uint64_t i = 1; i <= 100; i++) {
        MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
        MG_CHECK_EQ(count, i);
    }
    MG_CHECK(!mg_port_is_pending(port));
    mg_cli();
    mg_event_close(port);
}

/* Many sends while events are off are one upcall when they are on again. */
static void test_events_off(void)
{
    uint32_t port = open();

    for (int i = 0; i < 3; i++)
        MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    expect_count(0, "events off");
    MG_CHECK(mg_port_is_pending(port));
    MG_CHECK_EQ(mg_vcpu_page()->event_pending, 1);
    MG_CHECK(mg_vcpu_page()->event_select & 1ul << port / 64);
    mg_sti();
    expect_count(1, "sti with work");
    MG_CHECK_EQ(mg_vcpu_page()->event_pending, 0);
    MG_CHECK_EQ(mg_vcpu_page()->event_select, 0);
    mg_cli();
    mg_event_close(port);
}

/* The other ways to turn events on deliver what waits, too. */
static void test_ways_on(void)
{
    uint32_t port = open();

    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    MG_CHECK_EQ(hypercall_cpu_irq_enable(), 0);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 0);
    expect_count(1, "cpu_irq_enable");

    MG_CHECK_EQ(hypercall_cpu_irq_disable(), 0);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    expect_count(0, "cpu_irq_disable");
    MG_CHECK_EQ(hypercall_block(), 0);
    expect_count(1, "block with an event pending");
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 0);
    mg_cli();
    mg_event_close(port);
}

/* event_check delivers nothing while events are off. */
static void test_check_while_off(void)
{
    uint32_t port = open();

    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    MG_CHECK_EQ(hypercall_event_check(), 0);
    expect_count(0, "event_check while events are off");
    mg_sti();
    MG_CHECK_EQ(hypercall_event_check(), 0);
    expect_count(1, "one send");
    mg_cli();
    mg_event_close(port);
}

static void test_masked_port(void)
{
    uint32_t port = open();

    mg_sti();
    mg_port_mask(port);
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    MG_CHECK(mg_port_is_pending(port));
    (void)hypercall_event_check();
    expect_count(0, "masked port");
    MG_CHECK_EQ(hypercall_evtchn_unmask(port), 0);
    expect_count(1, "unmask of a pending port");
    MG_CHECK_EQ(hypercall_evtchn_unmask(port), 0);
    expect_count(0, "unmask of a quiet port");
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    expect_count(1, "send after unmask");
    mg_cli();
    mg_event_close(port);
}

static void test_errors(void)
{
    static const uint32_t bad[] = {PARAPET_NR_PORTS - 1, PARAPET_NR_PORTS,
                                   0x7fffffff, 0x80000000, 0xffffffff};
    uint32_t port = open();
    int64_t timer = hypercall_evtchn_bind_virq(PARAPET_VIRQ_TIMER, 0);

    MG_CHECK(timer >= 0);
    MG_CHECK_EQ(hypercall_evtchn_bind_virq(PARAPET_VIRQ_TIMER, 0),
                -PARAPET_EEXIST);
    MG_CHECK_EQ(hypercall_evtchn_close((uint32_t)timer), 0);
    MG_CHECK_EQ(hypercall_evtchn_bind_virq(PARAPET_NR_VIRQS, 0),
                -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_evtchn_bind_virq(0xffffffff, 0), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_evtchn_bind_virq(PARAPET_VIRQ_TIMER, 1),
                -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_evtchn_bind_ipi(1), -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_evtchn_bind_ipi(0xffffffff), -PARAPET_ENOENT);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        MG_CHECK_EQ(hypercall_evtchn_send(bad[i]), -PARAPET_EINVAL);
        MG_CHECK_EQ(hypercall_evtchn_unmask(bad[i]), -PARAPET_EINVAL);
        MG_CHECK_EQ(hypercall_evtchn_close(bad[i]), -PARAPET_EINVAL);
    }
    mg_event_close(port);
    MG_CHECK_EQ(hypercall_evtchn_send(port), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_evtchn_unmask(port), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_evtchn_close(port), -PARAPET_EINVAL);
}

/* A port that was pending when it was closed says nothing when it is new. */
static void test_close_pending(void)
{
    uint32_t port = open(), again;

    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    mg_event_close(port);
    again = open();
    mg_sti();
    expect_count(0, "a new port");
    mg_cli();
    mg_event_close(again);
}

/* All ports there are; the table's end is an error, and closing makes room. */
static void test_all_ports(void)
{
    static bool mine[PARAPET_NR_PORTS];
    uint32_t nr = 0;
    int64_t port;

    while ((port = hypercall_evtchn_bind_ipi(0)) >= 0) {
        if (port >= PARAPET_NR_PORTS || mine[port])
            mg_error("bind_ipi gave port %ld", port);
        mine[port] = true;
        nr++;
    }
    MG_CHECK_EQ(port, -PARAPET_ENOSPC);
    MG_CHECK_EQ(hypercall_evtchn_bind_virq(PARAPET_VIRQ_TIMER, 0),
                -PARAPET_ENOSPC);
    /* At most a few ports are not for guests. */
    MG_CHECK(nr >= PARAPET_NR_PORTS - 4);
    for (uint32_t p = 0; p < PARAPET_NR_PORTS; p++) {
        if (mine[p])
            MG_CHECK_EQ(hypercall_evtchn_close(p), 0);
    }
    mg_event_close(open());
}

/* Ports far apart, in different words, all pending: one upcall serves all. */
#define NR_SPREAD 200

static void test_many_pending(void)
{
    uint32_t ports[NR_SPREAD];

    for (size_t i = 0; i < NR_SPREAD; i++)
        ports[i] = mg_event_bind_ipi(0, mg_event_count, (void *)&count);
    count = 0;
    for (size_t i = 0; i < NR_SPREAD; i++)
        MG_CHECK_EQ(hypercall_evtchn_send(ports[i]), 0);
    mg_sti();
    expect_count(NR_SPREAD, "many ports");
    mg_cli();
    for (size_t i = 0; i < NR_SPREAD; i++)
        mg_event_close(ports[i]);
}

/* A handler that turns events on is interrupted by the next one. */
static uint32_t ladder[8];
static uint64_t depth, deepest;

static void climb(uint32_t port, void *data)
{
    size_t step = (size_t)data;

    (void)port;
    count++;
    if (++depth > deepest)
        deepest = depth;
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
    if (step + 1 < ARRAY_SIZE(ladder)) {
        mg_sti();
        MG_CHECK_EQ(hypercall_evtchn_send(ladder[step + 1]), 0);
        mg_cli();
    }
    depth--;
}

static void test_nested(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(ladder); i++)
        ladder[i] = mg_event_bind_ipi(0, climb, (void *)i);
    count = 0;
    mg_sti();
    MG_CHECK_EQ(hypercall_evtchn_send(ladder[0]), 0);
    expect_count(ARRAY_SIZE(ladder), "nested upcalls");
    MG_CHECK_EQ(deepest, ARRAY_SIZE(ladder));
    MG_CHECK_EQ(depth, 0);
    mg_cli();
    for (size_t i = 0; i < ARRAY_SIZE(ladder); i++)
        mg_event_close(ladder[i]);
}

/* The frame of an upcall: events on, guest kernel, our own stack. */
static struct parapet_frame upcall_frame;

static void keep_frame(struct mg_regs *regs)
{
    upcall_frame = regs->frame;
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
    MG_CHECK_EQ(ALIGN_DOWN(regs->frame.rsp, 16), &regs->frame + 1);
}

static void test_frame(void)
{
    uint32_t port = open();

    mg_event_hook(keep_frame);
    mg_sti();
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    mg_event_hook(NULL);
    MG_CHECK_EQ(upcall_frame.cs, PARAPET_CS_KERNEL);
    MG_CHECK_EQ(upcall_frame.ss, PARAPET_SS);
    MG_CHECK_EQ(upcall_frame.error, 0);
    MG_CHECK(upcall_frame.rflags & PARAPET_RFLAGS_IF);
    /* Interrupted right after the hypercall that sent: its result is 0. */
    MG_CHECK_EQ(upcall_frame.rax, 0);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 0);
    mg_cli();
    mg_event_close(port);
}

/* Without a callback an event waits, and is not lost. */
static void test_no_callback(void)
{
    uint32_t port = open();

    MG_CHECK_EQ(hypercall_set_callback(PARAPET_CALLBACK_EVENT, 0), 0);
    mg_sti();
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    expect_count(0, "no callback");
    mg_event_init();
    (void)hypercall_event_check();
    expect_count(1, "callback set again");
    mg_cli();
    mg_event_close(port);
}

void test_main(void)
{
    test_send();
    test_events_off();
    test_ways_on();
    test_check_while_off();
    test_masked_port();
    test_errors();
    test_close_pending();
    test_many_pending();
    test_all_ports();
    test_nested();
    test_frame();
    test_no_callback();
}
