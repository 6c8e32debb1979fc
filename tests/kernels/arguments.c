/* SPDX-License-Identifier: MIT
 *
 * Hostile arguments to every hypercall, generated from abi/hypercalls.def: a
 * u32 above 32 bits gives -EINVAL, a pointer into forbidden places -EFAULT,
 * an unaligned one works or gives -EINVAL, and whatever else a number may be,
 * the result is one that the list names. Each is tried in an otherwise good
 * call, so that nothing but the argument can be what is refused.
 *
 * Coursework says the same of its own pointers in its own micro-guest; those
 * for the control domain are refused here, whatever they are
 * (control_denied.c).
 *
 * QEMU: once=1
 */
#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/good_calls.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(arguments);

/* Nothing is mapped there, but a table is: what it sets harms nobody. */
#define HOLE ((uint64_t)mg_edge_page + 4096)

static struct mg_good_values good_values = {
    .page = HOLE, .entry = PARAPET_PTE_P, .flush = PARAPET_FLUSH_LOCAL};

/* One argument of one hypercall. */
struct subject {
    const struct mg_hypercall *hc;
    const struct mg_good_call *good;
    size_t position;
};

static bool is_pointer(enum mg_hc_type type)
{
    return type == MG_HC_in || type == MG_HC_out || type == MG_HC_inout;
}

/* The object ends where the mapped memory does. */
static uint64_t object_of(const struct mg_good_call *good)
{
    return (uint64_t)mg_edge_page + sizeof(mg_edge_page) - good->size;
}

/* The good call with another value in the subject's place. */
static int64_t call_with(uint64_t value, void *data)
{
    const struct subject *s = data;
    uint32_t port = mg_event_bind_ipi(0, NULL, NULL);
    int64_t unbound = hypercall_evtchn_alloc_unbound(PARAPET_DOMAIN_SELF);
    uint64_t args[6] = {0};
    int64_t result;

    /* The object, wherever it begins, is a good one: all zero. */
    memset(mg_edge_page, 0, sizeof(mg_edge_page));
    if (s->good) {
        good_values.object = object_of(s->good);
        good_values.port = port;
        good_values.unbound = (uint64_t)unbound;
        mg_good_args(s->good, &good_values, args);
    }
    /* High bits alone: the low ones stay good. */
    if (s->hc->types[s->position] == MG_HC_u32)
        args[s->position] |= value;
    else
        args[s->position] = value;
    result = mg_hypercall(s->hc->number, args);
    (void)hypercall_evtchn_close(port);
    (void)hypercall_evtchn_close((uint32_t)unbound);
    return result;
}

static void check_u32(struct subject *s)
{
    static const uint64_t high_bits[] = {0x100000000, 0x8000000000000000,
                                         0xffffffff00000000};

    for (size_t i = 0; i < ARRAY_SIZE(high_bits); i++) {
        int64_t result = call_with(high_bits[i], s);

        if (result != -PARAPET_EINVAL)
            mg_failure("%s: argument %zu with %#lx: expected -EINVAL, got %ld",
                       s->hc->name, s->position, high_bits[i], result);
    }
    /* It was they that were refused. (A good shutdown does not come back.) */
    if (s->good && s->hc->number != PARAPET_HC_shutdown &&
        call_with(0, s) == -PARAPET_EINVAL)
        mg_error("%s: say in tests/kernels/lib/good_calls.c with what it is no "
                 "-EINVAL",
                 s->hc->name);
}

/* The object is at the edge; then it is moved down, byte by byte. */
static void check_alignment(struct subject *s)
{
    for (uint64_t down = 0; down <= 16; down++) {
        bool good = down % s->good->alignment == 0;
        int64_t result = call_with(object_of(s->good) - down, s);

        if (result == -PARAPET_EFAULT || (result == -PARAPET_EINVAL) == good)
            mg_failure("%s: an object %lu below the edge: expected %s, got %ld",
                       s->hc->name, down,
                       good ? "neither -EFAULT nor -EINVAL" : "-EINVAL",
                       result);
    }
}

static void check_pointer(struct subject *s, enum mg_access access)
{
    struct mg_object object = {s->hc->name, access, s->good->size,
                               s->good->alignment};

    mg_hostile_check(&object, call_with, s);
    check_alignment(s);
}

/*
 * Any of these may be good or bad, but only as the list says. As the length of
 * an object, all but the first two say that it goes on where nothing is.
 */
static void check_number(struct subject *s)
{
    static const uint64_t values[] = {
        0,
        1,
        33,
        257,
        4097,
        0x7fffffff,
        0xffffffff,
        0x100000000,
        0x00007fffffffffff,
        0x0000800000000000,
        0x0123456789abcdef,
        (1ul << 58) + 1,
        (1ul << 60) + 1,
        0x7fffffffffffffff,
        0x8000000000000000,
        PARAPET_HYPERVISOR_START - 1,
        PARAPET_HYPERVISOR_START,
        PARAPET_HYPERVISOR_END - 1,
        PARAPET_COUNTERS_PAGE(0ul),
        (uint64_t)mg_edge_page + 4096,
        ~0ul - 4095,
        ~0ul,
    };

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        int64_t result = call_with(values[i], s);
        bool too_long = s->good && s->good->size && values[i] > 1;

        if (!mg_hypercall_can_return(s->hc, result))
            mg_failure("%s: argument %zu is %#lx: got %ld, which "
                       "abi/hypercalls.def does not name",
                       s->hc->name, s->position, values[i], result);
        if (too_long && result >= 0)
            mg_failure("%s: argument %zu is %#lx: expected an error, got %ld",
                       s->hc->name, s->position, values[i], result);
    }
}

static void check_argument(struct subject *s)
{
    enum mg_hc_type type = s->hc->types[s->position];
    size_t size = s->good ? s->good->size : 0;

    if (type == MG_HC_u32)
        check_u32(s);
    else if (is_pointer(type) && size == MG_ELSEWHERE)
        return;
    else if (is_pointer(type) && size)
        check_pointer(s, type == MG_HC_in ? MG_ACCESS_READ : MG_ACCESS_WRITE);
    else if (type == MG_HC_u64 || type == MG_HC_vaddr)
        check_number(s);
}

/* What is good is not known by itself. */
static bool needs_row(const struct subject *s)
{
    enum mg_hc_type type = s->hc->types[s->position];

    return type != MG_HC_none &&
           (!s->good || (is_pointer(type) && !s->good->size));
}

/* What a good call may have changed. */
static void restore(void)
{
    mg_trap_init();
    (void)hypercall_set_timer(0);
    (void)hypercall_set_callback(PARAPET_CALLBACK_SYSCALL, 0);
}

static void check_hypercall(const struct mg_hypercall *hc)
{
    struct subject s = {hc, mg_good_call(hc->number), 0};

    for (; s.position < ARRAY_SIZE(hc->types); s.position++) {
        if (hc->number < PARAPET_COURSEWORK && needs_row(&s))
            mg_failure("%s: add a line to tests/kernels/lib/good_calls.c: "
                       "arguments with which it does its work, its result, "
                       "the size and alignment of its object",
                       hc->name);
        else
            check_argument(&s);
    }
}

void test_main(void)
{
    good_values.table = mg_mfn_of(mg_table(NULL));
    good_values.root = mg_mfn_of(mg_start_root());
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        if (mg_hypercall_is_forbidden(&mg_hypercalls[i]))
            continue;
        check_hypercall(&mg_hypercalls[i]);
        restore();
    }
    /* The good objects that console_write printed have no end of line. */
    mg_printf("\n");
}
