/* SPDX-License-Identifier: MIT
 *
 * The count is in the page's record. It is changed atomically: two spaces
 * may break the same sharing, one preempted by the other.
 */
#include "guest-kernel/mm/user_page.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"

static uint64_t (*give)(uint64_t nr_pages);

void user_page_set_giver(uint64_t (*giver)(uint64_t nr_pages))
{
    give = giver;
}

/* Pages that were given may have become larger blocks, or filled gaps: what
 * counts is how many are free. */
bool user_page_leaves(size_t size)
{
    uint64_t needed = USER_PAGE_RESERVE + size / PAGE_SIZE;

    if (page_nr_free() > needed)
        return true;
    return give != NULL && give(needed + 1 - page_nr_free()) > 0 &&
           page_nr_free() > needed;
}

void *user_page_alloc(void)
{
    void *page = user_page_leaves(1) ? page_alloc(0) : NULL;

    if (page != NULL)
        page_of(page)->count = 1;
    return page;
}

void user_page_share(void *page)
{
    (void)__atomic_fetch_add(&page_of(page)->count, 1, __ATOMIC_RELAXED);
}

bool user_page_is_shared(const void *page)
{
    return __atomic_load_n(&page_of(page)->count, __ATOMIC_RELAXED) > 1;
}

bool user_page_drop(void *page)
{
    uint32_t before =
        __atomic_fetch_sub(&page_of(page)->count, 1, __ATOMIC_RELAXED);

    BUG_ON(before == 0);
    return before == 1;
}
