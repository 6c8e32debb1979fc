/* SPDX-License-Identifier: MIT
 *
 * The suite of every hypercall for devices (see lib/suite.h), by the control
 * domain. What mappings and interrupts are is in device_map.c and device_irq.c.
 *
 * QEMU: privileged=1 disk="driver=null-co" once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/suite.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/virtio.h"

MG_TEST(suite_device);

#define FIRST 128
#define LAST 143
#define NR_MAPS 16u /* at once */

static struct mg_window window;
static struct mg_virtio disk;

static uint64_t at(uint64_t index)
{
    return (uint64_t)mg_window_at(&window, index);
}

static void suite_device_map(void)
{
    RETURNS(hypercall_device_map(at(0), disk.paddr), 0);
    REFUSES(hypercall_device_map(at(0) + 1, disk.paddr), EINVAL);
    REFUSES(hypercall_device_map(PARAPET_M2P, disk.paddr), EINVAL);
    REFUSES(hypercall_device_map(at(1), 0), EPERM);
    REFUSES(hypercall_device_map(window.vaddr + (1ul << 38), disk.paddr),
            ENOENT);
    REFUSES(hypercall_device_map(at(0), disk.paddr), EBUSY);
    for (unsigned int i = 1; i < NR_MAPS; i++)
        RETURNS(hypercall_device_map(at(i), disk.paddr), 0);
    REFUSES(hypercall_device_map(at(NR_MAPS), disk.paddr), ENOSPC);
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c has such waits */
}

static void suite_device_unmap(void)
{
    RETURNS(hypercall_device_unmap(at(0)), 0);
    REFUSES(hypercall_device_unmap(at(0)), ENOENT);
    REFUSES(hypercall_device_unmap(at(1) + 1), EINVAL);
    REFUSES(hypercall_device_unmap(PARAPET_M2P), EINVAL);
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c has such waits */
}

/* Until there is no port any more. */
static void take_all_ports(void)
{
    int64_t port;

    do {
        port = hypercall_evtchn_bind_ipi(0);
    } while (port > 0);
    MG_CHECK_EQ(port, -PARAPET_ENOSPC);
}

static void suite_evtchn_bind_pirq(void)
{
    int64_t port = NOTED(hypercall_evtchn_bind_pirq(disk.irq, 0));

    MG_CHECK(port > 0);
    REFUSES(hypercall_evtchn_bind_pirq(disk.irq, 0), EBUSY);
    REFUSES(hypercall_evtchn_bind_pirq(disk.irq + 1, 0), EINVAL);
    REFUSES(hypercall_evtchn_bind_pirq(disk.irq, 1), ENOENT);
    mg_event_close((uint32_t)port);
    take_all_ports();
    REFUSES(hypercall_evtchn_bind_pirq(disk.irq, 0), ENOSPC);
    mg_suite_excuse(PARAPET_ENOMEM); /* tests/unit/test_port.c */
}

static const struct mg_suite suites[] = {
    MG_SUITE(device_map),
    MG_SUITE(device_unmap),
    MG_SUITE(evtchn_bind_pirq),
};

void test_main(void)
{
    window = mg_window_make();
    if (!mg_virtio_find(0, &disk))
        mg_error("the device tree has no device");
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        uint64_t number = mg_hypercalls[i].number;

        if (number >= FIRST && number <= LAST)
            mg_suite_run(suites, ARRAY_SIZE(suites), number);
    }
    mg_audit();
}
