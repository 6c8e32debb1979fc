/* SPDX-License-Identifier: MIT
 *
 * The arrays of the calls of grants: how many elements, where they are, and
 * what becomes of them while the call is at it. Elements that can be read and
 * written are done and have their status; of the others nothing is done. What
 * is in a hostile element is in grants_arguments.c.
 *
 * BUNDLE: vcpus=2
 * QEMU: smp=2 patience=120
 * QEMU: partner=partners/pair
 * METER: grants_arguments is metered, and makes the same calls
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grants_arrays);

#define US MG_PAIR_TESTER
#define PEER MG_PAIR_ID
#define REF 7
#define NX PARAPET_PTE_NX
#define W PARAPET_PTE_W

static struct mg_pair peer;
static struct mg_pair_page lent;
static struct mg_window window;
static uint64_t *page;
static uint32_t nr_before; /* handles */

static void expect_quiet(void)
{
    MG_CHECK_EQ(mg_grant_status(0).nr_handles, nr_before);
    mg_audit();
}

/* ---- arrays ---- */

union elements {
    struct parapet_grant_map map[PARAPET_MAX_GRANT_ELEMENTS];
    struct parapet_grant_unmap unmap[PARAPET_MAX_GRANT_ELEMENTS];
    struct parapet_grant_hold hold[PARAPET_MAX_GRANT_ELEMENTS];
    struct parapet_grant_copy copy[PARAPET_MAX_GRANT_ELEMENTS];
    unsigned char bytes[PARAPET_MAX_GRANT_ELEMENTS * 40];
};

static union elements elements;

/* A good element at this place, of each call. */
static void good_map(void *place, uint64_t i)
{
    struct parapet_grant_map element = {.domain = PEER,
                                        .ref = REF,
                                        .pte = mg_window_pte(&window, i),
                                        .bits = W | NX};

    memcpy(place, &element, sizeof(element));
}

static void good_hold(void *place, uint64_t i)
{
    struct parapet_grant_hold element = {.domain = PEER, .ref = REF};

    (void)i;
    memcpy(place, &element, sizeof(element));
}

static void good_unmap(void *place, uint64_t i)
{
    struct parapet_grant_unmap element = {.handle = 0};

    MG_DONE(mg_grant_map(PEER, REF, mg_window_pte(&window, i), W | NX,
                         &element.handle));
    memcpy(place, &element, sizeof(element));
}

static void good_release(void *place, uint64_t i)
{
    struct parapet_grant_unmap element = {.handle = 0};

    (void)i;
    MG_DONE(mg_grant_hold(PEER, REF, 0, &element.handle, NULL));
    memcpy(place, &element, sizeof(element));
}

static void good_copy(void *place, uint64_t i)
{
    struct parapet_grant_copy element = {.source = mg_grant_lent(PEER, REF, 0),
                                         .dest = mg_grant_own(page),
                                         .length = MG_PAGE_SIZE};

    (void)i;
    memcpy(place, &element, sizeof(element));
}

/* Takes back what a good element has brought; NULL: nothing. */
static void undo_map(const void *place)
{
    MG_DONE(mg_grant_unmap(((const struct parapet_grant_map *)place)->handle));
}

static void undo_hold(const void *place)
{
    MG_DONE(
        mg_grant_release(((const struct parapet_grant_hold *)place)->handle));
}

/* And what a good element of unmap or release would have taken away. */
static void do_unmap(const void *place)
{
    MG_DONE(
        mg_grant_unmap(((const struct parapet_grant_unmap *)place)->handle));
}

static void do_release(const void *place)
{
    MG_DONE(
        mg_grant_release(((const struct parapet_grant_unmap *)place)->handle));
}

static const struct array_call {
    uint64_t number;
    uint64_t size, status_at;
    void (*good)(void *place, uint64_t i);
    void (*undo)(const void *place);   /* of an element that is done */
    void (*undone)(const void *place); /* of one that is not */
} array_calls[] = {
    {PARAPET_HC_grant_map, sizeof(struct parapet_grant_map),
     offsetof(struct parapet_grant_map, status), good_map, undo_map, NULL},
    {PARAPET_HC_grant_unmap, sizeof(struct parapet_grant_unmap),
     offsetof(struct parapet_grant_unmap, status), good_unmap, NULL, do_unmap},
    {PARAPET_HC_grant_hold, sizeof(struct parapet_grant_hold),
     offsetof(struct parapet_grant_hold, status), good_hold, undo_hold, NULL},
    {PARAPET_HC_grant_release, sizeof(struct parapet_grant_unmap),
     offsetof(struct parapet_grant_unmap, status), good_release, NULL,
     do_release},
    {PARAPET_HC_grant_copy, sizeof(struct parapet_grant_copy),
     offsetof(struct parapet_grant_copy, status), good_copy, NULL, NULL},
};

static int64_t call_array(const struct array_call *call, void *array,
                          uint64_t nr)
{
    const uint64_t args[6] = {(uint64_t)array, nr};

    return HYPERCALL_RESTARTED(mg_hypercall(call->number, args));
}

static int32_t status_of(const struct array_call *call, const void *place)
{
    int32_t status;

    memcpy(&status, (const unsigned char *)place + call->status_at,
           sizeof(status));
    return status;
}

static void test_numbers(const struct array_call *call)
{
    static const uint64_t large[] = {PARAPET_MAX_GRANT_ELEMENTS + 1,
                                     1ul << 32,
                                     (1ul << 32) + 1,
                                     (1ul << 59) + 1,
                                     (1ul << 61) + 1,
                                     1ul << 63,
                                     ~0ul};

    MG_CHECK_EQ(call_array(call, &elements, 0), 0);
    for (size_t i = 0; i < ARRAY_SIZE(large); i++) {
        MG_CHECK_EQ(call_array(call, &elements, large[i]), -PARAPET_E2BIG);
        MG_CHECK_EQ(call_array(call, NULL, large[i]), -PARAPET_E2BIG);
    }
    expect_quiet();
}

/* Of the second element all that is looked at is there, or is not. */
static int64_t call_pointer(uint64_t vaddr, void *data)
{
    const struct array_call *call = data;

    return call_array(call, (void *)vaddr, 2);
}

/* Elements up to the end of what is mapped: those that are there are done. */
static void test_edge(const struct array_call *call)
{
    for (uint64_t there = 0; there <= 3; there++) {
        unsigned char *array =
            mg_edge_page + sizeof(mg_edge_page) - there * call->size;

        for (uint64_t i = 0; i < there; i++)
            call->good(array + i * call->size, i);
        MG_CHECK_EQ(call_array(call, array, there + 2), -PARAPET_EFAULT);
        MG_CHECK_EQ(mg_vcpu_page()->restart_done, there);
        for (uint64_t i = 0; i < there; i++) {
            MG_CHECK_EQ(status_of(call, array + i * call->size), 0);
            if (call->undo)
                call->undo(array + i * call->size);
        }
    }
    expect_quiet();
}

/* It cannot be told how it went: then it does not go. */
static void test_read_only(const struct array_call *call)
{
    unsigned char *array = mg_edge_page;

    call->good(array, 0);
    MG_DONE(mg_set_writable(mg_edge_page, false));
    MG_CHECK_EQ(call_array(call, array, 1), -PARAPET_EFAULT);
    MG_CHECK_EQ(mg_vcpu_page()->restart_done, 0);
    MG_DONE(mg_set_writable(mg_edge_page, true));
    if (call->undone)
        call->undone(array);
    expect_quiet();
}

static void test_arrays(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(array_calls); i++) {
        const struct array_call *call = &array_calls[i];
        const struct mg_object object = {
            .call = mg_hypercall_find(call->number)->name,
            .access = MG_ACCESS_WRITE,
            .size = call->size + call->status_at / 8 * 8 + 8,
            .alignment = 8};

        test_numbers(call);
        MG_CHECK_EQ(call_array(call, elements.bytes + 4, 1), -PARAPET_EINVAL);
        /* What can be read there names nobody, and no handle. */
        memset(mg_edge_page, 0xff, sizeof(mg_edge_page));
        mg_hostile_check(&object, call_pointer, (void *)call);
        expect_quiet();
        test_edge(call);
        test_read_only(call);
    }
}

/*
 * A call for mappings of ever another lender stops after a few. What it has not
 * done does not say that it is done.
 */
static void test_stopped(void)
{
    struct parapet_grant_unmap some[8];
    uint64_t done = 0, nr_stops = 0;
    int64_t result;

    mg_grant_lend(REF, US, page, 0);
    for (uint32_t i = 0; i < ARRAY_SIZE(some); i++) {
        some[i].status = 1;
        MG_DONE(mg_grant_map(i % 2 ? US : PEER, REF, mg_window_pte(&window, i),
                             W | NX, &some[i].handle));
    }
    while ((result = hypercall_grant_unmap(
                some + done, ARRAY_SIZE(some) - done)) == -PARAPET_ERESTART) {
        done += mg_vcpu_page()->restart_done;
        nr_stops++;
        for (uint64_t i = 0; i < ARRAY_SIZE(some); i++)
            MG_CHECK_EQ(some[i].status == 0, i < done);
    }
    MG_DONE(result);
    MG_CHECK(nr_stops > 0);
    MG_CHECK(mg_grant_take_back(REF));
    expect_quiet();
}

/* ---- elements that change under the call ---- */

#define RACES 300
#define ENOUGH 30
/* One of 24 elements is good: of so many, in the mean, 1,250. */
#define MOST_SEEN 30000

static volatile uint64_t stop, nr_changes;

/* The other vCPU changes every word of the element, all the time. */
static void change_element(void *unused)
{
    struct parapet_grant_map *element = &elements.map[0];
    volatile uint64_t *words = (volatile uint64_t *)element;
    struct mg_random numbers;

    (void)unused;
    mg_random_init(&numbers, 0x656c656d);
    while (!stop) {
        words[0] = mg_grant_word(REF + (uint32_t)mg_random_below(&numbers, 3),
                                 PEER + (uint32_t)mg_random_below(&numbers, 2));
        words[1] = mg_random_below(&numbers, 2)
                       ? mg_window_pte(&window, 40 + words[0] % 3)
                       : mg_entry_of(mg_start_root(), 9);
        words[2] = mg_random_below(&numbers, 2) ? W | NX : 0x1ff;
        nr_changes++;
    }
    stop = 2;
}

/*
 * The host may halt the other vCPU for long, mostly at an element that is not
 * good. So what counts is not the time, but how often there was a new one.
 */
static void test_changing(void)
{
    uint64_t nr_mapped = 0, nr_seen = 0, last = 0;

    MG_DONE(mg_vcpu_start(1, change_element, NULL));
    for (uint64_t i = 0;
         i < RACES || (nr_mapped < ENOUGH && nr_seen < MOST_SEEN); i++) {
        uint64_t now = nr_changes;
        uint32_t handles[40];
        uint64_t nr = 0;

        nr_seen += now != last;
        last = now;
        for (int j = 0; j < 10; j++) {
            struct parapet_grant_map *element = &elements.map[0];

            MG_DONE(HYPERCALL_RESTARTED(hypercall_grant_map(element, 1)));
            if (((volatile struct parapet_grant_map *)element)->status == 0)
                handles[nr++] = element->handle;
        }
        nr_mapped += nr;
        while (nr > 0)
            MG_DONE(mg_grant_unmap(handles[--nr]));
    }
    stop = 1;
    while (stop != 2)
        (void)hypercall_yield();
    MG_CHECK(nr_mapped >= ENOUGH);
    expect_quiet();
    mg_pair_audit(&peer);
}

void test_main(void)
{
    window = mg_window_make();
    page = mg_page();
    mg_pair_init(&peer, PEER, 0);
    lent = mg_pair_page(&peer);
    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
    nr_before = mg_grant_status(0).nr_handles;
    test_arrays();
    test_stopped();
    test_changing();
    mg_pair_end(&peer, PARAPET_SHUTDOWN_POWEROFF);
    mg_audit();
}
