/* SPDX-License-Identifier: MIT
 *
 * Every number without a hypercall gives -ENOSYS: by the instruction, through
 * the page's entries, and where the number does not fit the table.
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(enosys);

/* Numbers that a sloppy bound or a cut to 32 or 8 bits would let in. */
static const uint64_t outside[] = {
    PARAPET_NR_HYPERCALLS,
    PARAPET_NR_HYPERCALLS + PARAPET_HC_abi_version,
    0x10000 + PARAPET_HC_abi_version,
    0x7fffffff,
    0x80000000,
    0x80000000 + PARAPET_HC_abi_version,
    0xffffffff,
    0x100000000,
    0x100000000 + PARAPET_HC_abi_version,
    1ul << 61, /* times 8 this is 0: an index into a table of pointers */
    (1ul << 61) + PARAPET_HC_abi_version,
    1ul << 63,
    (1ul << 63) + PARAPET_HC_abi_version,
    ~0ul - 255 + PARAPET_HC_abi_version,
    ~0ul,
};

/* Arguments that would do harm if some handler took them. */
static const uint64_t args[6] = {~0ul, ~0ul, ~0ul, ~0ul, ~0ul, ~0ul};

static void check(const char *how, uint64_t number, int64_t result)
{
    if (result != -PARAPET_ENOSYS)
        mg_failure("number %#lx %s: expected -ENOSYS, got %ld", number, how,
                   result);
}

void test_main(void)
{
    uint64_t before = mg_counters(0)->unknown_hypercalls;

    for (uint64_t nr = 0; nr < PARAPET_NR_HYPERCALLS; nr++) {
        if (mg_hypercall_find(nr))
            continue;
        check("by the instruction", nr, mg_hypercall(nr, args));
        check("through the page", nr, mg_hypercall_by_page(nr, args));
    }
    for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
        check("by the instruction", outside[i], mg_hypercall(outside[i], args));

    MG_CHECK_EQ(mg_counters(0)->unknown_hypercalls - before,
                ARRAY_SIZE(outside));
}
