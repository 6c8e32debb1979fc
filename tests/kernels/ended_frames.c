/* SPDX-License-Identifier: MIT
 *
 * The frames of a domain that has ended come back, to the last one: the M2P
 * says of each frame whether it is somebody's. Without a control domain that
 * goes by itself, on CPUs that are idle and on those that are never.
 *
 * BUNDLE: memory=4M
 * QEMU: mem=64M append=log=debug
 * QEMU: partner="partners/busy vcpus=5" partner=partners/witness
 * CONSOLE: "domain 2 is gone, [0-9]+ frames are free"
 *
 * VARIANT: alone smp=1 partner=partners/witness meter="as crowded"
 * VARIANT: cpus smp=4 meter="as crowded"
 * VARIANT: crowded smp=1 partner="partners/busy vcpus=5"
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(ended_frames);

static uint64_t nr_mfns;

static uint64_t nr_owned(void)
{
    uint64_t nr = 0;

    for (uint64_t mfn = 0; mfn < nr_mfns; mfn++)
        nr += mg_m2p(mfn) != PARAPET_NO_GFN;
    return nr;
}

/* One of them is given out anew: it is ours and zero. */
static void take_one(void)
{
    uint64_t *page = mg_page();
    uint64_t gfn = mg_gfn_of(page), mfn = mg_mfn_of(page);
    struct parapet_populate entry = {gfn, 0};

    page[0] = 1;
    MG_DONE(mg_set_va((uint64_t)page, 0));
    MG_DONE(hypercall_memory_give_back(&mfn, 1));
    MG_DONE(hypercall_memory_populate(&entry, 1));
    MG_CHECK_EQ(mg_m2p(entry.mfn), gfn);
    MG_DONE(mg_set_va((uint64_t)page, entry.mfn * MG_PAGE_SIZE | MG_WRITE));
    MG_CHECK_EQ(page[0], 0);
}

void test_main(void)
{
    struct parapet_memory_limits limits = {0};
    uint64_t own = mg_shared_page()->nr_gfns;
    uint64_t before;

    MG_DONE(hypercall_memory_limits(&limits));
    nr_mfns = limits.nr_mfns;
    before = nr_owned();
    MG_CHECK(before > own);
    while (nr_owned() != own)
        mg_clock_delay(100 * MG_US);
    mg_printf("%lu frames of others are back\n", before - own);
    take_one();
    mg_audit();
}
