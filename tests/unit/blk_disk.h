/* SPDX-License-Identifier: MIT
 *
 * Stores for the back-end's tests: a device, which reads and writes frames of
 * the host's by their machine addresses and may be slow, unordered or failing;
 * and a disk in memory. Both keep the same bytes. What the back-end must not
 * ask of a store ends the program.
 */
#ifndef TESTS_UNIT_BLK_DISK_H
#define TESTS_UNIT_BLK_DISK_H

#include <pthread.h>

#include "pvdrivers/blk_back.h"

#define BLK_DISK_SECTORS 1024u

struct blk_disk_device {
    struct blk_store store;
    uint8_t *bytes;
    pthread_mutex_t lock;
    struct blk_store_request *queue[PARAPET_BLK_REQUESTS];
    unsigned int nr_queued;
    bool is_slow;         /* blk_disk_run() does the requests, else kick */
    int fails;            /* the error of all of them; 0: none */
    unsigned int nr_done; /* of all kinds */
    unsigned int nr_kicks;
};

/* It has its bytes until blk_disk_free(); zeros. */
void blk_disk_make(struct blk_disk_device *disk, bool in_memory);
void blk_disk_free(struct blk_disk_device *disk);

/* Does one of those that are queued, by a number; false: there is none. */
bool blk_disk_run(struct blk_disk_device *disk, uint64_t which);

#endif
