/* SPDX-License-Identifier: MIT
 *
 * What the files of blk_back.h have of each other. A request goes from one to
 * the next: blk_back_take.c reads and checks it, blk_back_hold.c or
 * blk_back_copy.c begins it, and blk_back.c answers it.
 */
#ifndef PVDRIVERS_BLK_BACK_PARTS_H
#define PVDRIVERS_BLK_BACK_PARTS_H

#include "pvdrivers/blk_back.h"

static inline void blk_back_list_init(struct blk_back_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static inline void blk_back_list_add(struct blk_back_list *list,
                                     struct blk_back_request *request)
{
    request->next = NULL;
    *list->last = request;
    list->last = &request->next;
}

/* Not of an empty list. */
static inline struct blk_back_request *
blk_back_list_take(struct blk_back_list *list)
{
    struct blk_back_request *request = list->first;

    list->first = request->next;
    if (list->first == NULL)
        list->last = &list->first;
    return request;
}

/* All of it, to one that is empty. */
static inline void blk_back_list_move(struct blk_back_list *to,
                                      struct blk_back_list *from)
{
    blk_back_list_init(to);
    if (from->first != NULL) {
        to->first = from->first;
        to->last = from->last;
    }
}

#define BLK_BACK_SECTORS_OF_PAGE (ENV_PAGE_SIZE / PARAPET_BLK_SECTOR)

/* Whether eight parts are whole pages. */
static inline bool blk_back_are_whole(const uint8_t *parts)
{
    const uint64_t all =
        0x0101010101010101ull * PARAPET_BLK_PART(0, BLK_BACK_SECTORS_OF_PAGE);
    uint64_t word;

    __builtin_memcpy(&word, parts, sizeof(word));
    return word == all;
}

/* It is free again. */
void blk_back_answer(struct blk_back *back, struct blk_back_request *request,
                     int status);

/* Takes requests out of the ring, to back->to_begin; what is none is answered.
 * -PV_EIO: the ring is broken. */
int blk_back_take(struct blk_back *back);

/* Begins, or ends at once, what is in back->to_begin, and says when to try the
 * rest again: ENV_FOREVER when nothing is left. */
uint64_t blk_back_hold(struct blk_back *back);
uint64_t blk_back_copy(struct blk_back *back);

/* Releases what these, which are done, have held. */
void blk_back_release(struct blk_back *back,
                      const struct blk_back_request *first);

/* To the store. */
static inline void blk_back_submit(struct blk_back *back,
                                   struct blk_back_request *request)
{
    back->nr_under_way++;
    back->store->ops->submit(back->store, &request->store);
}

#endif
