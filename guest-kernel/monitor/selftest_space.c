/* SPDX-License-Identifier: MIT
 *
 * Tests of address spaces, without user mode: pages are touched by page
 * faults that are made up, and by the kernel's copying.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/monitor/selftest.h"
#include "guest-kernel/privops/mmu.h"
#include "lib/macros.h"
#include "lib/string.h"

#define FAULT_READ 0ul
#define FAULT_WRITE 2ul
#define FAULT_EXEC 16ul

#define RX (SPACE_READ | SPACE_EXEC)

/* In the middle of the large area tables of all levels meet. */
#define SMALL 0x400000ul
#define LARGE (0x7f0000000000ul - LARGE_SIZE / 2)
#define LARGE_SIZE 0x100000ul

uint64_t selftest_nr_free(void)
{
    struct page_statistics pages;

    page_get_statistics(&pages);
    return pages.free_kib / (PAGE_SIZE / 1024);
}

/* Twice, since what the first run leaves in the slabs, the second one does not
 * need. */
const char *selftest_in_space(const char *test(struct space *space))
{
    const char *error = NULL;
    struct space *space;
    uint64_t before = 0;
    unsigned int i;

    for (i = 0; i < 2 && error == NULL; i++) {
        before = selftest_nr_free();
        space = space_create();
        if (space == NULL)
            return "no memory for a space";
        error = test(space);
        if (error == NULL && mmu_audit() != 0)
            error = "the hypervisor's counts are wrong";
        space_put(space);
    }
    if (error == NULL && selftest_nr_free() != before)
        error = "memory was lost";
    if (error == NULL && mmu_audit() != 0)
        error = "the hypervisor's counts are wrong afterwards";
    return error;
}

bool selftest_store(struct space *space, uint64_t vaddr, uint64_t value)
{
    return space_copy_out(space, vaddr, &value, sizeof(value));
}

uint64_t selftest_load(struct space *space, uint64_t vaddr)
{
    uint64_t value;

    return space_copy_in(space, &value, vaddr, sizeof(value)) ? value : ~0ul;
}

static bool map_large(struct space *space)
{
    return space_map(space, LARGE, LARGE_SIZE, SELFTEST_RW, NULL) == 0;
}

/* ---- areas ---- */

static const char *areas(struct space *space)
{
    const struct space_source too_large = {.size = PAGE_SIZE + 1};
    uint64_t gap;

    if (space_map(space, 0, PAGE_SIZE, SELFTEST_RW, NULL) != -EINVAL ||
        space_map(space, SPACE_USER_END, PAGE_SIZE, SELFTEST_RW, NULL) !=
            -EINVAL ||
        space_map(space, SMALL + 8, PAGE_SIZE, SELFTEST_RW, NULL) != -EINVAL ||
        space_map(space, SMALL, -(uint64_t)PAGE_SIZE, SELFTEST_RW, NULL) !=
            -EINVAL ||
        space_map(space, SMALL, PAGE_SIZE, SELFTEST_RW, &too_large) != -EINVAL)
        return "an impossible area was mapped";
    if (space_map(space, SMALL, 4 * PAGE_SIZE, RX, NULL) != 0 ||
        space_map(space, SMALL + 4 * PAGE_SIZE, PAGE_SIZE, SELFTEST_RW, NULL) !=
            0)
        return "an area was not mapped";
    if (space_map(space, SMALL - PAGE_SIZE, 2 * PAGE_SIZE, SELFTEST_RW, NULL) !=
        -EEXIST)
        return "an area was mapped over another";
    if (space_fault(space, SMALL, FAULT_EXEC) != SPACE_FAULT_DONE ||
        space_fault(space, SMALL, FAULT_WRITE) != SPACE_FAULT_FORBIDDEN ||
        space_fault(space, SMALL - 1, FAULT_READ) != SPACE_FAULT_UNMAPPED ||
        space_fault(space, SMALL + 4 * PAGE_SIZE, FAULT_EXEC) !=
            SPACE_FAULT_FORBIDDEN)
        return "a fault was not judged by the area's rights";
    gap = space_find_gap(space, LARGE_SIZE);
    if (gap == 0 || space_map(space, gap, LARGE_SIZE, SELFTEST_RW, NULL) != 0)
        return "no gap was found";
    return NULL;
}

const char *selftest_space_areas(void)
{
    return selftest_in_space(areas);
}

/* ---- pages ---- */

static const char *pages(struct space *space)
{
    uint64_t vaddr;

    if (!map_large(space))
        return "an area was not mapped";
    for (vaddr = LARGE; vaddr < LARGE + LARGE_SIZE; vaddr += 4 * PAGE_SIZE)
        if (space_fault(space, vaddr, FAULT_WRITE) != SPACE_FAULT_DONE ||
            selftest_load(space, vaddr) != 0 ||
            !selftest_store(space, vaddr, vaddr))
            return "a new page is not zero, or cannot be written";
    /* A piece from the middle, with other rights, without any, and gone. */
    vaddr = LARGE + LARGE_SIZE / 4;
    if (space_protect(space, vaddr, LARGE_SIZE / 2, SPACE_READ) != 0 ||
        selftest_store(space, vaddr, 0) || selftest_load(space, vaddr) != vaddr)
        return "a page is not read-only";
    if (space_protect(space, vaddr, LARGE_SIZE / 2, 0) != 0 ||
        selftest_load(space, vaddr) != ~0ul ||
        space_fault(space, vaddr, FAULT_READ) != SPACE_FAULT_FORBIDDEN)
        return "a page without rights can be read";
    if (space_protect(space, vaddr, LARGE_SIZE / 2, SELFTEST_RW) != 0 ||
        selftest_load(space, vaddr) != vaddr ||
        !selftest_store(space, vaddr, 1))
        return "a page that was without rights has not come back";
    if (space_unmap(space, vaddr, LARGE_SIZE / 2) != 0 ||
        selftest_store(space, vaddr, 0) ||
        selftest_load(space, vaddr - 4 * PAGE_SIZE) != vaddr - 4 * PAGE_SIZE)
        return "a page was not unmapped, or another one was";
    if (space_protect(space, LARGE, LARGE_SIZE, SELFTEST_RW) != -ENOMEM)
        return "a hole was protected";
    return NULL;
}

static bool unmap_all(struct space *space)
{
    return space_unmap(space, SPACE_USER_START,
                       SPACE_USER_END - SPACE_USER_START) == 0;
}

/* Unmapped memory is free memory, tables included; with the second round
 * nothing is left of the first. */
static const char *unmapping(struct space *space)
{
    struct space_statistics statistics;
    uint64_t before, vaddr;
    unsigned int i;

    /* What the slabs keep. */
    if (!map_large(space) || !unmap_all(space))
        return "an area was not mapped or not unmapped";
    before = selftest_nr_free();
    for (i = 0; i < 2; i++) {
        if (!map_large(space))
            return "an area was not mapped";
        for (vaddr = LARGE; vaddr < LARGE + LARGE_SIZE; vaddr += PAGE_SIZE)
            if (selftest_load(space, vaddr) != 0 ||
                !selftest_store(space, vaddr, 1))
                return "a page is not new, or could not be written";
        if (before - selftest_nr_free() < LARGE_SIZE / PAGE_SIZE)
            return "a page was used twice";
        if (!unmap_all(space))
            return "an area was not unmapped";
        space_get_statistics(space, &statistics);
        if (selftest_nr_free() != before || statistics.nr_pages != 0)
            return "unmapping has lost memory";
    }
    return NULL;
}

const char *selftest_space_pages(void)
{
    const char *error = selftest_in_space(pages);

    if (error == NULL)
        error = selftest_in_space(unmapping);
    return error != NULL ? error : selftest_space_objects();
}

/* ---- clones ---- */

/* All of a pair of spaces is written, in turns, while one is current. */
static const char *clone_pair(struct space *space, struct space *clone)
{
    uint64_t vaddr;

    for (vaddr = LARGE; vaddr < LARGE + LARGE_SIZE; vaddr += PAGE_SIZE)
        if (selftest_load(space, vaddr) != vaddr ||
            selftest_load(clone, vaddr) != vaddr)
            return "the clone is not the same";
    for (vaddr = LARGE; vaddr < LARGE + LARGE_SIZE; vaddr += PAGE_SIZE) {
        if (!selftest_store(vaddr & PAGE_SIZE ? space : clone, vaddr, 1))
            return "a shared page could not be written";
        if (selftest_load(vaddr & PAGE_SIZE ? clone : space, vaddr) != vaddr)
            return "what one has written, the other has seen";
        if (!selftest_store(vaddr & PAGE_SIZE ? clone : space, vaddr, 2) ||
            selftest_load(vaddr & PAGE_SIZE ? space : clone, vaddr) != 1)
            return "a page is still shared";
    }
    return NULL;
}

static const char *clones(struct space *space)
{
    struct space *clone;
    const char *error;
    uint64_t vaddr, before;

    if (!map_large(space))
        return "an area was not mapped";
    for (vaddr = LARGE; vaddr < LARGE + LARGE_SIZE; vaddr += PAGE_SIZE)
        if (!selftest_store(space, vaddr, vaddr))
            return "a page could not be written";
    before = selftest_nr_free();
    space_switch(space);
    clone = space_clone(space);
    if (clone == NULL)
        return "no memory for a clone";
    error = before - selftest_nr_free() < 16 ? clone_pair(space, clone)
                                             : "the clone's pages are copies";
    space_switch(clone);
    space_put(clone); /* although it is current */
    return error;
}

/* With rights taken away and given back while pages are shared. */
static const char *clone_protected(struct space *space)
{
    struct space *clone;
    const char *error = NULL;

    if (space_map(space, SMALL, 2 * PAGE_SIZE, SELFTEST_RW, NULL) != 0 ||
        !selftest_store(space, SMALL, 1) ||
        !selftest_store(space, SMALL + PAGE_SIZE, 2) ||
        space_protect(space, SMALL, PAGE_SIZE, 0) != 0)
        return "an area was not mapped";
    clone = space_clone(space);
    if (clone == NULL)
        return "no memory for a clone";
    if (selftest_load(clone, SMALL) != ~0ul ||
        selftest_load(clone, SMALL + PAGE_SIZE) != 2 ||
        space_protect(clone, SMALL, 2 * PAGE_SIZE, SELFTEST_RW) != 0 ||
        selftest_load(clone, SMALL) != 1 || !selftest_store(clone, SMALL, 3) ||
        space_protect(space, SMALL, 2 * PAGE_SIZE, SPACE_READ) != 0 ||
        selftest_load(space, SMALL) != 1 || selftest_store(space, SMALL, 4))
        error = "rights are not those of each space";
    space_put(clone);
    return error;
}

const char *selftest_space_clones(void)
{
    const char *error = selftest_in_space(clones);

    return error != NULL ? error : selftest_in_space(clone_protected);
}

/* ---- without memory ---- */

/* Whether all of it could be done. */
static bool use_memory(void)
{
    struct space *space = space_create(), *clone;
    bool done;

    if (space == NULL)
        return false;
    done = space_map(space, SMALL, 4 * PAGE_SIZE, SELFTEST_RW, NULL) == 0 &&
           space_map(space, LARGE, LARGE_SIZE, SELFTEST_RW, NULL) == 0 &&
           selftest_store(space, SMALL, 1) && selftest_store(space, LARGE, 1) &&
           selftest_store(space, LARGE + LARGE_SIZE - PAGE_SIZE, 1) &&
           space_unmap(space, SMALL + PAGE_SIZE, PAGE_SIZE) == 0 &&
           space_protect(space, SMALL, PAGE_SIZE, SPACE_READ) == 0;
    clone = done ? space_clone(space) : NULL;
    done = clone != NULL && selftest_store(clone, LARGE, 2) &&
           selftest_load(space, LARGE) == 1 && selftest_store(space, LARGE, 2);
    space_put(clone);
    space_put(space);
    return done;
}

/* All free pages, chained through their first words, before that of chain. */
static void **take_all(void **chain)
{
    void **page;

    while ((page = page_alloc(0)) != NULL) {
        *page = chain;
        chain = page;
    }
    return chain;
}

/* The same with no free page, with one, two ... until there are enough. */
const char *selftest_space_memory(void)
{
    const char *error = NULL;
    void **chain, **next;
    unsigned int nr = 0;
    bool done;

    if (!use_memory())
        return "out of memory";
    chain = take_all(NULL);
    for (done = false; !done && error == NULL && chain != NULL; nr++) {
        done = use_memory();
        if (selftest_nr_free() != nr)
            error = "what fails has lost memory";
        next = *chain;
        page_free(chain);
        chain = next;
    }
    for (; chain != NULL; chain = next) {
        next = *chain;
        page_free(chain);
    }
    if (error == NULL && (!done || nr < 10))
        error = "memory did not run out where it should";
    if (error == NULL && mmu_audit() != 0)
        error = "the hypervisor's counts are wrong";
    return error;
}
