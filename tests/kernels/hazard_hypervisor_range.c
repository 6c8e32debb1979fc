/* SPDX-License-Identifier: MIT
 *
 * Hazard: the hypervisor's addresses, and the pages that it shows but does
 * not give away. Reading, writing and running there faults, at the address,
 * and nothing changes. The machine-to-physical table at the start can be read,
 * up to the last frame of the machine, and that is all.
 *
 * Why: The hypervisor lies in each guest's address space, so that an exit need
 * not change cr3. What keeps the guest out is one bit in each entry on the
 * way, and a mistake in it makes no sound: all goes on to work. So the range
 * is probed from the guest's side, at its ends, all over its middle, and where
 * it shows a table on purpose, by each kind of access.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(hazard_hypervisor_range);

#define RANDOM_TRIES 2000
/* Of a number that is not assigned and not called here. */
#define UNUSED_COUNTER                                                         \
    (PARAPET_COUNTERS_PAGE(0ul) + 8 * (PARAPET_NR_HYPERCALLS - 1))

MG_SNIPPET(do_read, "mov (%rdi), %rax");
MG_SNIPPET(do_write, "movb $0x5a, (%rdi)");
MG_SNIPPET(do_swap, "xchg %rax, (%rdi)");
MG_SNIPPET(do_jump, "jmp *%rdi");

/* The last word of a range, its first, and all over the middle. */
static uint64_t pick(struct mg_random *numbers, int i)
{
    uint64_t size = PARAPET_HYPERVISOR_END - PARAPET_HYPERVISOR_START;
    uint64_t slot_size = 1ul << 39;

    if (i < 16) /* each of the sixteen slots' first page */
        return PARAPET_HYPERVISOR_START + (uint64_t)i * slot_size;
    if (i < 32) /* and last word */
        return PARAPET_HYPERVISOR_START + (uint64_t)(i - 15) * slot_size - 8;
    if (i < 1024) /* low in a slot: where an image or a table would lie */
        return PARAPET_HYPERVISOR_START +
               mg_random_below(numbers, 16) * slot_size +
               (mg_random_below(numbers, 1ul << 30) & ~7ul);
    return PARAPET_HYPERVISOR_START + (mg_random_below(numbers, size) & ~7ul);
}

static void check_access(const char *what, void (*fn)(void *), uint64_t vaddr,
                         uint64_t needed)
{
    struct mg_fault fault;

    if (!mg_expect_fault(what, fn, (void *)vaddr, MG_PF, &fault))
        return;
    MG_CHECK_EQ(fault.vaddr, vaddr);
    MG_CHECK_EQ(fault.frame.error & needed, needed);
}

/* Behind the last entry, and the page that it is in. */
static uint64_t m2p_end(void)
{
    struct parapet_memory_limits limits = {0};

    MG_DONE(hypercall_memory_limits(&limits));
    return ALIGN_UP(PARAPET_M2P + 8 * limits.nr_mfns, MG_PAGE_SIZE);
}

static void test_range(void)
{
    struct mg_random numbers;
    uint64_t readable = m2p_end();

    mg_random_init(&numbers, 0x72616e6765);
    for (int i = 0; i < RANDOM_TRIES; i++) {
        uint64_t vaddr = pick(&numbers, i);

        if (vaddr >= readable)
            check_access("read", do_read, vaddr, 0);
        check_access("write", do_write, vaddr, MG_PF_WRITE);
        check_access("swap", do_swap, vaddr, 0);
        check_access("jump", do_jump, vaddr, MG_PF_FETCH);
    }
}

static void test_m2p(void)
{
    uint64_t end = m2p_end();

    check_access("read", do_read, end, 0);
    check_access("read", do_read, PARAPET_M2P + (1ul << 39) - 8, 0);
    for (uint64_t vaddr = PARAPET_M2P; vaddr < end; vaddr += 2040) {
        const volatile uint64_t *entry = (const volatile uint64_t *)vaddr;
        uint64_t before = *entry;

        check_access("write", do_write, vaddr, MG_PF_WRITE | MG_PF_PRESENT);
        check_access("swap", do_swap, vaddr, MG_PF_WRITE | MG_PF_PRESENT);
        check_access("jump", do_jump, vaddr, MG_PF_FETCH);
        MG_CHECK_EQ(*entry, before);
    }
    for (uint64_t gfn = 0; gfn < mg_shared_page()->nr_gfns; gfn++) {
        if (mg_m2p(*mg_p2m(gfn)) != gfn)
            mg_failure("gfn %#lx is frame %#lx, and that is gfn %#lx", gfn,
                       *mg_p2m(gfn), mg_m2p(*mg_p2m(gfn)));
    }
}

/* Read-only for the guest: the write faults and the bytes stay. */
static void test_read_only(void)
{
    static const uint64_t pages[] = {PARAPET_DTB,
                                     PARAPET_DTB + 0x100,
                                     PARAPET_DTB + PARAPET_DTB_MAX - 8,
                                     PARAPET_LATENCY(0ul) + 16384,
                                     UNUSED_COUNTER,
                                     PARAPET_COUNTERS_PAGE(0ul) + 4088};

    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        const volatile uint64_t *word = (const volatile uint64_t *)pages[i];
        uint64_t before = *word;

        check_access("write", do_write, pages[i], MG_PF_WRITE | MG_PF_PRESENT);
        check_access("swap", do_swap, pages[i], MG_PF_WRITE | MG_PF_PRESENT);
        MG_CHECK_EQ(*word, before);
        check_access("jump", do_jump, pages[i], MG_PF_FETCH);
    }
}

/* Holes in the shared region, and the guard pages of the start stack. */
static void test_holes(void)
{
    static const uint64_t holes[] = {PARAPET_SHARED_BASE - 8,
                                     PARAPET_SHARED_BASE + 0x1000,
                                     PARAPET_VCPU_PAGE(1ul),
                                     PARAPET_VCPU_PAGE(31ul),
                                     PARAPET_COUNTERS_PAGE(1ul),
                                     PARAPET_DTB + PARAPET_DTB_MAX,
                                     PARAPET_START_STACK_TOP,
                                     PARAPET_START_STACK_TOP -
                                         PARAPET_START_STACK_SIZE - 8};

    for (size_t i = 0; i < ARRAY_SIZE(holes); i++) {
        check_access("read", do_read, holes[i], 0);
        check_access("write", do_write, holes[i], MG_PF_WRITE);
    }
}

void test_main(void)
{
    test_range();
    test_m2p();
    test_read_only();
    test_holes();
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
}
