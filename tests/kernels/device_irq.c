/* SPDX-License-Identifier: MIT
 *
 * The interrupt of a device, as a port of the control domain: it comes with the
 * answer to a request, once, and again only when the port was unmasked; as long
 * as the device is not acknowledged, each time. Of a closed port nothing comes.
 *
 * BUNDLE: vcpus=2
 * QEMU: privileged=1
 * QEMU: disk="driver=null-co,read-zeroes=on" disk="driver=null-co" once=1
 *
 * VARIANT: one smp=1
 * VARIANT: two smp=2 meter="as one"
 */
#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/lib/virtio.h"

MG_TEST(device_irq);

#define NR_ROUNDS 50

static struct mg_virtio disk, other;
static uint64_t *page;
static uint32_t port;

/* Of the handler, which does as much as these say. */
static volatile uint64_t nr_upcalls;
static volatile uint32_t last_vcpu;
static volatile bool acknowledges, unmasks;

static void handler(uint32_t which, void *data)
{
    (void)data;
    last_vcpu = mg_vcpu_id();
    if (acknowledges)
        (void)mg_virtio_acknowledge(&disk);
    nr_upcalls = nr_upcalls + 1;
    if (unmasks)
        MG_DONE(hypercall_evtchn_unmask(which));
}

static void handler_does(bool all)
{
    acknowledges = unmasks = all;
}

static void bind(uint32_t vcpu)
{
    int64_t result = hypercall_evtchn_bind_pirq(disk.irq, vcpu);

    if (result <= 0)
        mg_error("evtchn_bind_pirq of %u: %ld", disk.irq, result);
    port = (uint32_t)result;
    mg_event_handle(port, handler, NULL);
    if (vcpu != 0)
        mg_event_move(port, vcpu);
}

/* ---- a request ---- */

static void ask(void)
{
    page[0] = page[MG_PTES - 1] = ~0ul;
    mg_virtio_read(&disk, 8, mg_mfn_of(page) * MG_PAGE_SIZE);
    mg_virtio_tell(&disk);
}

/* Until the answer is there, and the device wants its interrupt; or has got it
 * acknowledged. */
static void wait_for_answer(void)
{
    uint64_t deadline = mg_clock_ns() + MG_PATIENCE;
    uint8_t status = 0xff;

    while (!mg_virtio_take(&disk, &status)) {
        if (mg_clock_ns() > deadline)
            mg_error("the disk does not answer");
    }
    MG_CHECK_EQ(status, 0);
    MG_CHECK_EQ(page[0] | page[MG_PTES - 1], 0);
}

static void wait_for_wish(void)
{
    uint64_t deadline = mg_clock_ns() + MG_PATIENCE;

    while (disk.registers[VIRTIO_INTERRUPT_STATUS / 4] == 0) {
        if (mg_clock_ns() > deadline)
            mg_error("the disk wants no interrupt");
    }
}

static void wait_for_upcalls(uint64_t nr)
{
    uint64_t deadline = mg_clock_ns() + MG_PATIENCE;

    while (nr_upcalls < nr) {
        if (mg_clock_ns() > deadline) {
            mg_failure("expected %lu interrupts, got %lu", nr, nr_upcalls);
            return;
        }
    }
}

/* What was to come has come after so many exits. */
static void expect_no_more(uint64_t nr)
{
    for (int i = 0; i < 20; i++)
        (void)hypercall_yield();
    MG_CHECK_EQ(nr_upcalls, nr);
}

/* ---- the tests ---- */

static void test_what_is_refused(void)
{
    const uint32_t irqs[] = {0, 1, 2, 4, 8, 23, 24, 255, ~0u};

    for (size_t i = 0; i < ARRAY_SIZE(irqs); i++)
        MG_CHECK_EQ(hypercall_evtchn_bind_pirq(irqs[i], 0), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_evtchn_bind_pirq(disk.irq, 2), -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_evtchn_bind_pirq(disk.irq, ~0u), -PARAPET_ENOENT);
    bind(0);
    MG_CHECK_EQ(hypercall_evtchn_bind_pirq(disk.irq, 0), -PARAPET_EBUSY);
    MG_CHECK_EQ(hypercall_evtchn_bind_pirq(disk.irq, 1), -PARAPET_EBUSY);
}

static void test_status(void)
{
    struct parapet_port_status status;

    memset(&status, 0xff, sizeof(status));
    MG_DONE(hypercall_evtchn_status(port, &status));
    MG_CHECK_EQ(status.kind, PARAPET_PORT_PIRQ);
    MG_CHECK_EQ(status.vcpu, 0);
    MG_CHECK_EQ(status.irq, disk.irq);
    MG_CHECK_EQ(status.remote | status.remote_port | status.virq, 0);
}

/* One for each request, since the device is told at once. */
static void test_requests(void)
{
    uint64_t before = nr_upcalls;

    handler_does(true);
    for (uint64_t i = 1; i <= NR_ROUNDS; i++) {
        ask();
        wait_for_upcalls(before + i);
        wait_for_answer();
        MG_CHECK_EQ(nr_upcalls, before + i);
    }
    expect_no_more(before + NR_ROUNDS);
}

/* Until the port is unmasked it does not interrupt again, whatever it wants. */
static void test_unmask(void)
{
    uint64_t before = nr_upcalls;

    acknowledges = true;
    unmasks = false;
    ask();
    wait_for_upcalls(before + 1);
    wait_for_answer();
    ask();
    wait_for_answer();
    wait_for_wish();
    expect_no_more(before + 1);
    handler_does(true);
    MG_DONE(hypercall_evtchn_unmask(port));
    wait_for_upcalls(before + 2);
    expect_no_more(before + 2);
    /* It was unmasked already. */
    MG_DONE(hypercall_evtchn_unmask(port));
    expect_no_more(before + 2);
}

/* It is a level: as long as nobody acknowledges it comes each time. */
static void test_level(void)
{
    uint64_t before = nr_upcalls;

    handler_does(false);
    ask();
    wait_for_upcalls(before + 1);
    wait_for_answer();
    for (uint64_t i = 2; i <= NR_ROUNDS; i++) {
        MG_DONE(hypercall_evtchn_unmask(port));
        wait_for_upcalls(before + i);
        MG_CHECK_EQ(nr_upcalls, before + i);
    }
    (void)mg_virtio_acknowledge(&disk);
    MG_DONE(hypercall_evtchn_unmask(port));
    expect_no_more(before + NR_ROUNDS);
}

/* The bit in the shared page keeps the upcall away, and not the interrupt. */
static void test_masked_port(void)
{
    uint64_t before = nr_upcalls;

    handler_does(true);
    mg_port_mask(port);
    ask();
    wait_for_answer();
    wait_for_wish();
    expect_no_more(before);
    MG_CHECK(mg_port_is_pending(port));
    MG_DONE(hypercall_evtchn_unmask(port));
    wait_for_upcalls(before + 1);
    expect_no_more(before + 1);
}

/* What a sender raises is an event as any, without the device. */
static void test_send(void)
{
    uint64_t before = nr_upcalls;

    handler_does(true);
    MG_DONE(hypercall_evtchn_send(port));
    wait_for_upcalls(before + 1);
    expect_no_more(before + 1);
}

/* With the device in the midst of a wish: the next port has it at once. */
static void test_close(void)
{
    uint64_t before = nr_upcalls;

    handler_does(false);
    ask();
    wait_for_upcalls(before + 1);
    wait_for_answer();
    mg_event_close(port);
    MG_CHECK_EQ(hypercall_evtchn_unmask(port), -PARAPET_EINVAL);
    expect_no_more(before + 1);
    handler_does(true);
    mg_cli();
    bind(0);
    mg_sti();
    wait_for_upcalls(before + 2);
    expect_no_more(before + 2);
    /* And with one that is not masked. */
    mg_event_close(port);
    ask();
    wait_for_answer();
    wait_for_wish();
    expect_no_more(before + 2);
    (void)mg_virtio_acknowledge(&disk);
    bind(0);
    expect_no_more(before + 2);
}

/* The other one's is its own. */
static void test_two(void)
{
    static volatile uint64_t nr_others;
    int64_t result = hypercall_evtchn_bind_pirq(other.irq, 0);
    uint64_t before = nr_upcalls;

    MG_CHECK(result > 0 && result != port);
    mg_event_handle((uint32_t)result, mg_event_count, (void *)&nr_others);
    handler_does(true);
    ask();
    wait_for_upcalls(before + 1);
    wait_for_answer();
    MG_CHECK_EQ(nr_others, 0);
    mg_virtio_map(&other);
    mg_virtio_start(&other);
    mg_virtio_read(&other, 0, mg_mfn_of(page) * MG_PAGE_SIZE);
    mg_virtio_tell(&other);
    MG_CHECK(mg_clock_wait(&nr_others));
    expect_no_more(before + 1);
    /* And is left as it is: masked, and wanted; the end closes the port. */
}

static void serve_on_other_vcpu(void *data)
{
    volatile uint64_t *started = data;

    mg_sti();
    *started = 1;
    for (;;)
        (void)hypercall_block();
}

static void test_move(void)
{
    static volatile uint64_t started;
    uint64_t before = nr_upcalls;

    handler_does(true);
    MG_DONE(mg_vcpu_start(1, serve_on_other_vcpu, (void *)&started));
    while (!started)
        (void)hypercall_yield();
    mg_event_move(port, 1);
    for (uint64_t i = 1; i <= NR_ROUNDS; i++) {
        ask();
        while (nr_upcalls < before + i)
            (void)hypercall_yield();
        wait_for_answer();
        MG_CHECK_EQ(last_vcpu, 1);
    }
    mg_event_close(port);
    bind(1);
    ask();
    while (nr_upcalls < before + NR_ROUNDS + 1)
        (void)hypercall_yield();
    wait_for_answer();
    mg_event_move(port, 0);
}

void test_main(void)
{
    if (!mg_virtio_find(0, &disk) || !mg_virtio_find(1, &other))
        mg_error("the device tree has no two devices");
    page = mg_page();
    mg_event_init();
    mg_virtio_map(&disk);
    mg_virtio_start(&disk);
    mg_sti();
    test_what_is_refused();
    test_status();
    test_requests();
    test_unmask();
    test_level();
    test_masked_port();
    test_send();
    test_close();
    test_move();
    test_two();
    mg_audit();
}
