/* SPDX-License-Identifier: MIT
 *
 * One vCPU has the memory lock nearly all the time: it audits, which takes
 * longer than anybody waits. Every call of the other that needs the lock then
 * gives up, with nothing done, and so does a multicall before such an entry. A
 * trapped write to a table is tried again, and lets events in meanwhile.
 *
 * BUNDLE: vcpus=2
 * QEMU: smp=2 patience=300
 * METER: it is about two CPUs, one of which waits for the other
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_wait);

#define UNTOUCHED 0x7e57

static volatile uint64_t stop, stopped;
static uint64_t *table, *page;
static struct parapet_pte_update updates[2];
static uint64_t mfn;
static struct parapet_populate frame;

static void audit(void *argument)
{
    (void)argument;
    while (!stop)
        mg_audit();
    stopped = 1;
}

/* ---- calls ---- */

static int64_t update_one(void)
{
    return hypercall_mmu_update(updates, 1, ~0ul);
}

static int64_t update_two(void)
{
    return hypercall_mmu_update(updates, ARRAY_SIZE(updates), ~0ul);
}

static int64_t update_va(void)
{
    return hypercall_mmu_update_va((uint64_t)page, mg_pte(page, MG_WRITE),
                                   PARAPET_FLUSH_NONE);
}

/* These are refused when they get the lock. */
static int64_t pin(void)
{
    return hypercall_mmu_pin(mg_mfn_of(table), PARAPET_TABLE_L2);
}

static int64_t unpin(void)
{
    return hypercall_mmu_unpin(mg_mfn_of(page));
}

static int64_t set_kernel_root(void)
{
    return hypercall_mmu_set_kernel_root(mg_mfn_of(mg_start_root()));
}

static int64_t set_user_root(void)
{
    return hypercall_mmu_set_user_root(0);
}

static int64_t give_back(void)
{
    return hypercall_memory_give_back(&mfn, 1);
}

static int64_t populate(void)
{
    return hypercall_memory_populate(&frame, 1);
}

static const struct {
    const char *name;
    int64_t (*call)(void);
    int64_t result; /* when it gets the lock */
} calls[] = {
    {"mmu_update of one", update_one, 0},
    {"mmu_update of two", update_two, 0},
    {"mmu_update_va", update_va, 0},
    {"mmu_pin", pin, -PARAPET_EBUSY},
    {"mmu_unpin", unpin, -PARAPET_ENOENT},
    {"mmu_set_kernel_root", set_kernel_root, 0},
    {"mmu_set_user_root", set_user_root, 0},
    {"memory_give_back", give_back, -PARAPET_EBUSY},
    {"memory_populate", populate, -PARAPET_EINVAL},
};

/* Until it gives up, which it must some time, and then to its end. */
static void check_call(const char *name, int64_t (*call)(void),
                       int64_t expected)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    int64_t result;

    do {
        mg_vcpu_page()->restart_done = UNTOUCHED;
        result = call();
        if (result != -PARAPET_ERESTART && !MG_CHECK_EQ(result, expected))
            return;
    } while (result != -PARAPET_ERESTART && mg_clock_ns() < end);
    if (result != -PARAPET_ERESTART)
        mg_failure("%s never gave up", name);
    else
        MG_CHECK_EQ(mg_vcpu_page()->restart_done, 0);
    MG_CHECK_EQ(HYPERCALL_RESTARTED(call()), expected);
}

/* The entry before is done, it and the one after it are not. */
static int64_t multicall(void)
{
    static struct parapet_multicall_entry entries[3];
    int64_t result;

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        entries[i].number = PARAPET_HC_abi_version;
        entries[i].result = UNTOUCHED;
    }
    entries[1].number = PARAPET_HC_mmu_set_user_root;
    result = hypercall_multicall(entries, ARRAY_SIZE(entries));
    MG_CHECK_EQ(entries[0].result, PARAPET_ABI_VERSION);
    /* It may have waited and got the lock: then it stops after the entry. */
    if (result == 0 || mg_vcpu_page()->restart_done == 2)
        return 0;
    MG_CHECK_EQ(mg_vcpu_page()->restart_done, 1);
    MG_CHECK_EQ(entries[1].result, -PARAPET_ERESTART);
    MG_CHECK_EQ(entries[2].result, UNTOUCHED);
    mg_vcpu_page()->restart_done = 0; /* for check_call() */
    return result;
}

/* ---- a trapped write ---- */

static volatile uint64_t nr_before; /* ticks while the entry was still old */

static void tick(uint32_t port, void *data)
{
    (void)port;
    (void)data;
    nr_before += *(volatile uint64_t *)table == 0;
}

static void test_trapped_write(void)
{
    volatile uint64_t *entry = table;
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, tick, NULL);
    while (nr_before == 0 && mg_clock_ns() < end) {
        MG_DONE(mg_update(mg_entry_of(table, 0), 0));
        (void)hypercall_set_timer(mg_clock_ns() + 20 * MG_US);
        mg_sti();
        *entry = mg_pte(page, MG_READ);
        mg_cli();
        MG_CHECK_EQ(*entry & PARAPET_PTE_ADDRESS,
                    mg_mfn_of(page) * MG_PAGE_SIZE);
    }
    MG_CHECK(nr_before != 0);
}

void test_main(void)
{
    if (hypercall_memory_audit() == -PARAPET_EPERM)
        mg_skip("the boot line does not have audit=on");
    table = mg_table(NULL);
    page = mg_page();
    mfn = mg_mfn_of(page);
    frame.gfn = ~0ul;
    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    for (size_t i = 0; i < ARRAY_SIZE(updates); i++)
        updates[i].pte = mg_entry_of(table, i);
    MG_DONE(mg_vcpu_start(1, audit, NULL));
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        check_call(calls[i].name, calls[i].call, calls[i].result);
    check_call("multicall", multicall, 0);
    test_trapped_write();
    stop = 1;
    MG_CHECK(mg_clock_wait(&stopped));
}
