/* SPDX-License-Identifier: MIT
 *
 * mm/grant.h with several CPUs at the same time, each a thread: two domains
 * lend each other frames and take them back, and map, hold, unmap and release
 * what the other one lends, all of them the same entries, page tables and
 * handles. Built with the thread sanitizer.
 *
 * A lender that has taken an entry back finds its frame with no reference of
 * another domain's, at once; and what is left in the end is right to the last
 * count.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "abi/errors.h"
#include "hypervisor/mm/grant.h"
#include "hypervisor/mm/grant_handle.h"
#include "lib/macros.h"
#include "tests/unit/race.h"

#define NR_THREADS 4u  /* half of them are each domain's */
#define NR_LENT 3u     /* entry and frame number i go together */
#define NR_HANDLES 12u /* that a domain has at a time */
#define NR_ENTRIES 4u  /* of its page table that it uses */
#define NR_STEPS 40000ul

/* The gfns of a domain: what it lends, then its own. */
#define GFN_PAGE NR_LENT
#define GFN_PAGE_TABLE (NR_LENT + 1)
#define GFN_GRANTS (NR_LENT + 2)

/* What the CPUs of a domain, as a guest, know together. */
static struct guest {
    struct memory_owner *m;
    uint32_t id;
    mfn_t page, page_table;
    mfn_t lent[NR_LENT]; /* who has set its bit may change it */
    uint32_t busy;       /* atomic: bit i for entry i */
} guests[MMU_DOMAINS];

struct thread {
    pthread_t thread;
    unsigned int number;
    uint64_t random_state;
    uint64_t nr_steps;
    uint64_t nr_taken, nr_dropped, nr_taken_back;
    const char *wrong;
};

static uint64_t below(struct thread *t, uint64_t limit)
{
    return unit_random(&t->random_state) % limit;
}

/* ---- who borrows ---- */

/* With the memory lock held; it is let go for a while if the frame has to be
 * made what it must be. */
static int take(const struct guest *g, struct memory_owner *lender,
                uint32_t ref, bool writable, mfn_t *mfn)
{
    uint32_t work = WORK_CALL;
    int error = -PARAPET_EAGAIN;

    for (unsigned int i = 0; i < 2; i++) {
        spin_lock(&lender->grants.lock);
        error = grant_take(lender, ref, g->id, writable, mfn);
        spin_unlock(&lender->grants.lock);
        if (error != GRANT_PREPARE)
            return error;
        memory_unlock(g->m);
        error = grant_prepare(lender, ref, g->id, &work);
        race_lock(g->m);
        if (error)
            return error;
    }
    return -PARAPET_EAGAIN;
}

static void drop(struct memory_owner *lender, uint32_t ref, bool writable,
                 mfn_t mfn)
{
    spin_lock(&lender->grants.lock);
    grant_drop(lender, ref, writable, mfn);
    spin_unlock(&lender->grants.lock);
}

/* Where it goes: into any entry of the page table, or no page table. */
static int place(struct thread *t, const struct guest *g,
                 const struct guest *lender, uint32_t ref, bool writable,
                 mfn_t mfn)
{
    uint64_t pte =
        table_entry_paddr(g->page_table, (unsigned int)below(t, NR_ENTRIES));
    uint64_t entry = frame_paddr(mfn) | PARAPET_PTE_P;
    bool map = below(t, 3) != 0;
    struct grant_mapping *mapping;
    int error = grant_handle_next(g->m, &mapping);

    if (!error && map)
        error = table_map_foreign(g->m, pte,
                                  writable ? entry | PARAPET_PTE_W : entry);
    if (error)
        return error;
    grant_handle_take(g->m, mapping);
    mapping->kind = map ? GRANT_MAP : GRANT_HOLD;
    mapping->writable = writable;
    mapping->mfn = (uint32_t)mfn;
    mapping->lender = lender->id;
    mapping->ref = ref;
    mapping->pte = pte;
    return 0;
}

static void take_any(struct thread *t, const struct guest *g,
                     const struct guest *lender)
{
    uint32_t ref = (uint32_t)below(t, NR_LENT);
    bool writable = below(t, 2);
    mfn_t mfn;
    int error = -PARAPET_ENOSPC;

    race_lock(g->m);
    g->m->work = WORK_CALL;
    if (g->m->handles.nr_used < NR_HANDLES)
        error = take(g, lender->m, ref, writable, &mfn);
    if (!error) {
        error = place(t, g, lender, ref, writable, mfn);
        if (error)
            drop(lender->m, ref, writable, mfn);
    }
    memory_unlock(g->m);
    t->nr_taken += error == 0;
}

/* Whatever the handle stands for; another CPU may be faster. */
static bool drop_handle(const struct guest *g, const struct guest *lender,
                        uint32_t handle)
{
    struct grant_mapping *mapping = grant_handle_find(g->m, handle, GRANT_MAP);

    if (mapping) {
        table_unmap_foreign(g->m, mapping->pte);
        mapping->kind = GRANT_UNMAPPED;
        (void)tlb_flush_later_than(tlb_clock_now(), g->m->tlb_cpus);
    } else {
        mapping = grant_handle_find(g->m, handle, GRANT_HOLD);
    }
    if (!mapping)
        return false;
    drop(lender->m, mapping->ref, mapping->writable, mapping->mfn);
    grant_handle_free(g->m, mapping);
    return true;
}

static void drop_any(struct thread *t, const struct guest *g,
                     const struct guest *lender)
{
    race_lock(g->m);
    t->nr_dropped += drop_handle(g, lender, (uint32_t)below(t, NR_HANDLES));
    memory_unlock(g->m);
}

/* An own page, where something may be mapped. */
static void write_any(struct thread *t, const struct guest *g)
{
    uint64_t page = frame_paddr(g->page);
    unsigned int index = (unsigned int)below(t, NR_ENTRIES);
    uint64_t value = below(t, 3) ? 0 : page | PARAPET_PTE_P | PARAPET_PTE_W;

    race_lock(g->m);
    g->m->work = WORK_CALL;
    (void)table_write(g->m, g->page_table, index, value, ~0ul);
    memory_unlock(g->m);
}

/* ---- who lends ---- */

static struct grant_entry *entry_of(const struct guest *g, uint32_t ref)
{
    return grant_entry(&g->m->grants, ref);
}

static void lend(struct thread *t, struct guest *g, const struct guest *other,
                 uint32_t ref)
{
    struct grant_entry *e = entry_of(g, ref);
    uint64_t word = (uint64_t)other->id << GRANT_DOMAIN_SHIFT |
                    PARAPET_GRANT_LEND |
                    (below(t, 4) ? 0 : PARAPET_GRANT_READONLY);
    uint64_t none = 0;

    __atomic_store_n(&e->frame, g->lent[ref], __ATOMIC_RELAXED);
    (void)__atomic_compare_exchange_n(&e->word, &none, word, false,
                                      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* The frame is at once free to become a table, or to go back. */
static void use_frame(struct thread *t, struct guest *g, uint32_t ref)
{
    mfn_t mfn = g->lent[ref];
    int error;

    race_lock(g->m);
    g->m->work = 1u << 20;
    if (below(t, 2)) {
        error = table_pin(g->m, mfn, TYPE_L1);
        if (!error)
            error = table_unpin(g->m, mfn);
        (void)table_release(g->m);
    } else {
        error = type_take_back(g->m, mfn);
        if (!error) {
            mfn = frame_alloc_zeroed();
            type_give(g->m, mfn, ref);
        }
    }
    g->lent[ref] = mfn;
    memory_unlock(g->m);
    if (error)
        t->wrong = "a frame was in use after its grant was taken back";
}

static void take_back(struct thread *t, struct guest *g, uint32_t ref)
{
    struct grant_entry *e = entry_of(g, ref);
    uint64_t word = __atomic_load_n(&e->word, __ATOMIC_RELAXED) &
                    ~(uint64_t)(PARAPET_GRANT_READING | PARAPET_GRANT_WRITING);

    if (word == 0 ||
        !__atomic_compare_exchange_n(&e->word, &word, 0, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        return;
    t->nr_taken_back++;
    use_frame(t, g, ref);
}

/* One CPU of the lender's at a time for each entry, as guests do it. */
static void lend_any(struct thread *t, struct guest *g,
                     const struct guest *other)
{
    uint32_t ref = (uint32_t)below(t, NR_LENT);
    uint32_t bit = 1u << ref;

    if (__atomic_fetch_or(&g->busy, bit, __ATOMIC_ACQUIRE) & bit)
        return;
    if (below(t, 2))
        lend(t, g, other, ref);
    else
        take_back(t, g, ref);
    __atomic_fetch_and(&g->busy, ~bit, __ATOMIC_RELEASE);
}

/* ---- all of it ---- */

static void *run(void *argument)
{
    struct thread *t = argument;
    struct guest *g = &guests[t->number % MMU_DOMAINS];
    struct guest *other = &guests[!(t->number % MMU_DOMAINS)];

    race_thread = t->number;
    for (uint64_t i = 0; i < t->nr_steps && !t->wrong; i++) {
        switch (below(t, 8)) {
        case 0:
        case 1:
            lend_any(t, g, other);
            break;
        case 2:
        case 3:
        case 4:
            take_any(t, g, other);
            break;
        case 5:
            write_any(t, g);
            break;
        default:
            drop_any(t, g, other);
        }
    }
    return NULL;
}

static void create(unsigned int domain, uint32_t id)
{
    struct guest *g = &guests[domain];
    mfn_t table = mmu_mfn(domain, GFN_GRANTS);

    *g = (struct guest){.m = &mmu_domains[domain], .id = id};
    for (unsigned int i = 0; i < NR_LENT; i++)
        g->lent[i] = mmu_mfn(domain, i);
    g->page = mmu_mfn(domain, GFN_PAGE);
    g->page_table = mmu_mfn(domain, GFN_PAGE_TABLE);
    type_hold(g->m, table, true);
    grant_table_add(g->m, table, frame_alloc_zeroed());
    assert_int_equal(
        table_pin(mmu_begin(domain, WORK_CALL), g->page_table, TYPE_L1), 0);
}

static uint64_t audit(const struct guest *g)
{
    const struct audit_hold hold = {.mfn = frame_of(g->m->grants.entries[0]),
                                    .type = TYPE_WRITABLE};

    return audit_memory(g->m, &hold, 1);
}

/* Nothing is in use any more once all handles are gone. */
static void check_counts(const struct guest *g, const struct guest *other)
{
    for (uint32_t handle = 0; handle < GRANT_MAPPINGS_PER_FRAME; handle++)
        (void)drop_handle(other, g, handle);
    assert_int_equal(other->m->handles.nr_used, 0);
    for (uint32_t ref = 0; ref < NR_LENT; ref++) {
        const struct grant_record *r = grant_record(&g->m->grants, ref);

        assert_int_equal(r->readers + r->writers, 0);
        assert_int_equal(entry_of(g, ref)->word &
                             (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING),
                         0);
        assert_int_equal(
            frame_state(frame_info(g->lent[ref])) & STATE_REFERENCES, 0);
    }
}

static void test_race(void **state)
{
    static struct thread threads[NR_THREADS];
    const char *steps = getenv("MEMORY_STEPS");
    struct thread all = {0};

    (void)state;
    mmu_create(GFN_GRANTS + 1, GFN_GRANTS + 1);
    create(0, MMU_FIRST_ID);
    create(1, MMU_SECOND_ID);
    for (unsigned int i = 0; i < NR_THREADS; i++) {
        threads[i].number = i;
        threads[i].random_state = 1 + i * 0x9e3779b97f4a7c15;
        threads[i].nr_steps = steps ? strtoul(steps, NULL, 0) : NR_STEPS;
        assert_int_equal(
            pthread_create(&threads[i].thread, NULL, run, &threads[i]), 0);
    }
    for (unsigned int i = 0; i < NR_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i].thread, NULL), 0);
        all.nr_steps += threads[i].nr_steps;
        all.nr_taken += threads[i].nr_taken;
        all.nr_dropped += threads[i].nr_dropped;
        all.nr_taken_back += threads[i].nr_taken_back;
        if (threads[i].wrong)
            all.wrong = threads[i].wrong;
    }
    if (all.wrong)
        fail_msg("%s", all.wrong);
    /* Of all together, since one may get far while the others wait. */
    assert_true(all.nr_taken > all.nr_steps / 200);
    assert_true(all.nr_dropped > all.nr_steps / 200);
    assert_true(all.nr_taken_back > all.nr_steps / 1000);
    for (unsigned int d = 0; d < MMU_DOMAINS; d++)
        assert_int_equal(audit(&guests[d]), 0);
    for (unsigned int d = 0; d < MMU_DOMAINS; d++)
        check_counts(&guests[d], &guests[!d]);
    for (unsigned int d = 0; d < MMU_DOMAINS; d++)
        assert_int_equal(audit(&guests[d]), 0);
    assert_int_equal(mmu_audit_machine(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_race),
    };

    return cmocka_run_group_tests_name("mm/grant, by several CPUs", tests, NULL,
                                       NULL);
}
