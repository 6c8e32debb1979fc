/* SPDX-License-Identifier: MIT
 *
 * Reading and writing. What descriptors are: proc/sys_descriptor.c.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"

#define MAX_VECTORS 1024u
#define MAX_TRANSFER 0x7ffff000ul

typedef int64_t transfer_t(struct file *file, struct io *io);
typedef int64_t transfer_at_t(struct file *file, struct io *io,
                              uint64_t *offset);

static int64_t transfer(struct process *self, const uint64_t *args,
                        transfer_t *function)
{
    struct file *file = files_get(self->files, args[0]);
    struct io io = {self->space, args[1], args[2]};
    int64_t result;

    if (file == NULL)
        return -EBADF;
    result = function(file, &io);
    file_put(file);
    return result;
}

int64_t sys_read(struct process *self, const uint64_t *args)
{
    return transfer(self, args, file_read);
}

int64_t sys_write(struct process *self, const uint64_t *args)
{
    return transfer(self, args, file_write);
}

static int64_t transfer_at(struct process *self, const uint64_t *args,
                           transfer_at_t *function)
{
    struct file *file = files_get(self->files, args[0]);
    struct io io = {self->space, args[1], args[2]};
    uint64_t offset = args[3];
    int64_t result;

    if (file == NULL)
        return -EBADF;
    result = function(file, &io, &offset);
    file_put(file);
    return result;
}

int64_t sys_pread64(struct process *self, const uint64_t *args)
{
    return transfer_at(self, args, file_read_at);
}

int64_t sys_pwrite64(struct process *self, const uint64_t *args)
{
    return transfer_at(self, args, file_write_at);
}

/* ---- several buffers ---- */

struct vector {
    uint64_t vaddr;
    uint64_t size;
};

struct vectors {
    struct process *self;
    struct file *file;
    uint64_t vaddr; /* of the array, and its length */
    uint64_t nr;
    uint64_t *offset; /* of preadv(2); NULL: the file's own */
    bool is_read;
};

static int64_t transfer_vector(const struct vectors *all, struct io *io)
{
    if (all->offset == NULL)
        return all->is_read ? file_read(all->file, io)
                            : file_write(all->file, io);
    return all->is_read ? file_read_at(all->file, io, all->offset)
                        : file_write_at(all->file, io, all->offset);
}

/* Another part is not waited for when something has been read. */
static bool would_wait(const struct vectors *all)
{
    return all->is_read && all->file->ops->is_stream &&
           (file_poll(all->file) & POLLIN) == 0;
}

/* One after the other, until one is not done in full. */
static int64_t transfer_vectors(const struct vectors *all)
{
    struct vector vector;
    int64_t result = 0, total = 0;
    uint64_t i;
    struct io io;

    for (i = 0; i < all->nr; i++) {
        if (!space_copy_in(all->self->space, &vector,
                           all->vaddr + i * sizeof(vector), sizeof(vector)))
            return total > 0 ? total : -EFAULT;
        if (vector.size == 0)
            continue;
        if (vector.size > INT64_MAX)
            return total > 0 ? total : -EINVAL;
        if (total > 0 && would_wait(all))
            break;
        vector.size = MIN(vector.size, MAX_TRANSFER - (uint64_t)total);
        io = (struct io){all->self->space, vector.vaddr, vector.size};
        result = transfer_vector(all, &io);
        if (result < 0)
            return total > 0 ? total : result;
        total += result;
        if ((uint64_t)result < vector.size || vector.size == 0)
            break;
    }
    return total;
}

static int64_t vectors(struct process *self, const uint64_t *args, bool is_read,
                       uint64_t *offset)
{
    struct vectors all = {
        .self = self,
        .file = files_get(self->files, args[0]),
        .vaddr = args[1],
        .nr = args[2],
        .offset = offset,
        .is_read = is_read,
    };
    int64_t result;

    if (all.file == NULL)
        return -EBADF;
    if (!file_can(all.file, is_read ? O_RDONLY : O_WRONLY))
        result = -EBADF;
    else if (all.nr > MAX_VECTORS)
        result = -EINVAL;
    else
        result = transfer_vectors(&all);
    file_put(all.file);
    return result;
}

int64_t sys_readv(struct process *self, const uint64_t *args)
{
    return vectors(self, args, true, NULL);
}

int64_t sys_writev(struct process *self, const uint64_t *args)
{
    return vectors(self, args, false, NULL);
}

int64_t sys_preadv(struct process *self, const uint64_t *args)
{
    uint64_t offset = args[3];

    return vectors(self, args, true, &offset);
}

int64_t sys_pwritev(struct process *self, const uint64_t *args)
{
    uint64_t offset = args[3];

    return vectors(self, args, false, &offset);
}

/* ---- from file to file ---- */

struct copy {
    struct file *from;
    struct file *to;
    uint64_t *from_offset;
    uint64_t *to_offset; /* NULL: the file's own */
    char *page;          /* in between */
};

/* One page at most. What the other side does not take is not gone: the offset
 * moves by what it has taken. */
static int64_t copy_part(const struct copy *copy, size_t size)
{
    struct io in = {.vaddr = (uint64_t)copy->page,
                    .left = MIN(size, (size_t)PAGE_SIZE)};
    struct io out = {.vaddr = (uint64_t)copy->page};
    uint64_t offset = *copy->from_offset;
    int64_t result = file_read_at(copy->from, &in, &offset);

    if (result <= 0)
        return result;
    out.left = (size_t)result;
    result = copy->to_offset != NULL
                 ? file_write_at(copy->to, &out, copy->to_offset)
                 : file_write(copy->to, &out);
    if (result > 0)
        *copy->from_offset += (uint64_t)result;
    return result;
}

static int64_t copy_all(const struct copy *copy, uint64_t size)
{
    int64_t result, total = 0;

    size = MIN(size, MAX_TRANSFER);
    while ((uint64_t)total < size) {
        result = copy_part(copy, size - (uint64_t)total);
        if (result < 0)
            return total > 0 ? total : result;
        if (result == 0)
            break;
        total += result;
        if (signal_pending())
            break;
        sched_breathe();
    }
    return total;
}

static int64_t copy_files(struct copy *copy, uint64_t size)
{
    int64_t result;

    if (!file_can(copy->from, O_RDONLY) || !file_can(copy->to, O_WRONLY))
        return -EBADF;
    if (copy->from->ops->is_stream)
        return -EINVAL;
    copy->page = kmalloc(PAGE_SIZE);
    if (copy->page == NULL)
        return -ENOMEM;
    result = copy_all(copy, size);
    kfree(copy->page);
    return result;
}

/* An offset of the caller's, unless vaddr is 0, is used and written back. */
static bool load_offset(struct process *self, uint64_t *offset, uint64_t vaddr)
{
    return vaddr == 0 ||
           space_copy_in(self->space, offset, vaddr, sizeof(*offset));
}

static bool store_offset(struct process *self, const uint64_t *offset,
                         uint64_t vaddr)
{
    return vaddr == 0 ||
           space_copy_out(self->space, vaddr, offset, sizeof(*offset));
}

/* Takes over both references, of which either may be NULL. */
static int64_t copy_between(struct process *self, struct copy *copy,
                            uint64_t from_vaddr, uint64_t to_vaddr,
                            uint64_t size)
{
    uint64_t from = 0, to = 0;
    int64_t result = -EBADF;

    if (copy->from != NULL && copy->to != NULL) {
        copy->from_offset = from_vaddr != 0 ? &from : &copy->from->offset;
        copy->to_offset = to_vaddr != 0 ? &to : NULL;
        result = -EFAULT;
        if (load_offset(self, &from, from_vaddr) &&
            load_offset(self, &to, to_vaddr))
            result = copy_files(copy, size);
        if (result > 0 && (!store_offset(self, &from, from_vaddr) ||
                           !store_offset(self, &to, to_vaddr)))
            result = -EFAULT;
    }
    file_put(copy->from);
    file_put(copy->to);
    return result;
}

int64_t sys_sendfile(struct process *self, const uint64_t *args)
{
    struct copy copy = {
        .from = files_get(self->files, args[1]),
        .to = files_get(self->files, args[0]),
    };

    return copy_between(self, &copy, args[2], 0, args[3]);
}

/* Between regular files only, as Linux has it. */
int64_t sys_copy_file_range(struct process *self, const uint64_t *args)
{
    struct copy copy = {
        .from = files_get(self->files, args[0]),
        .to = files_get(self->files, args[2]),
    };

    if (copy.from != NULL && copy.to != NULL &&
        (args[5] != 0 || !inode_is(copy.from->inode, MODE_REGULAR) ||
         !inode_is(copy.to->inode, MODE_REGULAR))) {
        file_put(copy.from);
        file_put(copy.to);
        return -EINVAL;
    }
    return copy_between(self, &copy, args[1], args[3], args[4]);
}
