/* SPDX-License-Identifier: MIT
 *
 * Open files: their life, and what is the same for transfers of all kinds.
 */
#include "guest-kernel/fs/file.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/fs/device.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"
#include "lib/string.h"

#define MAX_TRANSFER 0x7ffff000ul

static const char zeros[PAGE_SIZE];

/* Of directories, and with O_PATH: a name, nothing to read or write. */
static const struct file_ops name_only_ops;

/* ---- the other end ---- */

/* How much of it may go in one piece, so that a bad address leaves a result
 * that is known: up to the end of a page of user memory. */
static size_t io_piece(const struct io *io, size_t size)
{
    size_t in_page = PAGE_SIZE - io->vaddr % PAGE_SIZE;

    return io->space == NULL ? size : MIN(size, in_page);
}

static void io_advance(struct io *io, size_t size)
{
    io->vaddr += size;
    io->left -= size;
}

bool io_put(struct io *io, const void *from, size_t size)
{
    const char *bytes = from;
    size_t piece;

    for (; size > 0; size -= piece) {
        piece = io_piece(io, size);
        if (from == NULL)
            piece = MIN(piece, sizeof(zeros));
        if (io->space == NULL)
            memcpy((void *)io->vaddr, from == NULL ? zeros : bytes, piece);
        else if (!space_copy_out(io->space, io->vaddr,
                                 from == NULL ? zeros : bytes, piece))
            return false;
        if (from != NULL)
            bytes += piece;
        io_advance(io, piece);
    }
    return true;
}

bool io_get(struct io *io, void *to, size_t size)
{
    char *bytes = to;
    size_t piece;

    for (; size > 0; size -= piece, bytes += piece) {
        piece = io_piece(io, size);
        if (io->space == NULL)
            memcpy(bytes, (const void *)io->vaddr, piece);
        else if (!space_copy_in(io->space, bytes, io->vaddr, piece))
            return false;
        io_advance(io, piece);
    }
    return true;
}

int64_t io_partial(const struct io *io, size_t left_before)
{
    return io->left < left_before ? (int64_t)(left_before - io->left) : -EFAULT;
}

/* ---- life ---- */

static const struct file_ops *ops_for(const struct inode *inode, uint32_t flags)
{
    if ((flags & O_PATH) != 0)
        return &name_only_ops;
    switch (inode->mode & MODE_TYPE) {
    case MODE_CHAR:
        return device_file_ops(inode->device);
    case MODE_DIR:
        return inode->file_ops != NULL ? inode->file_ops : &name_only_ops;
    case MODE_BLOCK:
        return device_block_ops(inode->device);
    case MODE_SOCKET:
        return NULL;
    default:
        return inode->file_ops;
    }
}

static int64_t check_open(const struct inode *inode, uint32_t flags)
{
    bool write = (flags & O_ACCESS) != O_RDONLY;

    if ((flags & O_PATH) != 0)
        return 0;
    if ((flags & O_ACCESS) == O_ACCESS)
        return -EINVAL;
    if (inode_is(inode, MODE_LINK))
        return -ELOOP;
    if (inode_is(inode, MODE_DIR) && write)
        return -EISDIR;
    if (write && inode->nr_running > 0)
        return -ETXTBSY;
    return 0;
}

static struct file *make_file(struct inode *inode, const struct file_ops *ops,
                              uint32_t flags)
{
    static uint64_t last_serial;
    struct file *file = NULL;

    if (user_page_leaves(sizeof(*file)))
        file = kzalloc(sizeof(*file));
    if (file == NULL)
        return NULL;
    file->ops = ops;
    file->inode = inode_get(inode);
    file->refs = 1;
    file->flags = flags & FILE_FLAGS;
    file->serial = ++last_serial;
    if (file_can(file, O_WRONLY))
        inode->nr_writers++;
    return file;
}

static void drop_file(struct file *file)
{
    if (file_can(file, O_WRONLY))
        file->inode->nr_writers--;
    inode_put(file->inode);
    kfree(file);
}

int64_t file_open(struct inode *inode, uint32_t flags, struct file **opened)
{
    const struct file_ops *ops = ops_for(inode, flags);
    int64_t result = check_open(inode, flags);
    struct file *file;

    if (result != 0)
        return result;
    if (ops == NULL)
        return -ENXIO;
    file = make_file(inode, ops, flags);
    if (file == NULL)
        return -ENOMEM;
    if (ops->open != NULL)
        result = ops->open(file);
    if (result != 0)
        drop_file(file);
    else
        *opened = file;
    return result;
}

struct file *file_get(struct file *file)
{
    file->refs++;
    return file;
}

void file_put(struct file *file)
{
    if (file == NULL || --file->refs > 0)
        return;
    if (file->ops->close != NULL)
        file->ops->close(file);
    drop_file(file);
}

/* ---- transfers ---- */

bool file_can(const struct file *file, uint32_t access)
{
    uint32_t mode = file->flags & O_ACCESS;

    return (file->flags & O_PATH) == 0 && (mode == access || mode == O_RDWR);
}

static int64_t read_checked(struct file *file, struct io *to, uint64_t *offset)
{
    if (!file_can(file, O_RDONLY))
        return -EBADF;
    if (file->ops->read == NULL)
        return inode_is(file->inode, MODE_DIR) ? -EISDIR : -EINVAL;
    to->left = MIN(to->left, MAX_TRANSFER);
    return file->ops->read(file, to, offset);
}

static int64_t write_checked(struct file *file, struct io *from,
                             uint64_t *offset)
{
    if (!file_can(file, O_WRONLY))
        return -EBADF;
    if (file->ops->write == NULL)
        return -EINVAL;
    from->left = MIN(from->left, MAX_TRANSFER);
    if ((file->flags & O_APPEND) != 0)
        *offset = file_size(file);
    return file->ops->write(file, from, offset);
}

int64_t file_read(struct file *file, struct io *to)
{
    return read_checked(file, to, &file->offset);
}

int64_t file_write(struct file *file, struct io *from)
{
    return write_checked(file, from, &file->offset);
}

static int64_t check_offset(const struct file *file, uint64_t offset)
{
    if (file->ops->is_stream)
        return -ESPIPE;
    return offset > INT64_MAX ? -EINVAL : 0;
}

int64_t file_read_at(struct file *file, struct io *to, uint64_t *offset)
{
    int64_t result = check_offset(file, *offset);

    return result != 0 ? result : read_checked(file, to, offset);
}

int64_t file_write_at(struct file *file, struct io *from, uint64_t *offset)
{
    int64_t result = check_offset(file, *offset);

    return result != 0 ? result : write_checked(file, from, offset);
}

uint32_t file_poll(struct file *file)
{
    if (file->ops->poll == NULL)
        return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    return file->ops->poll(file);
}

uint64_t file_size(const struct file *file)
{
    return file->ops->size != NULL ? file->ops->size(file) : file->inode->size;
}

int64_t file_sync(struct file *file)
{
    return file->ops->sync != NULL ? file->ops->sync(file) : 0;
}
