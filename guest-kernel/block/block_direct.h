/* SPDX-License-Identifier: MIT
 *
 * Transfers between a disk and a program's own pages, without a copy: O_DIRECT.
 * The pages are counted while the device has them, so they stay whatever the
 * program does, even if it ends. Positions are bytes of the device.
 */
#ifndef GUEST_KERNEL_BLOCK_BLOCK_DIRECT_H
#define GUEST_KERNEL_BLOCK_BLOCK_DIRECT_H

#include <stdbool.h>
#include <stdint.h>

struct block_device;
struct file_request;
struct io;

/* Whether position, size and memory are multiples of the device's blocks. */
bool block_direct_is_aligned(const struct block_device *device, uint64_t at,
                             const struct io *io);

/* [at, end), as far as io goes: how many bytes, or a negative error number when
 * there was none. io is aligned, and its memory a space's. Sleeps. */
int64_t block_direct_transfer(struct block_device *device, bool is_read,
                              uint64_t at, uint64_t end, struct io *io);

/*
 * The same in one request, which `request` hears of, for its io and operation;
 * a FILE_SYNC flushes. Does not sleep, nor kick the device. False: it is too
 * large, has a bad address, or there is no memory; nothing has begun.
 */
bool block_direct_submit(struct block_device *device, uint64_t at, uint64_t end,
                         struct file_request *request);

#endif
