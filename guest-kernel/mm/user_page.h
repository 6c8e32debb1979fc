/* SPDX-License-Identifier: MIT
 *
 * Pages of user memory, each with a count of its users: the spaces that map
 * it, and the object it is in (mm/object.h). More than 1 while it is shared.
 * Any context, any interrupt state.
 */
#ifndef GUEST_KERNEL_MM_USER_PAGE_H
#define GUEST_KERNEL_MM_USER_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many pages are left to the kernel: tables, stacks and records for those
 * that are to give memory back. */
#define USER_PAGE_RESERVE 128

/* With a count of 1; contents undefined. NULL without memory. */
void *user_page_alloc(void);

/* Whether the reserve stays when so many bytes are taken for something that a
 * program can have any number of: files, names, and what is in them. */
bool user_page_leaves(size_t size);

/* Whom user_page_leaves() and user_page_alloc() ask for so many pages when the
 * reserve is reached, before they say no: who keeps what can be had again. It
 * returns how many it has freed. Called in any context. */
void user_page_set_giver(uint64_t (*giver)(uint64_t nr_pages));

void user_page_share(void *page);
bool user_page_is_shared(const void *page);

/* True: that was the last use, and the caller frees it by page_free(). */
bool user_page_drop(void *page);

#endif
