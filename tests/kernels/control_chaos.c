/* SPDX-License-Identifier: MIT
 *
 * Domains that do everything (partners/chaos) are destroyed at random moments:
 * while they are built, while they run on four vCPUs, when they have just ended
 * by themselves, and by several vCPUs of the control domain at once. Meanwhile
 * these make all other calls of domain control, too, and have some of the
 * frames that they lend to each other and to anybody.
 *
 * One of those that destroy a domain is told that it is done, and the others
 * that there is none. Afterwards all frames are back. A witness has ports that
 * the others try to reach: it gets what the control domain sends it, one event
 * after the other, and nothing else.
 *
 *   rounds=N  of NR_IN_ROUND domains each
 *   seed=N    repeats the choices of a run, though not the moments
 *
 * BUNDLE: memory=32M vcpus=4
 * QEMU: privileged=1 smp=4 patience=120
 * METER: the meter has one CPU, and this wants four
 * VARIANT: some bootargs="rounds=1"
 * VARIANT: all soak=1 bootargs="rounds=20"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_chaos);

#define NR_VCPUS 4 /* number 0 makes the domains, the others destroy them */
#define NR_CPUS 4
#define NR_IN_ROUND 25
#define NR_SLOTS 8
#define NR_PORTS 8  /* of the witness */
#define NR_GRANTS 8 /* that each of them has (partners/chaos.c) */
#define MEMORY (UINT64_C(2) << 20)

/* The longest that one lives before it is destroyed. */
#define LONGEST (60 * MG_MS)

/* control_chaos_asm.S */
extern const unsigned char chaos_kernel[], chaos_kernel_end[];

/* A domain from its making until vCPU 0 has seen that it is gone. */
struct slot {
    struct mg_child child;
    uint64_t due;        /* when it is to be destroyed */
    uint64_t destroyers; /* bit n: vCPU n is to do it; 0: the slot is free */
    uint64_t done;       /* bit n: it has */
    uint64_t nr_told;    /* that it was they who did it */
    int64_t port;        /* ours, that waits for it or is bound to it; or 0 */
};

static struct mg_child_kernel kernel;
static struct slot slots[NR_SLOTS];
static struct mg_random numbers[NR_VCPUS];
static struct mg_child witness;
static uint32_t witness_ports[NR_PORTS];
static uint32_t last_port; /* of the witness, that we sent to */
static uint64_t nr_sent;
static uint64_t nr_started;
static uint64_t nr_borrowed, nr_borrowing; /* frames, and vCPUs */
static uint64_t rests;                     /* nobody may borrow */
static struct mg_window window;            /* each vCPU has an entry */
static volatile uint64_t nr_strange; /* events that nobody can have sent us */

static uint64_t below(uint64_t limit)
{
    return mg_random_below(&numbers[mg_vcpu_id()], limit);
}

static uint64_t load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void store(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* ---- any call, about any domain ---- */

/* The call may be refused, as it is documented. */
static void try(uint64_t number, const uint64_t args[6])
{
    const struct mg_hypercall *hc = mg_hypercall_find(number);
    int64_t result = mg_hypercall(number, args);

    if (!mg_hypercall_can_return(hc, result))
        mg_failure("%s of domain %lu: got %ld", hc->name, args[0], result);
}

/* None hurts the witness. */
static void meddle(void)
{
    static uint64_t pages[NR_VCPUS][512];
    static const uint64_t calls[] = {
        PARAPET_HC_domain_pause,         PARAPET_HC_domain_unpause,
        PARAPET_HC_domain_unpause,       PARAPET_HC_domain_info,
        PARAPET_HC_domain_list,          PARAPET_HC_domain_counters,
        PARAPET_HC_domain_alloc_unbound, PARAPET_HC_domain_audit,
        PARAPET_HC_domain_copy_from,     PARAPET_HC_domain_copy_to,
        PARAPET_HC_domain_schedule,      PARAPET_HC_domain_limits,
        PARAPET_HC_domain_request,       PARAPET_HC_vcpu_affinity,
    };
    const struct slot *slot = &slots[below(NR_SLOTS)];
    uint64_t number = calls[below(ARRAY_SIZE(calls))];
    uint64_t page = (uint64_t)pages[mg_vcpu_id()];
    uint64_t args[6] = {*(const volatile uint32_t *)&slot->child.id};
    uint64_t mfn = *(const volatile uint64_t *)&slot->child.vcpu_page_mfn;

    if (args[0] <= witness.id)
        return;
    switch (number) {
    case PARAPET_HC_domain_info:
        args[1] = page;
        break;
    case PARAPET_HC_domain_list:
        args[1] = page;
        args[2] = 4;
        break;
    case PARAPET_HC_domain_counters:
        args[1] = below(NR_VCPUS + 1);
        args[2] = below(PARAPET_NR_PARTS);
        args[3] = page;
        break;
    case PARAPET_HC_domain_copy_from:
    case PARAPET_HC_domain_copy_to:
        args[1] = mfn * MG_PAGE_SIZE + MG_PAGE_SIZE - 8;
        args[2] = page;
        args[3] = 8;
        break;
    case PARAPET_HC_domain_schedule:
        args[1] = 1 + below(1000);
        args[2] = below(2) ? 0 : 1 + below(100);
        break;
    case PARAPET_HC_vcpu_affinity:
        args[1] = below(NR_VCPUS + 1);
        args[2] = below(2 << NR_CPUS);
        break;
    case PARAPET_HC_domain_limits:
        args[1] = MEMORY / MG_PAGE_SIZE * 2 + below(100);
        break;
    default:
        break;
    }
    try(number, args);
}

/* What one of them lends to us, or to another: until the next call it is
 * ours. */
static void borrow(void)
{
    uint64_t self = mg_vcpu_id();
    const struct slot *slot = &slots[below(NR_SLOTS)];
    struct parapet_grant_map map = {
        .domain = *(const volatile uint32_t *)&slot->child.id,
        .ref = (uint32_t)below(NR_GRANTS),
        .pte = mg_window_pte(&window, self),
        .bits = below(2) ? PARAPET_PTE_W : 0};
    struct parapet_grant_unmap unmap;
    int64_t result = HYPERCALL_RESTARTED(hypercall_grant_map(&map, 1));

    MG_CHECK_EQ(result, 0);
    if (map.status != 0)
        return;
    __atomic_fetch_add(&nr_borrowed, 1, __ATOMIC_SEQ_CST);
    (void)*mg_window_at(&window, self);
    if (map.bits)
        *mg_window_at(&window, self) = 0;
    (void)hypercall_yield();
    unmap.handle = map.handle;
    result = HYPERCALL_RESTARTED(hypercall_grant_unmap(&unmap, 1));
    MG_CHECK_EQ(result, 0);
    MG_CHECK_EQ(unmap.status, 0);
}

/* ---- vCPUs 1 to 3: the end of the others ---- */

static void destroy(struct slot *slot)
{
    uint64_t self = 1ul << mg_vcpu_id();
    int64_t result;

    if ((load(&slot->destroyers) & ~load(&slot->done) & self) == 0 ||
        mg_clock_ns() < load(&slot->due))
        return;
    result = mg_domain_destroy(slot->child.id);
    if (result == 0)
        __atomic_fetch_add(&slot->nr_told, 1, __ATOMIC_SEQ_CST);
    else if (result != -PARAPET_ENOENT)
        mg_failure("destroying domain %u: got %ld", slot->child.id, result);
    __atomic_fetch_or(&slot->done, self, __ATOMIC_SEQ_CST);
}

static void destroy_all(void *unused)
{
    (void)unused;
    for (;;) {
        for (int i = 0; i < NR_SLOTS; i++)
            destroy(&slots[i]);
        if (below(4) == 0)
            meddle();
        __atomic_fetch_add(&nr_borrowing, 1, __ATOMIC_SEQ_CST);
        if (!load(&rests))
            borrow();
        __atomic_fetch_sub(&nr_borrowing, 1, __ATOMIC_SEQ_CST);
        (void)hypercall_yield();
    }
}

/* ---- vCPU 0: their beginning ---- */

/* While it was made, or before, somebody has destroyed it. */
static bool is_gone(int64_t result)
{
    return result == -PARAPET_ENOENT || result == -PARAPET_EBUSY;
}

/* A port of ours that waits for the domain, or is bound to one of its own. */
static int64_t connect(uint32_t id)
{
    int64_t port;

    if (below(2))
        return hypercall_evtchn_alloc_unbound(id);
    port = HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(id, 0));
    if (port < 0)
        return port;
    return hypercall_evtchn_bind_interdomain(id, (uint32_t)port);
}

/* It lends to us what the hypervisor has of it, too, before it begins. */
static void lend(const struct mg_child *child)
{
    uint64_t words[2 * NR_GRANTS];

    for (uint32_t ref = 0; ref < NR_GRANTS; ref++) {
        words[2 * ref] = mg_grant_word(0, PARAPET_GRANT_LEND);
        words[2 * ref + 1] = ref % 2 ? child->shared_mfn : child->vcpu_page_mfn;
    }
    (void)mg_copy_to(child->id, child->grant_mfn * MG_PAGE_SIZE, words,
                     sizeof(words));
}

static void build(struct slot *slot)
{
    int64_t result = mg_child_build(&slot->child);

    lend(&slot->child);
    if (result == 0) {
        slot->port = connect(slot->child.id);
        result = mg_domain_unpause(slot->child.id);
    }
    if (result == 0)
        nr_started++;
    else if (!is_gone(result))
        mg_failure("building domain %u: got %ld", slot->child.id, result);
}

static void begin(struct slot *slot)
{
    static char bootargs[100];
    static uint32_t last_id;
    const struct mg_child_wish wish = {.kernel = &kernel,
                                       .bootargs = bootargs,
                                       .nr_vcpus = NR_VCPUS,
                                       .memory = MEMORY};

    (void)string_format(bootargs, sizeof(bootargs),
                        "seed=%lu witness=%u first=%u nr=%u fails=%lu",
                        1 + below(1000000), witness.id, last_id, 2 * NR_SLOTS,
                        1 + below(300));
    slot->nr_told = 0;
    slot->done = 0;
    slot->port = 0;
    slot->due = mg_clock_ns() + below(below(2) ? LONGEST : LONGEST / 8);
    if (!MG_CHECK_EQ(mg_child_make(&wish, &slot->child), 0))
        return;
    last_id = slot->child.id;
    /* From here on it may go at any time. */
    store(&slot->destroyers, (1 + below((1ul << (NR_VCPUS - 1)) - 1)) << 1);
    build(slot);
}

/* True if the slot is free. */
static bool collect(struct slot *slot)
{
    if (load(&slot->destroyers) == 0)
        return true;
    if (load(&slot->done) != load(&slot->destroyers))
        return false;
    MG_CHECK_EQ(load(&slot->nr_told), 1);
    if (slot->port > 0) {
        MG_CHECK_EQ(hypercall_evtchn_send((uint32_t)slot->port),
                    -PARAPET_ENOTCONN);
        MG_CHECK_EQ(hypercall_evtchn_close((uint32_t)slot->port), 0);
    }
    store(&slot->destroyers, 0);
    return true;
}

/* ---- the witness ---- */

static void begin_witness(void)
{
    const struct mg_child_wish wish = {.bootargs = "witness", .memory = MEMORY};

    mg_child_create(&wish, &witness);
    for (uint32_t i = 0; i < NR_PORTS; i++) {
        MG_CHECK_EQ(
            HYPERCALL_RESTARTED(hypercall_domain_alloc_unbound(witness.id, 0)),
            i + 1);
        witness_ports[i] =
            mg_event_bind_interdomain(witness.id, i + 1, NULL, NULL);
    }
    MG_CHECK_EQ(mg_domain_unpause(witness.id), 0);
}

/* True if it has all that it was sent. */
static bool check_witness(void)
{
    uint64_t nr = mg_child_word(&witness, 1);

    MG_CHECK_EQ(mg_child_word(&witness, 2), 0);
    if (nr > nr_sent)
        mg_failure("the witness got %lu events, and %lu were sent", nr,
                   nr_sent);
    if (nr < nr_sent)
        return false;
    MG_CHECK_EQ(mg_child_word(&witness, 3), last_port);
    return true;
}

static void send_to_witness(void)
{
    uint64_t i = below(NR_PORTS);

    if (!check_witness())
        return;
    last_port = (uint32_t)i + 1;
    nr_sent++;
    MG_CHECK_EQ(hypercall_evtchn_send(witness_ports[i]), 0);
}

/* ---- all of it ---- */

/* Those that a control domain's handles lie in stay its own. */
static uint64_t free_frames(void)
{
    return mg_machine_info().free_frames + mg_domain_info(0).nr_charged;
}

/* Each vCPU has let go of what it has, until the next round. */
static void rest(void)
{
    store(&rests, 1);
    while (load(&nr_borrowing) > 0)
        (void)hypercall_yield();
}

static void one_round(void)
{
    uint64_t before = free_frames();
    int nr_left = NR_IN_ROUND, nr_free;

    store(&rests, 0);
    do {
        nr_free = 0;
        for (int i = 0; i < NR_SLOTS; i++) {
            if (!collect(&slots[i]))
                continue;
            if (nr_left == 0) {
                nr_free++;
                continue;
            }
            nr_left--;
            begin(&slots[i]);
        }
        send_to_witness();
        meddle();
        (void)hypercall_yield();
    } while (nr_free < NR_SLOTS && mg_failures() == 0);
    rest();
    MG_CHECK_EQ(mg_machine_info().nr_domains, 2);
    MG_CHECK_EQ(free_frames(), before);
}

static void begin_vcpus(void)
{
    uint64_t seed = mg_argument("seed", mg_random_seed());

    for (uint32_t vcpu = 0; vcpu < NR_VCPUS; vcpu++)
        numbers[vcpu].state = seed + vcpu;
    mg_random_init(&numbers[0], seed);
    for (uint32_t vcpu = 1; vcpu < NR_VCPUS; vcpu++)
        MG_CHECK_EQ(mg_vcpu_start(vcpu, destroy_all, NULL), 0);
}

void test_main(void)
{
    uint64_t rounds = mg_argument("rounds", 1);

    mg_control_init();
    mg_child_kernel_read(chaos_kernel, chaos_kernel_end, &kernel);
    (void)mg_event_bind_ipi(0, mg_event_count, (void *)&nr_strange);
    mg_sti();
    window = mg_window_make();
    begin_witness();
    begin_vcpus();
    for (uint64_t i = 0; i < rounds && mg_failures() == 0; i++)
        one_round();
    while (!check_witness())
        (void)hypercall_yield();
    MG_CHECK_EQ(nr_strange, 0);
    mg_printf("%lu domains of %lu had started; the witness got %lu events; %lu "
              "frames were borrowed\n",
              nr_started, rounds * NR_IN_ROUND, nr_sent, nr_borrowed);
    MG_CHECK_EQ(mg_domain_destroy(witness.id), 0);
    mg_audit();
}
