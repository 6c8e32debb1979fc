/* SPDX-License-Identifier: MIT
 *
 * Trap and emulate: cli, sti and hlt act on the virtual CPU. popf and pushf
 * do not trap in ring 3: they leave the virtual interrupt flag alone, which
 * is why a guest kernel that relies on them must be told.
 */
#include "abi/exits.h"
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(emulate_flags);

MG_SNIPPET(do_cli, "cli");
MG_SNIPPET(do_sti, "sti");
MG_SNIPPET(do_hlt, "hlt");
MG_SNIPPET(do_sti_hlt, "sti; hlt");
/* The same with prefixes that mean nothing there. */
MG_SNIPPET(do_odd_cli, ".byte 0x66, 0x2e, 0x48, 0xfa");
MG_SNIPPET(popf_with, "push %rdi; popfq");
MG_SNIPPET(pushf_value, "pushfq; pop %rax");

static volatile uint64_t count;
static uint32_t port;

static void test_mask(void)
{
    mg_vcpu_page()->event_mask = 0;
    do_cli(NULL);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
    do_cli(NULL);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
    do_sti(NULL);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 0);
    do_odd_cli(NULL);
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
}

/* A sti that finds work has it done before it returns. */
static void test_sti_delivers(void)
{
    for (uint64_t i = 1; i <= 100; i++) {
        do_cli(NULL);
        MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
        MG_CHECK_EQ(count, i - 1);
        do_sti(NULL);
        MG_CHECK_EQ(count, i);
    }
    do_cli(NULL);
}

static void set_timer(uint64_t ns)
{
    MG_CHECK_EQ(hypercall_set_timer(mg_clock_ns() + ns), 0);
}

static void test_hlt(volatile uint64_t *ticks)
{
    uint64_t start = mg_clock_ns();

    set_timer(5 * MG_MS);
    do_sti_hlt(NULL);
    MG_CHECK_EQ(*ticks, 1);
    MG_CHECK(mg_clock_ns() - start >= 5 * MG_MS);
    do_cli(NULL);
}

/* With events off it sleeps until one is pending; the mask stays. */
static void test_hlt_masked(uint32_t timer, volatile uint64_t *ticks)
{
    *ticks = 0;
    set_timer(5 * MG_MS);
    do_hlt(NULL);
    MG_CHECK_EQ(*ticks, 0);
    MG_CHECK(mg_port_is_pending(timer));
    MG_CHECK_EQ(mg_vcpu_page()->event_mask, 1);
    do_sti(NULL);
    MG_CHECK_EQ(*ticks, 1);
    do_cli(NULL);
}

/* With an event pending it does not sleep at all. */
static void test_hlt_pending(void)
{
    count = 0;
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    do_hlt(NULL);
    MG_CHECK_EQ(count, 0);
    do_sti(NULL);
    MG_CHECK_EQ(count, 1);
    do_cli(NULL);
}

/*
 * sti keeps events off for one more instruction (APM 3, STI), and an idle
 * loop relies on it: what is pending at the sti must wake the hlt after it,
 * and not come before. The timer is for the hypervisor that has it wrong.
 */
static void test_sti_shadow(volatile uint64_t *ticks)
{
    for (uint64_t i = 1; i <= 20; i++) {
        uint64_t start = mg_clock_ns();

        count = 0;
        *ticks = 0;
        set_timer(MG_PATIENCE);
        MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
        do_sti_hlt(NULL);
        MG_CHECK_EQ(count, 1);
        if (!MG_CHECK_EQ(*ticks, 0) ||
            !MG_CHECK(mg_clock_ns() - start < MG_PATIENCE))
            break;
        do_cli(NULL);
    }
    do_cli(NULL);
    MG_CHECK_EQ(hypercall_set_timer(0), 0);
}

static void test_popf(void)
{
    for (uint8_t mask = 0; mask < 2; mask++) {
        mg_vcpu_page()->event_mask = mask;
        popf_with((void *)2ul);
        MG_CHECK_EQ(mg_vcpu_page()->event_mask, mask);
        popf_with((void *)0x202ul);
        MG_CHECK_EQ(mg_vcpu_page()->event_mask, mask);
        /* pushf shows the real flag, which is always on. */
        MG_CHECK(mg_call(pushf_value, NULL) & PARAPET_RFLAGS_IF);
    }
    mg_cli();
}

static void test_counters(void)
{
    uint64_t before = mg_counters(0)->exits[PARAPET_EXIT_emulated];

    for (int i = 0; i < 10; i++)
        do_cli(NULL);
    MG_CHECK_EQ(mg_counters(0)->exits[PARAPET_EXIT_emulated] - before, 10);
}

void test_main(void)
{
    volatile uint64_t ticks = 0;
    uint32_t timer;

    port = mg_event_bind_ipi(0, mg_event_count, (void *)&count);
    timer =
        mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count, (void *)&ticks);
    test_mask();
    test_sti_delivers();
    test_hlt(&ticks);
    test_hlt_masked(timer, &ticks);
    test_hlt_pending();
    test_sti_shadow(&ticks);
    test_popf();
    test_counters();
}
