/* SPDX-License-Identifier: MIT
 *
 * What can be changed of a file without opening it: access, mode, owner, times,
 * size. Everybody is user 0, so only the lack of any x bit forbids something.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/user_path.h"

/* What is to be done to an inode that is found by path or descriptor. */
struct change {
    uint32_t mode;
    uint32_t uid; /* UINT32_MAX: as it is */
    uint32_t gid;
    uint64_t access_ns; /* TIME_OMIT: as it is */
    uint64_t modify_ns;
    uint64_t size;
};

typedef int64_t change_t(struct inode *inode, const struct change *change);

static int64_t change_path(struct process *self, uint64_t dir_fd,
                           uint64_t vaddr, uint64_t flags, change_t *function,
                           const struct change *change)
{
    struct inode *inode;
    int64_t result = user_path_find(self, dir_fd, vaddr, flags, &inode);

    if (result != 0)
        return result;
    result = function(inode, change);
    inode_put(inode);
    return result;
}

static int64_t change_descriptor(const struct process *self, uint64_t fd,
                                 change_t *function,
                                 const struct change *change)
{
    const struct file *file = files_peek(self->files, fd);

    if (file == NULL || (file->flags & O_PATH) != 0)
        return -EBADF;
    return function(file->inode, change);
}

/* ---- access(2) ---- */

#define X_OK 1u
#define ACCESS_BITS 7u

static int64_t check_access(struct inode *inode, const struct change *change)
{
    if ((change->mode & X_OK) != 0 && inode_is(inode, MODE_REGULAR) &&
        (inode->mode & 0111) == 0)
        return -EACCES;
    return 0;
}

static int64_t access_path(struct process *self, uint64_t dir_fd,
                           uint64_t vaddr, uint64_t mode, uint64_t flags)
{
    const struct change change = {.mode = (uint32_t)mode};

    if ((mode & ~(uint64_t)ACCESS_BITS) != 0)
        return -EINVAL;
    return change_path(self, dir_fd, vaddr, flags, check_access, &change);
}

int64_t sys_access(struct process *self, const uint64_t *args)
{
    return access_path(self, AT_FDCWD, args[0], args[1], 0);
}

int64_t sys_faccessat(struct process *self, const uint64_t *args)
{
    return access_path(self, args[0], args[1], args[2], 0);
}

int64_t sys_faccessat2(struct process *self, const uint64_t *args)
{
    return access_path(self, args[0], args[1], args[2], args[3]);
}

/* ---- chmod(2), chown(2) ---- */

/* Whether the file system keeps what is changed. */
static bool is_changeable(const struct inode *inode)
{
    return inode->ops->truncate != NULL;
}

static int64_t change_mode(struct inode *inode, const struct change *change)
{
    if (!is_changeable(inode))
        return -EPERM;
    if (inode_is(inode, MODE_LINK))
        return -EOPNOTSUPP;
    inode->mode = (inode->mode & MODE_TYPE) | (change->mode & MODE_PERMISSIONS);
    inode->change_ns = privops_wall_ns();
    return 0;
}

int64_t sys_chmod(struct process *self, const uint64_t *args)
{
    const struct change change = {.mode = (uint32_t)args[1]};

    return change_path(self, AT_FDCWD, args[0], 0, change_mode, &change);
}

int64_t sys_fchmod(struct process *self, const uint64_t *args)
{
    const struct change change = {.mode = (uint32_t)args[1]};

    return change_descriptor(self, args[0], change_mode, &change);
}

int64_t sys_fchmodat(struct process *self, const uint64_t *args)
{
    const struct change change = {.mode = (uint32_t)args[2]};

    return change_path(self, args[0], args[1], 0, change_mode, &change);
}

static int64_t change_owner(struct inode *inode, const struct change *change)
{
    if (!is_changeable(inode))
        return -EPERM;
    if (change->uid != UINT32_MAX)
        inode->uid = change->uid;
    if (change->gid != UINT32_MAX)
        inode->gid = change->gid;
    inode->change_ns = privops_wall_ns();
    return 0;
}

static int64_t chown_path(struct process *self, uint64_t dir_fd, uint64_t vaddr,
                          const uint64_t *ids, uint64_t flags)
{
    const struct change change = {
        .uid = (uint32_t)ids[0],
        .gid = (uint32_t)ids[1],
    };

    return change_path(self, dir_fd, vaddr, flags, change_owner, &change);
}

int64_t sys_chown(struct process *self, const uint64_t *args)
{
    return chown_path(self, AT_FDCWD, args[0], args + 1, 0);
}

int64_t sys_lchown(struct process *self, const uint64_t *args)
{
    return chown_path(self, AT_FDCWD, args[0], args + 1, AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fchownat(struct process *self, const uint64_t *args)
{
    return chown_path(self, args[0], args[1], args + 2, args[4]);
}

int64_t sys_fchown(struct process *self, const uint64_t *args)
{
    const struct change change = {
        .uid = (uint32_t)args[1],
        .gid = (uint32_t)args[2],
    };

    return change_descriptor(self, args[0], change_owner, &change);
}

/* ---- utimensat(2) and its elders ---- */

#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe
#define TIME_OMIT UINT64_MAX
#define NS_PER_SECOND 1000000000l

/* Seconds and a fraction, of which one is ns_per_unit. */
struct user_time {
    int64_t seconds;
    int64_t fraction;
};

/* Times before 1970 become 1970, those that are no 64 bits of nanoseconds are
 * refused. */
static int64_t time_to_ns(const struct user_time *time, int64_t ns_per_unit,
                          uint64_t *ns)
{
    if (ns_per_unit == 1 && time->fraction == UTIME_NOW) {
        *ns = privops_wall_ns();
        return 0;
    }
    if (ns_per_unit == 1 && time->fraction == UTIME_OMIT) {
        *ns = TIME_OMIT;
        return 0;
    }
    if (time->fraction < 0 || time->fraction >= NS_PER_SECOND / ns_per_unit ||
        time->seconds >= INT64_MAX / NS_PER_SECOND)
        return -EINVAL;
    *ns = 0;
    if (time->seconds >= 0)
        *ns = (uint64_t)(time->seconds * NS_PER_SECOND +
                         time->fraction * ns_per_unit);
    return 0;
}

static int64_t change_times(struct inode *inode, const struct change *change)
{
    if (!is_changeable(inode))
        return -EPERM;
    if (change->access_ns != TIME_OMIT)
        inode->access_ns = change->access_ns;
    if (change->modify_ns != TIME_OMIT)
        inode->modify_ns = change->modify_ns;
    inode->change_ns = privops_wall_ns();
    return 0;
}

/* Two times from vaddr; 0: now. */
static int64_t read_times(struct process *self, uint64_t vaddr,
                          int64_t ns_per_unit, struct change *change)
{
    struct user_time times[2];
    int64_t result;

    change->access_ns = privops_wall_ns();
    change->modify_ns = change->access_ns;
    if (vaddr == 0)
        return 0;
    if (!space_copy_in(self->space, times, vaddr, sizeof(times)))
        return -EFAULT;
    result = time_to_ns(&times[0], ns_per_unit, &change->access_ns);
    if (result != 0)
        return result;
    return time_to_ns(&times[1], ns_per_unit, &change->modify_ns);
}

int64_t sys_utimensat(struct process *self, const uint64_t *args)
{
    struct change change = {0};
    int64_t result = read_times(self, args[2], 1, &change);

    if (result != 0)
        return result;
    if (args[1] == 0)
        return change_descriptor(self, args[0], change_times, &change);
    return change_path(self, args[0], args[1], args[3], change_times, &change);
}

static int64_t set_timevals(struct process *self, uint64_t dir_fd,
                            uint64_t path, uint64_t vaddr)
{
    struct change change = {0};
    int64_t result = read_times(self, vaddr, 1000, &change);

    if (result != 0)
        return result;
    return change_path(self, dir_fd, path, 0, change_times, &change);
}

int64_t sys_utimes(struct process *self, const uint64_t *args)
{
    return set_timevals(self, AT_FDCWD, args[0], args[1]);
}

int64_t sys_futimesat(struct process *self, const uint64_t *args)
{
    return set_timevals(self, args[0], args[1], args[2]);
}

/* Seconds only. */
int64_t sys_utime(struct process *self, const uint64_t *args)
{
    struct change change = {0};
    struct user_time times[2] = {{0, 0}, {0, 0}};
    int64_t seconds[2], result = read_times(self, 0, 1, &change);

    if (args[1] != 0) {
        if (!space_copy_in(self->space, seconds, args[1], sizeof(seconds)))
            return -EFAULT;
        times[0].seconds = seconds[0];
        times[1].seconds = seconds[1];
        result = time_to_ns(&times[0], 1, &change.access_ns);
        if (result == 0)
            result = time_to_ns(&times[1], 1, &change.modify_ns);
    }
    if (result != 0)
        return result;
    return change_path(self, AT_FDCWD, args[0], 0, change_times, &change);
}

/* ---- truncate(2) ---- */

static int64_t change_size(struct inode *inode, const struct change *change)
{
    if (inode_is(inode, MODE_DIR))
        return -EISDIR;
    if (!inode_is(inode, MODE_REGULAR) || inode->ops->truncate == NULL)
        return -EINVAL;
    if (inode->nr_running > 0)
        return -ETXTBSY;
    return inode->ops->truncate(inode, change->size);
}

int64_t sys_truncate(struct process *self, const uint64_t *args)
{
    const struct change change = {.size = args[1]};

    if (args[1] > INT64_MAX)
        return -EINVAL;
    return change_path(self, AT_FDCWD, args[0], 0, change_size, &change);
}
