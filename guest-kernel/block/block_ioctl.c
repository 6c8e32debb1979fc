/* SPDX-License-Identifier: MIT
 *
 * The ioctls of disks, by Linux's numbers.
 */
#include "guest-kernel/block/block.h"
#include "guest-kernel/block/block_file.h"
#include "guest-kernel/block/block_page.h"
#include "guest-kernel/block/disk.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/space.h"
#include "lib/macros.h"

#define HDIO_GETGEO 0x0301u
#define BLKROGET 0x125eu
#define BLKRRPART 0x125fu
#define BLKGETSIZE 0x1260u
#define BLKFLSBUF 0x1261u
#define BLKSSZGET 0x1268u
#define BLKDISCARD 0x1277u
#define BLKIOMIN 0x1278u
#define BLKIOOPT 0x1279u
#define BLKALIGNOFF 0x127au
#define BLKPBSZGET 0x127bu
#define BLKDISCARDZEROES 0x127cu
#define BLKBSZGET 0x80081270u
#define BLKGETSIZE64 0x80081272u

static int64_t put(uint64_t vaddr, const void *from, size_t size)
{
    return space_copy_out(process_space(), vaddr, from, size) ? 0 : -EFAULT;
}

static int64_t put_u32(uint64_t vaddr, uint32_t value)
{
    return put(vaddr, &value, sizeof(value));
}

static int64_t put_u64(uint64_t vaddr, uint64_t value)
{
    return put(vaddr, &value, sizeof(value));
}

/* No disk has cylinders any more; fdisk still asks, and takes one that answers
 * for a whole disk if it starts at 0. */
static int64_t put_geometry(const struct block_file *opened, uint64_t vaddr)
{
    struct {
        uint8_t heads;
        uint8_t sectors;
        uint16_t cylinders;
        uint32_t pad;
        uint64_t start;
    } geometry = {.heads = 64, .sectors = 32};
    uint64_t nr_sectors = (opened->end - opened->start) / BLOCK_SECTOR;

    geometry.cylinders =
        (uint16_t)MIN(nr_sectors / (64 * 32), (uint64_t)UINT16_MAX);
    geometry.start = opened->start / BLOCK_SECTOR;
    return put(vaddr, &geometry, sizeof(geometry));
}

/* Bytes of the device, in requests as large as it takes. */
static int64_t discard(struct block_device *device, uint64_t at, uint64_t end)
{
    struct block_request request;
    int64_t error = 0;

    for (; at < end && error == 0; at += request.nr_sectors * BLOCK_SECTOR) {
        request = (struct block_request){
            .operation = BLOCK_DISCARD,
            .sector = at / BLOCK_SECTOR,
            .nr_sectors = (uint32_t)MIN((end - at) / BLOCK_SECTOR,
                                        (uint64_t)device->max_discard),
        };
        error = block_do(device, &request);
    }
    return error;
}

/* arg: two numbers, the first byte and how many. */
static int64_t discard_range(const struct file *file, uint64_t arg)
{
    const struct block_file *opened = file->private;
    struct block_device *device = opened->disk->device;
    uint64_t range[2], size = opened->end - opened->start, start, end;
    int64_t error;

    if (!file_can(file, O_WRONLY))
        return -EBADF;
    if (!device->can_discard || device->max_discard == 0)
        return -EOPNOTSUPP;
    if (!space_copy_in(process_space(), range, arg, sizeof(range)))
        return -EFAULT;
    if (((range[0] | range[1]) & (device->block_size - 1)) != 0 ||
        range[0] > size || range[1] > size - range[0])
        return -EINVAL;
    start = opened->start + range[0];
    end = start + range[1];
    error = discard(device, start, end);
    block_page_forget(device, start, end);
    return error;
}

static int64_t flush(const struct file *file)
{
    const struct block_file *opened = file->private;

    block_page_forget(opened->disk->device, opened->start, opened->end);
    return 0;
}

static int64_t scan(const struct file *file)
{
    const struct block_file *opened = file->private;

    return opened->partition != 0 ? -EINVAL : disk_scan(opened->disk);
}

int64_t block_file_ioctl(struct file *file, uint32_t request, uint64_t arg)
{
    const struct block_file *opened = file->private;
    const struct block_device *device = opened->disk->device;
    uint64_t size = opened->end - opened->start;

    switch (request) {
    case HDIO_GETGEO:
        return put_geometry(opened, arg);
    case BLKROGET:
        return put_u32(arg, device->read_only);
    case BLKRRPART:
        return scan(file);
    case BLKGETSIZE:
        return put_u64(arg, size / BLOCK_SECTOR);
    case BLKGETSIZE64:
        return put_u64(arg, size);
    case BLKFLSBUF:
        return flush(file);
    case BLKSSZGET:
    case BLKPBSZGET:
    case BLKIOMIN:
        return put_u32(arg, device->block_size);
    case BLKIOOPT:
        return put_u32(arg, device->max_bytes);
    case BLKALIGNOFF:
    case BLKDISCARDZEROES:
        return put_u32(arg, 0);
    case BLKBSZGET:
        return put_u32(arg, PAGE_SIZE);
    case BLKDISCARD:
        return discard_range(file, arg);
    default:
        return -ENOTTY;
    }
}
