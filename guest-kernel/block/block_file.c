/* SPDX-License-Identifier: MIT
 *
 * Opening, reading and writing disks.
 */
#include "guest-kernel/block/block_file.h"

#include "guest-kernel/block/block.h"
#include "guest-kernel/block/block_cache.h"
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

    opened->disk->nr_open[opened->partition]--;
    kfree(opened);
}

static uint64_t block_size(const struct file *file)
{
    const struct block_file *opened = file->private;

    return opened->end - opened->start;
}

/* ---- transfers ---- */

static int64_t block_read(struct file *file, struct io *to, uint64_t *offset)
{
    struct block_file *opened = file->private;
    uint64_t at = opened->start + *offset;
    int64_t result;

    if (*offset >= block_size(file))
        return 0;
    result = block_cache_read(opened->disk->device, at, opened->end, to,
                              at == opened->next ? READ_AHEAD : 0);
    if (result > 0) {
        *offset += (uint64_t)result;
        opened->next = at + (uint64_t)result;
    }
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
    int64_t result, error;

    if (from->left == 0)
        return 0;
    if (*offset >= block_size(file))
        return -ENOSPC;
    result = block_cache_write(opened->disk->device, opened->start + *offset,
                               opened->end, from);
    if (result <= 0)
        return result;
    *offset += (uint64_t)result;
    if ((file->flags & O_DSYNC) != 0) {
        error = block_sync(file);
        result = error != 0 ? error : result;
    }
    return result;
}

const struct file_ops block_file_ops = {
    .open = block_open,
    .read = block_read,
    .write = block_write,
    .ioctl = block_file_ioctl,
    .size = block_size,
    .sync = block_sync,
    .close = block_close,
};
