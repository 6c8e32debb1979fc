/* SPDX-License-Identifier: MIT
 *
 * Batches of grants that stop at every possible element: each element is done
 * wholly or not at all, and restart_done tells how many are. They stop where
 * the array ends in a page that is not mapped, or that is read-only; where
 * another vCPU unmaps it meanwhile; and when a share of work is used up. And
 * two vCPUs let go of the same handles at once: one succeeds for each.
 *
 * BUNDLE: memory=32M vcpus=2
 * QEMU: privileged=1 smp=2 patience=120
 * METER: both vCPUs must run at once
 * VARIANT: some
 * VARIANT: all soak=1 bootargs="times=10"
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/control_loan.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_grant_batches);

#define LEND PARAPET_GRANT_LEND
#define IN_USE (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)
#define NR 128       /* elements of 32 bytes in a page */
#define UNTOUCHED 77 /* as a status: nobody has looked at it */

static struct mg_lender lender;

/* For what is mapped; and for the arrays: these two pages, side by side. */
static struct mg_window mapped, arrays;
static uint64_t *pages[2];

/* ---- the arrays ---- */

enum kind { MAP, UNMAP, HOLD, RELEASE, COPY };

static const size_t sizes[] = {
    [MAP] = sizeof(struct parapet_grant_map),
    [UNMAP] = sizeof(struct parapet_grant_unmap),
    [HOLD] = sizeof(struct parapet_grant_hold),
    [RELEASE] = sizeof(struct parapet_grant_unmap),
    [COPY] = sizeof(struct parapet_grant_copy),
};

static uint32_t handles[NR];

/* Where copies come to, 8 bytes each. */
static uint64_t *copied;

/* The element in memory, whichever of the two pages its bytes are in. */
static void put(uint64_t offset, const void *element, size_t size)
{
    const uint8_t *bytes = element;

    for (size_t i = 0; i < size; i++, offset++)
        ((uint8_t *)pages[offset / MG_PAGE_SIZE])[offset % MG_PAGE_SIZE] =
            bytes[i];
}

static void get(uint64_t offset, void *element, size_t size)
{
    uint8_t *bytes = element;

    for (size_t i = 0; i < size; i++, offset++)
        bytes[i] =
            ((uint8_t *)pages[offset / MG_PAGE_SIZE])[offset % MG_PAGE_SIZE];
}

/* Element i of an array that begins at this offset. */
static void write_element(enum kind kind, uint64_t offset, uint64_t i)
{
    struct parapet_grant_map map = {.domain = lender.id,
                                    .ref = (uint32_t)i,
                                    .pte = mg_window_pte(&mapped, i),
                                    .bits = PARAPET_PTE_W,
                                    .status = UNTOUCHED};
    struct parapet_grant_unmap unmap = {handles[i % NR], UNTOUCHED};
    struct parapet_grant_hold hold = {
        .domain = lender.id, .ref = (uint32_t)i, .status = UNTOUCHED};
    struct parapet_grant_copy copy = {
        .source = mg_grant_lent(lender.id, (uint32_t)i, 8),
        .dest = mg_grant_own(copied + i),
        .length = 8,
        .status = UNTOUCHED};
    const void *const elements[] = {[MAP] = &map,
                                    [UNMAP] = &unmap,
                                    [HOLD] = &hold,
                                    [RELEASE] = &unmap,
                                    [COPY] = &copy};

    put(offset + i * sizes[kind], elements[kind], sizes[kind]);
}

/* Its status; a handle that has come of it is noted. */
static int32_t read_element(enum kind kind, uint64_t offset, uint64_t i)
{
    struct parapet_grant_map map;
    struct parapet_grant_hold hold;
    struct parapet_grant_unmap unmap;
    struct parapet_grant_copy copy;
    void *const elements[] = {[MAP] = &map,
                              [UNMAP] = &unmap,
                              [HOLD] = &hold,
                              [RELEASE] = &unmap,
                              [COPY] = &copy};

    get(offset + i * sizes[kind], elements[kind], sizes[kind]);
    switch (kind) {
    case MAP:
        handles[i] = map.handle;
        return map.status;
    case HOLD:
        handles[i] = hold.handle;
        return hold.status;
    case COPY:
        return copy.status;
    default:
        return unmap.status;
    }
}

static int64_t call(enum kind kind, uint64_t offset, uint64_t nr)
{
    uint64_t vaddr = arrays.vaddr + offset;

    switch (kind) {
    case MAP:
        return hypercall_grant_map((void *)vaddr, nr);
    case UNMAP:
        return hypercall_grant_unmap((void *)vaddr, nr);
    case HOLD:
        return hypercall_grant_hold((void *)vaddr, nr);
    case RELEASE:
        return hypercall_grant_release((void *)vaddr, nr);
    default:
        return hypercall_grant_copy((void *)vaddr, nr);
    }
}

/* An array of nr elements as it is before the call. */
static void prepare(enum kind kind, uint64_t offset, uint64_t nr)
{
    memset(copied, 0, MG_PAGE_SIZE);
    for (uint64_t i = 0; i < nr; i++)
        write_element(kind, offset, i);
}

/* The calls until it is done or refused; how many elements are done. */
static uint64_t carry_out(enum kind kind, uint64_t offset, uint64_t nr,
                          int64_t *result)
{
    uint64_t done = 0;

    while ((*result = call(kind, offset + done * sizes[kind], nr - done)) ==
           -PARAPET_ERESTART)
        done += mg_vcpu_page()->restart_done;
    return *result ? done + mg_vcpu_page()->restart_done : nr;
}

/* ---- what is to be ---- */

static bool is_mapped(uint64_t i)
{
    return ((volatile uint64_t *)mapped.l1)[i] != 0;
}

static bool is_in_use(uint64_t i)
{
    return (mg_lender_word(&lender, (uint32_t)i) & IN_USE) != 0;
}

/* Of nr elements the first `done` are done, and the others as they were. */
static void check(enum kind kind, uint64_t offset, uint64_t nr, uint64_t done)
{
    bool begins = kind == MAP || kind == HOLD;

    for (uint64_t i = 0; i < done; i++)
        MG_CHECK_EQ(read_element(kind, offset, i), 0);
    for (uint64_t i = 0; i < nr; i++) {
        if (kind == MAP || kind == UNMAP)
            MG_CHECK_EQ(is_mapped(i), (i < done) == begins);
        if (kind == COPY)
            MG_CHECK_EQ(copied[i], i < done ? 1000 + i : 0);
    }
    if (kind != COPY)
        MG_CHECK_EQ(mg_grant_status(0).nr_handles, begins ? done : nr - done);
    if (mg_failures())
        mg_error("kind %d: %lu of %lu elements were done", kind, done, nr);
}

/* The lender's side of it. */
static void check_uses(uint64_t nr, uint64_t first, uint64_t last)
{
    for (uint64_t i = 0; i < nr; i++)
        MG_CHECK_EQ(is_in_use(i), first <= i && i < last);
    mg_domain_audit(lender.id);
    mg_audit();
}

/* ---- the array ends where nothing is mapped ---- */

static void set_second(uint64_t value)
{
    MG_DONE(mg_set_va(arrays.vaddr + MG_PAGE_SIZE, value));
}

/* So many elements fit before the second page, and `more` bytes of the next. */
static uint64_t offset_of(enum kind kind, uint64_t nr_fit, uint64_t more)
{
    return MG_PAGE_SIZE - nr_fit * sizes[kind] - more;
}

static void undo(enum kind kind, uint64_t first, uint64_t nr)
{
    enum kind how = kind == MAP ? UNMAP : RELEASE;
    int64_t result;

    if (nr == first)
        return;
    prepare(how, 0, nr);
    MG_CHECK_EQ(carry_out(how, first * sizes[how], nr - first, &result),
                nr - first);
    for (uint64_t i = first; i < nr; i++)
        MG_CHECK_EQ(read_element(how, 0, i), 0);
}

/* Each of nr is done before, for those that undo. */
static void begin(enum kind kind, uint64_t nr)
{
    enum kind first = kind == UNMAP ? MAP : HOLD;
    int64_t result;

    if (kind != UNMAP && kind != RELEASE)
        return;
    prepare(first, 0, nr);
    MG_CHECK_EQ(carry_out(first, 0, nr, &result), nr);
    for (uint64_t i = 0; i < nr; i++)
        MG_CHECK_EQ(read_element(first, 0, i), 0);
}

/* Stops after nr_fit elements, in the midst of the next one. The second page is
 * there, for us; for the call it is as the window says. */
static void stop_at(enum kind kind, uint64_t nr_fit, uint64_t more)
{
    uint64_t offset = offset_of(kind, nr_fit, more);
    uint64_t nr = nr_fit + 2;
    int64_t result;

    begin(kind, nr);
    prepare(kind, offset, nr);
    MG_CHECK_EQ(carry_out(kind, offset, nr, &result), nr_fit);
    MG_CHECK_EQ(result, -PARAPET_EFAULT);
    check(kind, offset, nr, nr_fit);
    if (nr_fit % 32 == 7)
        check_uses(nr, kind == UNMAP || kind == RELEASE ? nr_fit : 0,
                   kind == COPY                       ? 0
                   : kind == UNMAP || kind == RELEASE ? nr
                                                      : nr_fit);
    if (kind == MAP || kind == HOLD)
        undo(kind, 0, nr_fit);
    else if (kind != COPY)
        undo(kind == UNMAP ? MAP : HOLD, nr_fit, nr);
}

static void test_stops(void)
{
    for (enum kind kind = MAP; kind <= COPY; kind++) {
        uint64_t most = MG_PAGE_SIZE / sizes[kind];

        for (uint64_t fit = 0; fit + 2 < NR && fit < most; fit++)
            stop_at(kind, fit, fit % 3 * 8 % sizes[kind]);
    }
    check_uses(NR, 0, 0);
}

/* ---- another vCPU takes the array's page away ---- */

static uint64_t nr_toggles;    /* since the other vCPU began */
static bool toggles, toggling; /* it is to, and it does */

static void toggle(void)
{
    __atomic_store_n(&toggling, true, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&toggles, __ATOMIC_SEQ_CST)) {
        set_second(mg_pte(pages[1], MG_WRITE));
        set_second(mg_pte(pages[1], MG_READ));
        set_second(0);
        __atomic_fetch_add(&nr_toggles, 1, __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(&toggling, false, __ATOMIC_SEQ_CST);
}

static uint64_t nr_stopped; /* of the batches */

static void batch_meanwhile(enum kind kind, enum kind back)
{
    uint64_t nr = 64;
    uint64_t offset = offset_of(kind, nr / 2, 0), done;
    int64_t result;

    prepare(kind, offset, nr);
    done = carry_out(kind, offset, nr, &result);
    if (result != 0)
        MG_CHECK_EQ(result, -PARAPET_EFAULT);
    MG_CHECK(result == 0 || done >= nr / 2);
    nr_stopped += result != 0;
    /* Of a copy whose status cannot be told any more. */
    if (kind == COPY && done < nr)
        copied[done] = 0;
    check(kind, offset, nr, done);
    /* All of them lie in the first page. */
    if (kind != COPY) {
        prepare(back, 0, done);
        MG_CHECK_EQ(carry_out(back, 0, done, &result), done);
        check(back, 0, done, done);
    }
}

static void test_array_goes(void)
{
    const uint64_t rounds = 80 * mg_argument("times", 1);

    __atomic_store_n(&toggles, true, __ATOMIC_SEQ_CST);
    for (uint64_t i = 0; i < rounds && !mg_failures(); i++) {
        batch_meanwhile(MAP, UNMAP);
        batch_meanwhile(HOLD, RELEASE);
        batch_meanwhile(COPY, COPY);
    }
    mg_printf("%lu of %lu batches were stopped; %lu toggles\n", nr_stopped,
              3 * rounds, nr_toggles);
    __atomic_store_n(&toggles, false, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&toggling, __ATOMIC_SEQ_CST))
        ;
    set_second(0);
    check_uses(NR, 0, 0);
}

/* ---- a share of work is used up ---- */

static uint64_t nr_shares;

/* Each call that stops has done as many as it says. */
static void in_shares(enum kind kind, uint64_t nr)
{
    uint64_t done = 0;
    int64_t result;

    prepare(kind, 0, nr);
    while ((result = call(kind, done * sizes[kind], nr - done)) ==
           -PARAPET_ERESTART) {
        done += mg_vcpu_page()->restart_done;
        check(kind, 0, nr, done);
        nr_shares++;
    }
    MG_DONE(result);
    check(kind, 0, nr, nr);
}

static void test_shares(void)
{
    set_second(mg_pte(pages[1], MG_WRITE));
    for (int i = 0; i < 4; i++) {
        in_shares(MAP, NR);
        in_shares(UNMAP, NR);
        in_shares(HOLD, NR);
        in_shares(RELEASE, NR);
        in_shares(COPY, NR);
    }
    set_second(0);
    MG_CHECK(nr_shares > 0);
}

/* ---- two vCPUs at once ---- */

#define ROUNDS 40
#define NR_SHARED 16

static uint64_t round, round_done; /* one begins when the first rises */
static uint64_t nr_rounds;
static enum kind shared_kind;
static struct parapet_grant_unmap shared[2][NR_SHARED];

static void let_go_of_shared(uint32_t vcpu)
{
    int64_t result =
        shared_kind == MAP
            ? hypercall_grant_unmap_all(mg_vcpu_page(), shared[vcpu], NR_SHARED)
            : hypercall_grant_release_all(mg_vcpu_page(), shared[vcpu],
                                          NR_SHARED);

    MG_DONE(result);
}

static void other(void *unused)
{
    (void)unused;
    for (uint64_t n = 1; n <= nr_rounds; n++) {
        while (__atomic_load_n(&round, __ATOMIC_SEQ_CST) < n)
            ;
        let_go_of_shared(1);
        __atomic_store_n(&round_done, n, __ATOMIC_SEQ_CST);
    }
    while (!__atomic_load_n(&toggles, __ATOMIC_SEQ_CST))
        ;
    toggle();
}

/* The other vCPU's are in the other order, now and then. */
static void share_handles(bool reversed)
{
    for (uint64_t i = 0; i < NR_SHARED; i++) {
        uint64_t j = reversed ? NR_SHARED - 1 - i : i;

        shared[0][i] = (struct parapet_grant_unmap){handles[i], UNTOUCHED};
        shared[1][j] = shared[0][i];
    }
}

static void check_shared(bool reversed, uint64_t nr_won[2])
{
    for (uint64_t i = 0; i < NR_SHARED; i++) {
        int32_t first = shared[0][i].status;
        int32_t second = shared[1][reversed ? NR_SHARED - 1 - i : i].status;

        nr_won[0] += first == 0;
        nr_won[1] += second == 0;
        MG_CHECK_EQ(first == 0 ? second : first, -PARAPET_ENOENT);
        MG_CHECK((first == 0) != (second == 0));
        MG_CHECK(!is_mapped(i));
    }
    MG_CHECK_EQ(mg_grant_status(0).nr_handles, 0);
}

static void test_two_let_go(void)
{
    uint64_t nr_won[2] = {0, 0};
    int64_t result;

    nr_rounds = ROUNDS * mg_argument("times", 1);
    MG_DONE(mg_vcpu_start(1, other, NULL));
    for (uint64_t n = 1; n <= nr_rounds && !mg_failures(); n++) {
        shared_kind = n % 2 ? MAP : HOLD;
        prepare(shared_kind, 0, NR_SHARED);
        MG_CHECK_EQ(carry_out(shared_kind, 0, NR_SHARED, &result), NR_SHARED);
        for (uint64_t i = 0; i < NR_SHARED; i++)
            MG_CHECK_EQ(read_element(shared_kind, 0, i), 0);
        share_handles(n % 4 < 2);
        __atomic_store_n(&round, n, __ATOMIC_SEQ_CST);
        let_go_of_shared(0);
        while (__atomic_load_n(&round_done, __ATOMIC_SEQ_CST) < n)
            ;
        check_shared(n % 4 < 2, nr_won);
    }
    mg_printf("vCPU 0 let go of %lu, vCPU 1 of %lu\n", nr_won[0], nr_won[1]);
    check_uses(NR, 0, 0);
}

/* ---- all of it ---- */

static void make_lender(void)
{
    mg_lender_make(&lender, NR);
    for (uint32_t i = 0; i < NR; i++) {
        const uint64_t words[2] = {0, 1000 + i};

        MG_DONE(mg_copy_to(lender.id, lender.mfns[i] * MG_PAGE_SIZE, words,
                           sizeof(words)));
        mg_lender_lend(&lender, i, LEND, 0, lender.mfns[i]);
    }
}

void test_main(void)
{
    uint64_t before;

    mg_loan_init();
    mapped = mg_window_make();
    arrays = mg_window_make();
    for (int i = 0; i < 2; i++)
        pages[i] = mg_page();
    copied = mg_page();
    MG_DONE(mg_set_va(arrays.vaddr, mg_pte(pages[0], MG_WRITE)));
    before = mg_machine_info().free_frames;
    make_lender();
    test_shares();
    test_stops();
    set_second(mg_pte(pages[1], MG_READ));
    test_stops();
    set_second(0);
    test_two_let_go();
    test_array_goes();
    MG_DONE(mg_domain_destroy(lender.id));
    MG_CHECK_EQ(mg_machine_info().free_frames, before);
}
