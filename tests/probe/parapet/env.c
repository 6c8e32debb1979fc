/* SPDX-License-Identifier: MIT
 *
 * The probe in a domain of Parapet: a micro-guest, with the runtime of
 * tests/kernels/lib. Its kernel runs in ring 3, so a setup and a deed run in
 * the same way.
 */
#include "tests/probe/env.h"

#include "abi/exits.h"
#include "abi/stubs.h"
#include "lib/x86/segment.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(probe);

#define TICK (1 * MG_MS)

static bool timer_runs;
static volatile uint64_t ticks;

/* Periodic, so that one that comes before a hlt is not the last. */
static void on_timer(uint32_t port, void *data)
{
    (void)port;
    (void)data;
    ticks++;
    if (timer_runs)
        (void)hypercall_set_timer(mg_clock_ns() + TICK);
}

void env_write(const char *text, size_t size)
{
    mg_write(text, size);
}

void env_timer_start(void)
{
    ticks = 0;
    timer_runs = true;
    (void)hypercall_set_timer(mg_clock_ns() + TICK);
}

uint64_t env_timer_ticks(void)
{
    return ticks;
}

static void load_null_selectors(void)
{
    write_ds(0);
    write_es(0);
    write_fs(0);
    write_gs(0);
}

void env_reset(void)
{
    mg_cli();
    timer_runs = false;
    (void)hypercall_set_timer(0);
    load_null_selectors();
    MG_CHECK_EQ(hypercall_set_segment_base(PARAPET_SEGMENT_FS, 0), 0);
    MG_CHECK_EQ(
        hypercall_set_segment_base(PARAPET_SEGMENT_GS, PARAPET_VCPU_PAGE(0ul)),
        0);
    MG_CHECK_EQ(hypercall_set_segment_base(PARAPET_SEGMENT_GS_USER, 0), 0);
}

struct call {
    probe_deed_t *deed;
    struct probe_io *io;
    uint64_t result;
};

static void do_call(void *arg)
{
    struct call *call = arg;

    call->result = mg_call((void (*)(void *))call->deed, call->io);
}

struct probe_outcome env_run(probe_deed_t *deed, struct probe_io *io)
{
    struct call call = {.deed = deed, .io = io};
    struct mg_fault fault = {.vector = 0};
    bool faulted = mg_try(do_call, &call, &fault);

    return (struct probe_outcome){
        .returned = !faulted,
        .vector = fault.vector,
        .error = fault.frame.error,
        .result = call.result,
    };
}

struct probe_outcome env_attempt(probe_deed_t *deed, struct probe_io *io)
{
    return env_run(deed, io);
}

void env_irq_set(bool on)
{
    if (on)
        mg_sti();
    else
        mg_cli();
}

bool env_irq_is_on(void)
{
    return !mg_vcpu_page()->event_mask;
}

uint64_t env_final_ring(void)
{
    uint64_t cs;

    __asm__ volatile("mov %%cs, %0" : "=r"(cs));
    return cs & 3;
}

/* LSTAR is the hypervisor's. */
uint64_t env_entry_vaddr(void)
{
    return 0;
}

bool env_entry_reached(void)
{
    return false;
}

void env_exits_read(struct env_exits *exits)
{
    const volatile struct parapet_counters *counters = mg_counters(0);

    exits->emulated = counters->exits[PARAPET_EXIT_emulated];
    exits->reflected = counters->exits[PARAPET_EXIT_reflected];
    exits->exception = counters->exits[PARAPET_EXIT_exception] +
                       counters->exits[PARAPET_EXIT_page_fault];
    exits->hypercall = 0;
    for (unsigned int i = 0; i < PARAPET_NR_HYPERCALLS; i++) {
        if (i != PARAPET_HC_iret)
            exits->hypercall += counters->hypercalls[i];
    }
}

void test_main(void)
{
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, on_timer, NULL);
    probe_run("parapet");
}
