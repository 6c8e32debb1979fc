/* SPDX-License-Identifier: MIT
 *
 * What the ABI preserves is preserved: random values in all general and
 * vector registers, the status flags, segment selectors, bases and control
 * words, over 800 rounds of each hypercall, while a timer interrupts; and
 * the same over exceptions, emulated instructions and upcalls. rax holds the
 * result, rcx and r11 are clobbered; after anything but a hypercall those
 * three are preserved too. One variant runs beside another domain that does
 * the same on the same CPU; one has the hypervisor poison what is clobbered,
 * for which it takes the slow way out. The one that is alone is metered, so it
 * counts instructions: the others' timer comes when it likes.
 *
 * QEMU: patience=300 random=1
 * VARIANT: alone smp=1 icount=1
 * VARIANT: beside smp=1 partner=preserve meter="long; as alone"
 * VARIANT: poisoned smp=1 append="poison=on" meter="long; as alone"
 */
#include "tests/kernels/preserve_regs.h"

#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/x86/rflags.h"
#include "lib/x86/tsc.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/good_calls.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(preserve);

#define ROUNDS 800
#define AUDIT_ROUNDS 100 /* it looks at all of memory */
#define SPIN_ROUNDS 1000
#define MAX_SPIN_ROUNDS (100 * SPIN_ROUNDS)
#define SPIN_TICKS 100
#define PERIOD (100 * MG_US)

#define UNKNOWN (MG_SUCCESS - 1) /* the result of a coursework call */

#define STATUS_FLAGS (RFLAGS_STATUS | RFLAGS_DF)
/* Rounding, denormals and flags are free; exceptions stay masked. */
#define MXCSR_RANDOM 0xe07f
#define MXCSR_MASKS 0x1f80
#define X87_RANDOM 0x0f00 /* precision and rounding */
#define X87_MASKS 0x007f

extern const unsigned char parapet_hypercall_page[];

static struct mg_random numbers;
static uint64_t nr_rounds;
static volatile uint64_t nr_ticks;
static uint32_t self_port;
static int64_t unbound_port; /* for the domain itself */
static _Alignas(8) char object[64] = ".";
static struct parapet_multicall_entry calls[2];
static struct parapet_trap trap_entry_of_ud;
static uint64_t *page, *table; /* to map; of level 1 */
static struct parapet_pte_update updates[2];

static void tick(uint32_t port, void *data)
{
    (void)port;
    (void)data;
    nr_ticks++;
    (void)hypercall_set_timer(mg_clock_ns() + PERIOD);
}

/* Null or the one data segment, with a privilege level that may be loaded. */
static uint64_t random_selector(void)
{
    return mg_random_below(&numbers, 2) ? PARAPET_SS : 0;
}

/* A canonical address. */
static uint64_t random_base(void)
{
    return (uint64_t)((int64_t)(mg_random_next(&numbers) << 16) >> 16);
}

static void randomize(void)
{
    struct preserve_regs *regs = &preserve_before;

    mg_random_fill(&numbers, regs, sizeof(*regs));
    regs->rflags &= STATUS_FLAGS;
    regs->fs_base = random_base();
    regs->gs_base = random_base();
    regs->ds = random_selector();
    regs->es = random_selector();
    regs->fs = random_selector();
    regs->gs = random_selector();
    regs->mxcsr = (regs->mxcsr & MXCSR_RANDOM) | MXCSR_MASKS;
    regs->x87_control = (regs->x87_control & X87_RANDOM) | X87_MASKS;
}

/* ---- comparing ---- */

struct field {
    const char *name;
    size_t offset;
};

#define FIELD(name)                                                            \
    {                                                                          \
#name, offsetof(struct preserve_regs, name)                            \
    }

static const struct field preserved[] = {
    FIELD(rbx), FIELD(rdx), FIELD(rsi),     FIELD(rdi),     FIELD(rbp),
    FIELD(r8),  FIELD(r9),  FIELD(r10),     FIELD(r12),     FIELD(r13),
    FIELD(r14), FIELD(r15), FIELD(fs_base), FIELD(gs_base), FIELD(ds),
    FIELD(es),  FIELD(fs),  FIELD(gs)};

static const struct field result_and_clobbered[] = {FIELD(rax), FIELD(rcx),
                                                    FIELD(r11)};

static uint64_t value_of(const struct preserve_regs *regs,
                         const struct field *field)
{
    uint64_t value;

    __builtin_memcpy(&value, (const char *)regs + field->offset, sizeof(value));
    return value;
}

static void compare_fields(const char *what, const struct field *fields,
                           size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        uint64_t before = value_of(&preserve_before, &fields[i]);
        uint64_t after = value_of(&preserve_after, &fields[i]);

        if (before != after)
            mg_failure("%s: %s was %#lx and is %#lx", what, fields[i].name,
                       before, after);
    }
}

static void compare_vectors(const char *what)
{
    for (size_t i = 0; i < ARRAY_SIZE(preserve_before.ymm); i++) {
        if (__builtin_memcmp(preserve_before.ymm[i], preserve_after.ymm[i],
                             sizeof(preserve_before.ymm[i])) != 0)
            mg_failure("%s: ymm%zu changed", what, i);
    }
}

static void compare(const char *what)
{
    const struct preserve_regs *before = &preserve_before;
    const struct preserve_regs *after = &preserve_after;

    compare_fields(what, preserved, ARRAY_SIZE(preserved));
    compare_vectors(what);
    if ((before->rflags ^ after->rflags) & STATUS_FLAGS)
        mg_failure("%s: rflags was %#lx and is %#lx", what, before->rflags,
                   after->rflags);
    if (after->rsp != preserve_rsp)
        mg_failure("%s: rsp was %#lx and is %#lx", what, preserve_rsp,
                   after->rsp);
    if (before->mxcsr != after->mxcsr)
        mg_failure("%s: mxcsr was %#x and is %#x", what, before->mxcsr,
                   after->mxcsr);
    /* The control word has 16 bits. */
    if ((before->x87_control ^ after->x87_control) & 0xffff)
        mg_failure("%s: the x87 control word was %#x and is %#x", what,
                   before->x87_control, after->x87_control);
}

/* ---- hypercalls ---- */

/* What the row's object is here; of most, nothing is looked at. */
static uint64_t object_of(uint64_t number)
{
    switch (number) {
    case PARAPET_HC_multicall:
        return (uint64_t)calls;
    case PARAPET_HC_set_trap_table:
        return (uint64_t)&trap_entry_of_ud;
    case PARAPET_HC_mmu_update:
        return (uint64_t)updates;
    default:
        return (uint64_t)object;
    }
}

/* A mapping of the page comes and goes; what is closed was opened before. */
static struct mg_good_values values_of(uint64_t number, uint64_t round)
{
    uint32_t port = self_port;

    if (number == PARAPET_HC_evtchn_close)
        port = mg_event_bind_ipi(0, NULL, NULL);
    return (struct mg_good_values){
        .object = object_of(number),
        .port = port,
        .page = (uint64_t)page,
        .entry = mg_pte(page, round % 2 ? MG_READ : MG_WRITE),
        .flush = PARAPET_FLUSH_LOCAL + round % 2,
        .table = mg_mfn_of(table),
        .root = mg_mfn_of(mg_start_root()),
        .time = mg_clock_ns() + PERIOD,
        .unbound = (uint64_t)unbound_port,
    };
}

/* What is good is in the table; this is more of it. Returns the result. */
static int64_t vary(uint64_t number, uint64_t round, int64_t result)
{
    struct preserve_regs *regs = &preserve_before;

    switch (number) {
    case PARAPET_HC_console_write:
        regs->rsi = round % 1000 == 0;
        return (int64_t)regs->rsi;
    case PARAPET_HC_multicall:
        regs->rsi = ARRAY_SIZE(calls);
        calls[0].result = calls[1].result = -1;
        break;
    case PARAPET_HC_set_segment_base:
        /* FS and GS to what they are; the user's GS to anything. */
        regs->rdi = round % 3;
        regs->rsi =
            regs->rdi == PARAPET_SEGMENT_FS ? regs->fs_base : regs->gs_base;
        break;
    case PARAPET_HC_shutdown:
        regs->rdi = 99; /* refused: the others do not come back */
        return -PARAPET_EINVAL;
    case PARAPET_HC_mmu_update:
        updates[0].value = round % 2 ? 0 : mg_pte(page, MG_READ);
        updates[1].value = round % 3 ? 0 : mg_pte(page, MG_WRITE);
        regs->rsi = ARRAY_SIZE(updates);
        break;
    case PARAPET_HC_mmu_update_va:
        regs->rdx = round % 3;
        break;
    default:
        break;
    }
    return result;
}

/*
 * The arguments of a good call; all other registers stay random, and of a call
 * of coursework all. Returns the result to expect.
 */
static int64_t set_arguments(const struct mg_hypercall *hc, uint64_t round)
{
    struct preserve_regs *regs = &preserve_before;
    uint64_t *const registers[] = {&regs->rdi, &regs->rsi, &regs->rdx,
                                   &regs->r10, &regs->r8,  &regs->r9};
    const struct mg_good_call *good = mg_good_call(hc->number);
    struct mg_good_values values = values_of(hc->number, round);
    uint64_t args[6];

    if (!good)
        return mg_hypercall_is_forbidden(hc) ? -PARAPET_EPERM : UNKNOWN;
    mg_good_args(good, &values, args);
    for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
        if (hc->types[i] != MG_HC_none)
            *registers[i] = args[i];
    }
    return vary(hc->number, round, good->result);
}

static void check_result(const struct mg_hypercall *hc, int64_t expected)
{
    int64_t result = (int64_t)preserve_after.rax;

    if (expected == UNKNOWN)
        MG_CHECK(result != -PARAPET_ENOSYS);
    else if (expected == MG_SUCCESS ? result < 0 : result != expected)
        mg_failure("%s: expected %ld, got %ld", hc->name, expected, result);
    if (hc->number == PARAPET_HC_multicall) {
        MG_CHECK_EQ(calls[0].result, PARAPET_ABI_VERSION);
        MG_CHECK_EQ(calls[1].result, 0);
    }
}

/* Undoes what a successful round left behind. */
static void clean_up(uint64_t number)
{
    if (number == PARAPET_HC_evtchn_bind_ipi ||
        number == PARAPET_HC_evtchn_bind_virq ||
        number == PARAPET_HC_evtchn_alloc_unbound ||
        number == PARAPET_HC_evtchn_bind_interdomain)
        mg_event_close((uint32_t)preserve_after.rax);
    if (number == PARAPET_HC_cpu_irq_disable)
        mg_sti();
    if (number == PARAPET_HC_mmu_pin)
        (void)mg_unpin(table);
    if (number == PARAPET_HC_mmu_unpin)
        (void)mg_pin(table, PARAPET_TABLE_L1);
}

static void one_round(const struct mg_hypercall *hc, uint64_t round)
{
    bool by_page = round % 2;
    int64_t expected;

    randomize();
    expected = set_arguments(hc, round);
    preserve_before.rax = hc->number;
    preserve_target = (uint64_t)preserve_syscall;
    if (by_page)
        preserve_target = (uint64_t)parapet_hypercall_page +
                          hc->number * PARAPET_HYPERCALL_ENTRY_SIZE;
    preserve_round();
    clean_up(hc->number);
    compare(hc->name);
    check_result(hc, expected);
}

/* All of its updates are of one that is pinned; mmu_pin's must not be. */
static void prepare_table(uint64_t number)
{
    if (number == PARAPET_HC_mmu_update || number == PARAPET_HC_mmu_unpin)
        (void)mg_pin(table, PARAPET_TABLE_L1);
    else if (number == PARAPET_HC_mmu_pin)
        (void)mg_unpin(table);
}

static void test_hypercall(const struct mg_hypercall *hc)
{
    uint64_t ticks = nr_ticks;
    uint64_t rounds =
        hc->number == PARAPET_HC_memory_audit ? AUDIT_ROUNDS : nr_rounds;

    prepare_table(hc->number);
    for (uint64_t round = 0; round < rounds && !mg_failures(); round++)
        one_round(hc, round);
    mg_printf("%s: %lu upcalls\n", hc->name, nr_ticks - ticks);
}

/* ---- the rest: rax, rcx and r11 are preserved, too ---- */

static void test_other(const char *what, void (*target)(void), uint64_t rounds)
{
    for (uint64_t round = 0; round < rounds && !mg_failures(); round++) {
        randomize();
        preserve_target = (uint64_t)target;
        preserve_round();
        compare(what);
        compare_fields(what, result_and_clobbered,
                       ARRAY_SIZE(result_and_clobbered));
        mg_sti();
    }
}

/*
 * Upcalls at any instruction: rcx counts down to 0, all else stays. A busy host
 * fires few timers in that time, so there are rounds until there were enough.
 */
static void test_upcalls(void)
{
    uint64_t ticks = nr_ticks, round = 0;

    while (!mg_failures() &&
           (round < SPIN_ROUNDS || nr_ticks - ticks <= SPIN_TICKS) &&
           round++ < MAX_SPIN_ROUNDS) {
        randomize();
        preserve_before.rcx = 50000 + mg_random_below(&numbers, 50000);
        preserve_target = (uint64_t)preserve_spin;
        preserve_round();
        preserve_before.rcx = 0;
        compare("upcalls");
        compare_fields("upcalls", result_and_clobbered,
                       ARRAY_SIZE(result_and_clobbered));
    }
    mg_printf("%lu upcalls while spinning\n", nr_ticks - ticks);
    MG_CHECK(nr_ticks - ticks > SPIN_TICKS);
}

static bool do_nothing(struct mg_regs *regs)
{
    (void)regs;
    return true;
}

static void prepare(void)
{
    uint64_t seed = mg_variant("beside") ? rdtsc_ordered() : 0x9e3779b97f4a7c15;

    mg_random_init(&numbers, mg_argument("seed", seed));
    nr_rounds = ROUNDS * mg_argument("times", 1);
    calls[0].number = PARAPET_HC_abi_version;
    calls[1].number = PARAPET_HC_evtchn_send;
    trap_entry_of_ud = (struct parapet_trap){MG_UD, PARAPET_TRAP_MASK_EVENTS,
                                             mg_trap_entry(MG_UD)};
    page = mg_page();
    table = mg_table(NULL);
    updates[0].pte = mg_entry_of(table, 3);
    updates[1].pte = mg_entry_of(table, 4);
    self_port = mg_event_bind_ipi(0, NULL, NULL);
    calls[1].args[0] = self_port;
    unbound_port = hypercall_evtchn_alloc_unbound(PARAPET_DOMAIN_SELF);
    MG_CHECK(unbound_port > 0);
    mg_trap_hook(MG_BP, do_nothing);
    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, tick, NULL);
    mg_sti();
    (void)hypercall_set_timer(mg_clock_ns() + PERIOD);
}

void test_main(void)
{
    prepare();
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        if (mg_hypercalls[i].number != PARAPET_HC_iret)
            test_hypercall(&mg_hypercalls[i]);
    }
    test_other("iret", preserve_iret, nr_rounds);
    test_other("breakpoint", preserve_int3, nr_rounds);
    test_other("trapped cli", preserve_cli, nr_rounds);
    test_upcalls();
    MG_CHECK(nr_ticks > nr_rounds / 20);
}
