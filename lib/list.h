/* SPDX-License-Identifier: MIT
 *
 * A doubly linked list through a node inside each entry. The list itself is
 * such a node too, in a ring with its entries, so that nothing here has a
 * special case:
 *
 *      list <-> first entry <-> ... <-> last entry <-> list
 *
 * The caller locks, and owns the entries.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/macros.h"

struct list_node {
    struct list_node *next;
    struct list_node *prev;
};

/* An empty list, as the initializer of a variable called name. */
#define LIST_INIT(name)                                                        \
    {                                                                          \
        &(name), &(name)                                                       \
    }

static inline void list_init(struct list_node *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool list_is_empty(const struct list_node *list)
{
    return list->next == list;
}

/* Puts node right before where, which is an entry or the list itself. */
static inline void list_insert_before(struct list_node *where,
                                      struct list_node *node)
{
    node->next = where;
    node->prev = where->prev;
    where->prev->next = node;
    where->prev = node;
}

static inline void list_add_first(struct list_node *list,
                                  struct list_node *node)
{
    list_insert_before(list->next, node);
}

static inline void list_add_last(struct list_node *list, struct list_node *node)
{
    list_insert_before(list, node);
}

/* Leaves node as an empty list of its own: it may be removed once more. */
static inline void list_remove(struct list_node *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* Takes the first node off the list, or returns NULL if there is none. */
static inline struct list_node *list_take_first(struct list_node *list)
{
    struct list_node *node = list->next;

    if (node == list)
        return NULL;
    list_remove(node);
    return node;
}

#define list_entry(node, type, member) container_of(node, type, member)

/* Of a list that is not empty. */
#define list_first_entry(list, type, member)                                   \
    list_entry((list)->next, type, member)

/* entry runs over the list; the body must not remove it. */
#define list_for_each_entry(entry, list, member)                               \
    for ((entry) = list_entry((list)->next, __typeof__(*(entry)), member);     \
         &(entry)->member != (list);                                           \
         (entry) =                                                             \
             list_entry((entry)->member.next, __typeof__(*(entry)), member))

/* The same, but the body may remove entry (and no other: next is kept). */
#define list_for_each_entry_safe(entry, following, list, member)               \
    for ((entry) = list_entry((list)->next, __typeof__(*(entry)), member),     \
        (following) =                                                          \
             list_entry((entry)->member.next, __typeof__(*(entry)), member);   \
         &(entry)->member != (list); (entry) = (following),                    \
        (following) = list_entry((following)->member.next,                     \
                                 __typeof__(*(entry)), member))

#endif
