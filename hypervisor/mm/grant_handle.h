/* SPDX-License-Identifier: MIT
 *
 * What an owner of memory has of others: its handles. They are in frames of the
 * hypervisor's, which count as the owner's own. The owner's memory lock is held
 * for all of these.
 */
#ifndef HYPERVISOR_MM_GRANT_HANDLE_H
#define HYPERVISOR_MM_GRANT_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/mm/type.h"

/*
 * A free handle; the caller fills in what it stands for, and then takes it. 0,
 * -ENOSPC: it has as many as it may have, or as many frames; -ENOMEM: the
 * machine has no frame; -ERESTART: too little work is left.
 */
int grant_handles_more(struct memory_owner *m);

static inline __attribute__((always_inline)) int
grant_handle_next(struct memory_owner *m, struct grant_mapping **free)
{
    if (__builtin_expect(!m->handles.free, 0)) {
        int error = grant_handles_more(m);

        if (error)
            return error;
    }
    *free = m->handles.free;
    return 0;
}

/* Takes the one that grant_handle_next() gave. */
static inline void grant_handle_take(struct memory_owner *m,
                                     const struct grant_mapping *mapping)
{
    m->handles.free = mapping->next;
    m->handles.nr_used++;
}

/* handle is of one of the frames that there are. */
static inline struct grant_mapping *
grant_handle_at(const struct grant_handles *h, uint32_t handle)
{
    return &h->frames[handle / GRANT_MAPPINGS_PER_FRAME]
                     [handle % GRANT_MAPPINGS_PER_FRAME];
}

/* Whether there is one with this number, free or not. */
static inline bool grant_handle_exists(const struct memory_owner *m,
                                       uint32_t handle)
{
    return handle / GRANT_MAPPINGS_PER_FRAME < m->handles.nr_frames;
}

/* The one with this number, if it is of this kind; or NULL. */
static inline struct grant_mapping *
grant_handle_find(const struct memory_owner *m, uint32_t handle,
                  enum grant_kind kind)
{
    struct grant_mapping *mapping;

    if (__builtin_expect(!grant_handle_exists(m, handle), 0))
        return NULL;
    mapping = grant_handle_at(&m->handles, handle);
    return __builtin_expect(mapping->kind == kind, 1) ? mapping : NULL;
}

static inline void grant_handle_free(struct memory_owner *m,
                                     struct grant_mapping *mapping)
{
    mapping->how = 0;
    mapping->next = m->handles.free;
    m->handles.free = mapping;
    m->handles.nr_used--;
}

#endif
