/* SPDX-License-Identifier: MIT
 *
 * Hazard: half a million hypercalls with arguments that nobody thought of: each
 * number from 0 to 300 and huge ones, with random values and interesting ones.
 * None may end the domain, or return what abi/hypercalls.def does not name.
 * At the end no port is lost, memory that nobody named is what it was, and
 * events, timer and console work.
 *
 * Why: The other tests try what somebody thought of. Holes are where nobody
 * looked: in the call that was added last, in two arguments that are odd at
 * the same time, in a number beyond the table's end. Random calls find these
 * without being told, and a guest that means harm makes them too. The seed is
 * fixed, so that a failure comes again when it is looked for; another one can
 * be given (RANDOM_SEED, tests/kernels/run).
 *
 * No number is left out, but some calls would do what they say and end the
 * test. They are guarded:
 *
 *   iret            pops a good frame, random where a frame may be
 *   block           an event is pending, so it comes back; also in multicalls
 *   shutdown        never with a reason that there is
 *   console_write   prints one time in a thousand, else no bytes
 *   set_callback, set_trap_table
 *                   the runtime's entries are put back before they are needed
 *   mmu_update_va   of a page that the test itself needs, it is done to a
 *                   spare one
 *   memory_audit, domain_audit
 *                   one time in CALLS_PER_AUDIT
 *   domain_limits, domain_schedule
 *                   never of the domain itself: with a small cap all of this
 *                   would take a hundred times as long
 *   grant_grow      one page is in the table; of any other of its own pages it
 *                   is done to that one
 *
 * Those from console_write on are left out of multicalls, where no guard can
 * step in, or which refuse them. At the end the domain has all its frames, and
 * the audit is clean.
 *
 * It runs beside control_random.c, too, with fewer calls.
 *
 * QEMU: patience=300 random=1
 * VARIANT: guest
 * VARIANT: control privileged=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(hazard_random);

#define CALLS 200000 /* unless the boot arguments have calls=N */
/* Numbers up to here are reached one by one; 256 and up have no counter. */
#define NR_NUMBERS 301
/* Ports are never closed by chance as often as they are bound. */
#define CALLS_PER_CLEANING 20000
#define CALLS_PER_REFILL 64
/* An audit takes long. So rarely, and yet none is left out by chance where
 * control_random.c has this make 200,000 calls. */
#define CALLS_PER_AUDIT 200

static struct mg_random numbers;
static uint64_t nr_calls_to_make;
static uint64_t *spare_page, *lent_page;
static uint64_t nr_mfns;

/* What no call names: only a mistake writes to it. */
static uint64_t nobodys[8 * MG_PTES], nobodys_before[8 * MG_PTES];

static uint64_t nr_calls[NR_NUMBERS], nr_huge, nr_errors;

static const uint64_t pool[] = {
    0,
    1,
    2,
    3,
    31,
    32,
    4095,
    4096,
    4097,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0x7fffffffffffffff,
    0x8000000000000000,
    ~0ul - 7,
    ~0ul,
    0x00007fffffffffff,
    0x0000800000000000,
    0xffff7fffffffffff,
    PARAPET_HYPERVISOR_START,
    PARAPET_HYPERVISOR_END - 8,
    PARAPET_HYPERVISOR_END,
    PARAPET_COUNTERS_PAGE(0ul),
    PARAPET_DTB,
    (uint64_t)mg_edge_page,
    (uint64_t)mg_edge_page + 4088,
    (uint64_t)mg_edge_page + 4095,
};

/* ---- what is called ---- */

static uint64_t any_argument(void)
{
    if (mg_random_below(&numbers, 4) == 0)
        return mg_random_next(&numbers) >> mg_random_below(&numbers, 64);
    return pool[mg_random_below(&numbers, ARRAY_SIZE(pool))];
}

static uint64_t any_number(void)
{
    switch (mg_random_below(&numbers, 8)) {
    case 0:
        return mg_random_below(&numbers, NR_NUMBERS);
    case 1:
        return any_argument();
    default:
        return mg_hypercalls[mg_random_below(&numbers, mg_nr_hypercalls)]
            .number;
    }
}

static bool is_guarded_outside_only(uint64_t number)
{
    return number == PARAPET_HC_console_write ||
           number == PARAPET_HC_set_callback ||
           number == PARAPET_HC_set_trap_table ||
           number == PARAPET_HC_mmu_update_va ||
           number == PARAPET_HC_domain_limits ||
           number == PARAPET_HC_domain_schedule;
}

/*
 * Multicalls over the edge page: their entries are random as well. (Other
 * memory in the pool holds no numbers but small counts, or zero.)
 */
static void refill(void)
{
    struct parapet_multicall_entry *entries = (void *)mg_edge_page;

    for (size_t i = 0; i < sizeof(mg_edge_page) / sizeof(*entries); i++) {
        do {
            entries[i].number = any_number();
        } while (is_guarded_outside_only(entries[i].number));
        for (size_t a = 0; a < ARRAY_SIZE(entries[i].args); a++)
            entries[i].args[a] = any_argument();
    }
}

/* ---- the guards ---- */

/* An iret to the next instruction. rflags: events stay as the frame says. */
static int64_t iret_here(const uint64_t args[6])
{
    struct parapet_frame frame = {.rax = 0,
                                  .rcx = args[0],
                                  .r11 = args[1],
                                  .error = args[2],
                                  .cs = PARAPET_CS_KERNEL,
                                  .rflags = args[3] & PARAPET_RFLAGS_IF,
                                  .ss = args[4]};
    int64_t result;

    __asm__ volatile("mov %%rsp, %c[rsp](%[frame])\n\t"
                     "lea 1f(%%rip), %%rcx\n\t"
                     "mov %%rcx, %c[rip](%[frame])\n\t"
                     "mov %[frame], %%rsp\n\t"
                     "xor %%eax, %%eax\n\t"
                     "syscall\n"
                     "1:"
                     : "=&a"(result)
                     : [frame] "r"(&frame), [rsp] "i"(PARAPET_FRAME_RSP),
                       [rip] "i"(PARAPET_FRAME_RIP)
                     : "rcx", "r11", "memory", "cc");
    return result;
}

static void guard(uint64_t number, uint64_t args[6])
{
    if (number == PARAPET_HC_console_write &&
        mg_random_below(&numbers, 1000) != 0)
        args[1] = 0;
    if (number == PARAPET_HC_shutdown && args[0] <= PARAPET_SHUTDOWN_CRASH)
        args[0] += PARAPET_SHUTDOWN_CRASH + 1;
    /* Below the hypervisor nothing is mapped. */
    if (number == PARAPET_HC_mmu_update_va && args[0] >= PARAPET_HYPERVISOR_END)
        args[0] = (uint64_t)spare_page;
    if ((number == PARAPET_HC_domain_limits ||
         number == PARAPET_HC_domain_schedule) &&
        args[0] == 0)
        args[0] = UINT32_MAX;
    if (number == PARAPET_HC_grant_grow && args[0] < nr_mfns &&
        mg_mfn_pointer(args[0]))
        args[0] = mg_mfn_of(lent_page);
    if (number == PARAPET_HC_block || number == PARAPET_HC_halt ||
        number == PARAPET_HC_multicall)
        mg_vcpu_page()->event_pending = 1;
}

static void put_back(uint64_t number)
{
    /* A multicall may have taken some counters for an entry. */
    if (number == PARAPET_HC_set_callback || number == PARAPET_HC_multicall)
        mg_event_init();
    if (number == PARAPET_HC_set_trap_table || number == PARAPET_HC_multicall)
        mg_trap_init();
}

/* ---- one call ---- */

static bool has_wide_u32(const struct mg_hypercall *hc, const uint64_t args[6])
{
    for (size_t i = 0; i < ARRAY_SIZE(hc->types); i++) {
        if (hc->types[i] == MG_HC_u32 && args[i] >> 32)
            return true;
    }
    return false;
}

static bool may_return(uint64_t number, const uint64_t args[6], int64_t result)
{
    const struct mg_hypercall *hc = mg_hypercall_find(number);

    if (!hc)
        return result == -PARAPET_ENOSYS;
    if (mg_hypercall_is_forbidden(hc))
        return result == -PARAPET_EPERM;
    if (has_wide_u32(hc, args))
        return result == -PARAPET_EINVAL;
    return mg_hypercall_can_return(hc, result);
}

static bool is_audit(uint64_t number)
{
    return number == PARAPET_HC_memory_audit ||
           number == PARAPET_HC_domain_audit;
}

static void one_call(void)
{
    uint64_t number, args[6];
    int64_t result;

    do {
        number = any_number();
    } while (is_audit(number) &&
             mg_random_below(&numbers, CALLS_PER_AUDIT) != 0);
    for (size_t i = 0; i < ARRAY_SIZE(args); i++)
        args[i] = any_argument();
    guard(number, args);
    if (number == PARAPET_HC_iret)
        result = iret_here(args);
    else
        result = mg_hypercall(number, args);
    mg_cli();
    put_back(number);

    if (!may_return(number, args, result))
        mg_failure("number %#lx (%#lx, %#lx, %#lx, %#lx, %#lx, %#lx): got %ld",
                   number, args[0], args[1], args[2], args[3], args[4], args[5],
                   result);
    if (number < NR_NUMBERS)
        nr_calls[number]++;
    else
        nr_huge++;
    nr_errors += result < 0;
}

/* ---- before and after ---- */

static void close_all_ports(void)
{
    for (uint32_t port = 0; port < PARAPET_NR_PORTS; port++)
        (void)hypercall_evtchn_close(port);
}

/* How many ports can be bound. All are closed afterwards. */
static uint64_t nr_ports(void)
{
    uint64_t nr = 0;

    close_all_ports();
    while (hypercall_evtchn_bind_ipi(0) >= 0)
        nr++;
    close_all_ports();
    return nr;
}

/* The hypervisor's own count says so, where it has one. */
static void check_all_reached(uint64_t unknown_before)
{
    const volatile struct parapet_counters *counters = mg_counters(0);

    for (uint64_t number = 0; number < NR_NUMBERS; number++) {
        bool counted = number >= PARAPET_NR_HYPERCALLS ||
                       counters->hypercalls[number] >= nr_calls[number];

        if (nr_calls[number] == 0 || !counted)
            mg_failure("number %lu was not reached", number);
    }
    MG_CHECK(nr_huge > nr_calls_to_make / 100);
    MG_CHECK(counters->unknown_hypercalls - unknown_before >= nr_huge);
}

/* What a give back of the spare page may have taken is not missed. */
static void check_memory(void)
{
    struct parapet_memory_limits limits = {0};

    MG_CHECK_EQ(hypercall_memory_limits(&limits), 0);
    MG_CHECK(limits.nr_frames + PARAPET_GRANT_RESERVE >= limits.max_frames - 1);
    MG_CHECK(limits.nr_frames + limits.nr_charged <= limits.max_frames);
    MG_CHECK(memcmp(nobodys, nobodys_before, sizeof(nobodys)) == 0);
    mg_audit();
}

static void check_machine(void)
{
    static const char text[] = "The console works.\n";
    static volatile uint64_t sent, ticks;
    uint64_t now = mg_clock_ns();
    uint32_t port = mg_event_bind_ipi(0, mg_event_count, (void *)&sent);

    (void)mg_event_bind_virq(PARAPET_VIRQ_TIMER, mg_event_count,
                             (void *)&ticks);
    mg_sti();
    MG_CHECK_EQ(hypercall_evtchn_send(port), 0);
    MG_CHECK_EQ(sent, 1);
    MG_CHECK_EQ(hypercall_set_timer(now + 5 * MG_MS), 0);
    MG_CHECK(mg_clock_wait(&ticks));
    MG_CHECK(mg_clock_ns() >= now + 5 * MG_MS);
    mg_cli();
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
    /* The console may take nothing for a while. */
    MG_CHECK_EQ(
        HYPERCALL_RESTARTED(hypercall_console_write(text, sizeof(text) - 1)),
        sizeof(text) - 1);
}

/* All that its handles and its table of grants take is there from now on. */
static void use_grants(void)
{
    struct parapet_memory_limits limits = {0};
    struct parapet_grant_hold hold = {.domain = PARAPET_DOMAIN_SELF};

    MG_CHECK_EQ(hypercall_memory_limits(&limits), 0);
    nr_mfns = limits.nr_mfns;
    lent_page = mg_page();
    MG_CHECK_EQ(HYPERCALL_RESTARTED(hypercall_grant_hold(&hold, 1)), 0);
    MG_CHECK(hold.status < 0);
    MG_CHECK_EQ(HYPERCALL_RESTARTED(hypercall_grant_grow(mg_mfn_of(lent_page))),
                2);
}

/* control_random.c looks at what is there when the ports are. */
void test_main(void)
{
    uint64_t unknown = mg_counters(0)->unknown_hypercalls;
    uint64_t ports;

    use_grants();
    ports = nr_ports();
    spare_page = mg_page();
    mg_random_init(&numbers, 0x6675667a);
    mg_random_fill(&numbers, nobodys, sizeof(nobodys));
    memcpy(nobodys_before, nobodys, sizeof(nobodys));
    nr_calls_to_make = mg_argument("calls", CALLS) * mg_argument("times", 1);
    for (uint64_t call = 0; call < nr_calls_to_make; call++) {
        if (call % CALLS_PER_REFILL == 0)
            refill();
        if (call % CALLS_PER_CLEANING == 0)
            close_all_ports();
        one_call();
    }
    mg_printf("\n%lu of %lu calls were errors\n", nr_errors, nr_calls_to_make);
    check_all_reached(unknown);
    MG_CHECK(nr_errors > nr_calls_to_make / 4 && nr_errors < nr_calls_to_make);
    (void)hypercall_set_timer(0);
    mg_vcpu_page()->event_pending = 0;
    MG_CHECK_EQ(nr_ports(), ports);
    MG_CHECK(ports >= PARAPET_NR_PORTS - 4);
    check_memory();
    check_machine();
}
