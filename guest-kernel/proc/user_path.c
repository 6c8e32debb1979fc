/* SPDX-License-Identifier: MIT
 *
 * The way from a program's string and a descriptor to fs/path.h.
 */
#include "guest-kernel/proc/user_path.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/proc/files.h"
#include "lib/string.h"

/* Of an absolute path, the descriptor does not matter. */
static int64_t find_start(struct process *self, uint64_t dir_fd,
                          struct user_path *path)
{
    const struct file *file;

    if (path->text[0] == '/' || (int32_t)dir_fd == (int32_t)AT_FDCWD) {
        path->from = self->cwd;
        return 0;
    }
    file = files_peek(self->files, dir_fd);
    if (file == NULL)
        return -EBADF;
    path->from = file->inode;
    return inode_is(file->inode, MODE_DIR) ? 0 : -ENOTDIR;
}

int64_t user_path_text(struct process *self, uint64_t vaddr, char *text)
{
    int64_t size = space_copy_string(self->space, text, vaddr, PATH_MAX);

    if (size < 0)
        return size == -E2BIG ? -ENAMETOOLONG : -EFAULT;
    return 0;
}

int64_t user_path_read(struct process *self, uint64_t dir_fd, uint64_t vaddr,
                       struct user_path *path)
{
    int64_t result = user_path_text(self, vaddr, path->text);

    return result != 0 ? result : find_start(self, dir_fd, path);
}

static int64_t find_descriptor(struct process *self, uint64_t fd,
                               struct inode **found)
{
    const struct file *file;

    if ((int32_t)fd == (int32_t)AT_FDCWD) {
        *found = inode_get(self->cwd);
        return 0;
    }
    file = files_peek(self->files, fd);
    if (file == NULL)
        return -EBADF;
    *found = inode_get(file->inode);
    return 0;
}

static bool is_empty_string(struct process *self, uint64_t vaddr)
{
    char first;

    return vaddr == 0 ||
           (space_copy_in(self->space, &first, vaddr, 1) && first == '\0');
}

int64_t user_path_find(struct process *self, uint64_t dir_fd, uint64_t vaddr,
                       uint64_t flags, struct inode **found)
{
    struct user_path path;
    int64_t result;

    if ((flags & AT_EMPTY_PATH) != 0 && is_empty_string(self, vaddr))
        return find_descriptor(self, dir_fd, found);
    result = user_path_read(self, dir_fd, vaddr, &path);
    if (result != 0)
        return result;
    return path_find(path.from, path.text, (flags & AT_SYMLINK_NOFOLLOW) == 0,
                     found);
}

int64_t user_path_find_name(struct process *self, uint64_t dir_fd,
                            uint64_t vaddr, struct user_name *name)
{
    struct user_path path;
    const char *last;
    int64_t result = user_path_read(self, dir_fd, vaddr, &path);

    if (result == 0)
        result =
            path_find_dir(path.from, path.text, &name->dir, &last, &name->size);
    if (result != 0)
        return result;
    memcpy(name->name, last, name->size);
    name->has_slash = last[name->size] == '/';
    return 0;
}
