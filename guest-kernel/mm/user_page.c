/* SPDX-License-Identifier: MIT
 *
 * The count is in the page's record. It is changed atomically: two spaces
 * may break the same sharing, one preempted by the other.
 */
#include "guest-kernel/mm/user_page.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"

bool user_page_leaves(size_t size)
{
    return page_nr_free() > USER_PAGE_RESERVE + size / PAGE_SIZE;
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
