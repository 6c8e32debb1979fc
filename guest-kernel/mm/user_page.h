/* SPDX-License-Identifier: MIT
 *
 * Pages of user memory, each with a count of the spaces that map it: 1, or
 * more while it is shared by copy on write. Any context, any interrupt state.
 */
#ifndef GUEST_KERNEL_MM_USER_PAGE_H
#define GUEST_KERNEL_MM_USER_PAGE_H

#include <stdbool.h>

/* With a count of 1; contents undefined. NULL without memory. */
void *user_page_alloc(void);

void user_page_share(void *page);
bool user_page_is_shared(const void *page);

/* True: that was the last use, and the caller frees it by page_free(). */
bool user_page_drop(void *page);

#endif
