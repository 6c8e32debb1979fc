/* SPDX-License-Identifier: MIT
 *
 * No hypercall keeps the CPU for longer than the ABI says, and no multicall
 * either, whatever is in it: here all but what bound_memory.c tries. The
 * other vCPUs, all on this CPU, sleep until somebody wakes them.
 *
 * BUNDLE: vcpus=32 memory=32M
 * QEMU: icount=1
 * INPUT: a line that is there to be read, with some sixty characters in it
 */
#include "tests/kernels/lib/bound.h"
#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(bound);

#define NR_VCPUS 32u
#define NR_CALLS 64u
#define NR 512u

static struct parapet_multicall_entry calls[NR_CALLS];
static unsigned int nr_calls;
static uint32_t ports[NR_VCPUS];
static volatile uint64_t woken_at;
static uint64_t *page;

/* ---- the others ---- */

static void sleeper(uint64_t id)
{
    volatile struct parapet_vcpu_page *mine = mg_vcpu_page_of((uint32_t)id);

    for (;;) {
        if (woken_at)
            mg_bound_note("a switch to another vCPU", rdtsc() - woken_at);
        woken_at = 0;
        if (ports[id])
            (void)mg_port_clear(ports[id]);
        mine->event_select = 0;
        mine->event_pending = 0;
        (void)hypercall_block();
    }
}

static void start_others(void)
{
    for (uint32_t i = 1; i < NR_VCPUS; i++) {
        uint64_t stack = (uint64_t)mg_page() + MG_PAGE_SIZE - 8;

        MG_DONE(MG_BOUNDED("vcpu_up",
                           hypercall_vcpu_up(i, (uint64_t)sleeper, stack, i)));
        ports[i] = (uint32_t)MG_BOUNDED("evtchn_bind_ipi",
                                        hypercall_evtchn_bind_ipi(i));
        MG_CHECK(ports[i] < PARAPET_NR_PORTS);
        (void)hypercall_yield();
    }
}

/* ---- multicalls ---- */

static void add(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2)
{
    struct parapet_multicall_entry *call = &calls[nr_calls++ % NR_CALLS];

    memset(call, 0, sizeof(*call));
    call->number = number;
    call->args[0] = a0;
    call->args[1] = a1;
    call->args[2] = a2;
}

/* All of them; then there are none. */
static void multicall(const char *name)
{
    mg_bound_multicall(name, calls, nr_calls);
    nr_calls = 0;
}

#define FILL(...)                                                              \
    do                                                                         \
        add(__VA_ARGS__);                                                      \
    while (nr_calls < NR_CALLS)

static void wake_all(void)
{
    for (uint32_t i = 1; i < NR_VCPUS; i++)
        add(PARAPET_HC_evtchn_send, ports[i], 0, 0);
    multicall("multicall, evtchn_send to all others");
    for (uint32_t i = 1; i < NR_VCPUS; i++)
        (void)hypercall_yield();
    woken_at = rdtsc();
    MG_DONE(hypercall_evtchn_send(ports[1]));
    (void)hypercall_yield();
    MG_CHECK_EQ(woken_at, 0);
}

static void short_calls(void)
{
    static struct parapet_memory_limits limits;

    FILL(PARAPET_HC_abi_version, 0, 0, 0);
    multicall("multicall, abi_version");
    FILL(PARAPET_HC_memory_limits, (uint64_t)&limits, 0, 0);
    multicall("multicall, memory_limits");
    FILL(PARAPET_HC_set_segment_base, PARAPET_SEGMENT_GS_USER, 0, 0);
    multicall("multicall, set_segment_base");
    FILL(PARAPET_HC_evtchn_unmask, ports[1], 0, 0);
    multicall("multicall, evtchn_unmask");
    FILL(PARAPET_HC_cpu_irq_enable, 0, 0, 0);
    multicall("multicall, cpu_irq_enable");
    FILL(PARAPET_HC_clock_read, 0, 0, 0);
    multicall("multicall, clock_read");
    FILL(PARAPET_HC_set_timer, 0, 0, 0);
    multicall("multicall, set_timer");
    FILL(PARAPET_HC_yield, 0, 0, 0);
    multicall("multicall, yield");
}

/* ---- memory among them ---- */

/* Frames whose type is that of tables that nobody uses any more. */
static void retire(uint64_t *tables)
{
    for (uint64_t i = 0; i < NR_CALLS; i++) {
        MG_DONE(mg_set_writable(tables + i * MG_PTES, false));
        MG_DONE(mg_pin(tables + i * MG_PTES, PARAPET_TABLE_L1));
        MG_DONE(mg_unpin(tables + i * MG_PTES));
    }
}

/* The direct map's entries of them: each is a change of type and a flush. */
static void add_changes(const uint64_t *tables, unsigned int nr)
{
    for (uint64_t i = 0; i < nr; i++) {
        const uint64_t *table = tables + i * MG_PTES;

        add(PARAPET_HC_mmu_update_va, (uint64_t)table, mg_pte(table, MG_WRITE),
            PARAPET_FLUSH_ALL);
    }
}

/* A tree with much in it, to be checked or let go. */
static uint64_t *full_tree(void)
{
    uint64_t *l1 = mg_page();

    for (uint64_t i = 0; i < NR; i++)
        l1[i] = mg_pte(page, MG_READ);
    MG_DONE(mg_set_writable(l1, false));
    return mg_table_of(0,
                       mg_pte(mg_table_of(0, mg_pte(l1, MG_TABLE)), MG_TABLE));
}

static void memory_calls(void)
{
    uint64_t *tables = mg_pages(NR_CALLS);
    uint64_t *l3 = full_tree();
    uint64_t mfn = mg_mfn_of(l3);

    retire(tables);
    add_changes(tables, NR_CALLS);
    multicall("multicall, mmu_update_va");
    for (unsigned int nr = 0; nr < 32; nr++) {
        retire(tables);
        add_changes(tables, nr);
        add(PARAPET_HC_mmu_pin, mfn, PARAPET_TABLE_L3, 0);
        multicall("multicall, mmu_update_va, then mmu_pin");
        add_changes(tables, nr);
        add(PARAPET_HC_mmu_unpin, mfn, 0, 0);
        multicall("multicall, mmu_update_va, then mmu_unpin");
    }
    FILL(PARAPET_HC_mmu_flush, PARAPET_FLUSH_ALL, 0, 0);
    multicall("multicall, mmu_flush");
}

/* The vCPU's root, held by nothing else, is left: who lets it go? */
static void root_calls(void)
{
    uint64_t *start = mg_start_root(), *tables = mg_pages(NR_CALLS);

    for (unsigned int nr = 0; nr < 31; nr++) {
        uint64_t *root = mg_kernel_root();

        MG_DONE(mg_set_writable(root, true));
        root[0] = mg_pte(full_tree(), MG_TABLE);
        MG_DONE(mg_set_writable(root, false));
        MG_DONE(mg_pin(root, PARAPET_TABLE_L4));
        MG_DONE(MG_BOUNDED("mmu_set_kernel_root",
                           hypercall_mmu_set_kernel_root(mg_mfn_of(root))));
        MG_DONE(mg_unpin(root));
        retire(tables);
        add_changes(tables, nr);
        add(PARAPET_HC_mmu_set_kernel_root, mg_mfn_of(start), 0, 0);
        add_changes(tables + nr * MG_PTES, 31 - nr);
        multicall("multicall, a root goes among mmu_update_va");
    }
    for (uint64_t i = 0; i < NR_CALLS; i++)
        add(PARAPET_HC_mmu_set_kernel_root, mg_mfn_of(start), 0, 0);
    multicall("multicall, mmu_set_kernel_root");
}

/* ---- others ---- */

static void console_calls(void)
{
    static char text[256];
    int64_t nr_read = 0;

    memset(text, '\n', sizeof(text));
    MG_CHECK_EQ(MG_BOUNDED("console_write",
                           hypercall_console_write(text, sizeof(text))),
                sizeof(text));
    for (unsigned int i = 0; i < 1000 && nr_read <= 0; i++)
        nr_read = MG_BOUNDED("console_read",
                             hypercall_console_read(text, sizeof(text)));
}

static void trap_calls(void)
{
    static struct parapet_trap traps[PARAPET_NR_TRAPS];

    for (uint32_t i = 0; i < PARAPET_NR_TRAPS; i++) {
        traps[i].vector = i;
        traps[i].entry = mg_trap_entry(i);
        traps[i].flags = PARAPET_TRAP_MASK_EVENTS;
    }
    MG_DONE(MG_BOUNDED("set_trap_table",
                       hypercall_set_trap_table(traps, PARAPET_NR_TRAPS)));
}

/* The vCPU that is to be told now has to be woken for that. */
static void move_calls(void)
{
    for (uint32_t i = 2; i < NR_VCPUS; i++) {
        MG_DONE(hypercall_evtchn_send(ports[1]));
        MG_DONE(MG_BOUNDED("evtchn_move of what is pending",
                           hypercall_evtchn_move(ports[1], i)));
        (void)hypercall_yield();
    }
    for (uint32_t i = 0; i < NR_CALLS; i++)
        add(PARAPET_HC_evtchn_move, ports[1], i % NR_VCPUS, 0);
    multicall("multicall, evtchn_move");
    MG_DONE(hypercall_evtchn_move(ports[1], 1));
}

/* Two ports that are bound to each other: a port, or why there is none. */
static int64_t bind_pair(void)
{
    int64_t port =
        MG_BOUNDED("evtchn_alloc_unbound",
                   hypercall_evtchn_alloc_unbound(PARAPET_DOMAIN_SELF));

    if (port < 0)
        return port;
    return MG_BOUNDED(
        "evtchn_bind_interdomain",
        hypercall_evtchn_bind_interdomain(PARAPET_DOMAIN_SELF, (uint32_t)port));
}

/*
 * With the longest search for a port that is free. New tables of ports are made
 * for each kind, as three and the number of ports in a table have no divisor in
 * common.
 */
static void port_calls(void)
{
    int64_t port;

    do {
        port = MG_BOUNDED("evtchn_bind_ipi, until there is none",
                          hypercall_evtchn_bind_ipi(0));
        if (port > 0)
            port = bind_pair();
    } while (port > 0);
    MG_CHECK_EQ(port, -PARAPET_ENOSPC);
    for (uint32_t i = 0; i < 32; i++)
        add(PARAPET_HC_evtchn_close, PARAPET_NR_PORTS - 1 - i, 0, 0);
    multicall("multicall, evtchn_close");
    for (uint32_t i = 32; i < 64; i++)
        MG_DONE(MG_BOUNDED("evtchn_close",
                           hypercall_evtchn_close(PARAPET_NR_PORTS - 1 - i)));
}

MG_SNIPPET(do_rdmsr, "mov $0xc0000080, %ecx; rdmsr");
MG_SNIPPET(do_write_cr0, "mov %cr0, %rax; mov %rax, %cr0");
MG_SNIPPET(do_invlpg, ".byte 0x3e, 0x3e, 0x3e, 0x3e, 0x3e; invlpg (%rsp)");

static void emulated(void)
{
    (void)MG_BOUNDED("rdmsr", mg_call(do_rdmsr, NULL));
    (void)MG_BOUNDED("mov cr0, twice", mg_call(do_write_cr0, NULL));
    (void)MG_BOUNDED("invlpg", mg_call(do_invlpg, NULL));
}

void test_main(void)
{
    page = mg_page();
    start_others();
    wake_all();
    short_calls();
    memory_calls();
    root_calls();
    console_calls();
    trap_calls();
    move_calls();
    port_calls();
    emulated();
    mg_bound_report();
}
