/* SPDX-License-Identifier: MIT
 *
 * Says what its domain has of what its bundle gave it: boot arguments, vCPUs
 * (up to two are told apart) and memory.
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(described);

static void nothing(void *argument)
{
    (void)argument;
}

void test_main(void)
{
    struct parapet_memory_limits limits;
    int64_t second = mg_vcpu_start(1, nothing, NULL);

    MG_CHECK(second == 0 || second == -PARAPET_ENOENT);
    MG_CHECK_EQ(hypercall_memory_limits(&limits), 0);
    mg_printf("described: '%s', %d vCPUs, %s\n", mg_bootargs(),
              second == 0 ? 2 : 1,
              limits.nr_frames * 4096 < 16ul << 20 ? "small" : "large");
}
