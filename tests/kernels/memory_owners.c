/* SPDX-License-Identifier: MIT
 *
 * Frames that are not the domain's: the hypervisor's, its machine-to-physical
 * table's, another domain's, a device's, and nobody's. All frames of the
 * machine are tried that are not ours by the M2P and the P2M, in each way in
 * which a hypercall takes a frame: -EPERM.
 *
 * QEMU: mem=64M once=1
 * VARIANT: alone
 * VARIANT: beside partner=partners/witness
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_owners);

/* Pinned, empty tables: of each level and of a user root. */
static uint64_t *tables[PARAPET_TABLE_USER + 1];

static bool is_ours(uint64_t mfn)
{
    uint64_t gfn = mg_m2p(mfn);

    return gfn < mg_shared_page()->nr_gfns && *mg_p2m(gfn) == mfn;
}

static void expect(const char *what, uint64_t mfn, int64_t result)
{
    if (result != -PARAPET_EPERM)
        mg_failure("%s of frame %#lx: expected -EPERM, got %ld", what, mfn,
                   result);
}

static int64_t give_back(uint64_t mfn)
{
    return hypercall_memory_give_back(&mfn, 1);
}

/* An entry with the frame, in a table that is in use. */
static void try_entries(uint64_t mfn)
{
    uint64_t address = mfn * MG_PAGE_SIZE;

    for (uint32_t level = PARAPET_TABLE_L1; level <= PARAPET_TABLE_USER;
         level++) {
        uint64_t entry = mg_entry_of(tables[level], 1);

        expect("an entry", mfn, mg_update(entry, address | MG_USER));
        expect("a writable entry", mfn, mg_update(entry, address | MG_TABLE));
        if (mg_read_entry(entry) != 0)
            mg_failure("an entry was set to frame %#lx", mfn);
    }
    expect("mmu_update_va", mfn, mg_set_va((uint64_t)tables[1], address | 1));
}

static void try_calls(uint64_t mfn)
{
    for (uint32_t level = PARAPET_TABLE_L1; level <= PARAPET_TABLE_USER;
         level++)
        expect("mmu_pin", mfn, hypercall_mmu_pin(mfn, level));
    expect("mmu_unpin", mfn, hypercall_mmu_unpin(mfn));
    expect("mmu_set_kernel_root", mfn, hypercall_mmu_set_kernel_root(mfn));
    if (mfn != 0) /* that is no root */
        expect("mmu_set_user_root", mfn, hypercall_mmu_set_user_root(mfn));
    expect("memory_give_back", mfn, give_back(mfn));
    expect("an update in it", mfn, mg_update(mfn * MG_PAGE_SIZE, 0));
    expect("an update in it", mfn, mg_update(mfn * MG_PAGE_SIZE + 4088, 0));
    expect("no update in it", mfn, mg_update_masked(mfn * MG_PAGE_SIZE, 0, 0));
}

static void try_frame(uint64_t mfn)
{
    try_entries(mfn);
    try_calls(mfn);
}

static uint64_t nr_mfns(void)
{
    struct parapet_memory_limits limits = {0};

    MG_DONE(hypercall_memory_limits(&limits));
    return limits.nr_mfns;
}

static void test_all_frames(uint64_t nr)
{
    uint64_t nr_nobodys = 0, nr_others = 0, nr_own = 0;

    for (uint64_t mfn = 0; mfn < nr && mg_failures() < 20; mfn++) {
        if (is_ours(mfn)) {
            nr_own++;
            continue;
        }
        if (mg_m2p(mfn) == PARAPET_NO_GFN)
            nr_nobodys++;
        else
            nr_others++;
        try_frame(mfn);
    }
    mg_printf("%lu frames are ours, %lu somebody else's, %lu nobody's\n",
              nr_own, nr_others, nr_nobodys);
    MG_CHECK_EQ(nr_own, mg_shared_page()->nr_gfns);
    MG_CHECK(nr_nobodys > 0);
    MG_CHECK_EQ(nr_others > 0, mg_variant("beside"));
    mg_audit();
}

static void test_no_memory(uint64_t nr)
{
    const uint64_t mfns[] = {
        0xfeb00,   /* virtio-mmio */
        0xfec00,   /* I/O APIC */
        0xfee00,   /* local APIC */
        0xfffff,   /* the firmware's end */
        nr,        /* the first behind all */
        1ul << 28, /* 1 TiB */
        (1ul << 40) - 1,
    };

    for (size_t i = 0; i < ARRAY_SIZE(mfns); i++) {
        if (mfns[i] >= nr)
            try_frame(mfns[i]);
    }
    /* Numbers that an entry cannot hold, up to where an address wraps. */
    for (int bit = 40; bit < 64; bit++)
        try_calls(1ul << bit);
    try_calls(~0ul);
    mg_audit();
}

void test_main(void)
{
    uint64_t nr = nr_mfns();

    for (uint32_t level = PARAPET_TABLE_L1; level <= PARAPET_TABLE_USER;
         level++) {
        tables[level] = mg_table(NULL);
        MG_DONE(mg_pin(tables[level], level));
    }
    test_all_frames(nr);
    test_no_memory(nr);
}
