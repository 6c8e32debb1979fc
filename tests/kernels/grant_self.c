/* SPDX-License-Identifier: MIT
 *
 * A domain that borrows of itself: each lock and each count of the two sides is
 * then one and the same. And arrays of elements that cannot be written, that
 * lie in what they unmap, or at address 0: each element is done or it is not.
 *
 * QEMU: once=1
 * VARIANT: one_cpu smp=1
 * VARIANT: two_cpus smp=2
 * BUNDLE: vcpus=2
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grant_self);

#define SELF 1 /* the id of the first domain of a bundle */
#define REF 9
#define BITS (PARAPET_PTE_W | PARAPET_PTE_NX)

static uint64_t *window; /* not mapped, but its table is there */
static uint64_t *lent;
static bool ends;

static uint64_t window_pte(void)
{
    return mg_walk(mg_start_root(), (uint64_t)window, 1);
}

static volatile struct parapet_grant_entry *entry(uint32_t ref)
{
    return (struct parapet_grant_entry *)PARAPET_GRANT_TABLE + ref;
}

static void lend(uint32_t ref, const uint64_t *page, uint16_t flags)
{
    entry(ref)->frame = mg_mfn_of(page);
    entry(ref)->domain = SELF;
    entry(ref)->flags = PARAPET_GRANT_LEND | flags;
}

/* It is not in use, by what the hypervisor tells and by its marks. */
static void take_back(uint32_t ref)
{
    struct parapet_grant_status s;

    MG_DONE(hypercall_grant_status(ref, &s));
    MG_CHECK_EQ(s.readers | s.writers, 0);
    MG_CHECK_EQ(
        entry(ref)->flags & (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING), 0);
    entry(ref)->flags = 0;
}

static uint32_t nr_handles(void)
{
    struct parapet_grant_status s;

    MG_DONE(hypercall_grant_status(0, &s));
    return s.nr_handles;
}

static struct parapet_grant_map map_of(uint64_t bits)
{
    return (struct parapet_grant_map){.domain = SELF,
                                      .ref = REF,
                                      .pte = window_pte(),
                                      .bits = bits,
                                      .status = 99};
}

static uint32_t map(uint64_t bits)
{
    struct parapet_grant_map m = map_of(bits);

    MG_DONE(hypercall_grant_map_all(mg_vcpu_page(), &m, 1));
    MG_DONE(m.status);
    return m.handle;
}

static void unmap(uint32_t handle)
{
    struct parapet_grant_unmap u = {.handle = handle, .status = 99};

    MG_DONE(hypercall_grant_unmap_all(mg_vcpu_page(), &u, 1));
    MG_DONE(u.status);
}

/* ---- of itself ---- */

static void test_written(void)
{
    uint32_t handle;

    lend(REF, lent, 0);
    handle = map(BITS);
    window[3] = 33;
    MG_CHECK_EQ(lent[3], 33);
    mg_audit();
    MG_DONE(mg_set_va((uint64_t)lent, 0));
    MG_CHECK_EQ(hypercall_mmu_pin(mg_mfn_of(lent), PARAPET_TABLE_L1),
                -PARAPET_EBUSY);
    mg_audit();
    unmap(handle);
    take_back(REF);
    MG_DONE(mg_set_va((uint64_t)lent, mg_pte(lent, MG_WRITE)));
}

/* One that is read may become a table, and cannot be written to then. */
static void test_read(void)
{
    struct parapet_grant_map m;
    uint64_t *table = mg_table(NULL);
    uint32_t handle;

    lend(REF, table, 0);
    handle = map(PARAPET_PTE_NX);
    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    MG_CHECK_EQ(window[0], 0);
    mg_audit();
    m = map_of(BITS);
    m.pte = mg_walk(mg_start_root(), (uint64_t)lent, 1);
    MG_DONE(hypercall_grant_map_all(mg_vcpu_page(), &m, 1));
    MG_CHECK_EQ(m.status, -PARAPET_EBUSY);
    unmap(handle);
    mg_audit();
    m = map_of(PARAPET_PTE_NX);
    MG_DONE(hypercall_grant_map_all(mg_vcpu_page(), &m, 1));
    MG_CHECK_EQ(m.status, -PARAPET_EBUSY);
    MG_DONE(mg_unpin(table));
    take_back(REF);
}

/* The table of what it lends, by an entry of that table: it may unmark the
 * entry itself, which changes nothing. */
static void test_table_of_grants(void)
{
    uint64_t mfn =
        (mg_read_entry(mg_walk(mg_start_root(), PARAPET_GRANT_TABLE, 1)) &
         PARAPET_PTE_ADDRESS) /
        MG_PAGE_SIZE;
    struct parapet_grant_entry *by_window = (void *)window;
    uint32_t handle;

    lend(REF, mg_mfn_pointer(mfn), 0);
    handle = map(BITS);
    MG_CHECK_EQ(by_window[REF].flags, PARAPET_GRANT_LEND |
                                          PARAPET_GRANT_READING |
                                          PARAPET_GRANT_WRITING);
    memset(by_window, 0xff, MG_PAGE_SIZE);
    MG_CHECK_EQ(entry(REF)->frame, ~0ul);
    mg_audit();
    unmap(handle);
    memset(mg_mfn_pointer(mfn), 0, MG_PAGE_SIZE);
    mg_audit();
}

/* ---- arrays ---- */

/* What can be read and not written: nothing is left of what was taken. */
static void test_read_only_array(void)
{
    union {
        struct parapet_grant_map map;
        struct parapet_grant_hold hold;
        struct parapet_grant_copy copy;
        uint64_t words[MG_PTES];
    } *array = (void *)mg_page();
    uint32_t before = nr_handles();

    lend(REF, lent, 0);
    lent[0] = 1;
    for (int call = 0; call < 3; call++) {
        MG_DONE(mg_set_writable(array, true));
        if (call == 0)
            array->map = map_of(BITS);
        else if (call == 1)
            array->hold =
                (struct parapet_grant_hold){SELF, REF, 0, 99, 0, 0, 0};
        else
            array->copy = (struct parapet_grant_copy){
                {PARAPET_DOMAIN_SELF, 0, mg_mfn_of(array) * MG_PAGE_SIZE},
                {SELF, REF, 0},
                8,
                99};
        MG_DONE(mg_set_writable(array, false));
        MG_CHECK_EQ(call == 0   ? hypercall_grant_map(&array->map, 1)
                    : call == 1 ? hypercall_grant_hold(&array->hold, 1)
                                : hypercall_grant_copy(&array->copy, 1),
                    -PARAPET_EFAULT);
        MG_CHECK_EQ(mg_vcpu_page()->restart_done, 0);
        MG_CHECK_EQ(mg_read_entry(window_pte()), 0);
        MG_CHECK_EQ(nr_handles(), before);
        MG_CHECK_EQ(lent[0], 1);
        mg_audit();
    }
    take_back(REF);
}

/* The elements lie in the page that the first of them unmaps. The next can be
 * read as long as this CPU's translation is there. */
static void test_array_in_the_window(void)
{
    struct parapet_grant_unmap *in_window = (void *)window;
    const struct parapet_grant_unmap *same = (void *)lent;
    uint32_t handle;
    int64_t result;

    lend(REF, lent, 0);
    handle = map(BITS);
    in_window[0] = (struct parapet_grant_unmap){.handle = handle, .status = 99};
    in_window[1] = in_window[0];
    result = hypercall_grant_unmap(in_window, 2);
    MG_CHECK_EQ(same[0].status, 0);
    if (result == 0) {
        MG_CHECK_EQ(same[1].status, -PARAPET_ENOENT);
    } else {
        MG_CHECK_EQ(result, -PARAPET_EFAULT);
        MG_CHECK_EQ(mg_vcpu_page()->restart_done, 1);
    }
    MG_CHECK_EQ(mg_read_entry(window_pte()), 0);
    take_back(REF);
    mg_audit();
}

/* Also of a frame that is not writable memory yet. */
static void test_array_at_0(void)
{
    uint64_t *array = mg_page(), *fresh = mg_table(NULL);
    struct parapet_grant_map *elements = (void *)array;
    uint64_t top = mg_entry_of(mg_start_root(), 0);
    uint64_t before = mg_read_entry(top);
    const uint64_t *l1 = mg_table_of(0, mg_pte(array, MG_WRITE));
    const uint64_t *l2 = mg_table_of(0, mg_pte(l1, MG_TABLE));
    const uint64_t *l3 = mg_table_of(0, mg_pte(l2, MG_TABLE));

    /* What was a table last is none, and not writable memory either. */
    MG_DONE(mg_pin(fresh, PARAPET_TABLE_L1));
    MG_DONE(mg_unpin(fresh));
    MG_DONE(mg_set_va((uint64_t)fresh, 0));
    lend(REF, fresh, 0);
    MG_DONE(mg_update(top, mg_pte(l3, MG_TABLE)));
    *elements = map_of(BITS);
    MG_DONE(hypercall_grant_map_all(mg_vcpu_page(),
                                    (struct parapet_grant_map *)0, 1));
    MG_DONE(elements->status);
    if (elements->status == 0)
        unmap(elements->handle);
    MG_DONE(mg_update(top, before));
    take_back(REF);
    mg_audit();
}

/* At the very end of all addresses: a round of elements would go beyond it. */
static void test_array_at_the_end(void)
{
    static const uint64_t numbers[] = {
        PARAPET_HC_grant_map, PARAPET_HC_grant_unmap, PARAPET_HC_grant_hold,
        PARAPET_HC_grant_release, PARAPET_HC_grant_copy};
    static const uint64_t sizes[] = {
        sizeof(struct parapet_grant_map), sizeof(struct parapet_grant_unmap),
        sizeof(struct parapet_grant_hold), sizeof(struct parapet_grant_unmap),
        sizeof(struct parapet_grant_copy)};
    const uint64_t last = -(uint64_t)MG_PAGE_SIZE;
    uint64_t *page = mg_page();
    uint64_t entry = mg_walk(mg_start_root(), last, 3);
    uint64_t before = mg_read_entry(entry);
    const uint64_t *l1 = mg_table_of(511, mg_pte(page, MG_WRITE));
    const uint64_t *l2 = mg_table_of(511, mg_pte(l1, MG_TABLE));

    MG_DONE(mg_update(entry, mg_pte(l2, MG_TABLE)));
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        /* One, none of whose words means anything, and as many behind it. */
        const uint64_t args[6] = {last + MG_PAGE_SIZE - 6 * sizes[i], 1};
        uint64_t *behind =
            page + (MG_PAGE_SIZE - 5 * sizes[i]) / sizeof(uint64_t);

        memset(page, 0xff, MG_PAGE_SIZE);
        MG_DONE(mg_hypercall(numbers[i], args));
        for (uint64_t j = 0; j < 5 * sizes[i] / sizeof(uint64_t); j++)
            MG_CHECK_EQ(behind[j], ~0ul);
    }
    MG_DONE(mg_update(entry, before));
    mg_audit();
}

/* The other CPU is in the domain's tables: flushes are to be waited for. */
static void other(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&ends, __ATOMIC_ACQUIRE))
        (void)hypercall_yield();
}

void test_main(void)
{
    MG_DONE(mg_vcpu_start(1, other, NULL));
    window = mg_page();
    lent = mg_page();
    MG_DONE(mg_set_va((uint64_t)window, 0));
    test_written();
    test_read();
    test_table_of_grants();
    test_read_only_array();
    test_array_in_the_window();
    test_array_at_0();
    test_array_at_the_end();
    __atomic_store_n(&ends, true, __ATOMIC_RELEASE);
    mg_audit();
}
