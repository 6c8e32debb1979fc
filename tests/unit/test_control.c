/* SPDX-License-Identifier: MIT
 *
 * Ports between domains, domain control and the teardown, call by call on two
 * CPUs that do nothing else: what one domain may do to another, and what has to
 * be waited for. tests/mutations takes the checks out that this is to see.
 */
#include "tests/unit/machine.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/domain.h"
#include "abi/errors.h"
#include "abi/event.h"
#include "abi/memory.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/core/device.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_create.h"
#include "hypervisor/core/domain_end.h"
#include "hypervisor/core/domain_teardown.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/hc_console.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/core/pirq.h"
#include "hypervisor/mm/audit.h"
#include "hypervisor/sched/sched.h"
#include "tests/unit/direct_map.h"

#define NR_CPUS 2
#define MAX_MFNS 4096
#define MAX_SHARES 100

static struct domain *control, *a, *b, *c;

/* ---- frames: one reference is asked for, and has to be given back ---- */

static struct frame_info infos[MAX_MFNS];
struct frame_info *frame_infos = infos;
uint64_t nr_frame_infos; /* 0: each is asked for below */
uint64_t tlb_clock = 1;
static int get_result;

void type_stamp_slow(struct frame_info *f)
{
    (void)f;
}

int type_get_slow(struct memory_owner *m, mfn_t mfn)
{
    (void)m;
    if (get_result == 0)
        infos[mfn].state += STATE_REFERENCE;
    return get_result;
}

int type_get_writable_slow(struct memory_owner *m, mfn_t mfn)
{
    (void)m;
    if (get_result == 0)
        infos[mfn].state += STATE_USE;
    return get_result;
}

static bool tables_wait; /* to be let go, more than a call can */

bool table_release(struct memory_owner *m)
{
    (void)m;
    return !tables_wait;
}

int64_t memory_check_array(uint64_t vaddr, uint64_t nr, size_t entry_size)
{
    (void)vaddr;
    (void)nr;
    (void)entry_size;
    return 0;
}

/* Of an entry at which a batch stops: here it is what the domain may have. */
int64_t memory_populate_one(struct memory_owner *m, uint64_t vaddr)
{
    (void)vaddr;
    if (owner_may_have(m, 1))
        abort();
    return -PARAPET_ENOSPC;
}

int type_take_back(struct memory_owner *m, mfn_t mfn)
{
    (void)m;
    (void)mfn;
    abort();
}

size_t frame_nr_total(void)
{
    return 0;
}

/* ---- an engine, whose guests' memory is the host's ---- */

static mfn_t copied_mfn; /* whose reference is to be held */
static bool copied_held;

static int test_copy_from_guest(void *to, uint64_t from, size_t nr_bytes)
{
    copied_held = infos[copied_mfn].state == STATE_USE;
    memcpy(to, (const void *)from, nr_bytes);
    return 0;
}

static int test_copy_to_guest(uint64_t to, const void *from, size_t nr_bytes)
{
    copied_held = infos[copied_mfn].state == STATE_REFERENCE;
    memcpy((void *)to, from, nr_bytes);
    return 0;
}

static int set_start_result;

static int test_vcpu_set_start(struct vcpu *v, uint64_t entry, uint64_t stack,
                               uint64_t argument, uint64_t root)
{
    (void)v;
    (void)entry;
    (void)stack;
    (void)argument;
    (void)root;
    return set_start_result;
}

static void test_domain_unload(struct domain *d)
{
    (void)d;
}

static hypercall_handler_t *const dispatch[1], *const dispatch_control[1];

static const struct engine engine = {
    .name = "test",
    .vcpu_size = sizeof(struct vcpu),
    .dispatch = dispatch,
    .dispatch_control = dispatch_control,
    .copy_from_guest = test_copy_from_guest,
    .copy_to_guest = test_copy_to_guest,
    .vcpu_set_start = test_vcpu_set_start,
    .domain_unload = test_domain_unload,
};

const struct engine *engine_find(const char *name)
{
    return strcmp(name, engine.name) == 0 ? &engine : NULL;
}

/* ---- what nothing here leads to ---- */

uint64_t audit_memory(struct memory_owner *m, const struct audit_hold *holds,
                      size_t nr_holds)
{
    (void)m;
    (void)holds;
    (void)nr_holds;
    abort();
}

void hc_console_interrupt(void)
{
}

_Noreturn void machine_end(enum machine_end how)
{
    (void)how;
    abort();
}

_Noreturn void panic(const char *format, ...)
{
    print_error("panic: %s\n", format);
    abort();
}

_Noreturn void panic_regs(const struct cpu_regs *regs, const char *format, ...)
{
    (void)regs;
    panic("%s", format);
}

/* ---- calls ---- */

typedef int64_t deed_t(const uint64_t args[4]);

static struct {
    deed_t *deed;
    uint64_t args[4];
    int64_t result;
} deeds[NR_CPUS];

static void run_deeds(void)
{
    unsigned int cpu = this_cpu()->id;

    for (;;) {
        deeds[cpu].result = deeds[cpu].deed(deeds[cpu].args);
        machine_pause(MACHINE_IN_GUEST);
    }
}

/* As far as the first place where others may come in between. */
static void begin_on(unsigned int cpu, deed_t *deed, const uint64_t args[4])
{
    deeds[cpu].deed = deed;
    memcpy(deeds[cpu].args, args, sizeof(deeds[cpu].args));
    machine_run(cpu);
}

static int64_t finish_on(unsigned int cpu)
{
    while (machine_place(cpu) == MACHINE_IN_HYPERVISOR)
        machine_run(cpu);
    return deeds[cpu].result;
}

/* From its begin to its end on one CPU; the others do nothing. */
static int64_t on_cpu(unsigned int cpu, deed_t *deed, const uint64_t args[4])
{
    begin_on(cpu, deed, args);
    return finish_on(cpu);
}

#define DEED(name, call)                                                       \
    static int64_t name##_deed(const uint64_t args[4])                         \
    {                                                                          \
        (void)args;                                                            \
        return call;                                                           \
    }
#define U32(n) ((uint32_t)args[n])

DEED(alloc, hc_evtchn_alloc_unbound(U32(0)))
DEED(bind, hc_evtchn_bind_interdomain(U32(0), U32(1)))
DEED(bind_ipi, hc_evtchn_bind_ipi(U32(0)))
DEED(bind_virq, hc_evtchn_bind_virq(U32(0), U32(1)))
DEED(send, hc_evtchn_send(U32(0)))
DEED(close, hc_evtchn_close(U32(0)))
DEED(status, hc_evtchn_status(U32(0), args[1]))
DEED(copy_to, hc_domain_copy_to(U32(0), args[1], args[2], args[3]))
DEED(copy_from, hc_domain_copy_from(U32(0), args[1], args[2], args[3]))
DEED(populate, hc_domain_populate(U32(0), args[1], args[2]))
DEED(vcpu_start, hc_domain_vcpu_start(U32(0), U32(1), args[2]))
DEED(unpause, hc_domain_unpause(U32(0)))
DEED(pause, hc_domain_pause(U32(0)))
DEED(destroy, hc_domain_destroy(U32(0)))
DEED(request, hc_domain_request(U32(0), U32(1)))
DEED(share, domain_teardown_share(U32(0)))
DEED(end, (domain_end(domain_find(U32(0)), PARAPET_SHUTDOWN_CRASH), 0))
DEED(kick, (sched_kick_interrupt(), 0))
DEED(bind_pirq, hc_evtchn_bind_pirq(U32(0), U32(1)))
DEED(unmask, hc_evtchn_unmask(U32(0)))
DEED(interrupt, (pirq_interrupt(U32(0)), 0))

#define CALL(name, ...) on_cpu(0, name##_deed, (const uint64_t[4]){__VA_ARGS__})

/* The domain whose vCPU makes the calls. */
static void as(const struct domain *d)
{
    percpu_info(0)->current = d->vcpus[0];
}

static struct domain *create(bool is_control)
{
    static unsigned int nr;
    char name[16];
    const struct domain_settings settings = {.name = name,
                                             .engine = &engine,
                                             .control = is_control,
                                             .nr_vcpus = 1,
                                             .weight = 1};
    mfn_t mfns[VCPU_PAGES];
    struct domain *d;

    (void)snprintf(name, sizeof(name), "d%u", nr++);
    assert_int_equal(domain_create(&settings, &d), 0);
    assert_int_equal(domain_vcpu_create(d, 0, mfns), 0);
    return d;
}

static bool is_pending(const struct domain *d, int64_t port)
{
    return bit_test(d->shared->event_pending, (uint64_t)port);
}

static struct parapet_port_status status_of(const struct domain *d,
                                            int64_t port)
{
    struct parapet_port_status s;

    as(d);
    assert_int_equal(CALL(status, (uint64_t)port, (uint64_t)&s), 0);
    return s;
}

/* ---- ports ---- */

static void test_only_the_named_binds(void **state)
{
    int64_t port;

    (void)state;
    as(a);
    port = CALL(alloc, b->id);
    assert_true(port > 0);
    as(c);
    assert_int_equal(CALL(bind, a->id, (uint64_t)port), -PARAPET_EINVAL);
    as(b);
    assert_true(CALL(bind, a->id, (uint64_t)port) > 0);
    assert_int_equal(CALL(bind, a->id, (uint64_t)port), -PARAPET_EINVAL);
}

static void test_close_tells_the_other(void **state)
{
    int64_t port, other;

    (void)state;
    as(a);
    port = CALL(alloc, b->id);
    as(b);
    other = CALL(bind, a->id, (uint64_t)port);
    assert_int_equal(CALL(send, (uint64_t)other), 0);
    assert_true(is_pending(a, port));
    b->shared->event_pending[0] = 0;
    as(a);
    assert_int_equal(CALL(close, (uint64_t)port), 0);
    assert_true(is_pending(b, other));
    assert_int_equal(status_of(b, other).kind, PARAPET_PORT_UNBOUND);
    assert_int_equal(CALL(send, (uint64_t)other), -PARAPET_ENOTCONN);
}

/* What was sent to the port that had the number before is no event of this. */
static void test_a_new_port_is_not_pending(void **state)
{
    int64_t port;

    (void)state;
    as(a);
    port = CALL(bind_ipi, 0);
    assert_int_equal(CALL(close, (uint64_t)port), 0);
    /* As by a sender that was late. */
    a->shared->event_pending[port / 64] |= 1ul << port % 64;
    assert_int_equal(CALL(bind_ipi, 0), port);
    assert_false(is_pending(a, port));
}

static void test_control_is_told_of_domains(void **state)
{
    (void)state;
    as(a);
    assert_int_equal(CALL(bind_virq, PARAPET_VIRQ_DOMAIN, 0), -PARAPET_EPERM);
    as(control);
    assert_true(CALL(bind_virq, PARAPET_VIRQ_DOMAIN, 0) > 0);
}

static void test_nobody_binds_to_the_dead(void **state)
{
    struct domain *d = create(false);
    int64_t port;

    (void)state;
    as(d);
    port = CALL(alloc, a->id);
    as(a);
    (void)CALL(end, d->id);
    assert_int_equal(CALL(alloc, d->id), -PARAPET_ENOENT);
    assert_int_equal(CALL(bind, d->id, (uint64_t)port), -PARAPET_ENOENT);
}

/* ---- ids and privilege ---- */

static void test_the_whole_id_counts(void **state)
{
    (void)state;
    assert_ptr_equal(domain_find(a->id), a);
    assert_null(domain_find(a->id + DOMAIN_PLACES));
    assert_null(domain_find_leaving(a->id));
}

static void test_privilege(void **state)
{
    (void)state;
    assert_ptr_equal(control->dispatch, dispatch_control);
    assert_ptr_equal(a->dispatch, dispatch);
}

static void test_not_the_caller(void **state)
{
    (void)state;
    as(control);
    assert_int_equal(CALL(pause, 0), -PARAPET_EINVAL);
    assert_int_equal(CALL(request, 0, 1), -PARAPET_EINVAL);
    assert_int_equal(CALL(destroy, 0), -PARAPET_EINVAL);
}

/* ---- another's memory ---- */

static void test_a_copy_has_a_reference(void **state)
{
    static char buffer[] = "buffer";
    char *frame;

    (void)state;
    copied_mfn = frame_alloc_zeroed();
    frame = frame_vaddr(copied_mfn);
    as(control);
    get_result = 0;
    assert_int_equal(CALL(copy_to, a->id, copied_mfn * PAGE_SIZE,
                          (uint64_t)buffer, sizeof(buffer)),
                     0);
    assert_true(copied_held);
    assert_string_equal(frame, "buffer");
    assert_int_equal(infos[copied_mfn].state, 0);
    assert_int_equal(CALL(copy_from, a->id, copied_mfn * PAGE_SIZE,
                          (uint64_t)buffer, sizeof(buffer)),
                     0);
    assert_true(copied_held);
    assert_int_equal(infos[copied_mfn].state, 0);

    /* A table, or another's. */
    memset(frame, 0, PAGE_SIZE);
    get_result = -PARAPET_EBUSY;
    assert_int_equal(CALL(copy_to, a->id, copied_mfn * PAGE_SIZE,
                          (uint64_t)buffer, sizeof(buffer)),
                     -PARAPET_EBUSY);
    assert_string_equal(frame, "");
    get_result = 0;
    assert_int_equal(CALL(copy_to, a->id, copied_mfn * PAGE_SIZE + 4090,
                          (uint64_t)buffer, sizeof(buffer)),
                     -PARAPET_EINVAL);
}

/* max_frames is for its frames and for those that are charged to it. */
static void test_what_is_charged_counts(void **state)
{
    struct parapet_populate frames[2] = {{.gfn = 1}, {.gfn = 2}};
    struct domain *d = create(false);
    uint64_t before = d->memory.nr_frames;

    (void)state;
    d->memory.nr_gfns = 100;
    d->memory.max_frames = before + 3;
    d->memory.nr_charged = 2;
    as(control);
    assert_int_equal(CALL(populate, d->id, (uint64_t)frames, 2),
                     -PARAPET_ENOSPC);
    assert_int_equal(d->memory.nr_frames, before + 1);
    d->memory.nr_charged = 1;
    assert_int_equal(CALL(populate, d->id, (uint64_t)frames, 1), 0);
    assert_int_equal(CALL(populate, d->id, (uint64_t)frames, 1),
                     -PARAPET_ENOSPC);
    assert_int_equal(d->memory.nr_frames, before + 2);
}

static void test_the_dead_get_no_frames(void **state)
{
    struct parapet_populate frames[2] = {{.gfn = 1}, {.gfn = 2}};
    struct domain *d = create(false);
    uint64_t before = d->memory.nr_frames;

    (void)state;
    d->memory.max_frames = 100;
    d->memory.nr_gfns = 100;
    as(control);
    assert_int_equal(CALL(populate, d->id, (uint64_t)frames, 2), 0);
    assert_int_equal(d->memory.nr_frames, before + 2);
    (void)CALL(end, d->id);
    assert_int_equal(CALL(populate, d->id, (uint64_t)frames, 2),
                     -PARAPET_EBUSY);
    assert_int_equal(d->memory.nr_frames, before + 2);
}

/* Its root was refused: it has nowhere to begin. */
static void test_a_start_that_is_refused(void **state)
{
    struct parapet_vcpu_start start = {0};
    struct domain *d = create(false);

    (void)state;
    as(control);
    set_start_result = -PARAPET_EPERM;
    assert_int_equal(CALL(vcpu_start, d->id, 0, (uint64_t)&start),
                     -PARAPET_EPERM);
    assert_int_equal(CALL(unpause, d->id), -PARAPET_EINVAL);
    assert_int_equal(d->state, DOMAIN_BUILDING);
    set_start_result = 0;
    assert_int_equal(CALL(vcpu_start, d->id, 1, (uint64_t)&start),
                     -PARAPET_ENOENT);
    assert_int_equal(CALL(unpause, d->id), -PARAPET_EINVAL);
    assert_int_equal(CALL(vcpu_start, d->id, 0, (uint64_t)&start), 0);
    assert_int_equal(CALL(unpause, d->id), 0);
    assert_int_equal(d->state, DOMAIN_RUNNING);
}

/* However fast its other CPUs take tables apart. */
static void test_a_pause_waits_for_no_table(void **state)
{
    static char byte;

    (void)state;
    as(control);
    a->state = DOMAIN_RUNNING;
    tables_wait = true;
    assert_int_equal(CALL(pause, a->id), 0);
    assert_int_equal(a->state, DOMAIN_PAUSED);
    assert_int_equal(CALL(copy_to, a->id, 0, (uint64_t)&byte, 1),
                     -PARAPET_ERESTART);
    assert_int_equal(CALL(unpause, a->id), 0);
    assert_int_equal(a->state, DOMAIN_RUNNING);
    tables_wait = false;
}

/* ---- devices ---- */

#define IRQ 5u
#define DEVICE 0xfeb00000ul
#define MAGIC 0x74726976u
#define STATUS (0x70 / 4)

static bool is_open(void)
{
    return machine_pin_is_open[IRQ];
}

/* As the boot does it, once; of what a test has bound nothing is left. */
static void make_device(void)
{
    as(control);
    machine_device_page[0] = MAGIC;
    if (device_nr() > 0)
        return;
    device_announce(DEVICE, 512, IRQ);
    device_begin(NULL, 0);
}

static void test_interrupts_of_devices(void **state)
{
    int64_t port;

    (void)state;
    make_device();
    assert_int_equal(CALL(bind_pirq, IRQ + 1, 0), -PARAPET_EINVAL);
    assert_int_equal(CALL(bind_pirq, ~0ul, 0), -PARAPET_EINVAL);
    assert_int_equal(CALL(bind_pirq, IRQ, 1), -PARAPET_ENOENT);
    assert_false(is_open());
    port = CALL(bind_pirq, IRQ, 0);
    assert_true(port > 0);
    assert_true(is_open());
    assert_int_equal(CALL(bind_pirq, IRQ, 0), -PARAPET_EBUSY);
    assert_int_equal(status_of(control, port).kind, PARAPET_PORT_PIRQ);
    assert_int_equal(status_of(control, port).irq, IRQ);
    (void)CALL(interrupt, IRQ);
    assert_false(is_open());
    assert_true(is_pending(control, port));
    (void)CALL(interrupt, IRQ);
    assert_false(is_open());
    assert_int_equal(CALL(unmask, (uint64_t)port), 0);
    assert_true(is_open());
    /* One that was on its way when the port was closed. */
    assert_int_equal(CALL(close, (uint64_t)port), 0);
    assert_false(is_open());
    (void)CALL(interrupt, IRQ);
    assert_false(is_open());
    assert_false(is_pending(control, port));
    assert_int_equal(CALL(unmask, (uint64_t)port), -PARAPET_EINVAL);
}

/* A port that is refused is free again. */
static void test_an_interrupt_that_is_bound(void **state)
{
    int64_t port, next;

    (void)state;
    make_device();
    port = CALL(bind_pirq, IRQ, 0);
    assert_int_equal(CALL(bind_pirq, IRQ, 0), -PARAPET_EBUSY);
    next = CALL(bind_ipi, 0);
    assert_int_equal(next, port + 1);
    /* Another port's unmask is none of it. */
    (void)CALL(interrupt, IRQ);
    assert_int_equal(CALL(unmask, (uint64_t)next), 0);
    assert_false(is_open());
    assert_int_equal(CALL(close, (uint64_t)next), 0);
    assert_int_equal(CALL(close, (uint64_t)port), 0);
}

/* ---- taken apart ---- */

/* One whose vCPU belongs to CPU 1. */
static struct domain *create_on_second(void)
{
    struct domain *d = create(false);

    return d->vcpus[0]->sched.cpu == 1 ? d : create(false);
}

/* Some shares; all of them have to say that there is more. */
static void expect_waits(uint32_t id)
{
    for (int i = 0; i < 5; i++)
        assert_int_equal(CALL(share, id), -PARAPET_ERESTART);
}

static void shares_until_unlinked(uint32_t id)
{
    for (int i = 0; i < MAX_SHARES && domain_find(id); i++)
        assert_int_equal(CALL(share, id), -PARAPET_ERESTART);
    assert_null(domain_find(id));
}

static void test_teardown_waits(void **state)
{
    struct domain *d = create_on_second();
    uint32_t id = d->id;
    uint64_t frames;

    (void)state;
    as(control);
    (void)CALL(end, id);
    /* CPU 1 has not let go of its vCPU. */
    expect_waits(id);
    assert_int_equal(d->teardown, TEARDOWN_LEAVE);
    (void)on_cpu(1, kick_deed, (const uint64_t[4]){0});
    /* It is idle, and on the domain's root yet. */
    d->memory.tlb_cpus = 2;
    expect_waits(id);
    assert_int_equal(d->teardown, TEARDOWN_ROOTS);
    d->memory.tlb_cpus = 0;
    shares_until_unlinked(id);
    /* It may have found the domain before. */
    frames = machine_nr_frames;
    expect_waits(id);
    assert_int_equal(d->teardown, TEARDOWN_GRACE);
    assert_int_equal(machine_nr_frames, frames);
    percpu_info(1)->quiet++;
    for (int i = 0; i < MAX_SHARES && CALL(share, id) != 0; i++)
        assert_int_equal(deeds[0].result, -PARAPET_ERESTART);
    assert_true(machine_nr_frames < frames);
    assert_int_equal(CALL(share, id), -PARAPET_ENOENT);
}

/* An id for which domain_destroy() has found nobody, and which another CPU
 * gives before the teardown looks: whoever has it now has not ended. */
static void test_teardown_leaves_the_living(void **state)
{
    const struct domain_settings settings = {
        .name = "new", .engine = &engine, .nr_vcpus = 1, .weight = 1};
    struct domain *d;

    (void)state;
    assert_int_equal(domain_create(&settings, &d), 0);
    expect_waits(d->id);
    assert_ptr_equal(domain_find(d->id), d);
    assert_int_equal(d->teardown, TEARDOWN_LEAVE);
    assert_false(d->collected);
}

/* Who is bound to it learns that, and sends to nobody. */
static void test_teardown_closes_ports(void **state)
{
    struct domain *d = create(false);
    uint32_t id = d->id;
    int64_t port, other;

    (void)state;
    as(d);
    port = CALL(alloc, a->id);
    as(a);
    other = CALL(bind, id, (uint64_t)port);
    a->shared->event_pending[0] = 0;
    (void)CALL(end, id);
    (void)on_cpu(1, kick_deed, (const uint64_t[4]){0});
    shares_until_unlinked(id);
    assert_true(is_pending(a, other));
    assert_int_equal(status_of(a, other).kind, PARAPET_PORT_UNBOUND);
    assert_int_equal(CALL(send, (uint64_t)other), -PARAPET_ENOTCONN);
}

static unsigned int nr_ports(const struct domain *d)
{
    unsigned int nr = 0;

    for (uint32_t port = 0; port < PARAPET_NR_PORTS; port++)
        nr += port_kind(port_get(&d->ports, port)) != PORT_FREE;
    return nr;
}

/* Waits for others' locks do not add up in a share. */
static void test_teardown_waits_once(void **state)
{
    struct domain *d = create(false);
    int64_t port;

    (void)state;
    for (int i = 0; i < 3; i++) {
        as(d);
        port = CALL(alloc, a->id);
        as(a);
        assert_true(CALL(bind, d->id, (uint64_t)port) > 0);
    }
    port = CALL(alloc, b->id);
    (void)CALL(end, d->id);
    for (unsigned int cpu = 0; cpu < 2; cpu++)
        (void)on_cpu(cpu, kick_deed, (const uint64_t[4]){0});
    assert_int_equal(nr_ports(d), 3);
    /* CPU 1 has a's lock, and is about to take b's. */
    percpu_info(1)->current = b->vcpus[0];
    begin_on(1, bind_deed, (const uint64_t[4]){a->id, (uint64_t)port});
    machine_run(1);
    assert_true(spin_is_held(&a->lock));
    begin_on(0, share_deed, (const uint64_t[4]){d->id});
    for (int i = 0; i < 50; i++)
        machine_run(0);
    assert_int_equal(machine_place(0), MACHINE_IN_HYPERVISOR);
    assert_true(finish_on(1) > 0);
    assert_int_equal(finish_on(0), -PARAPET_ERESTART);
    percpu_info(1)->current = NULL;
    assert_int_equal(nr_ports(d), 2);
    (void)CALL(share, d->id);
    assert_int_equal(nr_ports(d), 0);
}

/* When the others run on, what it has set going comes to rest before it lets
 * go of any frame. The last test: there is one control domain. */
static void test_teardown_resets_devices(void **state)
{
    uint32_t *status = &machine_device_page[STATUS];

    (void)state;
    make_device();
    domain_end_keep = true;
    a->state = DOMAIN_RUNNING; /* else the machine ends with the last one */
    control->memory.devices.nr = 1;
    assert_true(CALL(bind_pirq, IRQ, 0) > 0);
    *status = 7;
    (void)CALL(end, control->id);
    for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
        percpu_info(cpu)->current = NULL;
        (void)on_cpu(cpu, kick_deed, (const uint64_t[4]){0});
    }
    for (int i = 0; i < MAX_SHARES && control->memory.handles.next == 0; i++) {
        (void)CALL(share, control->id);
        if (control->teardown < TEARDOWN_DEVICES)
            assert_int_equal(*status, 7);
    }
    assert_int_equal(control->memory.handles.next, 1);
    assert_int_equal(*status, 0);
    assert_int_equal(control->memory.devices.nr, 0);
    assert_false(is_open());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_named_binds),
        cmocka_unit_test(test_close_tells_the_other),
        cmocka_unit_test(test_a_new_port_is_not_pending),
        cmocka_unit_test(test_control_is_told_of_domains),
        cmocka_unit_test(test_nobody_binds_to_the_dead),
        cmocka_unit_test(test_the_whole_id_counts),
        cmocka_unit_test(test_privilege),
        cmocka_unit_test(test_not_the_caller),
        cmocka_unit_test(test_a_copy_has_a_reference),
        cmocka_unit_test(test_what_is_charged_counts),
        cmocka_unit_test(test_the_dead_get_no_frames),
        cmocka_unit_test(test_a_start_that_is_refused),
        cmocka_unit_test(test_a_pause_waits_for_no_table),
        cmocka_unit_test(test_interrupts_of_devices),
        cmocka_unit_test(test_an_interrupt_that_is_bound),
        cmocka_unit_test(test_teardown_waits),
        cmocka_unit_test(test_teardown_leaves_the_living),
        cmocka_unit_test(test_teardown_closes_ports),
        cmocka_unit_test(test_teardown_waits_once),
        cmocka_unit_test(test_teardown_resets_devices),
    };

    machine_create(NR_CPUS, run_deeds);
    for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
        sched_init_cpu(cpu);
    domain_teardown_init(NR_CPUS);
    control = create(true);
    a = create(false);
    b = create(false);
    c = create(false);
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
