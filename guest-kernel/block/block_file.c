/* SPDX-License-Identifier: MIT
 *
 * Opening, reading and writing disks.
 */
#include "guest-kernel/block/block_file.h"

#include "guest-kernel/block/block.h"
#include "guest-kernel/block/block_cache.h"
#include "guest-kernel/block/block_direct.h"
#include "guest-kernel/block/disk.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/device.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"

/* Who reads on where the last read ended gets that much more at once. */
#define READ_AHEAD 0x20000u

/* ---- life ---- */

static struct block_file *make(struct disk *disk, unsigned int partition)
{
    struct block_file *opened = NULL;

    if (user_page_leaves(sizeof(*opened)))
        opened = kmalloc(sizeof(*opened));
    if (opened == NULL)
        return NULL;
    opened->disk = disk;
    opened->partition = partition;
    (void)disk_range(disk, partition, &opened->start, &opened->end);
    opened->next = opened->start;
    disk->nr_open[partition]++;
    return opened;
}

static int64_t block_open(struct file *file)
{
    struct disk *disk = disk_find(file->inode->device);
    unsigned int partition = DEVICE_MINOR(file->inode->device) % DISK_MINORS;
    uint64_t start, end;

    if (disk == NULL || !disk_range(disk, partition, &start, &end))
        return -ENXIO;
    if (file_can(file, O_WRONLY) && disk->device->read_only)
        return -EROFS;
    file->private = make(disk, partition);
    return file->private != NULL ? 0 : -ENOMEM;
}

static void block_close(struct file *file)
{
    struct block_file *opened = file->private;

    struct block_device *device = opened->disk->device;

    opened->disk->nr_open[opened->partition]--;
    kfree(opened);
    if (device->ops->unused != NULL && !disk_is_used(device))
        device->ops->unused(device);
}

static uint64_t block_size(const struct file *file)
{
    const struct block_file *opened = file->private;

    return opened->end - opened->start;
}

/* ---- transfers ---- */

/* O_DIRECT is for programs. What the kernel reads and writes itself, between
 * two files, goes by the pages that are kept. */
static bool is_direct(const struct file *file, const struct io *io)
{
    return (file->flags & O_DIRECT) != 0 && io->space != NULL;
}

static int64_t transfer_direct(const struct block_file *opened, bool is_read,
                               uint64_t at, struct io *io)
{
    struct block_device *device = opened->disk->device;

    if (!block_direct_is_aligned(device, at, io))
        return -EINVAL;
    return block_direct_transfer(device, is_read, at, opened->end, io);
}

static int64_t read_kept(struct block_file *opened, uint64_t at, struct io *to)
{
    int64_t result = block_cache_read(opened->disk->device, at, opened->end, to,
                                      at == opened->next ? READ_AHEAD : 0);

    if (result > 0)
        opened->next = at + (uint64_t)result;
    return result;
}

static int64_t block_read(struct file *file, struct io *to, uint64_t *offset)
{
    struct block_file *opened = file->private;
    uint64_t at = opened->start + *offset;
    int64_t result;

    if (*offset >= block_size(file))
        return 0;
    if (is_direct(file, to))
        result = transfer_direct(opened, true, at, to);
    else
        result = read_kept(opened, at, to);
    if (result > 0)
        *offset += (uint64_t)result;
    return result;
}

static int64_t block_sync(struct file *file)
{
    const struct block_file *opened = file->private;
    struct block_request request = {.operation = BLOCK_FLUSH};

    return block_do(opened->disk->device, &request);
}

static int64_t block_write(struct file *file, struct io *from, uint64_t *offset)
{
    const struct block_file *opened = file->private;
    uint64_t at = opened->start + *offset;
    int64_t result, error;

    if (from->left == 0)
        return 0;
    if (*offset >= block_size(file))
        return -ENOSPC;
    if (is_direct(file, from))
        result = transfer_direct(opened, false, at, from);
    else
        result = block_cache_write(opened->disk->device, at, opened->end, from);
    if (result <= 0)
        return result;
    *offset += (uint64_t)result;
    if ((file->flags & O_DSYNC) != 0) {
        error = block_sync(file);
        result = error != 0 ? error : result;
    }
    return result;
}

/* ---- while the program goes on ---- */

/* What has no bytes on the disk, or is not to be direct, is done by the other
 * way. */
static bool can_submit(const struct file *file,
                       const struct file_request *request)
{
    const struct block_file *opened = file->private;

    if (request->operation == FILE_SYNC)
        return true;
    if (request->operation == FILE_WRITE && (file->flags & O_DSYNC) != 0)
        return false;
    return is_direct(file, &request->io) && request->io.left > 0 &&
           request->offset < block_size(file) &&
           block_direct_is_aligned(opened->disk->device,
                                   opened->start + request->offset,
                                   &request->io);
}

static bool block_file_submit(struct file *file, struct file_request *request)
{
    const struct block_file *opened = file->private;

    return can_submit(file, request) &&
           block_direct_submit(opened->disk->device,
                               opened->start + request->offset, opened->end,
                               request);
}

static void block_file_kick(struct file *file)
{
    const struct block_file *opened = file->private;

    block_kick(opened->disk->device);
}

const struct file_ops block_file_ops = {
    .open = block_open,
    .read = block_read,
    .write = block_write,
    .ioctl = block_file_ioctl,
    .size = block_size,
    .sync = block_sync,
    .submit = block_file_submit,
    .kick = block_file_kick,
    .close = block_close,
};
