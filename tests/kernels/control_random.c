/* SPDX-License-Identifier: MIT
 *
 * Random calls of domain control, of event channels, of grants and of devices,
 * by the control domain, with arguments that are good for something, or for
 * nothing: on children that run, sleep, make random calls themselves, are half
 * built, half dead, or never were. Each returns what abi/hypercalls.def names;
 * the children's audits find nothing; and when all of them are gone, so is all
 * that they had.
 *
 * Meanwhile hazard_random runs in a domain without privilege, which makes all
 * calls as well and is never a target: no harm comes to it.
 *
 * Why: control_*.c and suite_control.c try what somebody thought of. Here calls
 * come in orders that nobody did: a copy into a domain between two shares of
 * its end, a start that comes twice, a port for one that is gone. The seed is
 * fixed, so that a failure comes again when it is looked for; another one can
 * be given (RANDOM_SEED, tests/kernels/run).
 *
 * Guarded are those that would take long, or end the test: domain_destroy and
 * domain_audit are made now and then only, and domain 0 keeps its own limits.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 smp=2 patience=300 random=1 disk="driver=null-co"
 * QEMU: partner="hazard_random memory=8M bootargs='calls=200000'"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/lib/virtio.h"

MG_TEST(control_random);

#define CALLS 30000
#define CALLS_PER_LOOK 1500
#define NR_CHILDREN 7
#define BYSTANDER 1u
#define NOBODY 0x7ffffff0u
#define NR_REFS 24     /* that a child lends: lib/grant_random.c */
#define NR_ELEMENTS 16 /* of a grant call, at most */

static struct mg_random numbers;
static struct mg_child children[NR_CHILDREN];
static uint32_t newest; /* domain that a call here has made */
static uint64_t nr_calls, nr_errors, nr_made;
static struct mg_window window; /* for what children lend, and the disk */
static struct mg_virtio disk;
static uint64_t *spare; /* for a table of grants that grows */
static uint64_t reached[PARAPET_NR_HYPERCALLS];

/* Objects that some calls take for good ones. */
static union {
    uint8_t bytes[MG_PAGE_SIZE];
    struct parapet_domain_create params;
    struct parapet_populate frames[16];
    struct parapet_vcpu_start start;
    uint64_t words[MG_PTES];
    struct parapet_grant_map maps[NR_ELEMENTS];
    struct parapet_grant_hold holds[NR_ELEMENTS];
    struct parapet_grant_copy copies[NR_ELEMENTS];
    struct parapet_grant_unmap unmaps[NR_ELEMENTS];
} objects[4];

/* The one whose start state is there, and whose id is taken most. */
static uint64_t likely_child;

static const struct mg_child *likely(void)
{
    return &children[likely_child];
}

static uint64_t below(uint64_t n)
{
    return mg_random_below(&numbers, n);
}

/* ---- arguments ---- */

static const struct mg_child *any_child(void)
{
    return &children[below(NR_CHILDREN)];
}

static uint64_t any_mfn(void)
{
    const struct mg_child *child = below(2) ? likely() : any_child();

    switch (below(7)) {
    case 0:
        return child->shared_mfn;
    case 1:
        return child->start.root_mfn;
    case 2:
        return child->vcpu_page_mfn;
    case 3:
        return mg_mfn_of(objects);
    case 4:
        return child->grant_mfn;
    case 5:
        return below(mg_machine_info().nr_mfns + 10);
    default:
        return mg_random_next(&numbers) >> below(64);
    }
}

static uint64_t any_number(void)
{
    switch (below(4)) {
    case 0:
        return below(8);
    case 1:
        return below(5000);
    case 2:
        return any_mfn();
    default:
        return any_mfn() * MG_PAGE_SIZE + below(MG_PAGE_SIZE);
    }
}

static uint64_t any_domain(void)
{
    switch (below(8)) {
    case 0:
        return 0;
    case 1:
        return NOBODY;
    case 2:
    case 3:
    case 4:
        return newest;
    default:
        return likely()->id;
    }
}

/* Of the type, mostly. */
static uint64_t any_argument(const struct mg_hypercall *hc, size_t position)
{
    if (below(20) == 0)
        return mg_random_next(&numbers) >> below(64);
    switch (hc->types[position]) {
    case MG_HC_u32:
        if (position == 0 && ((hc->flags & HC_CONTROL) || below(2) != 0))
            return any_domain();
        return below(below(8) ? 4 : 5000);
    case MG_HC_in:
    case MG_HC_out:
    case MG_HC_inout:
        return (uint64_t)&objects[below(ARRAY_SIZE(objects))];
    default:
        return any_number();
    }
}

/* Of a copy: something of our own, or what a child may lend. */
static struct parapet_grant_end any_end(void)
{
    if (below(2))
        return mg_grant_own(&objects[3].bytes[below(2000)]);
    return mg_grant_lent((uint32_t)any_domain(), (uint32_t)below(NR_REFS),
                         below(2000));
}

/* Elements for the call with this number. */
static void refill_grants(uint64_t number)
{
    for (size_t i = 0; i < NR_ELEMENTS; i++) {
        uint32_t domain = (uint32_t)any_domain();
        uint32_t ref = (uint32_t)below(NR_REFS);

        if (number == PARAPET_HC_grant_map)
            objects[3].maps[i] = (struct parapet_grant_map){
                .domain = domain,
                .ref = ref,
                .pte = mg_window_pte(&window, below(8)),
                .bits = below(2) ? PARAPET_PTE_W : 0};
        else if (number == PARAPET_HC_grant_hold)
            objects[3].holds[i] =
                (struct parapet_grant_hold){.domain = domain, .ref = ref};
        else if (number == PARAPET_HC_grant_copy)
            objects[3].copies[i] =
                (struct parapet_grant_copy){.source = any_end(),
                                            .dest = any_end(),
                                            .length = (uint32_t)below(2000)};
        else
            objects[3].unmaps[i].handle = (uint32_t)below(40);
    }
}

/* What the calls write, and what they are to find. */
static void refill(void)
{
    objects[0].params = (struct parapet_domain_create){
        .engine = "pv",
        .max_frames = below(2) ? below(100) : 2000,
        .nr_gfns = 3000,
        .shared_gfn = below(3100),
        .grant_gfn = below(3100),
        .nr_vcpus = 1 + (uint32_t)below(4),
        .weight = (uint32_t)below(70000),
    };
    (void)string_format(objects[0].params.name, sizeof(objects[0].params.name),
                        "random%lu", below(20));
    for (size_t i = 0; i < ARRAY_SIZE(objects[1].frames); i++)
        objects[1].frames[i].gfn = below(3100);
    likely_child = below(NR_CHILDREN);
    objects[2].start = likely()->start;
    objects[2].words[below(4)] ^= below(2) ? 1ul << below(64) : 0;
}

/* ---- calls ---- */

static bool is_grant(const struct mg_hypercall *hc)
{
    return hc->number >= 96 && hc->number < 112;
}

static bool is_device(const struct mg_hypercall *hc)
{
    return hc->number >= 128 && hc->number < 144;
}

static bool is_tried(const struct mg_hypercall *hc)
{
    return (hc->flags & HC_CONTROL) || (hc->number >= 48 && hc->number < 64) ||
           is_grant(hc);
}

static const struct mg_hypercall *any_call(void)
{
    const struct mg_hypercall *hc;

    do {
        hc = &mg_hypercalls[below(mg_nr_hypercalls)];
    } while (!is_tried(hc));
    return hc;
}

static void guard(const struct mg_hypercall *hc, uint64_t args[6])
{
    if ((hc->number == PARAPET_HC_domain_destroy ||
         hc->number == PARAPET_HC_domain_audit) &&
        below(50) != 0)
        args[0] = NOBODY;
    /* With a small cap all of this would take a hundred times as long. */
    if ((hc->number == PARAPET_HC_domain_limits ||
         hc->number == PARAPET_HC_domain_schedule) &&
        args[0] == 0)
        args[0] = NOBODY;
    if ((hc->flags & HC_CONTROL) && args[0] == BYSTANDER)
        args[0] = NOBODY;
}

/* Statuses are written to no more than there is; or the call is refused. A page
 * of ours that is to be in the table of grants is the spare one. */
static void guard_grants(const struct mg_hypercall *hc, uint64_t args[6])
{
    if (hc->types[0] == MG_HC_inout) {
        refill_grants(hc->number);
        if (below(20))
            args[0] = (uint64_t)&objects[3];
        args[1] = below(20) ? below(NR_ELEMENTS + 1) : args[1] | 0x400;
    }
    if (hc->number == PARAPET_HC_grant_grow &&
        (below(2) || args[0] == mg_mfn_of(objects)))
        args[0] = mg_mfn_of(spare);
}

/* Where grants are mapped, too; mostly what there is. */
static void guard_devices(const struct mg_hypercall *hc, uint64_t args[6])
{
    if (below(4) == 0)
        return;
    if (hc->number == PARAPET_HC_evtchn_bind_pirq) {
        args[0] = disk.irq;
        return;
    }
    args[0] = (uint64_t)mg_window_at(&window, below(8));
    args[1] = disk.paddr;
}

static bool has_wide_u32(const struct mg_hypercall *hc, const uint64_t args[6])
{
    for (size_t i = 0; i < ARRAY_SIZE(hc->types); i++) {
        if (hc->types[i] == MG_HC_u32 && args[i] >> 32)
            return true;
    }
    return false;
}

static void one_call(void)
{
    const struct mg_hypercall *hc = any_call();
    uint64_t args[6];
    int64_t result;

    for (size_t i = 0; i < ARRAY_SIZE(args); i++)
        args[i] = any_argument(hc, i);
    guard(hc, args);
    if (is_grant(hc))
        guard_grants(hc, args);
    if (is_device(hc))
        guard_devices(hc, args);
    result = mg_hypercall(hc->number, args);
    if (has_wide_u32(hc, args) ? result != -PARAPET_EINVAL
                               : !mg_hypercall_can_return(hc, result))
        mg_failure("%s (%#lx, %#lx, %#lx, %#lx): got %ld", hc->name, args[0],
                   args[1], args[2], args[3], result);
    reached[hc->number] += result >= 0 || result == -PARAPET_ERESTART;
    /* The bystander's verdict is to be seen. */
    if (hc->number == PARAPET_HC_log_console)
        MG_CHECK_EQ(hypercall_log_console(PARAPET_LOG_DEBUG), 0);
    if (hc->number == PARAPET_HC_domain_create && result > 0)
        newest = (uint32_t)result;
    nr_errors += result < 0;
    nr_calls++;
}

/* ---- children ---- */

/* All but these, and those of them that are not as they were made. */
static bool is_to_stay(const struct parapet_domain_info *info)
{
    if (info->id == 0 || info->id == BYSTANDER)
        return true;
    for (size_t i = 0; i < NR_CHILDREN; i++) {
        if (children[i].id == info->id)
            return info->state != PARAPET_DOMAIN_ENDED;
    }
    return false;
}

static void destroy_others(bool all)
{
    struct parapet_domain_info info = {.id = 0};
    uint32_t next = 1;

    while (hypercall_domain_list(next, &info, 1) == 1) {
        next = info.id + 1;
        MG_CHECK_EQ(hypercall_domain_audit(info.id), 0);
        if ((all && info.id != BYSTANDER) || !is_to_stay(&info))
            MG_CHECK_EQ(mg_domain_destroy(info.id), 0);
    }
}

/* Some are built half-way, and some are not told where to start: what becomes
 * of these is left to chance. */
static void make(struct mg_child *child, const char *bootargs)
{
    const struct mg_child_wish wish = {.bootargs = bootargs,
                                       .nr_vcpus = 1 + (uint32_t)below(3)};

    MG_CHECK_EQ(mg_child_make(&wish, child), 0);
    nr_made++;
    child->keep_start = below(2);
    child->max_steps = below(4) ? 0 : 1 + below(30);
    if (mg_child_build(child) == 0 && !child->keep_start && below(3) != 0)
        MG_CHECK_EQ(mg_domain_unpause(child->id), 0);
}

/* There are always as many as there are to be. */
static void make_missing(void)
{
    static const char *const bootargs[NR_CHILDREN] = {
        "spin", "sleep", "obey", "exit", "random", "random", "grants"};
    struct parapet_domain_info info;

    for (size_t i = 0; i < NR_CHILDREN; i++) {
        if (children[i].id && hypercall_domain_info(children[i].id, &info) == 0)
            continue;
        make(&children[i], bootargs[i]);
    }
}

static void close_all_ports(void)
{
    for (uint32_t port = 0; port < PARAPET_NR_PORTS; port++)
        (void)hypercall_evtchn_close(port);
}

/* What the control domain's own ports lie in stays: all of it is there then. */
static void open_all_ports(void)
{
    while (hypercall_evtchn_bind_ipi(0) >= 0)
        ;
    close_all_ports();
}

static void check_all_reached(void)
{
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        const struct mg_hypercall *hc = &mg_hypercalls[i];

        if (is_tried(hc) && reached[hc->number] == 0)
            mg_failure("%s has not succeeded once", hc->name);
    }
}

/* Of what we have from children, whatever it is. */
static void let_go_of_all(void)
{
    for (uint32_t handle = 0; handle < PARAPET_MAX_HANDLES; handle++) {
        (void)mg_grant_unmap(handle);
        (void)mg_grant_release(handle);
        if (mg_grant_status(0).nr_handles == 0)
            return;
    }
    mg_failure("handles are left that cannot be let go of");
}

/* ---- the bystander ---- */

/* It has closed all ports twice: all that its ports lie in is there. */
static void wait_for_bystander(void)
{
    static uint8_t page[MG_PAGE_SIZE];
    const struct parapet_counters *counters = (const void *)page;

    do {
        (void)hypercall_yield();
        MG_CHECK_EQ(hypercall_domain_counters(BYSTANDER, 0,
                                              PARAPET_PART_COUNTERS, page),
                    0);
    } while (counters->hypercalls[PARAPET_HC_evtchn_close] <
             2 * PARAPET_NR_PORTS);
}

/* That are nobody's, or the bystander's, who may give one back; he may also
 * take some. And those that the hypervisor has for his grants, and for ours. */
static uint64_t other_frames(void)
{
    struct parapet_domain_info info = mg_domain_info(BYSTANDER);
    struct parapet_memory_limits limits = {0};

    MG_CHECK_EQ(hypercall_memory_limits(&limits), 0);
    return mg_machine_info().free_frames + limits.nr_charged + info.nr_frames +
           info.nr_charged;
}

static void check_bystander(void)
{
    MG_CHECK(mg_domain_wait(BYSTANDER, PARAPET_DOMAIN_ENDED));
    MG_CHECK_EQ(mg_domain_info(BYSTANDER).end_reason,
                PARAPET_SHUTDOWN_POWEROFF);
    mg_domain_audit(BYSTANDER);
}

void test_main(void)
{
    uint64_t nr_calls_to_make = CALLS * mg_argument("times", 1);
    uint64_t before;

    mg_control_init();
    open_all_ports();
    mg_random_init(&numbers, 0x636f6e74);
    window = mg_window_make();
    spare = mg_page();
    if (!mg_virtio_find(0, &disk))
        mg_error("the device tree has no device");
    wait_for_bystander();
    /* It gives a frame back and takes one all the time. */
    MG_CHECK_EQ(mg_domain_pause(BYSTANDER), 0);
    before = other_frames();
    MG_CHECK_EQ(mg_domain_unpause(BYSTANDER), 0);
    while (nr_calls < nr_calls_to_make && !mg_failures()) {
        if (nr_calls % CALLS_PER_LOOK == 0) {
            close_all_ports();
            destroy_others(false);
            make_missing();
        }
        refill();
        one_call();
        mg_cli();
    }
    mg_printf("%lu of %lu calls were errors; %lu children\n", nr_errors,
              nr_calls, nr_made);
    check_all_reached();
    close_all_ports();
    destroy_others(true);
    let_go_of_all();
    check_bystander();
    MG_CHECK_EQ(other_frames(), before);
    MG_CHECK_EQ(mg_machine_info().nr_domains, 2);
    mg_audit();
}
