/* SPDX-License-Identifier: MIT
 *
 * Opening what a path leads to, and making it if it is not there: open(2).
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/user_path.h"

#define O_TMPFILE_BIT 020000000u

struct open_request {
    struct process *self;
    struct inode *from;
    const char *path;
    uint32_t flags;
    uint32_t mode;
};

static int64_t create_file(const struct open_request *request,
                           const struct path_place *place, struct inode **made)
{
    struct inode *dir = place->dir;
    uint32_t mode = request->mode & MODE_PERMISSIONS & ~request->self->umask;

    if (place->has_slash)
        return -EISDIR;
    if (dir->ops->create == NULL)
        return -EACCES;
    return dir->ops->create(dir, place->name, place->size, MODE_REGULAR | mode,
                            0, made);
}

static int64_t find_or_create(const struct open_request *request,
                              struct inode **found, bool *made)
{
    bool exclusive = (request->flags & O_EXCL) != 0;
    bool follow = !exclusive && (request->flags & O_NOFOLLOW) == 0;
    struct path_place place;
    int64_t result =
        path_find_or_place(request->from, request->path, follow, found, &place);

    if (place.dir != NULL) {
        result = create_file(request, &place, found);
        *made = result == 0;
        inode_put(place.dir);
    } else if (result == 0 && exclusive) {
        inode_put(*found);
        result = -EEXIST;
    }
    return result;
}

static int64_t find_for_open(const struct open_request *request,
                             struct inode **found, bool *made)
{
    uint32_t flags = request->flags;

    *made = false;
    if ((flags & O_CREAT) == 0 || (flags & O_PATH) != 0)
        return path_find(request->from, request->path,
                         (flags & O_NOFOLLOW) == 0, found);
    if ((flags & O_DIRECTORY) != 0)
        return -EINVAL;
    return find_or_create(request, found, made);
}

static int64_t truncate_opened(struct inode *inode)
{
    if (!inode_is(inode, MODE_REGULAR) || inode->ops->truncate == NULL)
        return 0;
    return inode->ops->truncate(inode, 0);
}

static int64_t open_inode(const struct open_request *request,
                          struct inode *inode, bool made, struct file **file)
{
    uint32_t flags = request->flags;
    int64_t result;

    if ((flags & O_DIRECTORY) != 0 && !inode_is(inode, MODE_DIR))
        return -ENOTDIR;
    if ((flags & O_CREAT) != 0 && inode_is(inode, MODE_DIR))
        return -EISDIR;
    result = file_open(inode, flags, file);
    if (result != 0 || made || (flags & O_TRUNC) == 0 ||
        !file_can(*file, O_WRONLY))
        return result;
    result = truncate_opened(inode);
    if (result != 0)
        file_put(*file);
    return result;
}

static int64_t open_request(const struct open_request *request)
{
    struct inode *inode;
    struct file *file;
    bool made;
    int64_t result = find_for_open(request, &inode, &made);

    if (result != 0)
        return result;
    result = open_inode(request, inode, made, &file);
    inode_put(inode);
    if (result != 0)
        return result;
    return files_add(request->self->files, file, 0,
                     (request->flags & O_CLOEXEC) != 0);
}

static int64_t open_path(struct process *self, uint64_t dir_fd, uint64_t vaddr,
                         uint64_t flags, uint64_t mode)
{
    struct open_request request = {
        .self = self,
        .flags = (uint32_t)flags,
        .mode = (uint32_t)mode,
    };
    struct user_path path;
    int64_t result = user_path_read(self, dir_fd, vaddr, &path);

    if (result != 0)
        return result;
    if ((flags & O_TMPFILE_BIT) != 0)
        return -EOPNOTSUPP;
    request.from = path.from;
    request.path = path.text;
    return open_request(&request);
}

int64_t sys_open(struct process *self, const uint64_t *args)
{
    return open_path(self, AT_FDCWD, args[0], args[1], args[2]);
}

int64_t sys_openat(struct process *self, const uint64_t *args)
{
    return open_path(self, args[0], args[1], args[2], args[3]);
}

int64_t sys_creat(struct process *self, const uint64_t *args)
{
    return open_path(self, AT_FDCWD, args[0], O_CREAT | O_WRONLY | O_TRUNC,
                     args[1]);
}
