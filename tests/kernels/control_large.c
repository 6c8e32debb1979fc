/* SPDX-License-Identifier: MIT
 *
 * What takes longest for one domain that is destroyed: 32 vCPUs, and all of its
 * ports bound to the control domain, which is told of every change at each of
 * its own 32 vCPUs. With meter=on no call takes longer than its bound, and
 * afterwards each port is the control domain's alone, and unbound.
 *
 * BUNDLE: memory=32M vcpus=32
 * QEMU: privileged=1 patience=300 once=1
 */
#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_large);

/* Nothing is pending: so the next change is told to all of them anew. */
static void forget_events(void)
{
    for (uint32_t vcpu = 0; vcpu < PARAPET_MAX_VCPUS; vcpu++) {
        mg_vcpu_page_of(vcpu)->event_select = 0;
        mg_vcpu_page_of(vcpu)->event_pending = 0;
    }
    for (size_t i = 0; i < PARAPET_NR_PORTS / 64; i++)
        mg_shared_page()->event_pending[i] = 0;
}

/* Until it is done; the worst is met each time. */
static void carry_on(int64_t (*call)(uint32_t id), uint32_t id)
{
    int64_t result;

    do {
        forget_events();
        result = call(id);
    } while (result == -PARAPET_ERESTART);
    MG_CHECK_EQ(result, 0);
}

static void bind_virqs(void)
{
    for (uint32_t vcpu = 0; vcpu < PARAPET_MAX_VCPUS; vcpu++)
        MG_CHECK(hypercall_evtchn_bind_virq(PARAPET_VIRQ_DOMAIN, vcpu) > 0);
}

/* As many as there can be; each at another of our vCPUs. */
static uint32_t bind_all(uint32_t id)
{
    uint32_t nr = 0;
    int64_t port;

    for (;;) {
        port = HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(id, 0));
        if (port < 0)
            break;
        port = hypercall_evtchn_bind_interdomain(id, (uint32_t)port);
        if (port < 0)
            break;
        MG_CHECK_EQ(
            hypercall_evtchn_move((uint32_t)port, nr % PARAPET_MAX_VCPUS), 0);
        nr++;
    }
    MG_CHECK_EQ(port, -PARAPET_ENOSPC);
    return nr;
}

static uint32_t nr_unbound(void)
{
    struct parapet_port_status status;
    uint32_t nr = 0;

    for (uint32_t port = 1; port < PARAPET_NR_PORTS; port++) {
        if (hypercall_evtchn_status(port, &status) == 0)
            nr += status.kind == PARAPET_PORT_UNBOUND;
    }
    return nr;
}

static int64_t pause(uint32_t id)
{
    return hypercall_domain_pause(id);
}

static int64_t unpause(uint32_t id)
{
    return hypercall_domain_unpause(id);
}

static int64_t destroy(uint32_t id)
{
    return hypercall_domain_destroy(id);
}

void test_main(void)
{
    const struct mg_child_wish wish = {.bootargs = "spin",
                                       .nr_vcpus = PARAPET_MAX_VCPUS};
    struct mg_child child;
    uint32_t nr;

    mg_control_init();
    bind_virqs();
    mg_child_create(&wish, &child);
    nr = bind_all(child.id);
    MG_CHECK(nr >= PARAPET_NR_PORTS - PARAPET_MAX_VCPUS - 1);
    carry_on(unpause, child.id);
    carry_on(pause, child.id);
    carry_on(unpause, child.id);
    carry_on(destroy, child.id);
    MG_CHECK_EQ(nr_unbound(), nr);
    mg_audit();
}
