/* SPDX-License-Identifier: MIT
 *
 * What can be done to a descriptor, and to the open file behind it, but for
 * reading and writing. Locks are granted to everybody: nobody is excluded by
 * one.
 */
#include "guest-kernel/block/disk.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/fs/pipe.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"

#define PIPE_SIZE 65536

/* ---- lseek(2) ---- */

enum {
    SEEK_SET,
    SEEK_CUR,
    SEEK_END,
    SEEK_DATA, /* all of a file counts as data */
    SEEK_HOLE,
};

/* The new offset, or a negative error number. */
static int64_t seek_to(const struct file *file, int64_t offset, uint64_t whence)
{
    int64_t size = (int64_t)file_size(file), base = 0;

    switch (whence) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = (int64_t)file->offset;
        break;
    case SEEK_END:
        base = size;
        break;
    case SEEK_DATA:
    case SEEK_HOLE:
        if (offset < 0 || offset >= size)
            return -ENXIO;
        return whence == SEEK_DATA ? offset : size;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, offset, &base))
        return -EOVERFLOW;
    return base < 0 ? -EINVAL : base;
}

int64_t sys_lseek(struct process *self, const uint64_t *args)
{
    struct file *file = files_peek(self->files, args[0]);
    int64_t offset;

    if (file == NULL || (file->flags & O_PATH) != 0)
        return -EBADF;
    if (file->ops->is_stream)
        return -ESPIPE;
    offset = seek_to(file, (int64_t)args[1], args[2]);
    if (offset >= 0)
        file->offset = (uint64_t)offset;
    return offset;
}

/* ---- descriptors ---- */

int64_t sys_close(struct process *self, const uint64_t *args)
{
    return files_close(self->files, args[0]);
}

#define CLOSE_RANGE_CLOEXEC 4u

int64_t sys_close_range(struct process *self, const uint64_t *args)
{
    uint64_t fd = (uint32_t)args[0], last = (uint32_t)args[1];

    if (fd > last || (args[2] & ~(uint64_t)CLOSE_RANGE_CLOEXEC) != 0)
        return -EINVAL;
    while (files_next(self->files, &fd) != NULL && fd <= last) {
        if ((args[2] & CLOSE_RANGE_CLOEXEC) != 0)
            (void)files_set_close_on_exec(self->files, fd, true);
        else
            (void)files_close(self->files, fd);
        fd++;
    }
    return 0;
}

/* To the smallest free descriptor from `lowest` on. */
static int64_t duplicate(struct process *self, uint64_t fd, uint64_t lowest,
                         bool close_on_exec)
{
    return files_add(self->files, files_get(self->files, fd), lowest,
                     close_on_exec);
}

int64_t sys_dup(struct process *self, const uint64_t *args)
{
    return duplicate(self, args[0], 0, false);
}

int64_t sys_dup2(struct process *self, const uint64_t *args)
{
    if (args[0] == args[1])
        return files_peek(self->files, args[0]) != NULL ? (int64_t)args[0]
                                                        : -EBADF;
    return files_set(self->files, args[1], files_get(self->files, args[0]),
                     false);
}

int64_t sys_dup3(struct process *self, const uint64_t *args)
{
    if (args[0] == args[1] || (args[2] & ~(uint64_t)O_CLOEXEC) != 0)
        return -EINVAL;
    return files_set(self->files, args[1], files_get(self->files, args[0]),
                     args[2] != 0);
}

/* Both get a descriptor, or none; takes over both references. */
static int64_t add_both(struct process *self, struct file *ends[2],
                        bool close_on_exec, int32_t fds[2])
{
    int64_t first = files_add(self->files, ends[0], 0, close_on_exec);
    int64_t second = files_add(self->files, ends[1], 0, close_on_exec);

    fds[0] = (int32_t)first;
    fds[1] = (int32_t)second;
    if (first >= 0 && second >= 0)
        return 0;
    if (first >= 0)
        (void)files_close(self->files, (uint64_t)first);
    if (second >= 0)
        (void)files_close(self->files, (uint64_t)second);
    return MIN(first, second);
}

static int64_t make_pipe(struct process *self, uint64_t vaddr, uint32_t flags)
{
    struct file *ends[2];
    int64_t result = pipe_create(ends, flags);
    int32_t fds[2];

    if (result == 0)
        result = add_both(self, ends, (flags & O_CLOEXEC) != 0, fds);
    if (result != 0)
        return result;
    if (space_copy_out(self->space, vaddr, fds, sizeof(fds)))
        return 0;
    (void)files_close(self->files, (uint64_t)fds[0]);
    (void)files_close(self->files, (uint64_t)fds[1]);
    return -EFAULT;
}

int64_t sys_pipe(struct process *self, const uint64_t *args)
{
    return make_pipe(self, args[0], 0);
}

int64_t sys_pipe2(struct process *self, const uint64_t *args)
{
    if ((args[1] & ~(uint64_t)(O_CLOEXEC | O_NONBLOCK)) != 0)
        return -EINVAL;
    return make_pipe(self, args[0], (uint32_t)args[1]);
}

/* ---- fcntl(2), ioctl(2) ---- */

enum {
    F_DUPFD = 0,
    F_GETFD = 1,
    F_SETFD = 2,
    F_GETFL = 3,
    F_SETFL = 4,
    F_GETLK = 5,
    F_SETLK = 6,
    F_SETLKW = 7,
    F_OFD_GETLK = 36,
    F_OFD_SETLK = 37,
    F_OFD_SETLKW = 38,
    F_DUPFD_CLOEXEC = 1030,
    F_SETPIPE_SZ = 1031,
    F_GETPIPE_SZ = 1032,
};

#define FD_CLOEXEC 1u
#define CHANGEABLE (O_APPEND | O_NONBLOCK | O_DIRECT)

/* "Nobody has a lock there": struct flock begins with its type. */
static int64_t get_lock(struct process *self, uint64_t vaddr)
{
    static const int16_t unlocked = 2;

    return user_put(self, vaddr, &unlocked, sizeof(unlocked));
}

static int64_t pipe_size(const struct file *file, uint64_t wanted)
{
    if (file->ops != &pipe_file_ops)
        return -EBADF;
    return wanted <= PIPE_SIZE ? PIPE_SIZE : -EPERM;
}

static int64_t control_file(struct process *self, struct file *file,
                            uint32_t command, uint64_t arg)
{
    switch (command) {
    case F_GETFL:
        return file->flags | O_LARGEFILE;
    case F_SETFL:
        if ((arg & O_DIRECT) != 0 && file->ops->submit == NULL)
            return -EINVAL;
        file->flags &= ~CHANGEABLE;
        file->flags |= (uint32_t)arg & CHANGEABLE;
        return 0;
    case F_GETLK:
    case F_OFD_GETLK:
        return get_lock(self, arg);
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return 0;
    case F_GETPIPE_SZ:
        return pipe_size(file, 0);
    case F_SETPIPE_SZ:
        return pipe_size(file, arg);
    default:
        return -EINVAL;
    }
}

int64_t sys_fcntl(struct process *self, const uint64_t *args)
{
    struct file *file = files_peek(self->files, args[0]);
    uint32_t command = (uint32_t)args[1];

    if (file == NULL)
        return -EBADF;
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if (args[2] >= files_limit())
            return -EINVAL;
        return duplicate(self, args[0], args[2], command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return files_get_close_on_exec(self->files, args[0]);
    case F_SETFD:
        return files_set_close_on_exec(self->files, args[0],
                                       (args[2] & FD_CLOEXEC) != 0);
    default:
        return control_file(self, file, command, args[2]);
    }
}

#define FIONREAD 0x541bu
#define FIONBIO 0x5421u
#define FIONCLEX 0x5450u
#define FIOCLEX 0x5451u

static int64_t set_nonblocking(struct process *self, struct file *file,
                               uint64_t vaddr)
{
    int32_t on;

    if (!space_copy_in(self->space, &on, vaddr, sizeof(on)))
        return -EFAULT;
    file->flags &= ~O_NONBLOCK;
    if (on != 0)
        file->flags |= O_NONBLOCK;
    return 0;
}

/* Whether the kernel knows it, or only the file's kind. */
static bool is_counted(const struct file *file)
{
    return inode_is(file->inode, MODE_REGULAR) || file->ops->available != NULL;
}

/* What can still be read. */
static int64_t count_left(struct process *self, const struct file *file,
                          uint64_t vaddr)
{
    uint64_t size = file_size(file);
    uint64_t left = file->offset < size ? size - file->offset : 0;
    int32_t result;

    if (file->ops->available != NULL)
        left = file->ops->available(file);
    result = (int32_t)MIN(left, (uint64_t)INT32_MAX);

    return user_put(self, vaddr, &result, sizeof(result));
}

static int64_t control_device(struct process *self, struct file *file,
                              const uint64_t *args)
{
    uint32_t request = (uint32_t)args[1];

    if ((file->flags & O_PATH) != 0)
        return -EBADF;
    switch (request) {
    case FIOCLEX:
    case FIONCLEX:
        return files_set_close_on_exec(self->files, args[0],
                                       request == FIOCLEX);
    case FIONBIO:
        return set_nonblocking(self, file, args[2]);
    default:
        if (request == FIONREAD && is_counted(file))
            return count_left(self, file, args[2]);
        if (file->ops->ioctl == NULL)
            return -ENOTTY;
        return file->ops->ioctl(file, request, args[2]);
    }
}

int64_t sys_ioctl(struct process *self, const uint64_t *args)
{
    struct file *file = files_get(self->files, args[0]);
    int64_t result;

    if (file == NULL)
        return -EBADF;
    result = control_device(self, file, args);
    file_put(file);
    return result;
}

/* ---- sizes, and what may be nothing to do ---- */

/* 0; -EBADF; or what is to be said of a stream. */
static int64_t check_descriptor(const struct process *self, uint64_t fd,
                                int64_t of_stream)
{
    const struct file *file = files_peek(self->files, fd);

    if (file == NULL || (file->flags & O_PATH) != 0)
        return -EBADF;
    return file->ops->is_stream ? of_stream : 0;
}

int64_t sys_fsync(struct process *self, const uint64_t *args)
{
    struct file *file = files_get(self->files, args[0]);
    int64_t result = check_descriptor(self, args[0], -EINVAL);

    if (result == 0)
        result = file_sync(file);
    file_put(file);
    return result;
}

int64_t sys_sync(struct process *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    disk_sync_all();
    return 0;
}

int64_t sys_flock(struct process *self, const uint64_t *args)
{
    return check_descriptor(self, args[0], 0);
}

int64_t sys_fadvise64(struct process *self, const uint64_t *args)
{
    return check_descriptor(self, args[0], -ESPIPE);
}

int64_t sys_ftruncate(struct process *self, const uint64_t *args)
{
    struct file *file = files_peek(self->files, args[0]);

    if (file == NULL)
        return -EBADF;
    if (args[1] > INT64_MAX || !file_can(file, O_WRONLY) ||
        !inode_is(file->inode, MODE_REGULAR) ||
        file->inode->ops->truncate == NULL)
        return -EINVAL;
    return file->inode->ops->truncate(file->inode, args[1]);
}

#define FALLOC_FL_KEEP_SIZE 1u
#define PAGES_AT_ONCE 64u

/* All pages of the range, which may find no memory half-way: then those before
 * stay. */
static int64_t allocate_pages(struct inode *inode, uint64_t start, uint64_t end)
{
    uint64_t number;

    for (number = start / PAGE_SIZE; number * PAGE_SIZE < end; number++) {
        if (object_page(inode->object, number, true) == NULL)
            return -ENOSPC;
        if (number % PAGES_AT_ONCE == 0)
            sched_breathe();
    }
    return 0;
}

static int64_t allocate(struct file *file, const uint64_t *args)
{
    struct inode *inode = file->inode;
    uint64_t end;
    int64_t result;

    if (!file_can(file, O_WRONLY))
        return -EBADF;
    if (!inode_is(inode, MODE_REGULAR) || inode->ops->truncate == NULL)
        return file->ops->is_stream ? -ESPIPE : -ENODEV;
    if (args[2] > INT64_MAX || args[3] > INT64_MAX || args[3] == 0)
        return -EINVAL;
    if ((args[1] & ~(uint64_t)FALLOC_FL_KEEP_SIZE) != 0)
        return -EOPNOTSUPP;
    end = args[2] + args[3];
    if (end > OBJECT_MAX_PAGES * PAGE_SIZE)
        return -EFBIG;
    result = allocate_pages(inode, args[2], end);
    if (result == 0 && args[1] == 0 && inode->size < end)
        result = inode->ops->truncate(inode, end);
    return result;
}

int64_t sys_fallocate(struct process *self, const uint64_t *args)
{
    struct file *file = files_get(self->files, args[0]);
    int64_t result;

    if (file == NULL)
        return -EBADF;
    result = allocate(file, args);
    file_put(file);
    return result;
}
