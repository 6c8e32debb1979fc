/* SPDX-License-Identifier: MIT
 *
 * A few address spaces against what they should be, an array for each with an
 * element for each page: thousands of random changes, with one space or
 * another current. The pages lie where tables of all levels meet.
 */
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/monitor/selftest.h"
#include "guest-kernel/privops/mmu.h"
#include "lib/macros.h"
#include "lib/string.h"

#define NR_SPACES 4
#define NR_PAGES 40
#define NR_CHANGES 4000
#define BASE (0x8000000000ul - NR_PAGES / 2 * PAGE_SIZE)

/* What is mapped where there is something: page n begins with n + 1. Behind
 * the last one there are none. */
#define OBJECT_PAGES 6u

#define RIGHTS (SPACE_READ | SPACE_WRITE | SPACE_EXEC)

/* Of a page; its first word stands for all of it. */
struct page_model {
    bool is_mapped;
    unsigned int prot;
    uint64_t word;
};

static struct {
    struct space *space;
    struct page_model pages[NR_PAGES];
} subjects[NR_SPACES];

static struct object *object;
static uint64_t random_state;

/* Marsaglia's xorshift64. */
static unsigned int below(unsigned int limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned int)(random_state % limit);
}

static uint64_t vaddr_of(unsigned int page)
{
    return BASE + (uint64_t)page * PAGE_SIZE;
}

static unsigned int random_rights(void)
{
    unsigned int prot = below(RIGHTS + 1);

    return below(2) == 0 ? SPACE_READ | SPACE_WRITE : prot;
}

/* ---- changes of [first, end) of subject s; false: not as expected ---- */

static void model_map(struct page_model *page, unsigned int prot, uint64_t word)
{
    page->is_mapped = true;
    page->prot = prot;
    page->word = word;
}

static bool map(unsigned int s, unsigned int first, unsigned int end)
{
    unsigned int prot = random_rights(), i, nr = 0, page = below(OBJECT_PAGES);
    struct space_source source = {.object = object,
                                  .offset = (uint64_t)page * PAGE_SIZE};
    bool is_free = true;
    uint64_t word;

    if (below(2) == 0)
        nr = MIN(end - first, OBJECT_PAGES);
    source.size = nr * PAGE_SIZE;
    for (i = first; i < end; i++)
        is_free &= !subjects[s].pages[i].is_mapped;
    if ((space_map(subjects[s].space, vaddr_of(first),
                   (uint64_t)(end - first) * PAGE_SIZE, prot, &source) == 0) !=
        is_free)
        return false;
    for (i = first; is_free && i < end; i++, page++) {
        word = i - first < nr && page < OBJECT_PAGES ? page + 1 : 0;
        model_map(&subjects[s].pages[i], prot, word);
    }
    if (below(4) == 0)
        space_populate(subjects[s].space, vaddr_of(first),
                       (uint64_t)(end - first) * PAGE_SIZE);
    return true;
}

static bool unmap(unsigned int s, unsigned int first, unsigned int end)
{
    unsigned int i;

    for (i = first; i < end; i++)
        subjects[s].pages[i].is_mapped = false;
    return space_unmap(subjects[s].space, vaddr_of(first),
                       (uint64_t)(end - first) * PAGE_SIZE) == 0;
}

static bool protect(unsigned int s, unsigned int first, unsigned int end)
{
    unsigned int prot = random_rights(), i;
    bool is_whole = true;

    for (i = first; i < end; i++)
        is_whole &= subjects[s].pages[i].is_mapped;
    for (i = first; is_whole && i < end; i++)
        subjects[s].pages[i].prot = prot;
    return (space_protect(subjects[s].space, vaddr_of(first),
                          (uint64_t)(end - first) * PAGE_SIZE, prot) == 0) ==
           is_whole;
}

static bool write(unsigned int s, unsigned int first, unsigned int end)
{
    struct page_model *page = &subjects[s].pages[first];
    uint64_t word = ((uint64_t)end << 32 | s) + random_state;
    bool allowed = page->is_mapped && (page->prot & SPACE_WRITE) != 0;

    if (allowed)
        page->word = word;
    return space_copy_out(subjects[s].space, vaddr_of(first), &word,
                          sizeof(word)) == allowed;
}

/* As the CPU would: reading, writing (2) or executing (16). */
static bool touch(unsigned int s, unsigned int first, unsigned int end)
{
    static const uint64_t errors[] = {0, 2, 16};
    static const unsigned int needed[] = {RIGHTS, SPACE_WRITE, SPACE_EXEC};
    const struct page_model *page = &subjects[s].pages[first];
    unsigned int how = end % ARRAY_SIZE(errors);
    bool allowed = page->is_mapped && (page->prot & needed[how]) != 0;

    return (space_fault(subjects[s].space, vaddr_of(first), errors[how]) ==
            SPACE_FAULT_DONE) == allowed;
}

/* A part of one area, to where nothing is mapped. */
static bool move(unsigned int s, unsigned int first, unsigned int end)
{
    struct page_model *pages = subjects[s].pages, moved[NR_PAGES];
    unsigned int to = below(NR_PAGES - (end - first) + 1), nr = end - first, i;
    int result =
        space_move(subjects[s].space, vaddr_of(first), (uint64_t)nr * PAGE_SIZE,
                   vaddr_of(to), (uint64_t)nr * PAGE_SIZE);

    if (result != 0)
        return true; /* not one area, or not free */
    for (i = 0; i < nr; i++) {
        if (!pages[first + i].is_mapped ||
            (to != first && pages[to + i].is_mapped))
            return false;
        moved[i] = pages[first + i];
    }
    for (i = first; i < end; i++)
        pages[i].is_mapped = false;
    memcpy(&pages[to], moved, nr * sizeof(moved[0]));
    return true;
}

/* Another becomes a clone of this one. */
static bool clone(unsigned int s, unsigned int first, unsigned int end)
{
    unsigned int to = (s + 1 + first % (NR_SPACES - 1)) % NR_SPACES;

    (void)end;
    space_put(subjects[to].space);
    memcpy(subjects[to].pages, subjects[s].pages, sizeof(subjects[s].pages));
    subjects[to].space = space_clone(subjects[s].space);
    return subjects[to].space != NULL;
}

static bool switch_to(unsigned int s, unsigned int first, unsigned int end)
{
    (void)end;
    space_switch(first == 0 ? NULL : subjects[s].space);
    return true;
}

/* ---- the comparison ---- */

static bool is_as_expected(unsigned int s)
{
    const struct page_model *page;
    unsigned int i;
    uint64_t word;
    bool allowed;

    for (i = 0; i < NR_PAGES; i++) {
        page = &subjects[s].pages[i];
        allowed = page->is_mapped && page->prot != 0;
        if (space_copy_in(subjects[s].space, &word, vaddr_of(i),
                          sizeof(word)) != allowed)
            return false;
        if (allowed && word != page->word)
            return false;
    }
    return true;
}

static const char *change_and_compare(void)
{
    static bool (*const changes[])(unsigned int, unsigned int, unsigned int) = {
        map, map, unmap, protect, write, write, touch, move, clone, switch_to,
    };
    unsigned int i, s, first, end;

    for (i = 0; i < NR_CHANGES; i++) {
        s = below(NR_SPACES);
        first = below(NR_PAGES);
        end = first + 1 + below(NR_PAGES - first);
        if (!changes[below(ARRAY_SIZE(changes))](s, first, end))
            return "a change has not the result that it should have";
        if (i % 16 == 0 && !is_as_expected(i / 16 % NR_SPACES))
            return "a page is not what it should be";
    }
    return NULL;
}

static bool make_object(void)
{
    uint64_t word;

    object = object_create();
    for (word = 1; object != NULL && word <= OBJECT_PAGES; word++)
        if (object_write(object, (word - 1) * PAGE_SIZE, &word, sizeof(word)) <
            sizeof(word))
            return false;
    return object != NULL;
}

static const char *run(void)
{
    const char *error = make_object() ? NULL : "no memory for an object";
    unsigned int s;

    memset(subjects, 0, sizeof(subjects));
    for (s = 0; s < NR_SPACES; s++) {
        subjects[s].space = space_create();
        if (subjects[s].space == NULL)
            error = "no memory for a space";
    }
    if (error == NULL)
        error = change_and_compare();
    if (error == NULL && mmu_audit() != 0)
        error = "the hypervisor's counts are wrong";
    for (s = 0; s < NR_SPACES; s++)
        space_put(subjects[s].space);
    object_put(object);
    return error;
}

/* What the first run leaves in the slabs, the second one does not need. */
const char *selftest_space_random(void)
{
    uint64_t before;
    const char *error;

    random_state = 88172645463325252;
    error = run();
    before = selftest_nr_free();
    if (error == NULL)
        error = run();
    if (error == NULL && selftest_nr_free() != before)
        error = "memory was lost";
    return error;
}
