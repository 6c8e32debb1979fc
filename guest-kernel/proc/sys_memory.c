/* SPDX-License-Identifier: MIT
 *
 * Memory. Files that may be mapped are those of the RAM file system. What is
 * mapped of one when it is cut short stays (Linux: SIGBUS).
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"

/* Linux's PROT_ and MAP_ constants (mmap(2)). */
#define PROT_READ 1u
#define PROT_WRITE 2u
#define PROT_EXEC 4u
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

#define MAP_TYPE 0xfu
#define MAP_SHARED 0x1u
#define MAP_PRIVATE 0x2u
#define MAP_SHARED_VALIDATE 0x3u
#define MAP_FIXED 0x10u
#define MAP_ANONYMOUS 0x20u
#define MAP_POPULATE 0x8000u
#define MAP_FIXED_NOREPLACE 0x100000u

#define MREMAP_MAYMOVE 1u
#define MREMAP_FIXED 2u

/* madvise(2) */
#define MADV_WILLNEED 3
#define MADV_DONTNEED 4
#define MADV_FREE 8
#define MADV_MERGEABLE 12 /* from here on: about how, and not what */
#define MADV_DODUMP 17

/* msync(2) */
#define MS_ASYNC 1u
#define MS_SYNC 4u
#define MS_ALL 7u

/* What mincore(2) answers in one go. */
#define MINCORE_MAX 0x100000000ul

static unsigned int rights(uint64_t prot)
{
    return (prot & PROT_READ ? SPACE_READ : 0) |
           (prot & PROT_WRITE ? SPACE_WRITE : 0) |
           (prot & PROT_EXEC ? SPACE_EXEC : 0);
}

/* Rounds a size up to pages. False when there is no such range. */
static bool round_up(uint64_t *size)
{
    if (*size > SPACE_USER_END)
        return false;
    *size = ALIGN_UP(*size, PAGE_SIZE);
    return true;
}

/* The new end of the heap; the old one when that is not possible. */
int64_t sys_brk(struct process *self, const uint64_t *args)
{
    uint64_t old_top = ALIGN_UP(self->heap_end, PAGE_SIZE), new_top;
    int result = 0;

    if (args[0] < self->heap_start || args[0] >= SPACE_USER_END)
        return (int64_t)self->heap_end;
    new_top = ALIGN_UP(args[0], PAGE_SIZE);
    if (new_top > old_top)
        result = space_map(self->space, old_top, new_top - old_top,
                           SPACE_READ | SPACE_WRITE, NULL);
    else if (new_top < old_top)
        result = space_unmap(self->space, new_top, old_top - new_top);
    if (result == 0)
        self->heap_end = args[0];
    return (int64_t)self->heap_end;
}

/* ---- mmap ---- */

/* At the place that is wished for if it is free, else where there is room. */
static int64_t map_somewhere(struct space *space, uint64_t hint, uint64_t size,
                             unsigned int prot,
                             const struct space_source *source)
{
    uint64_t start = ALIGN_DOWN(hint, PAGE_SIZE);
    int result;

    if (start != 0 && space_map(space, start, size, prot, source) == 0)
        return (int64_t)start;
    start = space_find_gap(space, size);
    if (start == 0)
        return -ENOMEM;
    result = space_map(space, start, size, prot, source);
    return result != 0 ? result : (int64_t)start;
}

/* args as mmap(2) has them; size is rounded. */
static int64_t map(struct space *space, const uint64_t *args, uint64_t size,
                   const struct space_source *source)
{
    uint64_t flags = args[3];
    unsigned int prot = rights(args[2]);
    int64_t result = 0;

    if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) == 0) {
        result = map_somewhere(space, args[0], size, prot, source);
    } else if (args[0] >= SPACE_USER_END || size > SPACE_USER_END - args[0]) {
        result = -ENOMEM;
    } else {
        if ((flags & MAP_FIXED_NOREPLACE) == 0)
            result = space_unmap(space, args[0], size);
        if (result == 0)
            result = space_map(space, args[0], size, prot, source);
        if (result == 0)
            result = (int64_t)args[0];
    }
    if (result > 0 && (flags & MAP_POPULATE) != 0)
        space_populate(space, (uint64_t)result, size);
    return result;
}

/* *object gets a reference, and is NULL for private zero pages. */
static int64_t anonymous_object(bool shared, struct object **object)
{
    *object = shared ? object_create() : NULL;
    return shared && *object == NULL ? -ENOMEM : 0;
}

static int64_t object_of(const struct file *file, uint64_t prot,
                         struct space_source *source)
{
    uint32_t access = file->flags & O_ACCESS;

    if ((file->flags & O_PATH) != 0)
        return -EBADF;
    if (!inode_is(file->inode, MODE_REGULAR) ||
        file->inode->ops->truncate == NULL) /* no contents in memory */
        return -ENODEV;
    if (access == O_WRONLY ||
        (source->shared && (prot & PROT_WRITE) != 0 && access != O_RDWR))
        return -EACCES;
    source->read_only = source->shared && access != O_RDWR;
    source->object = object_get(file->inode->object);
    return 0;
}

static int64_t file_object(const struct process *self, const uint64_t *args,
                           struct space_source *source)
{
    struct file *file = files_get(self->files, args[4]);
    int64_t result;

    if (file == NULL)
        return -EBADF;
    result = object_of(file, args[2], source);
    file_put(file);
    return result;
}

/* args: address, size, rights, flags, descriptor, offset. */
int64_t sys_mmap(struct process *self, const uint64_t *args)
{
    uint64_t size = args[1], flags = args[3], type = flags & MAP_TYPE;
    struct space_source source = {.offset = args[5]};
    int64_t result;

    if (type < MAP_SHARED || type > MAP_SHARED_VALIDATE ||
        (args[2] & ~(uint64_t)PROT_ALL) != 0 || size == 0)
        return -EINVAL;
    if (!round_up(&size))
        return -ENOMEM;
    source.shared = type != MAP_PRIVATE;
    if ((flags & MAP_ANONYMOUS) != 0) {
        source.offset = 0;
        result = anonymous_object(source.shared, &source.object);
    } else if (source.offset % PAGE_SIZE != 0) {
        result = -EINVAL;
    } else if (source.offset > INT64_MAX - size) {
        result = -EOVERFLOW;
    } else {
        result = file_object(self, args, &source);
    }
    if (result != 0)
        return result;
    source.size = source.shared ? 0 : size;
    result =
        map(self->space, args, size, source.object != NULL ? &source : NULL);
    object_put(source.object); /* the area has its own */
    return result;
}

int64_t sys_munmap(struct process *self, const uint64_t *args)
{
    uint64_t size = args[1];

    if (size == 0 || !round_up(&size))
        return -EINVAL;
    return space_unmap(self->space, args[0], size);
}

int64_t sys_mprotect(struct process *self, const uint64_t *args)
{
    uint64_t size = args[1];

    if (args[0] % PAGE_SIZE != 0 || (args[2] & ~(uint64_t)PROT_ALL))
        return -EINVAL;
    if (size == 0)
        return 0;
    if (!round_up(&size))
        return -ENOMEM;
    if ((args[2] & PROT_WRITE) && !space_may_write(self->space, args[0], size))
        return -EACCES;
    return space_protect(self->space, args[0], size, rights(args[2]));
}

/* ---- mremap ---- */

struct remap {
    uint64_t start;
    uint64_t old_size;
    uint64_t new_size;
};

/* Nothing is left of the old range but the part that goes to the new one. */
static int64_t shrink(struct space *space, struct remap *remap)
{
    uint64_t excess = remap->old_size - remap->new_size;

    if (remap->new_size >= remap->old_size)
        return 0;
    remap->old_size = remap->new_size;
    return space_unmap(space, remap->start + remap->new_size, excess);
}

static int64_t move_to(struct space *space, const struct remap *remap,
                       uint64_t to)
{
    int result =
        space_move(space, remap->start, remap->old_size, to, remap->new_size);

    return result != 0 ? result : (int64_t)to;
}

static int64_t remap_fixed(struct space *space, struct remap *remap,
                           uint64_t to)
{
    int64_t result;

    if (to < remap->start + remap->old_size &&
        remap->start < to + remap->new_size)
        return -EINVAL;
    result = space_unmap(space, to, remap->new_size);
    if (result == 0)
        result = shrink(space, remap);
    return result != 0 ? result : move_to(space, remap, to);
}

static int64_t remap_anywhere(struct space *space, struct remap *remap,
                              bool may_move)
{
    int64_t result = shrink(space, remap);
    uint64_t to;

    if (result == 0 && remap->new_size == remap->old_size)
        return (int64_t)remap->start;
    if (result == 0)
        result = move_to(space, remap, remap->start);
    if (result != -EEXIST && result != -EINVAL)
        return result;
    to = may_move ? space_find_gap(space, remap->new_size) : 0;
    return to != 0 ? move_to(space, remap, to) : -ENOMEM;
}

/* args: old address, old size, new size, flags, new address. */
int64_t sys_mremap(struct process *self, const uint64_t *args)
{
    struct remap remap = {args[0], args[1], args[2]};
    uint64_t flags = args[3];

    if ((flags & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED)) != 0 ||
        (flags & (MREMAP_MAYMOVE | MREMAP_FIXED)) == MREMAP_FIXED ||
        args[0] % PAGE_SIZE != 0 || args[1] == 0 || args[2] == 0 ||
        !round_up(&remap.old_size) || !round_up(&remap.new_size))
        return -EINVAL;
    if (!space_is_mapped(self->space, remap.start, remap.old_size))
        return -EFAULT;
    if ((flags & MREMAP_FIXED) == 0)
        return remap_anywhere(self->space, &remap, flags & MREMAP_MAYMOVE);
    if (args[4] % PAGE_SIZE != 0 || args[4] >= SPACE_USER_END)
        return -EINVAL;
    return remap_fixed(self->space, &remap, args[4]);
}

/* ---- what is said of a range ---- */

/* 0; or -EINVAL, or -ENOMEM when it has a hole. */
static int64_t check_range(struct process *self, uint64_t start, uint64_t *size)
{
    if (start % PAGE_SIZE != 0)
        return -EINVAL;
    if (!round_up(size))
        return -ENOMEM;
    if (*size == 0 || space_is_mapped(self->space, start, *size))
        return 0;
    return -ENOMEM;
}

/* Advice that need not be taken is not. What changes what a program or its
 * children see is refused, but for these two. */
int64_t sys_madvise(struct process *self, const uint64_t *args)
{
    uint64_t size = args[1], advice = args[2];
    int64_t result;

    if (advice > MADV_DONTNEED && advice != MADV_FREE &&
        (advice < MADV_MERGEABLE || advice > MADV_DODUMP))
        return -EINVAL;
    result = check_range(self, args[0], &size);
    if (result != 0 || size == 0)
        return result;
    if (advice == MADV_DONTNEED || advice == MADV_FREE)
        return space_forget(self->space, args[0], size);
    if (advice == MADV_WILLNEED)
        space_populate(self->space, args[0], size);
    return 0;
}

/* A file's pages are what is mapped: there is nothing to write back. */
int64_t sys_msync(struct process *self, const uint64_t *args)
{
    const uint64_t both = MS_ASYNC | MS_SYNC;
    uint64_t size = args[1];

    if ((args[2] & ~(uint64_t)MS_ALL) != 0 || (args[2] & both) == both)
        return -EINVAL;
    return check_range(self, args[0], &size);
}

/* args: address, size, a byte for each page. */
int64_t sys_mincore(struct process *self, const uint64_t *args)
{
    uint64_t size = args[1], offset;
    int64_t result = check_range(self, args[0], &size);
    uint8_t is_there;

    if (result != 0 || size > MINCORE_MAX)
        return result != 0 ? result : -ENOMEM;
    for (offset = 0; offset < size; offset += PAGE_SIZE) {
        sched_breathe();
        is_there = space_has_page(self->space, args[0] + offset);
        if (!space_copy_out(self->space, args[2] + offset / PAGE_SIZE,
                            &is_there, sizeof(is_there)))
            return -EFAULT;
    }
    return 0;
}

/* No page is ever taken away, so all are as locked as they will be. */
int64_t sys_mlock(struct process *self, const uint64_t *args)
{
    uint64_t size = args[1];

    return check_range(self, args[0], &size);
}

int64_t sys_munlock(struct process *self, const uint64_t *args)
{
    return sys_mlock(self, args);
}
