/* SPDX-License-Identifier: MIT
 *
 * vCPUs that are moved between four CPUs all the time, by vcpu_affinity, while
 * they set timers and wait for them, send each other events and wait for these,
 * and map pages that they flush for themselves alone. No timer and no event is
 * lost, no old translation is used, and each runs where it may. The control
 * domain does this to itself; the vCPU that moves the others is moved, too.
 *
 *   moves=N  how many
 *
 * BUNDLE: vcpus=6 memory=16M
 * QEMU: privileged=1 smp=4 patience=120 random=1
 * METER: the meter has one CPU, and this wants four
 * VARIANT: some bootargs="moves=4000"
 * VARIANT: all soak=1 bootargs="moves=200000"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/cpuid.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_moves);

#define NR_VCPUS 6 /* number 0 moves them, the others work */
#define NR_CPUS 4
#define ALL ((1u << NR_CPUS) - 1)
#define NR_PAGES_EACH 2

/* What a vCPU that works knows of itself. */
static struct worker {
    struct mg_random numbers;
    uint32_t port; /* that notifies it */
    volatile uint64_t pings, ticks, done;
    uint64_t nr_rounds;
    uint64_t *pages[NR_PAGES_EACH];
} workers[NR_VCPUS];

static struct mg_window window; /* each has an entry */
static uint32_t apic_ids[NR_CPUS];
static volatile uint64_t stops;

/* ---- those that work ---- */

/* Asleep and awake by turns. */
static void wait_until(volatile uint64_t *count, uint64_t value,
                       const char *what)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (*count < value) {
        if (mg_clock_ns() > end)
            mg_error("vCPU %u: %s is lost: expected %lu, got %lu", mg_vcpu_id(),
                     what, value, *count);
        if (*count % 2)
            (void)hypercall_yield();
        mg_cli();
        if (*count < value)
            (void)hypercall_block();
        mg_sti();
    }
}

static void wait_for_timer(struct worker *self)
{
    uint64_t next = self->ticks + 1;
    uint64_t pause = mg_random_below(&self->numbers, 500 * MG_US);

    MG_CHECK_EQ(hypercall_set_timer(mg_clock_ns() + pause), 0);
    wait_until(&self->ticks, next, "a timer");
}

/* Every worker answers a ping with none: so one that comes is for the count. */
static void ping_another(struct worker *self)
{
    uint64_t to = 1 + mg_random_below(&self->numbers, NR_VCPUS - 1);

    MG_CHECK_EQ(hypercall_evtchn_send(workers[to].port), 0);
}

/* Its own: what one sends to oneself comes, and so does what others send. */
static void wait_for_ping(struct worker *self)
{
    uint64_t before = self->pings;

    MG_CHECK_EQ(hypercall_evtchn_send(self->port), 0);
    wait_until(&self->pings, before + 1, "an event");
}

/* The page that is mapped is the one that is seen, on each CPU. */
static void change_mapping(struct worker *self)
{
    uint64_t at = mg_vcpu_id();
    uint64_t number = self->nr_rounds % NR_PAGES_EACH;
    volatile uint64_t *seen = mg_window_at(&window, at);
    int64_t result;

    do {
        result = hypercall_mmu_update_va((uint64_t)seen,
                                         mg_pte(self->pages[number], MG_WRITE),
                                         PARAPET_FLUSH_LOCAL);
    } while (result == -PARAPET_ERESTART);
    MG_CHECK_EQ(result, 0);
    for (int i = 0; i < 20; i++) {
        if (*seen != number)
            mg_failure("vCPU %lu: expected page %lu, got page %lu", at, number,
                       *seen);
        (void)hypercall_yield();
    }
}

static void work(void *argument)
{
    struct worker *self = argument;

    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count,
                             (void *)&self->ticks);
    mg_sti();
    while (!stops) {
        wait_for_timer(self);
        ping_another(self);
        wait_for_ping(self);
        change_mapping(self);
        self->nr_rounds++;
    }
    self->done = 1;
}

/* ---- the one that moves them ---- */

static uint32_t apic_id(void)
{
    return cpuid(1, 0).ebx >> 24;
}

static void set_affinity(uint32_t vcpu, uint32_t mask)
{
    MG_CHECK_EQ(hypercall_vcpu_affinity(0, vcpu, mask), 0);
}

/* It is where it may be as soon as the call is over. */
static void check_place(uint32_t mask)
{
    uint32_t id = apic_id();

    for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++) {
        if (mask >> cpu & 1 && apic_ids[cpu] == id)
            return;
    }
    mg_failure("it may run on %x, and is on the CPU with APIC id %u", mask, id);
}

static void find_cpus(void)
{
    for (uint32_t cpu = 0; cpu < NR_CPUS; cpu++) {
        set_affinity(0, 1u << cpu);
        apic_ids[cpu] = apic_id();
        for (uint32_t other = 0; other < cpu; other++)
            MG_CHECK(apic_ids[other] != apic_ids[cpu]);
    }
}

static void move_all(uint64_t nr_moves)
{
    struct mg_random numbers;

    mg_random_init(&numbers, mg_random_seed());
    for (uint64_t i = 0; i < nr_moves; i++) {
        uint32_t vcpu = (uint32_t)mg_random_below(&numbers, NR_VCPUS);
        uint32_t mask = 1 + (uint32_t)mg_random_below(&numbers, ALL);

        set_affinity(vcpu, mask | (mg_random_below(&numbers, 2) ? 0 : 0xfff0));
        if (vcpu == 0)
            check_place(mask);
        if (i % 4 == 0)
            mg_clock_delay(mg_random_below(&numbers, 100 * MG_US));
    }
}

static void test_refused(void)
{
    MG_CHECK_EQ(hypercall_vcpu_affinity(0, 0, 0), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_vcpu_affinity(0, 0, ~ALL), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_vcpu_affinity(0, NR_VCPUS, 1), -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_vcpu_affinity(0, ~0u, 1), -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_vcpu_affinity(77, 0, 1), -PARAPET_ENOENT);
    MG_CHECK_EQ(
        hypercall_raw(PARAPET_HC_vcpu_affinity, 0, 0, 1ul << 32, 0, 0, 0),
        -PARAPET_EINVAL);
}

static void start_work(void)
{
    window = mg_window_make();
    for (uint32_t i = 1; i < NR_VCPUS; i++) {
        struct worker *worker = &workers[i];

        worker->numbers.state = mg_random_seed() + i;
        for (uint64_t page = 0; page < NR_PAGES_EACH; page++) {
            worker->pages[page] = mg_page();
            *worker->pages[page] = page;
        }
        worker->port =
            mg_event_bind_ipi(i, mg_event_count, (void *)&worker->pings);
    }
    for (uint32_t i = 1; i < NR_VCPUS; i++)
        MG_CHECK_EQ(mg_vcpu_start(i, work, &workers[i]), 0);
}

static void end_work(void)
{
    uint64_t least = UINT64_MAX;

    stops = 1;
    for (uint32_t i = 1; i < NR_VCPUS; i++) {
        if (!mg_clock_wait(&workers[i].done))
            mg_failure("vCPU %u does not come to its end", i);
        least = MIN(least, workers[i].nr_rounds);
    }
    mg_printf("at least %lu rounds of each\n", least);
    MG_CHECK(least > 0);
}

void test_main(void)
{
    test_refused();
    find_cpus();
    start_work();
    move_all(mg_argument("moves", 4000));
    end_work();
    mg_audit();
}
