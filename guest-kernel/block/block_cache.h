/* SPDX-License-Identifier: MIT
 *
 * Pages of block devices, kept in memory: for reads and writes of any offset
 * and size. Positions are bytes on the whole device, so that a disk and its
 * partitions are one and the same.
 *
 * It writes through: a write returns when the device has it, with the device's
 * error. So nothing in here is ever newer than the device, and any page may be
 * forgotten at any time (block/block_page.h).
 */
#ifndef GUEST_KERNEL_BLOCK_BLOCK_CACHE_H
#define GUEST_KERNEL_BLOCK_BLOCK_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct block_device;
struct io;

/*
 * For a process's thread; both sleep, and may let others run. They transfer
 * what is in [at, end), which is on the device, and return how many bytes that
 * was: fewer than io has when an error or a bad address came in between, or the
 * program is to end. Or a negative error number when there was none. The first
 * also reads up to `ahead` bytes more than are wanted, if it has to ask the
 * device.
 */
int64_t block_cache_read(struct block_device *device, uint64_t at, uint64_t end,
                         struct io *to, uint64_t ahead);
int64_t block_cache_write(struct block_device *device, uint64_t at,
                          uint64_t end, struct io *from);

#endif
