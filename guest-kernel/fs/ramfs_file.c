/* SPDX-License-Identifier: MIT
 *
 * Regular files in RAM: reads and writes go to the pages of the file's memory
 * object, the same that programs map.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/pipe.h"
#include "guest-kernel/fs/ramfs.h"
#include "guest-kernel/fs/ramfs_parts.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"
#include "lib/string.h"

/* A page less than objects hold: the size fits in 63 bits. */
#define MAX_SIZE ((OBJECT_MAX_PAGES - 1) * PAGE_SIZE)
/* Others may run after so many pages of one call. */
#define PAGES_AT_ONCE 64u

/* No more than that can be mapped, either. */
static void set_size(struct inode *inode, uint64_t size)
{
    inode->size = size;
    object_set_size(inode->object, size);
}

bool ramfs_make_contents(struct inode *inode)
{
    inode->object = object_create();
    if (inode->object == NULL)
        return false;
    set_size(inode, 0);
    return true;
}

/* The part of a transfer at offset that is in one page. */
static size_t part_of(uint64_t offset, uint64_t left)
{
    return MIN(left, PAGE_SIZE - offset % PAGE_SIZE);
}

static bool is_time_to_breathe(uint64_t offset)
{
    return offset / PAGE_SIZE % PAGES_AT_ONCE == 0;
}

static void touch(struct inode *inode)
{
    inode->modify_ns = privops_wall_ns();
    inode->change_ns = inode->modify_ns;
}

static int64_t file_read_pages(struct file *file, struct io *to,
                               uint64_t *offset)
{
    const struct inode *inode = file->inode;
    size_t left_before = to->left, part;
    const char *page;

    while (to->left > 0 && *offset < inode->size) {
        part = part_of(*offset, MIN(to->left, inode->size - *offset));
        page = object_page(inode->object, *offset / PAGE_SIZE, false);
        if (page != NULL)
            page += *offset % PAGE_SIZE;
        if (!io_put(to, page, part))
            return io_partial(to, left_before);
        *offset += part;
        if (is_time_to_breathe(*offset))
            sched_breathe();
    }
    return (int64_t)(left_before - to->left);
}

/* What goes into one page. 0, -EFAULT, -EFBIG or -ENOSPC. */
static int64_t write_part(struct inode *inode, struct io *from,
                          uint64_t *offset)
{
    size_t part = part_of(*offset, from->left), left = from->left;
    char *page;
    bool ok;

    if (*offset >= MAX_SIZE)
        return -EFBIG;
    page = object_page(inode->object, *offset / PAGE_SIZE, true);
    if (page == NULL)
        return -ENOSPC;
    ok = io_get(from, page + *offset % PAGE_SIZE, part);
    *offset += left - from->left;
    if (from->left < left)
        set_size(inode, MAX(inode->size, *offset));
    return ok ? 0 : -EFAULT;
}

/* Others that append while this one breathes are not written over. */
static void breathe_in_write(const struct file *file, uint64_t *offset)
{
    sched_breathe();
    if ((file->flags & O_APPEND) != 0)
        *offset = file->inode->size;
}

static int64_t file_write_pages(struct file *file, struct io *from,
                                uint64_t *offset)
{
    size_t left_before = from->left;
    int64_t result = 0;

    while (from->left > 0 && result == 0) {
        result = write_part(file->inode, from, offset);
        if (is_time_to_breathe(*offset))
            breathe_in_write(file, offset);
    }
    if (from->left == left_before)
        return result;
    touch(file->inode);
    return (int64_t)(left_before - from->left);
}

int64_t ramfs_fill(struct inode *inode, const void *bytes, size_t size)
{
    set_size(inode, object_write(inode->object, 0, bytes, size));
    return inode->size == size ? 0 : -ENOSPC;
}

/* What is beyond the new end reads as zero when the file grows again. */
static void clear_tail(struct inode *inode, uint64_t size)
{
    char *page = object_page(inode->object, size / PAGE_SIZE, false);

    if (page != NULL && size % PAGE_SIZE != 0)
        memset(page + size % PAGE_SIZE, 0, PAGE_SIZE - size % PAGE_SIZE);
}

int64_t ramfs_truncate(struct inode *inode, uint64_t size)
{
    if (!inode_is(inode, MODE_REGULAR))
        return inode_is(inode, MODE_DIR) ? -EISDIR : -EINVAL;
    if (size > MAX_SIZE)
        return -EFBIG;
    if (size < inode->size) {
        object_cut(inode->object,
                   ALIGN_UP(size, (uint64_t)PAGE_SIZE) / PAGE_SIZE);
        clear_tail(inode, size);
    }
    set_size(inode, size);
    touch(inode);
    return 0;
}

static const struct file_ops regular_ops = {
    .read = file_read_pages,
    .write = file_write_pages,
};

const struct file_ops *ramfs_file_ops(uint32_t mode)
{
    switch (mode & MODE_TYPE) {
    case MODE_REGULAR:
        return &regular_ops;
    case MODE_FIFO:
        return &pipe_file_ops;
    default:
        return NULL;
    }
}
