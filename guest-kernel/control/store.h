/* SPDX-License-Identifier: MIT
 *
 * What a disk of another domain is made of: a block device of this one, by its
 * name (vda), a partition of it (vda1), or memory (ram:64M, which begins as
 * zeros and is gone when nobody has it any more).
 */
#ifndef GUEST_KERNEL_CONTROL_STORE_H
#define GUEST_KERNEL_CONTROL_STORE_H

#include "pvdrivers/blk_back.h"

struct block_device;

struct control_store {
    struct blk_store store;
    struct block_device *device; /* NULL: it is memory */
    uint64_t first;              /* its sector 0, in sectors of the device */
    void **pages;                /* of memory; NULL: never written */
    uint64_t nr_pages;
};

/*
 * read_only: it is not to be written, whatever the device allows. 0; -ENOENT:
 * no device or partition has the name; -EINVAL: the size cannot be; -ENOMEM: or
 * it is, with what others have not written yet, more than half of what is free.
 */
int64_t control_store_open(struct control_store *store, const char *name,
                           bool read_only);

/* No request is under way. */
void control_store_close(struct control_store *store);

/* Whether the two have a sector in common. */
bool control_store_overlap(const struct control_store *store,
                           const struct control_store *other);

#endif
