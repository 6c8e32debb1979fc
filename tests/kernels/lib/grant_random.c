/* SPDX-License-Identifier: MIT
 *
 * Owns what is borrowed.
 */
#include "tests/kernels/lib/grant_random.h"

#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/grant_random_pages.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

#define NR_SPARES 3 /* for a table that grows */
#define NR_REFS 24  /* that are lent mostly */
#define NR_SLOTS 48 /* of the window */
#define NR_HANDLES 96
#define NR_ELEMENTS 6

/* What is borrowed. */
struct borrowed {
    uint64_t pte; /* 0: it is a hold */
    uint32_t handle;
    bool writable;
};

static uint64_t *spares[NR_SPARES];
static struct mg_window window;
static struct borrowed borrowed[NR_HANDLES];
static uint64_t nr_borrowed, nr_grown, nr_mfns;

static union {
    struct parapet_grant_map maps[NR_ELEMENTS];
    struct parapet_grant_unmap unmaps[NR_ELEMENTS];
    struct parapet_grant_hold holds[NR_ELEMENTS];
    struct parapet_grant_copy copies[NR_ELEMENTS];
} elements;

static uint64_t below(struct mg_grant_play *play, uint64_t n)
{
    return mg_random_below(&play->numbers, n);
}

/* One time in so many. */
static bool seldom(struct mg_grant_play *play, uint64_t n)
{
    return below(play, n) == 0;
}

static uint64_t noise(struct mg_grant_play *play)
{
    return mg_random_next(&play->numbers) >> below(play, 64);
}

/* ---- what may be ---- */

static void note(struct mg_grant_play *play, uint64_t number, int64_t result)
{
    play->nr_calls++;
    play->nr_refused += result < 0;
    mg_play_check(number, result);
}

/* Of one element. */
static void note_status(struct mg_grant_play *play, const char *what,
                        int32_t status)
{
    static const int32_t errors[] = {
        PARAPET_ENOENT, PARAPET_EPERM,  PARAPET_EBUSY, PARAPET_EINVAL,
        PARAPET_EAGAIN, PARAPET_ENOSPC, PARAPET_ENOMEM};

    if (status == 0)
        return;
    play->nr_refused++;
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        if (status == -errors[i])
            return;
    }
    mg_failure("%s: an element's status is %d", what, status);
}

/* A call with the elements: how many of them have their status. */
static uint64_t call(struct mg_grant_play *play, uint64_t number, uint64_t nr)
{
    const uint64_t args[6] = {(uint64_t)&elements, nr};
    int64_t result = mg_hypercall(number, args);

    note(play, number, result);
    if (result == 0)
        return nr;
    if (result == -PARAPET_ERESTART || result == -PARAPET_EFAULT)
        return mg_vcpu_page()->restart_done;
    return 0;
}

/* ---- arguments ---- */

static uint32_t any_domain(struct mg_grant_play *play)
{
    if (seldom(play, 30))
        return seldom(play, 2) ? PARAPET_DOMAIN_SELF : (uint32_t)noise(play);
    return play->peers[below(play, MG_GRANT_PEERS)];
}

static uint32_t any_ref(struct mg_grant_play *play)
{
    if (seldom(play, 30))
        return (uint32_t)noise(play);
    return (uint32_t)below(play, NR_REFS);
}

static uint64_t *any_page(struct mg_grant_play *play)
{
    return mg_play_page(&play->numbers);
}

/* Of the machine's; but what the test itself lies in is not for others. */
static uint64_t any_other_mfn(struct mg_grant_play *play)
{
    uint64_t mfn = seldom(play, 2) ? noise(play) : below(play, nr_mfns);

    if (mfn < nr_mfns && mg_mfn_pointer(mfn))
        return mg_mfn_of(any_page(play));
    return mfn;
}

static uint64_t any_mfn(struct mg_grant_play *play)
{
    switch (below(play, 20)) {
    case 0:
        return mg_mfn_of(window.l1);
    case 1:
        return mg_mfn_of(mg_start_root());
    case 2:
        return any_other_mfn(play);
    default:
        return mg_mfn_of(any_page(play));
    }
}

/* Of the window, mostly; or of a page that may be a table. */
static uint64_t any_pte(struct mg_grant_play *play)
{
    switch (below(play, 40)) {
    case 0:
        return noise(play);
    case 1:
        return mg_entry_of(any_page(play), below(play, MG_PTES));
    case 2:
        return mg_window_pte(&window, below(play, NR_SLOTS)) + below(play, 8);
    default:
        return mg_window_pte(&window, below(play, NR_SLOTS));
    }
}

/* ---- to lend ---- */

/* One that is in use is left alone, mostly: the lender hurts itself only. */
static void lend(struct mg_grant_play *play)
{
    uint32_t ref = (uint32_t)below(play, NR_REFS);
    uint64_t word = mg_grant_read(ref);
    uint32_t flags = PARAPET_GRANT_LEND;

    if ((word & (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)) &&
        !seldom(play, 30))
        return;
    if (seldom(play, 3))
        flags |= PARAPET_GRANT_READONLY;
    if (seldom(play, 40))
        flags = (uint32_t)noise(play);
    mg_grant_entry(ref)->frame = any_mfn(play);
    mg_grant_write(ref, mg_grant_word(any_domain(play), flags));
}

static void take_back(struct mg_grant_play *play)
{
    (void)mg_grant_take_back((uint32_t)below(play, NR_REFS));
}

/* The spare pages one after the other; one that is in the table, or is none. */
static void grow(struct mg_grant_play *play)
{
    uint64_t mfn = noise(play) | 1ul << 40;
    int64_t result;

    if (!seldom(play, 50))
        return;
    if (!seldom(play, 3))
        mfn = mg_mfn_of(spares[below(play, NR_SPARES)]);
    result = HYPERCALL_RESTARTED(hypercall_grant_grow(mfn));
    note(play, PARAPET_HC_grant_grow, result);
    if (result > 0)
        nr_grown++;
    MG_CHECK(nr_grown <= NR_SPARES);
}

static void status(struct mg_grant_play *play)
{
    struct parapet_grant_status status;
    uint32_t ref = any_ref(play);
    int64_t result = hypercall_grant_status(ref, &status);

    note(play, PARAPET_HC_grant_status, result);
    if (result)
        return;
    MG_CHECK_EQ(status.nr_handles, nr_borrowed);
    MG_CHECK_EQ(status.nr_frames, 1 + nr_grown);
    MG_CHECK(ref < status.nr_frames * PARAPET_GRANTS_PER_FRAME);
}

/* ---- to borrow ---- */

static void add(struct mg_grant_play *play, uint32_t handle, uint64_t pte,
                bool writable)
{
    for (uint64_t i = 0; i < nr_borrowed; i++) {
        if (borrowed[i].handle == handle || (pte && borrowed[i].pte == pte))
            mg_failure("handle %#x, or its entry, is given twice", handle);
    }
    borrowed[nr_borrowed++] = (struct borrowed){pte, handle, writable};
    play->nr_borrowed++;
}

static uint64_t how_many(struct mg_grant_play *play)
{
    uint64_t nr = below(play, NR_ELEMENTS + 1);

    if (nr > NR_HANDLES - nr_borrowed)
        return NR_HANDLES - nr_borrowed;
    return nr;
}

/* Below MG_PTES: in the window, which is mapped. */
static uint64_t index_of(uint64_t pte)
{
    return (pte - mg_window_pte(&window, 0)) / 8;
}

static void check_map(struct mg_grant_play *play,
                      const struct parapet_grant_map *m)
{
    uint64_t index = index_of(m->pte);

    note_status(play, "grant_map", m->status);
    if (m->status != 0)
        return;
    if (index < MG_PTES) {
        MG_CHECK(window.l1[index] & PARAPET_PTE_FOREIGN);
        MG_CHECK_EQ(window.l1[index] & PARAPET_PTE_W, m->bits & PARAPET_PTE_W);
    }
    add(play, m->handle, m->pte, m->bits & PARAPET_PTE_W);
}

static void map(struct mg_grant_play *play)
{
    uint64_t nr = how_many(play), done;

    for (uint64_t i = 0; i < nr; i++) {
        elements.maps[i] = (struct parapet_grant_map){
            .domain = any_domain(play),
            .ref = any_ref(play),
            .pte = any_pte(play),
            .bits = below(play, 2) ? PARAPET_PTE_W | PARAPET_PTE_NX
                                   : PARAPET_PTE_NX};
        if (seldom(play, 30))
            elements.maps[i].bits = noise(play);
    }
    done = call(play, PARAPET_HC_grant_map, nr);
    for (uint64_t i = 0; i < done; i++)
        check_map(play, &elements.maps[i]);
}

static void hold(struct mg_grant_play *play)
{
    uint64_t nr = how_many(play), done;

    for (uint64_t i = 0; i < nr; i++) {
        elements.holds[i] = (struct parapet_grant_hold){
            .domain = any_domain(play),
            .ref = any_ref(play),
            .flags = below(play, 2) ? PARAPET_GRANT_READONLY : 0};
        if (seldom(play, 30))
            elements.holds[i].flags = (uint32_t)noise(play);
    }
    done = call(play, PARAPET_HC_grant_hold, nr);
    for (uint64_t i = 0; i < done; i++) {
        const struct parapet_grant_hold *h = &elements.holds[i];

        note_status(play, "grant_hold", h->status);
        if (h->status == 0)
            add(play, h->handle, 0, false);
    }
}

/* Of an own frame mostly the machine address of a page. */
static struct parapet_grant_end any_end(struct mg_grant_play *play)
{
    struct parapet_grant_end end;

    if (below(play, 2))
        end = mg_grant_own(any_page(play));
    else
        end = mg_grant_lent(any_domain(play), any_ref(play), 0);
    end.at += below(play, MG_PAGE_SIZE);
    if (seldom(play, 30))
        end.at = any_other_mfn(play) * MG_PAGE_SIZE + below(play, MG_PAGE_SIZE);
    return end;
}

static void copy(struct mg_grant_play *play)
{
    uint64_t nr = below(play, NR_ELEMENTS + 1), done;

    for (uint64_t i = 0; i < nr; i++) {
        elements.copies[i] = (struct parapet_grant_copy){
            .source = any_end(play),
            .dest = any_end(play),
            .length = (uint32_t)below(play, seldom(play, 5) ? 5000 : 100)};
        if (seldom(play, 5)) {
            elements.copies[i].source.at &= ~(MG_PAGE_SIZE - 1);
            elements.copies[i].dest.at &= ~(MG_PAGE_SIZE - 1);
            elements.copies[i].length = MG_PAGE_SIZE;
        }
    }
    done = call(play, PARAPET_HC_grant_copy, nr);
    for (uint64_t i = 0; i < done; i++) {
        note_status(play, "grant_copy", elements.copies[i].status);
        play->nr_borrowed += elements.copies[i].status == 0;
    }
}

/* ---- to let go ---- */

static const struct borrowed *find(uint32_t handle)
{
    for (uint64_t i = 0; i < nr_borrowed; i++) {
        if (borrowed[i].handle == handle)
            return &borrowed[i];
    }
    return NULL;
}

static void forget(const struct borrowed *b)
{
    if (index_of(b->pte) < MG_PTES)
        MG_CHECK_EQ(window.l1[index_of(b->pte)], 0);
    borrowed[b - borrowed] = borrowed[--nr_borrowed];
}

/* A handle of the right kind, and no other. */
static void check_let_go(struct mg_grant_play *play, bool is_unmap,
                         const struct parapet_grant_unmap *u)
{
    const struct borrowed *b = find(u->handle);
    bool good = b && (b->pte != 0) == is_unmap;

    note_status(play, is_unmap ? "grant_unmap" : "grant_release", u->status);
    if ((u->status == 0) != good)
        mg_failure("handle %#x, which is %s: status %d", u->handle,
                   good ? "there" : "not of the kind", u->status);
    if (good && u->status == 0)
        forget(b);
}

static void let_go(struct mg_grant_play *play)
{
    uint64_t nr = below(play, NR_ELEMENTS + 1), done;
    bool is_unmap = below(play, 2);

    for (uint64_t i = 0; i < nr; i++) {
        elements.unmaps[i].handle = (uint32_t)noise(play);
        elements.unmaps[i].status = 1;
        if (nr_borrowed > 0 && !seldom(play, 10))
            elements.unmaps[i].handle =
                borrowed[below(play, nr_borrowed)].handle;
    }
    done = call(
        play, is_unmap ? PARAPET_HC_grant_unmap : PARAPET_HC_grant_release, nr);
    for (uint64_t i = 0; i < done; i++)
        check_let_go(play, is_unmap, &elements.unmaps[i]);
}

/* ---- what is mapped ---- */

MG_SNIPPET(mg_grant_touch_read, "mov (%rdi), %rax");
MG_SNIPPET(mg_grant_touch_write, "movl $0, (%rdi)");

/* None of it may fault, whatever has become of its lender. Zero is a good
 * entry of any table that the frame may become. */
static void touch(struct mg_grant_play *play)
{
    const struct borrowed *b = &borrowed[below(play, NR_HANDLES)];
    uint64_t index = index_of(b->pte);
    uint8_t *at;

    if (b >= &borrowed[nr_borrowed] || index >= MG_PTES)
        return;
    at = (uint8_t *)mg_window_at(&window, index) + 8 * below(play, MG_PTES);
    (void)mg_expect_no_fault("a load of what is mapped", mg_grant_touch_read,
                             at);
    if (b->writable)
        (void)mg_expect_no_fault("a store to what is mapped",
                                 mg_grant_touch_write, at);
}

/* By any way but unmap the entry stays. */
static void meddle(struct mg_grant_play *play)
{
    const struct borrowed *b = &borrowed[below(play, NR_HANDLES)];
    uint64_t value = below(play, 2) ? mg_pte(any_page(play), MG_WRITE) : 0;
    uint64_t mask = below(play, 2) ? ~0ul : PARAPET_PTE_W;
    uint64_t index = index_of(b->pte);

    if (b >= &borrowed[nr_borrowed] || !b->pte)
        return;
    MG_CHECK_EQ(mg_update_masked(b->pte, value & mask, mask), -PARAPET_EBUSY);
    if (index < MG_PTES)
        MG_CHECK_EQ(mg_set_va((uint64_t)mg_window_at(&window, index), value),
                    -PARAPET_EBUSY);
}

/* ---- all of it ---- */

static void change_page(struct mg_grant_play *play)
{
    mg_play_change_page(&play->numbers);
    play->nr_calls++;
}

void mg_grant_play_init(struct mg_grant_play *play)
{
    struct parapet_memory_limits limits = {0};

    (void)play;
    MG_DONE(hypercall_memory_limits(&limits));
    nr_mfns = limits.nr_mfns;
    window = mg_window_make();
    mg_play_pages_init();
    for (int i = 0; i < NR_SPARES; i++)
        spares[i] = mg_page();
}

void mg_grant_play(struct mg_grant_play *play)
{
    static void (*const deeds[])(struct mg_grant_play *) = {
        lend,  lend,  lend,   take_back, grow,        status,      map,
        map,   map,   hold,   copy,      copy,        let_go,      let_go,
        touch, touch, let_go, meddle,    change_page, change_page, change_page,
    };

    deeds[below(play, ARRAY_SIZE(deeds))](play);
}

void mg_grant_play_end(struct mg_grant_play *play)
{
    while (nr_borrowed > 0 && !mg_failures()) {
        bool is_map = borrowed[0].pte != 0;

        elements.unmaps[0].handle = borrowed[0].handle;
        if (call(play,
                 is_map ? PARAPET_HC_grant_unmap : PARAPET_HC_grant_release,
                 1) == 1)
            check_let_go(play, is_map, &elements.unmaps[0]);
    }
}
