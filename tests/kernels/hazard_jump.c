/* SPDX-License-Identifier: MIT
 *
 * Hazard: jumps, calls and returns to garbage, into the hypervisor, and to
 * addresses that are none. The guest's handlers see each as a fault.
 *
 * Why: Where a guest jumps to is its own affair, but the fault that follows
 * reaches the hypervisor with a rip that nothing can be read from. Trap and
 * emulate looks at the instruction there: it has to take "cannot be read" for
 * an answer, and an address that is none for one of the guest's own mistakes.
 * A hypervisor that reads without asking faults itself.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"

MG_TEST(hazard_jump);

MG_SNIPPET(do_jump, "jmp *%rdi");
MG_SNIPPET(do_call, "call *%rdi");
MG_SNIPPET(do_return, "push %rdi; ret");

static const struct {
    const char *name;
    void (*fn)(void *);
} ways[] = {{"jump", do_jump}, {"call", do_call}, {"return", do_return}};

static const uint64_t targets[] = {
    0,
    1,
    0x400000,
    0x7ffffffffffe,
    PARAPET_HYPERVISOR_START,
    PARAPET_HYPERVISOR_START + (1ul << 40),
    PARAPET_HYPERVISOR_START + (1ul << 40) + 0x40000000,
    PARAPET_HYPERVISOR_START + (2ul << 40),
    PARAPET_HYPERVISOR_START + (4ul << 40),
    PARAPET_HYPERVISOR_END - 2,
    PARAPET_DIRECT_MAP,
    PARAPET_SHARED_PAGE,
    PARAPET_VCPU_PAGE(0ul),
    PARAPET_DTB,
    PARAPET_START_STACK_TOP - 8,
    ~0ul - 1,
};

static const uint64_t non_canonical[] = {0x0000800000000000, 0xffff7fffffffffff,
                                         0x0123456789abcdef, 1ul << 63};

static void check(size_t way, uint64_t target)
{
    struct mg_fault fault;

    if (!mg_expect_fault(ways[way].name, ways[way].fn, (void *)target, MG_PF,
                         &fault))
        return;
    MG_CHECK_EQ(fault.frame.rip, target);
    MG_CHECK_EQ(fault.vaddr, target);
    MG_CHECK(fault.frame.error & MG_PF_FETCH);
}

/* A page of random bytes as code would need a mapping that is writable and
 * executable, which no guest has: random jumps it is. */
static void test_random(void)
{
    struct mg_random numbers;

    mg_random_init(&numbers, 0x6a756d70);
    for (int i = 0; i < 2000; i++) {
        uint64_t target = mg_random_next(&numbers);
        struct mg_fault fault;

        /* A hit within the image would run on; it is very unlikely. */
        if (!mg_try(do_jump, (void *)target, &fault))
            continue;
        MG_CHECK(fault.vector == MG_PF || fault.vector == MG_GP);
    }
}

void test_main(void)
{
    for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
        for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
            check(way, targets[i]);
        for (size_t i = 0; i < ARRAY_SIZE(non_canonical); i++)
            (void)mg_expect_fault(ways[way].name, ways[way].fn,
                                  (void *)non_canonical[i], MG_GP, NULL);
    }
    test_random();
    MG_CHECK_EQ(hypercall_abi_version(), PARAPET_ABI_VERSION);
}
