/* SPDX-License-Identifier: MIT
 *
 * Tests of the kernel from inside, on whatever it runs on. Each returns NULL
 * or what went wrong, and leaves the kernel as it was.
 */
#include "guest-kernel/monitor/selftest.h"
#include "guest-kernel/core/irq.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/monitor/commands.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/trap.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/thread/thread.h"
#include "guest-kernel/thread/wait.h"
#include "lib/macros.h"
#include "lib/string.h"

#define NS_PER_MS 1000000ul

/* Threads of a test that have not ended yet. */
static unsigned int nr_running;
static struct wait_queue all_done = WAIT_QUEUE_INIT(all_done);

static void thread_done(void)
{
    bool irq_on = privops_irq_save();

    if (--nr_running == 0)
        wait_queue_wake_all(&all_done);
    privops_irq_restore(irq_on);
}

/* Starts up to count threads; returns how many. */
static unsigned int start_threads(thread_function_t *function,
                                  unsigned int count)
{
    bool irq_on = privops_irq_save();

    for (nr_running = 0; nr_running < count; nr_running++)
        if (thread_create("selftest", function, NULL) == NULL)
            break;
    count = nr_running;
    privops_irq_restore(irq_on);
    return count;
}

static void wait_for_threads(void)
{
    wait_event(&all_done, nr_running == 0);
    sched_yield(); /* the last one is off its stack now */
}

static uint64_t free_kib(void)
{
    struct page_statistics pages;

    page_get_statistics(&pages);
    return pages.free_kib;
}

/*
 * All memory, page by page, chained through the first word of each; its last
 * word says which page it is.
 */
static const char *test_pages(void)
{
    const size_t last = PAGE_SIZE / sizeof(uint64_t) - 1;
    uint64_t before = free_kib(), *page, *chain = NULL, *next, nr = 0;
    bool damaged = false;

    while ((page = page_alloc(0)) != NULL) {
        page[0] = (uint64_t)chain;
        page[last] = ~(uint64_t)page;
        chain = page;
        nr++;
    }
    for (page = chain; page != NULL; page = next) {
        next = (uint64_t *)page[0];
        damaged |= page[last] != ~(uint64_t)page;
        page_free(page);
    }
    if (nr * (PAGE_SIZE / 1024) != before)
        return "not all free memory could be allocated";
    if (damaged)
        return "a page was handed out twice";
    return free_kib() == before ? NULL : "memory was lost";
}

static bool has_block(unsigned int order)
{
    struct page_statistics pages;

    page_get_statistics(&pages);
    while (order <= PAGE_MAX_ORDER)
        if (pages.nr_free[order++] > 0)
            return true;
    return false;
}

static const char *test_orders(void)
{
    uint64_t before = free_kib();
    unsigned int order;
    void *block;

    for (order = 0; has_block(order); order++) {
        block = page_alloc(order);
        if (block == NULL)
            return "a free block could not be allocated";
        if ((uint64_t)block % ((uint64_t)PAGE_SIZE << order) != 0)
            return "a block is not aligned";
        if (before - free_kib() != PAGE_SIZE / 1024ul << order)
            return "the count of free memory is wrong";
        page_free(block);
    }
    if (page_alloc(order) != NULL)
        return "a block was allocated that was not there";
    return free_kib() == before ? NULL : "memory was lost";
}

static const char *test_slab(void)
{
    static uint8_t *objects[512];
    uint64_t before = free_kib();
    const char *error = NULL;
    size_t i, size;

    for (i = 0; i < ARRAY_SIZE(objects); i++) {
        size = i * 7 % 3000 + 1;
        objects[i] = kmalloc(size);
        if (objects[i] == NULL)
            return "out of memory";
        memset(objects[i], (int)(i & 0xff), size);
    }
    for (i = 0; i < ARRAY_SIZE(objects); i++) {
        size = i * 7 % 3000 + 1;
        if (objects[i][0] != (i & 0xff) || objects[i][size - 1] != (i & 0xff))
            error = "two objects overlap";
        kfree(objects[i]);
    }
    /* Each class may keep one empty slab. */
    if (free_kib() + SLAB_NR_CLASSES * PAGE_SIZE / 1024 < before)
        error = "memory was lost";
    return error;
}

static const char *test_clock(void)
{
    uint64_t last = privops_clock_ns(), now;
    unsigned int i;

    for (i = 0; i < 100000; i++) {
        now = privops_clock_ns();
        if (now < last)
            return "time went backward";
        last = now;
    }
    return NULL;
}

static uint64_t nr_timer_interrupts(void)
{
    return irq_count(privops_timer_port());
}

static const char *test_sleep(void)
{
    uint64_t start = privops_clock_ns(), slept;
    uint64_t timers = nr_timer_interrupts();

    sched_sleep(20 * NS_PER_MS);
    slept = privops_clock_ns() - start;
    if (slept < 20 * NS_PER_MS)
        return "it woke too early";
    if (slept > 2000 * NS_PER_MS)
        return "it woke two seconds late";
    return nr_timer_interrupts() > timers ? NULL : "no timer interrupt came";
}

/* Each waits, without giving up the CPU, for the other to have started. */
static volatile unsigned int nr_started;
static volatile bool timed_out;

static void wait_for_the_other(void *unused)
{
    uint64_t deadline = privops_clock_ns() + 2000 * NS_PER_MS;

    (void)unused;
    nr_started++;
    while (nr_started < 2 && !timed_out)
        if (privops_clock_ns() > deadline)
            timed_out = true;
    thread_done();
}

static const char *test_preemption(void)
{
    nr_started = 0;
    timed_out = false;
    if (start_threads(wait_for_the_other, 2) != 2)
        return "no thread could be started";
    wait_for_threads();
    return timed_out ? "a spinning thread was not preempted" : NULL;
}

static struct wait_queue gate = WAIT_QUEUE_INIT(gate);
static unsigned int nr_passed;

static void wait_at_gate(void *unused)
{
    (void)unused;
    privops_irq_disable();
    wait_queue_sleep(&gate);
    nr_passed++;
    privops_irq_enable();
    thread_done();
}

/* Wakes one of three, then all; then waits for what does not come. */
static const char *test_wait(void)
{
    uint64_t deadline = privops_clock_ns() + 10 * NS_PER_MS;
    unsigned int count, first;
    int64_t result;

    nr_passed = 0;
    count = start_threads(wait_at_gate, 3);
    sched_sleep(NS_PER_MS);
    privops_irq_disable();
    wait_queue_wake_one(&gate);
    privops_irq_enable();
    sched_sleep(NS_PER_MS);
    first = nr_passed;
    privops_irq_disable();
    wait_queue_wake_all(&gate);
    privops_irq_enable();
    wait_for_threads();
    if (count != 3 || first != 1 || nr_passed != 3)
        return "not those were woken that should have been";
    privops_irq_disable();
    result = wait_queue_sleep_until(&gate, deadline);
    privops_irq_enable();
    if (result != -ETIMEDOUT || privops_clock_ns() < deadline)
        return "it did not wait until the deadline";
    return list_is_empty(&gate.threads) ? NULL : "it stayed in the queue";
}

static void do_nothing(void *unused)
{
    (void)unused;
    thread_done();
}

/* As many as there may be, again and again. */
static const char *test_threads(void)
{
    unsigned int first, i, count;
    uint64_t before;

    first = start_threads(do_nothing, THREADS_MAX);
    wait_for_threads();
    before = free_kib();
    if (first == 0 || first >= THREADS_MAX)
        return "there are more threads than there can be";
    for (i = 0; i < 10; i++) {
        count = start_threads(do_nothing, THREADS_MAX);
        wait_for_threads();
        if (count != first)
            return "a thread was lost";
    }
    return free_kib() + SLAB_NR_CLASSES * PAGE_SIZE / 1024 >= before
               ? NULL
               : "memory was lost";
}

/* The whole way through an exception and back; rbx and r11 stand for all. */
static const char *test_breakpoint(void)
{
    uint64_t before = trap_breakpoints(), rbx = 0x1234567890abcdef;
    register uint64_t r11 __asm__("r11") = 0xfedcba0987654321;

    __asm__ volatile("int3" : "+b"(rbx), "+r"(r11) : : "memory");
    if (rbx != 0x1234567890abcdef || r11 != 0xfedcba0987654321)
        return "a register was changed";
    return trap_breakpoints() == before + 1 ? NULL : "no exception came";
}

static const char *test_interrupt_flag(void)
{
    bool was_on = privops_irq_save(), again = privops_irq_save();

    if (!was_on || again || privops_irq_enabled())
        return "interrupts cannot be disabled";
    privops_irq_restore(again);
    if (privops_irq_enabled())
        return "restoring enabled interrupts";
    privops_irq_restore(was_on);
    return privops_irq_enabled() ? NULL : "interrupts stay disabled";
}

/* A timer that goes off while interrupts are disabled comes right after. */
static const char *test_held_interrupt(void)
{
    uint64_t timers, deadline = privops_clock_ns() + 5 * NS_PER_MS;
    bool early;

    privops_irq_disable();
    timers = nr_timer_interrupts();
    privops_timer_set(deadline);
    while (privops_clock_ns() < deadline + 5 * NS_PER_MS)
        ;
    early = nr_timer_interrupts() != timers;
    privops_irq_enable();
    while (!early && nr_timer_interrupts() == timers &&
           privops_clock_ns() < deadline + 2000 * NS_PER_MS)
        ;
    if (early)
        return "an interrupt came while they were disabled";
    return nr_timer_interrupts() > timers ? NULL : "the interrupt was lost";
}

static const struct {
    const char *name;
    const char *(*run)(void);
} tests[] = {
    {"pages", test_pages},
    {"orders", test_orders},
    {"slab", test_slab},
    {"clock", test_clock},
    {"interrupt flag", test_interrupt_flag},
    {"held interrupt", test_held_interrupt},
    {"breakpoint", test_breakpoint},
    {"sleep", test_sleep},
    {"preemption", test_preemption},
    {"wait", test_wait},
    {"threads", test_threads},
    {"space areas", selftest_space_areas},
    {"space pages", selftest_space_pages},
    {"space clones", selftest_space_clones},
    {"space memory", selftest_space_memory},
    {"space objects", selftest_space_objects},
    {"space random", selftest_space_random},
};

void cmd_selftest(unsigned int nr_args, char **args)
{
    unsigned int i, nr_failed = 0;
    const char *error;

    (void)nr_args;
    (void)args;
    if (process_count() > 0) {
        kprintf("selftest: it takes all memory, and processes run: boot with "
                "\"monitor\"\n");
        return;
    }
    for (i = 0; i < ARRAY_SIZE(tests); i++) {
        error = tests[i].run();
        kprintf("  %-14s  %s\n", tests[i].name, error != NULL ? error : "ok");
        if (error != NULL)
            nr_failed++;
    }
    kprintf("selftest: %u passed, %u failed\n",
            (unsigned int)ARRAY_SIZE(tests) - nr_failed, nr_failed);
}
