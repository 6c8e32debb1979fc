/* SPDX-License-Identifier: MIT
 *
 * Grants, from one end to the other: what another domain lends is mapped, held
 * and copied, and is free to be taken back after that; each error of an
 * element, and none of the others' business.
 *
 * QEMU: partner=partners/grants_lender once=1
 * VARIANT: one_cpu smp=1
 * VARIANT: two_cpus smp=2
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"
#include "tests/kernels/partners/grants_lender.h"

MG_TEST(grants);

#define WINDOW_PAGES 64
#define BITS (PARAPET_PTE_W | PARAPET_PTE_NX)

static struct talk *talk;
static uint32_t talk_handle;
static uint64_t *window; /* no page is mapped there, but the tables are */

static uint64_t *window_at(int i)
{
    return window + i * MG_PTES;
}

static uint64_t window_pte(int i)
{
    return mg_walk(mg_start_root(), (uint64_t)window_at(i), 1);
}

static void make_window(void)
{
    window = mg_pages(WINDOW_PAGES);
    for (int i = 0; i < WINDOW_PAGES; i++)
        MG_DONE(mg_set_va((uint64_t)window_at(i), 0));
}

/* ---- single calls ---- */

static int32_t map(uint32_t domain, uint32_t ref, uint64_t pte, uint64_t bits,
                   uint32_t *handle)
{
    struct parapet_grant_map m = {
        .domain = domain, .ref = ref, .pte = pte, .bits = bits, .status = 99};

    MG_DONE(hypercall_grant_map_all(mg_vcpu_page(), &m, 1));
    *handle = m.handle;
    return m.status;
}

static int32_t unmap(uint32_t handle)
{
    struct parapet_grant_unmap u = {.handle = handle, .status = 99};

    MG_DONE(hypercall_grant_unmap_all(mg_vcpu_page(), &u, 1));
    MG_CHECK_EQ(u.handle, handle);
    return u.status;
}

static int32_t hold(uint32_t domain, uint32_t ref, uint32_t flags,
                    uint32_t *handle)
{
    struct parapet_grant_hold h = {
        .domain = domain, .ref = ref, .flags = flags, .status = 99};

    MG_DONE(hypercall_grant_hold_all(mg_vcpu_page(), &h, 1));
    *handle = h.handle;
    return h.status;
}

static int32_t release(uint32_t handle)
{
    struct parapet_grant_unmap u = {.handle = handle, .status = 99};

    MG_DONE(hypercall_grant_release_all(mg_vcpu_page(), &u, 1));
    return u.status;
}

static struct parapet_grant_end lent(uint32_t ref, uint64_t at)
{
    return (struct parapet_grant_end){LENDER_ID, ref, at};
}

static struct parapet_grant_end own(const void *page, uint64_t at)
{
    return (struct parapet_grant_end){PARAPET_DOMAIN_SELF, 0,
                                      mg_mfn_of(page) * MG_PAGE_SIZE + at};
}

static int32_t copy(struct parapet_grant_end source,
                    struct parapet_grant_end dest, uint32_t length)
{
    struct parapet_grant_copy c = {source, dest, length, 99};

    MG_DONE(hypercall_grant_copy_all(mg_vcpu_page(), &c, 1));
    MG_CHECK_EQ(c.length, length);
    return c.status;
}

/* ---- the other domain ---- */

/* It lends the page when it likes. */
static void meet(void)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    int32_t status;

    while ((status = map(LENDER_ID, REF_TALK, window_pte(0), BITS,
                         &talk_handle)) != 0 &&
           mg_clock_ns() < end) {
        MG_CHECK(status == -PARAPET_EPERM || status == -PARAPET_ENOENT);
        (void)hypercall_yield();
    }
    MG_CHECK_EQ(status, 0);
    talk = (void *)window_at(0);
    MG_CHECK_EQ(talk->ready, 1);
}

static void ask(uint64_t step)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    talk->step = step;
    while (talk->step != 0 && mg_clock_ns() < end)
        (void)hypercall_yield();
    MG_CHECK_EQ(talk->step, 0);
}

/* ---- mappings ---- */

static void test_map(void)
{
    uint32_t handle, second;

    MG_DONE(map(LENDER_ID, REF_WRITABLE, window_pte(1), BITS, &handle));
    MG_CHECK(mg_read_entry(window_pte(1)) & PARAPET_PTE_FOREIGN);
    MG_CHECK_EQ(window_at(1)[MG_PTES - 1], LENT_WORD);
    window_at(1)[0] = 1;
    MG_DONE(
        map(LENDER_ID, REF_WRITABLE, window_pte(2), PARAPET_PTE_NX, &second));
    MG_CHECK_EQ(window_at(2)[0], 1);
    ask(STEP_IN_USE);
    MG_CHECK_EQ(mg_set_va((uint64_t)window_at(1), 0), -PARAPET_EBUSY);
    MG_CHECK_EQ(mg_update(window_pte(1), 0), -PARAPET_EBUSY);
    MG_DONE(unmap(handle));
    MG_CHECK_EQ(unmap(handle), -PARAPET_ENOENT);
    MG_CHECK_EQ(release(second), -PARAPET_ENOENT);
    MG_DONE(unmap(second));
    MG_CHECK_EQ(mg_read_entry(window_pte(1)), 0);
    ask(STEP_LEND);
    ask(STEP_TAKE_BACK);
    MG_CHECK_EQ(map(LENDER_ID, REF_WRITABLE, window_pte(1), BITS, &handle),
                -PARAPET_EPERM);
    ask(STEP_LEND);
    MG_DONE(map(LENDER_ID, REF_LAST, window_pte(1), BITS, &handle));
    MG_CHECK_EQ(window_at(1)[0], 1);
    MG_DONE(unmap(handle));
    MG_DONE(map(LENDER_ID, REF_FRESH, window_pte(1), BITS, &handle));
    MG_CHECK_EQ(window_at(1)[0], 0);
    MG_DONE(unmap(handle));
}

static void test_map_refused(void)
{
    const uint64_t pte = window_pte(3);
    uint32_t handle;

    MG_CHECK_EQ(map(77, 1, pte, BITS, &handle), -PARAPET_ENOENT);
    MG_CHECK_EQ(map(PARAPET_DOMAIN_SELF, 1, pte, BITS, &handle),
                -PARAPET_ENOENT);
    MG_CHECK_EQ(map(LENDER_ID, REF_OTHERS, pte, BITS, &handle), -PARAPET_EPERM);
    MG_CHECK_EQ(map(LENDER_ID, REF_READONLY, pte, BITS, &handle),
                -PARAPET_EPERM);
    MG_CHECK_EQ(map(LENDER_ID, REF_NOTHING, pte, 0, &handle), -PARAPET_EPERM);
    MG_CHECK_EQ(map(LENDER_ID, 512, pte, 0, &handle), -PARAPET_EPERM);
    MG_CHECK_EQ(map(LENDER_ID, 0xffffffff, pte, 0, &handle), -PARAPET_EPERM);
    MG_CHECK_EQ(map(LENDER_ID, REF_WRITABLE, pte + 4, BITS, &handle),
                -PARAPET_EINVAL);
    MG_CHECK_EQ(map(LENDER_ID, REF_WRITABLE, pte, 0x80, &handle),
                -PARAPET_EINVAL);
    MG_CHECK_EQ(map(LENDER_ID, REF_WRITABLE, pte, 0x1000, &handle),
                -PARAPET_EINVAL);
    MG_CHECK_EQ(map(LENDER_ID, REF_WRITABLE, window_pte(0), BITS, &handle),
                -PARAPET_EBUSY);
    MG_CHECK_EQ(
        map(LENDER_ID, REF_WRITABLE, mg_entry_of(mg_page(), 0), BITS, &handle),
        -PARAPET_ENOENT);
    MG_CHECK_EQ(map(LENDER_ID, REF_WRITABLE, ~7ul, BITS, &handle),
                -PARAPET_EPERM);
    MG_CHECK_EQ(mg_read_entry(pte), 0);
    MG_CHECK_EQ(unmap(8191), -PARAPET_ENOENT);
    MG_CHECK_EQ(unmap(8192), -PARAPET_ENOENT);
    MG_CHECK_EQ(unmap(0xffffffff), -PARAPET_ENOENT);
}

static void test_batch(void)
{
    static struct parapet_grant_map maps[WINDOW_PAGES];
    static struct parapet_grant_unmap unmaps[WINDOW_PAGES];
    const uint64_t nr = ARRAY_SIZE(maps);

    for (int i = 0; i < (int)nr; i++)
        maps[i] = (struct parapet_grant_map){.domain = LENDER_ID,
                                             .ref = i % 5 == 4 ? REF_OTHERS
                                                               : REF_WRITABLE,
                                             .pte = window_pte(i),
                                             .bits = BITS};
    MG_DONE(hypercall_grant_map_all(mg_vcpu_page(), maps, nr));
    MG_CHECK_EQ(maps[0].status, -PARAPET_EBUSY); /* the page to talk */
    for (int i = 1; i < (int)nr; i++) {
        MG_CHECK_EQ(maps[i].status, i % 5 == 4 ? -PARAPET_EPERM : 0);
        if (i % 5 != 4)
            MG_CHECK_EQ(window_at(i)[1], LENT_WORD);
        unmaps[i].handle = maps[i].status ? 8000 : maps[i].handle;
    }
    unmaps[0].handle = maps[1].handle; /* two times the same */
    MG_DONE(hypercall_grant_unmap_all(mg_vcpu_page(), unmaps, nr));
    MG_DONE(unmaps[0].status);
    MG_CHECK_EQ(unmaps[1].status, -PARAPET_ENOENT);
    for (int i = 2; i < (int)nr; i++)
        MG_CHECK_EQ(unmaps[i].status, maps[i].status ? -PARAPET_ENOENT : 0);
}

/* ---- holds ---- */

static void test_hold(void)
{
    struct parapet_grant_hold h = {.domain = LENDER_ID, .ref = REF_WRITABLE};
    uint32_t handle;

    MG_DONE(hypercall_grant_hold_all(mg_vcpu_page(), &h, 1));
    MG_DONE(h.status);
    MG_CHECK(h.maddr != 0 && h.maddr % MG_PAGE_SIZE == 0);
    ask(STEP_IN_USE);
    MG_CHECK_EQ(unmap(h.handle), -PARAPET_ENOENT);
    MG_DONE(release(h.handle));
    MG_CHECK_EQ(release(h.handle), -PARAPET_ENOENT);
    ask(STEP_LEND);
    MG_DONE(hold(LENDER_ID, REF_READONLY, PARAPET_GRANT_READONLY, &handle));
    MG_DONE(release(handle));
    MG_CHECK_EQ(hold(LENDER_ID, REF_READONLY, 0, &handle), -PARAPET_EPERM);
    MG_CHECK_EQ(hold(LENDER_ID, REF_READONLY, 1, &handle), -PARAPET_EINVAL);
    ask(STEP_TAKE_BACK);
    ask(STEP_LEND);
}

/* ---- copies ---- */

static void test_copy(void)
{
    struct parapet_grant_entry *first = (void *)PARAPET_GRANT_TABLE;
    uint64_t *page = mg_page();
    uint8_t *bytes = (uint8_t *)page;

    MG_DONE(copy(lent(REF_READONLY, 0), own(page, 0), 4096));
    MG_CHECK_EQ(page[0], LENT_WORD);
    MG_CHECK_EQ(page[MG_PTES - 1], LENT_WORD);
    for (int i = 0; i < 4096; i++)
        bytes[i] = (uint8_t)(i * 7);
    MG_DONE(copy(own(page, 5), lent(REF_WRITABLE, 4083), 13));
    memset(page, 0, MG_PAGE_SIZE);
    MG_DONE(copy(lent(REF_WRITABLE, 4083), own(page, 100), 13));
    for (int i = 0; i < 13; i++)
        MG_CHECK_EQ(bytes[100 + i], (uint8_t)((5 + i) * 7));
    MG_CHECK_EQ(bytes[99] | bytes[113], 0);
    /* What overlaps: up and down. */
    MG_DONE(copy(own(page, 100), own(page, 103), 13));
    for (int i = 0; i < 13; i++)
        MG_CHECK_EQ(bytes[103 + i], (uint8_t)((5 + i) * 7));
    MG_DONE(copy(own(page, 103), own(page, 99), 13));
    for (int i = 0; i < 13; i++)
        MG_CHECK_EQ(bytes[99 + i], (uint8_t)((5 + i) * 7));
    /* The two ends of different lenders, and one is not writable memory yet. */
    first->frame = mg_mfn_of(page);
    first->domain = TEST_ID;
    first->flags = PARAPET_GRANT_LEND | PARAPET_GRANT_READONLY;
    MG_DONE(copy((struct parapet_grant_end){TEST_ID, 0, 99},
                 lent(REF_FRESH_TOO, 16), 8));
    MG_CHECK_EQ(first->flags, PARAPET_GRANT_LEND | PARAPET_GRANT_READONLY);
    first->flags = 0;
    MG_DONE(copy(lent(REF_FRESH_TOO, 16), own(page, 0), 8));
    MG_CHECK_EQ(bytes[0], (uint8_t)(5 * 7));
    MG_DONE(copy(lent(REF_READONLY, 0), lent(REF_FRESH, 0), 4096));
    MG_DONE(copy(lent(REF_FRESH, 8), own(page, 0), 8));
    MG_CHECK_EQ(page[0], LENT_WORD);
    MG_DONE(copy(lent(REF_FRESH, 4095), own(page, 0), 0));
    MG_CHECK_EQ(copy(lent(REF_FRESH, 4096), own(page, 0), 0), -PARAPET_EINVAL);
}

static void test_copy_refused(void)
{
    uint64_t *page = mg_page(), *table = mg_table(NULL);

    page[0] = 1;
    MG_CHECK_EQ(copy(lent(REF_OTHERS, 0), own(page, 0), 8), -PARAPET_EPERM);
    MG_CHECK_EQ(copy(own(page, 0), lent(REF_READONLY, 0), 8), -PARAPET_EPERM);
    MG_CHECK_EQ(copy(lent(REF_WRITABLE, 4096), own(page, 0), 1),
                -PARAPET_EINVAL);
    MG_CHECK_EQ(copy(lent(REF_WRITABLE, ~0ul), own(page, 0), 8),
                -PARAPET_EINVAL);
    MG_CHECK_EQ(copy(lent(REF_WRITABLE, 0), own(page, 1), 4096),
                -PARAPET_EINVAL);
    MG_CHECK_EQ(copy(lent(REF_WRITABLE, 0), own(page, 0), 4097),
                -PARAPET_EINVAL);
    MG_CHECK_EQ(copy(lent(REF_WRITABLE, 0), own(page, 0), 0xffffffff),
                -PARAPET_EINVAL);
    MG_CHECK_EQ(copy(lent(REF_WRITABLE, 0),
                     (struct parapet_grant_end){PARAPET_DOMAIN_SELF, 0, ~7ul},
                     8),
                -PARAPET_EPERM);
    MG_CHECK_EQ(copy(lent(REF_WRITABLE, 0),
                     (struct parapet_grant_end){PARAPET_DOMAIN_SELF, 0, 0}, 8),
                -PARAPET_EPERM);
    MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
    MG_CHECK_EQ(copy(lent(REF_WRITABLE, 0), own(table, 0), 8), -PARAPET_EBUSY);
    MG_CHECK_EQ(page[0], 1);
}

/* ---- arrays ---- */

static void test_arrays(void)
{
    static struct parapet_grant_unmap unmaps[PARAPET_MAX_GRANT_ELEMENTS];

    MG_CHECK_EQ(hypercall_grant_unmap(unmaps, 0), 0);
    MG_CHECK_EQ(hypercall_grant_unmap(unmaps, ARRAY_SIZE(unmaps) + 1),
                -PARAPET_E2BIG);
    MG_CHECK_EQ(hypercall_grant_unmap((char *)unmaps + 4, 1), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_grant_unmap(NULL, 1), -PARAPET_EFAULT);
    MG_CHECK_EQ(hypercall_grant_unmap((void *)PARAPET_M2P, 1), -PARAPET_EFAULT);
    for (size_t i = 0; i < ARRAY_SIZE(unmaps); i++)
        unmaps[i].handle = 0x12345678;
    MG_DONE(
        hypercall_grant_unmap_all(mg_vcpu_page(), unmaps, ARRAY_SIZE(unmaps)));
    for (size_t i = 0; i < ARRAY_SIZE(unmaps); i++)
        MG_CHECK_EQ(unmaps[i].status, -PARAPET_ENOENT);
}

static void test_status(void)
{
    struct parapet_grant_status s;

    MG_DONE(hypercall_grant_status(0, &s));
    MG_CHECK_EQ(s.nr_frames, 1);
    MG_CHECK_EQ(s.max_frames, PARAPET_MAX_GRANT_FRAMES);
    MG_CHECK_EQ(s.nr_handles, 1);
    MG_CHECK_EQ(s.max_handles, PARAPET_MAX_HANDLES);
    MG_CHECK_EQ(s.frame | s.readers | s.writers, 0);
    MG_CHECK_EQ(hypercall_grant_status(256, &s), -PARAPET_EINVAL);
    MG_CHECK_EQ(hypercall_grant_status(0, NULL), -PARAPET_EFAULT);
}

void test_main(void)
{
    make_window();
    meet();
    test_map();
    test_map_refused();
    test_batch();
    test_hold();
    test_copy();
    test_copy_refused();
    test_arrays();
    test_status();
    talk->step = STEP_END;
    MG_DONE(unmap(talk_handle));
    mg_audit();
}
