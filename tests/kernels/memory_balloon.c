/* SPDX-License-Identifier: MIT
 *
 * Frames that go back to the machine, and those that come from it: nothing
 * may refer to the one, and nothing can be done with them any more; the others
 * are zeroed, counted and limited.
 *
 * QEMU: once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(memory_balloon);

#define NR_FRAMES 300 /* more than one call does */

MG_SNIPPET(load, "mov (%rdi), %rax");

static uint64_t mfns[PARAPET_MAX_FRAMES + 1];
static struct parapet_populate entries[PARAPET_MAX_FRAMES + 1];

static struct parapet_memory_limits limits(void)
{
    struct parapet_memory_limits l = {0};

    MG_DONE(hypercall_memory_limits(&l));
    return l;
}

/* To the end, or the first error; counts what is done. */
static int64_t give_back(const uint64_t *from, uint64_t nr, uint64_t *done)
{
    int64_t result;

    *done = 0;
    while ((result = hypercall_memory_give_back(from + *done, nr - *done)) ==
           -PARAPET_ERESTART)
        *done += mg_vcpu_page()->restart_done;
    *done = result ? *done + mg_vcpu_page()->restart_done : nr;
    return result;
}

static int64_t populate(struct parapet_populate *from, uint64_t nr,
                        uint64_t *done)
{
    int64_t result;

    *done = 0;
    while ((result = hypercall_memory_populate(from + *done, nr - *done)) ==
           -PARAPET_ERESTART)
        *done += mg_vcpu_page()->restart_done;
    *done = result ? *done + mg_vcpu_page()->restart_done : nr;
    return result;
}

static int64_t give_back_one(uint64_t mfn)
{
    uint64_t done;

    return give_back(&mfn, 1, &done);
}

static void unmap(const uint64_t *page)
{
    MG_DONE(mg_set_va((uint64_t)page, 0));
}

static void map(uint64_t *page)
{
    MG_DONE(mg_set_va((uint64_t)page, mg_pte(page, MG_WRITE)));
}

/* ---- hostile pointers (see arguments.c) ---- */

/*
 * The object may lie half in the edge page, so there is a good first entry of
 * each kind: what it is about goes, and comes back.
 */
static uint64_t *spare;

static int64_t give_back_from(uint64_t vaddr, void *data)
{
    struct parapet_populate entry = {mg_gfn_of(spare), 0};
    uint64_t done;
    int64_t result;

    (void)data;
    for (size_t i = 0; i < 4096 / 8; i++)
        ((uint64_t *)(void *)mg_edge_page)[i] = mg_mfn_of(spare);
    result = give_back((const void *)vaddr, 2, &done);
    if (mg_m2p(mg_mfn_of(spare)) == PARAPET_NO_GFN) {
        MG_DONE(hypercall_memory_populate(&entry, 1));
        *mg_p2m(entry.gfn) = entry.mfn;
    }
    return result;
}

static int64_t populate_from(uint64_t vaddr, void *data)
{
    uint64_t mfn = mg_mfn_of(spare), done;
    struct parapet_populate entry = {mg_gfn_of(spare), 0};
    int64_t result;

    (void)data;
    MG_DONE(give_back_one(mfn));
    for (size_t i = 0; i < 4096 / 8; i++)
        ((uint64_t *)(void *)mg_edge_page)[i] = entry.gfn;
    result = populate((void *)vaddr, 2, &done);
    if (done == 1)
        entry = *(struct parapet_populate *)vaddr;
    else
        MG_DONE(hypercall_memory_populate(&entry, 1));
    *mg_p2m(entry.gfn) = entry.mfn;
    return result;
}

static void test_pointers(void)
{
    /* populate reads before it writes; what is only readable is below. */
    const struct mg_object mfns_object = {"memory_give_back", MG_ACCESS_READ,
                                          16, 8};
    const struct mg_object frames_object = {"memory_populate", MG_ACCESS_READ,
                                            32, 16};

    spare = mg_page();
    unmap(spare);
    mg_hostile_check(&mfns_object, give_back_from, NULL);
    mg_audit();
    mg_hostile_check(&frames_object, populate_from, NULL);
    mg_audit();
    map(spare);
}

/* ---- what may not go ---- */

static void test_in_use(void)
{
    uint64_t *page = mg_page(), *table = mg_table(NULL);
    uint64_t mfn = mg_mfn_of(page);
    uint64_t *user = mg_table(NULL), *below = mg_table(NULL);
    uint64_t *above = mg_table_of(9, mg_pte(below, MG_TABLE));

    MG_DONE(mg_pin(above, PARAPET_TABLE_L2));
    MG_REFUSED(give_back_one(mfn), EBUSY);
    MG_DONE(mg_set_writable(page, false));
    MG_REFUSED(give_back_one(mfn), EBUSY);
    unmap(page);

    /* Mapped by a table that is itself not in the root. */
    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    MG_DONE(mg_update(mg_entry_of(table, 0), mfn * MG_PAGE_SIZE | MG_USER));
    MG_REFUSED(give_back_one(mfn), EBUSY);
    MG_DONE(mg_update(mg_entry_of(table, 0), 0));

    /* Not mapped, but a table below another one; pinned; a vCPU's root. */
    unmap(below);
    MG_REFUSED(give_back_one(mg_mfn_of(below)), EBUSY);
    MG_DONE(mg_unpin(above));
    MG_DONE(give_back_one(mg_mfn_of(below)));
    unmap(table);
    MG_REFUSED(give_back_one(mg_mfn_of(table)), EBUSY);
    MG_DONE(mg_unpin(table));
    MG_DONE(give_back_one(mg_mfn_of(table)));
    MG_DONE(mg_pin(user, PARAPET_TABLE_USER));
    unmap(user);
    MG_DONE(hypercall_mmu_set_user_root(mg_mfn_of(user)));
    MG_DONE(mg_unpin(user));
    MG_REFUSED(give_back_one(mg_mfn_of(user)), EBUSY);
    MG_DONE(hypercall_mmu_set_user_root(0));
    MG_DONE(give_back_one(mg_mfn_of(user)));
    MG_DONE(give_back_one(mfn));
    mg_audit();
}

/* What the hypervisor itself writes to or has given out stays for good. */
static void test_held(void)
{
    static const uint64_t vaddrs[] = {
        PARAPET_SHARED_PAGE,           PARAPET_VCPU_PAGE(0ul),
        PARAPET_COUNTERS_PAGE(0ul),    PARAPET_LATENCY(0ul),
        PARAPET_LATENCY(0ul) + 0x4000,
    };

    for (size_t i = 0; i < ARRAY_SIZE(vaddrs); i++) {
        uint64_t entry = mg_walk(mg_start_root(), vaddrs[i], 1);
        uint64_t mfn =
            (mg_read_entry(entry) & PARAPET_PTE_ADDRESS) / MG_PAGE_SIZE;
        uint64_t direct = (uint64_t)mg_mfn_pointer(mfn);
        bool writable = mg_read_entry(entry) & PARAPET_PTE_W;

        /* Without any mapping; the vCPU page we need at its place. */
        MG_DONE(mg_set_va(direct, 0));
        if (i >= 2)
            MG_DONE(mg_update(entry, 0));
        MG_REFUSED(give_back_one(mfn), EBUSY);
        MG_REFUSED(hypercall_mmu_pin(mfn, PARAPET_TABLE_L1), EBUSY);
        /* The hypervisor's to write stay memory; ours to read, read-only. */
        MG_CHECK_EQ(mg_set_va(direct, mfn * MG_PAGE_SIZE | MG_WRITE),
                    writable ? 0 : -PARAPET_EBUSY);
        if (i >= 2)
            MG_DONE(mg_update(entry, mfn * MG_PAGE_SIZE | MG_READ));
        mg_audit();
    }
}

static void test_bad_calls(void)
{
    uint64_t *page = mg_page(), done;
    uint64_t *edge = (uint64_t *)(void *)(mg_edge_page + 4096) - 1;

    mfns[0] = mg_mfn_of(page);
    unmap(page);
    MG_REFUSED(hypercall_memory_give_back(mfns, ARRAY_SIZE(mfns)), E2BIG);
    MG_REFUSED(hypercall_memory_give_back(mfns, ~0ul), E2BIG);
    MG_REFUSED(hypercall_memory_give_back((char *)mfns + 4, 1), EINVAL);
    MG_REFUSED(hypercall_memory_give_back((void *)(~0ul - 7), 2), EFAULT);
    MG_DONE(hypercall_memory_give_back(mfns, 0));
    /* The second is not there; the first is done. */
    *edge = mfns[0];
    MG_REFUSED(give_back(edge, 2, &done), EFAULT);
    MG_CHECK_EQ(done, 1);
    MG_REFUSED(give_back(edge, 2, &done), EPERM);
    MG_CHECK_EQ(done, 0);
}

/* ---- use after ---- */

static void test_use_after(void)
{
    uint64_t *page = mg_page(), *twice = mg_page(), done;
    uint64_t *l1 = mg_table(NULL), *l2 = mg_table(NULL);
    uint64_t mfn = mg_mfn_of(page);

    MG_DONE(mg_pin(l1, PARAPET_TABLE_L1));
    MG_DONE(mg_pin(l2, PARAPET_TABLE_L2));
    unmap(page);
    unmap(twice);
    MG_DONE(give_back_one(mfn));
    MG_CHECK_EQ(mg_m2p(mfn), PARAPET_NO_GFN);
    MG_REFUSED(give_back_one(mfn), EPERM);
    MG_REFUSED(mg_set_va((uint64_t)page, mfn * MG_PAGE_SIZE | MG_READ), EPERM);
    MG_REFUSED(mg_update(mg_entry_of(l1, 0), mfn * MG_PAGE_SIZE | MG_WRITE),
               EPERM);
    MG_REFUSED(mg_update(mg_entry_of(l2, 0), mfn * MG_PAGE_SIZE | MG_TABLE),
               EPERM);
    MG_REFUSED(hypercall_mmu_pin(mfn, PARAPET_TABLE_L1), EPERM);
    MG_REFUSED(hypercall_mmu_unpin(mfn), EPERM);
    MG_REFUSED(hypercall_mmu_set_kernel_root(mfn), EPERM);
    MG_REFUSED(hypercall_mmu_set_user_root(mfn), EPERM);
    MG_REFUSED(mg_update(mfn * MG_PAGE_SIZE, 0), EPERM);
    (void)mg_expect_fault("load from what is given back", load, page, MG_PF,
                          NULL);
    /* One frame twice in a batch. */
    mfns[0] = mfns[1] = mg_mfn_of(twice);
    MG_REFUSED(give_back(mfns, 2, &done), EPERM);
    MG_CHECK_EQ(done, 1);
    MG_DONE(mg_unpin(l1));
    MG_DONE(mg_unpin(l2));
}

/* ---- what comes ---- */

static void check_new_frame(const struct parapet_populate *entry)
{
    uint64_t *page = mg_gfn_pointer(entry->gfn);

    MG_CHECK_EQ(mg_m2p(entry->mfn), entry->gfn);
    *mg_p2m(entry->gfn) = entry->mfn;
    map(page);
    for (int i = 0; i < MG_PTES; i++) {
        if (page[i] != 0) {
            mg_failure("gfn %#lx: word %d: expected 0, got %#lx", entry->gfn, i,
                       page[i]);
            break;
        }
        page[i] = ~0ul; /* for the next who gets it */
    }
}

/* There and back, with what was in them; often enough to meet them again. */
static void test_round_trip(void)
{
    struct parapet_memory_limits before = limits();
    uint64_t *pages = mg_pages(NR_FRAMES), done;

    for (int round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < NR_FRAMES; i++) {
            uint64_t *page = pages + i * MG_PTES;

            page[5] = ~0ul;
            mfns[i] = mg_mfn_of(page);
            entries[i] =
                (struct parapet_populate){mg_gfn_of(page), PARAPET_NO_MFN};
            unmap(page);
        }
        MG_DONE(give_back(mfns, NR_FRAMES, &done));
        mg_audit();
        MG_CHECK_EQ(limits().nr_frames, before.nr_frames - NR_FRAMES);
        MG_DONE(populate(entries, NR_FRAMES, &done));
        mg_audit();
        MG_CHECK_EQ(limits().nr_frames, before.nr_frames);
        for (uint64_t i = 0; i < NR_FRAMES; i++)
            check_new_frame(&entries[i]);
        mg_audit();
    }
}

static void test_populate_refused(void)
{
    const struct parapet_memory_limits l = limits();
    uint64_t gfn = l.nr_gfns - 1, done;
    uint64_t *page = mg_page();
    unsigned char *end = mg_edge_page + sizeof(mg_edge_page);
    struct parapet_populate *edge = (void *)(end - sizeof(*edge));
    uint64_t nr_missing = l.max_frames - l.nr_frames;

    /* All that may be had. */
    for (uint64_t i = 0; i < nr_missing + 3; i++)
        entries[i] = (struct parapet_populate){gfn, 0};
    MG_REFUSED(populate(entries, nr_missing + 3, &done), ENOSPC);
    MG_CHECK_EQ(done, nr_missing);
    MG_CHECK_EQ(entries[nr_missing].mfn, 0);
    MG_CHECK_EQ(limits().nr_frames, l.max_frames);

    unmap(page);
    MG_DONE(give_back_one(mg_mfn_of(page)));
    entries[0].gfn = l.nr_gfns;
    MG_REFUSED(hypercall_memory_populate(entries, 1), EINVAL);
    entries[0].gfn = ~0ul;
    MG_REFUSED(hypercall_memory_populate(entries, 1), EINVAL);
    MG_REFUSED(hypercall_memory_populate(entries, ARRAY_SIZE(entries)), E2BIG);
    MG_REFUSED(hypercall_memory_populate(entries, ~0ul), E2BIG);
    MG_REFUSED(hypercall_memory_populate((char *)entries + 4, 1), EINVAL);
    /* Can be read, but not written: no frame is lost. */
    MG_REFUSED(hypercall_memory_populate(mg_table_of(0, 1), 1), EFAULT);
    MG_CHECK_EQ(limits().nr_frames, l.max_frames - 1);
    /* The second is not there; the first is done. */
    *edge = (struct parapet_populate){mg_gfn_of(page), 0};
    MG_REFUSED(populate(edge, 2, &done), EFAULT);
    MG_CHECK_EQ(done, 1);
    MG_CHECK_EQ(limits().nr_frames, l.max_frames);
    check_new_frame(edge);
    mg_audit();
}

void test_main(void)
{
    mg_audit();
    test_pointers();
    test_in_use();
    test_held();
    test_bad_calls();
    test_use_after();
    test_round_trip();
    test_populate_refused();
}
