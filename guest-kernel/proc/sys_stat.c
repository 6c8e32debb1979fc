/* SPDX-License-Identifier: MIT
 *
 * What is known of files: stat(2) and its kin, and where links lead to.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/ramfs.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/timer.h"
#include "guest-kernel/proc/user_path.h"
#include "lib/macros.h"

#define RAMFS 1u /* struct inode.fs */

static struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){(int64_t)(ns / NS_PER_SECOND),
                             (int64_t)(ns % NS_PER_SECOND)};
}

/* ---- stat(2), statx(2), statfs(2) ---- */

struct stat {
    uint64_t dev;
    uint64_t ino;
    uint64_t nlink;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint32_t pad;
    uint64_t rdev;
    int64_t size;
    int64_t blksize;
    int64_t blocks; /* of 512 bytes */
    struct timespec atime;
    struct timespec mtime;
    struct timespec ctime;
    int64_t unused[3];
};

_Static_assert(sizeof(struct stat) == 144, "the layout is Linux's");

static uint64_t nr_blocks(const struct inode *inode)
{
    if (inode->fs != RAMFS || !inode_is(inode, MODE_REGULAR))
        return 0;
    return object_nr_pages(inode->object) * (PAGE_SIZE / 512);
}

/* A removed file has none; those of /proc have no count. Directories have one,
 * which says that it is no count of subdirectories. */
static uint32_t nr_links(const struct inode *inode)
{
    return inode->fs == RAMFS ? inode->links : 1;
}

static int64_t put_stat(struct process *self, const struct inode *inode,
                        uint64_t vaddr)
{
    const struct stat stat = {
        .dev = inode->fs,
        .ino = inode->number,
        .nlink = nr_links(inode),
        .mode = inode->mode,
        .uid = inode->uid,
        .gid = inode->gid,
        .rdev = inode->device,
        .size = (int64_t)inode->size,
        .blksize = PAGE_SIZE,
        .blocks = (int64_t)nr_blocks(inode),
        .atime = timespec_of(inode->access_ns),
        .mtime = timespec_of(inode->modify_ns),
        .ctime = timespec_of(inode->change_ns),
    };
    return user_put(self, vaddr, &stat, sizeof(stat));
}

static int64_t stat_path(struct process *self, uint64_t dir_fd, uint64_t path,
                         uint64_t vaddr, uint64_t flags)
{
    struct inode *inode;
    int64_t result = user_path_find(self, dir_fd, path, flags, &inode);

    if (result != 0)
        return result;
    result = put_stat(self, inode, vaddr);
    inode_put(inode);
    return result;
}

int64_t sys_stat(struct process *self, const uint64_t *args)
{
    return stat_path(self, AT_FDCWD, args[0], args[1], 0);
}

int64_t sys_lstat(struct process *self, const uint64_t *args)
{
    return stat_path(self, AT_FDCWD, args[0], args[1], AT_SYMLINK_NOFOLLOW);
}

int64_t sys_newfstatat(struct process *self, const uint64_t *args)
{
    return stat_path(self, args[0], args[1], args[2], args[3]);
}

int64_t sys_fstat(struct process *self, const uint64_t *args)
{
    const struct file *file = files_peek(self->files, args[0]);

    return file != NULL ? put_stat(self, file->inode, args[1]) : -EBADF;
}

struct statx_time {
    int64_t seconds;
    uint32_t ns;
    uint32_t pad;
};

struct statx {
    uint32_t mask;
    uint32_t blksize;
    uint64_t attributes;
    uint32_t nlink;
    uint32_t uid;
    uint32_t gid;
    uint16_t mode;
    uint16_t pad;
    uint64_t ino;
    uint64_t size;
    uint64_t blocks;
    uint64_t attributes_mask;
    struct statx_time atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor;
    uint32_t dev_major, dev_minor;
    uint64_t unused[14];
};

_Static_assert(sizeof(struct statx) == 256, "the layout is Linux's");
#define STATX_BASIC_STATS 0x7ffu

static struct statx_time statx_time_of(uint64_t ns)
{
    return (struct statx_time){
        .seconds = (int64_t)(ns / NS_PER_SECOND),
        .ns = (uint32_t)(ns % NS_PER_SECOND),
    };
}

static int64_t put_statx(struct process *self, const struct inode *inode,
                         uint64_t vaddr)
{
    const struct statx statx = {
        .mask = STATX_BASIC_STATS,
        .blksize = PAGE_SIZE,
        .nlink = nr_links(inode),
        .uid = inode->uid,
        .gid = inode->gid,
        .mode = (uint16_t)inode->mode,
        .ino = inode->number,
        .size = inode->size,
        .blocks = nr_blocks(inode),
        .atime = statx_time_of(inode->access_ns),
        .ctime = statx_time_of(inode->change_ns),
        .mtime = statx_time_of(inode->modify_ns),
        .rdev_major = (uint32_t)inode->device >> 8,
        .rdev_minor = (uint32_t)inode->device & 0xff,
        .dev_minor = inode->fs,
    };
    return user_put(self, vaddr, &statx, sizeof(statx));
}

int64_t sys_statx(struct process *self, const uint64_t *args)
{
    struct inode *inode;
    int64_t result = user_path_find(self, args[0], args[1], args[2], &inode);

    if (result != 0)
        return result;
    result = put_statx(self, inode, args[4]);
    inode_put(inode);
    return result;
}

struct statfs {
    uint64_t type;
    uint64_t bsize;
    uint64_t blocks;
    uint64_t bfree;
    uint64_t bavail;
    uint64_t files;
    uint64_t ffree;
    uint64_t fsid;
    uint64_t namelen;
    uint64_t frsize;
    uint64_t flags;
    uint64_t spare[4];
};

_Static_assert(sizeof(struct statfs) == 120, "the layout is Linux's");

#define TMPFS_MAGIC 0x01021994u
#define PROC_MAGIC 0x9fa0u

static int64_t put_statfs(struct process *self, const struct inode *inode,
                          uint64_t vaddr)
{
    struct statfs statfs = {
        .type = PROC_MAGIC,
        .bsize = PAGE_SIZE,
        .fsid = inode->fs,
        .namelen = NAME_MAX,
        .frsize = PAGE_SIZE,
    };
    struct page_statistics memory;
    uint64_t used;

    if (inode->fs == RAMFS) {
        page_get_statistics(&memory);
        used = ramfs_nr_pages();
        statfs.type = TMPFS_MAGIC;
        statfs.blocks = MAX(object_limit(), used);
        statfs.bfree =
            MIN(statfs.blocks - used, memory.free_kib / (PAGE_SIZE / 1024));
        statfs.bavail = statfs.bfree;
        statfs.ffree = statfs.bfree;
        statfs.files = statfs.ffree + ramfs_nr_inodes();
    }
    return user_put(self, vaddr, &statfs, sizeof(statfs));
}

int64_t sys_statfs(struct process *self, const uint64_t *args)
{
    struct inode *inode;
    int64_t result = user_path_find(self, AT_FDCWD, args[0], 0, &inode);

    if (result != 0)
        return result;
    result = put_statfs(self, inode, args[1]);
    inode_put(inode);
    return result;
}

int64_t sys_fstatfs(struct process *self, const uint64_t *args)
{
    const struct file *file = files_peek(self->files, args[0]);

    return file != NULL ? put_statfs(self, file->inode, args[1]) : -EBADF;
}

/* ---- readlink(2) ---- */

static int64_t put_link(struct process *self, struct inode *inode,
                        uint64_t vaddr, uint64_t size)
{
    int64_t length = -ENOMEM;
    char *text;

    if (!inode_is(inode, MODE_LINK))
        return -EINVAL;
    text = kmalloc(PATH_MAX);
    if (text != NULL)
        length =
            inode->ops->read_link(inode, text, MIN(size, (uint64_t)PATH_MAX));
    if (length > 0 && !space_copy_out(self->space, vaddr, text, (size_t)length))
        length = -EFAULT;
    kfree(text);
    return length;
}

int64_t sys_readlinkat(struct process *self, const uint64_t *args)
{
    uint64_t flags = AT_SYMLINK_NOFOLLOW;
    struct inode *inode;
    int64_t result;

    if ((int32_t)args[3] <= 0)
        return -EINVAL;
    /* Of a link that is open with O_PATH. */
    if ((int32_t)args[0] >= 0)
        flags |= AT_EMPTY_PATH;
    result = user_path_find(self, args[0], args[1], flags, &inode);
    if (result != 0)
        return result;
    result = put_link(self, inode, args[2], (uint32_t)args[3]);
    inode_put(inode);
    return result;
}

int64_t sys_readlink(struct process *self, const uint64_t *args)
{
    const uint64_t at[] = {AT_FDCWD, args[0], args[1], args[2]};

    return sys_readlinkat(self, at);
}
