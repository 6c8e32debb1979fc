/* SPDX-License-Identifier: MIT
 *
 * Names: making, removing and changing them. Everybody is user 0 and may do all
 * of it. Opening: proc/sys_open.c.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/user_path.h"
#include "lib/string.h"

/* ---- making ---- */

static int64_t make_node(struct process *self, uint64_t dir_fd, uint64_t vaddr,
                         uint32_t mode, uint64_t device)
{
    struct user_name name;
    struct inode *made;
    int64_t result = user_path_find_name(self, dir_fd, vaddr, &name);

    if (result != 0)
        return result;
    if (name.has_slash && (mode & MODE_TYPE) != MODE_DIR)
        result = -ENOENT;
    else if (name.dir->ops->create == NULL)
        result = -EPERM;
    else
        result = name.dir->ops->create(name.dir, name.name, name.size,
                                       mode & ~self->umask, device, &made);
    inode_put(name.dir);
    if (result == 0)
        inode_put(made);
    return result;
}

int64_t sys_mkdirat(struct process *self, const uint64_t *args)
{
    return make_node(self, args[0], args[1],
                     MODE_DIR | ((uint32_t)args[2] & 01777u), 0);
}

int64_t sys_mkdir(struct process *self, const uint64_t *args)
{
    const uint64_t at[] = {AT_FDCWD, args[0], args[1]};

    return sys_mkdirat(self, at);
}

int64_t sys_mknodat(struct process *self, const uint64_t *args)
{
    uint32_t mode = (uint32_t)args[2] & (MODE_TYPE | MODE_PERMISSIONS);

    switch (mode & MODE_TYPE) {
    case 0:
        mode |= MODE_REGULAR;
        break;
    case MODE_DIR:
        return -EPERM;
    case MODE_REGULAR:
    case MODE_FIFO:
    case MODE_CHAR:
    case MODE_BLOCK:
    case MODE_SOCKET:
        break;
    default:
        return -EINVAL;
    }
    return make_node(self, args[0], args[1], mode, (uint32_t)args[3]);
}

int64_t sys_mknod(struct process *self, const uint64_t *args)
{
    const uint64_t at[] = {AT_FDCWD, args[0], args[1], args[2]};

    return sys_mknodat(self, at);
}

static int64_t make_link(struct process *self, const char *text,
                         uint64_t dir_fd, uint64_t vaddr)
{
    struct user_name name;
    int64_t result = user_path_find_name(self, dir_fd, vaddr, &name);

    if (result != 0)
        return result;
    if (name.has_slash)
        result = -ENOENT;
    else if (name.dir->ops->symlink == NULL)
        result = -EPERM;
    else
        result = name.dir->ops->symlink(name.dir, name.name, name.size, text,
                                        strlen(text));
    inode_put(name.dir);
    return result;
}

int64_t sys_symlinkat(struct process *self, const uint64_t *args)
{
    char *text = kmalloc(PATH_MAX);
    int64_t result = -ENOMEM;

    if (text != NULL)
        result = user_path_text(self, args[0], text);
    if (result == 0)
        result = make_link(self, text, args[1], args[2]);
    kfree(text);
    return result;
}

int64_t sys_symlink(struct process *self, const uint64_t *args)
{
    const uint64_t at[] = {args[0], AT_FDCWD, args[1]};

    return sys_symlinkat(self, at);
}

static int64_t link_inode(struct process *self, struct inode *inode,
                          uint64_t dir_fd, uint64_t vaddr)
{
    struct user_name name;
    int64_t result = user_path_find_name(self, dir_fd, vaddr, &name);

    if (result != 0)
        return result;
    if (name.has_slash)
        result = -ENOENT;
    else if (name.dir->ops->link == NULL)
        result = -EPERM;
    else
        result = name.dir->ops->link(name.dir, name.name, name.size, inode);
    inode_put(name.dir);
    return result;
}

int64_t sys_linkat(struct process *self, const uint64_t *args)
{
    uint64_t flags = args[4] & AT_EMPTY_PATH;
    struct inode *inode;
    int64_t result;

    if ((args[4] & ~(uint64_t)(AT_EMPTY_PATH | AT_SYMLINK_FOLLOW)) != 0)
        return -EINVAL;
    if ((args[4] & AT_SYMLINK_FOLLOW) == 0)
        flags |= AT_SYMLINK_NOFOLLOW;
    result = user_path_find(self, args[0], args[1], flags, &inode);
    if (result != 0)
        return result;
    result = link_inode(self, inode, args[2], args[3]);
    inode_put(inode);
    return result;
}

int64_t sys_link(struct process *self, const uint64_t *args)
{
    const uint64_t at[] = {AT_FDCWD, args[0], AT_FDCWD, args[1], 0};

    return sys_linkat(self, at);
}

/* ---- removing and renaming ---- */

/* What there is has to be a directory or must not be one. */
static int64_t unlink_name(const struct user_name *name, bool is_dir)
{
    struct inode *inode;
    bool found_dir;
    int64_t result =
        name->dir->ops->lookup(name->dir, name->name, name->size, &inode);

    if (result != 0)
        return result;
    found_dir = inode_is(inode, MODE_DIR);
    inode_put(inode);
    if (!found_dir && (is_dir || name->has_slash))
        return -ENOTDIR;
    if (found_dir && !is_dir)
        return -EISDIR;
    if (name->dir->ops->unlink == NULL)
        return -EPERM;
    return name->dir->ops->unlink(name->dir, name->name, name->size);
}

int64_t sys_unlinkat(struct process *self, const uint64_t *args)
{
    bool is_dir = (args[2] & AT_REMOVEDIR) != 0;
    struct user_name name;
    int64_t result;

    if ((args[2] & ~(uint64_t)AT_REMOVEDIR) != 0)
        return -EINVAL;
    result = user_path_find_name(self, args[0], args[1], &name);
    if (result == -EEXIST)
        return is_dir ? -EINVAL : -EISDIR;
    if (result != 0)
        return result;
    result = unlink_name(&name, is_dir);
    inode_put(name.dir);
    return result;
}

int64_t sys_unlink(struct process *self, const uint64_t *args)
{
    const uint64_t at[] = {AT_FDCWD, args[0], 0};

    return sys_unlinkat(self, at);
}

int64_t sys_rmdir(struct process *self, const uint64_t *args)
{
    const uint64_t at[] = {AT_FDCWD, args[0], AT_REMOVEDIR};

    return sys_unlinkat(self, at);
}

#define RENAME_NOREPLACE 1u

/* A name with a slash after it is a directory's. */
static int64_t check_rename(const struct user_name *from,
                            const struct user_name *to, bool replace)
{
    struct inode *inode;
    bool is_dir;
    int64_t result =
        from->dir->ops->lookup(from->dir, from->name, from->size, &inode);

    if (result != 0)
        return result;
    is_dir = inode_is(inode, MODE_DIR);
    inode_put(inode);
    if (!is_dir && (from->has_slash || to->has_slash))
        return -ENOTDIR;
    if (from->dir->fs != to->dir->fs)
        return -EXDEV;
    if (from->dir->ops->rename == NULL)
        return -EPERM;
    if (replace)
        return 0;
    result = to->dir->ops->lookup(to->dir, to->name, to->size, &inode);
    if (result == 0)
        inode_put(inode);
    return result == 0 ? -EEXIST : 0;
}

static int64_t rename_name(const struct user_name *from,
                           const struct user_name *to, bool replace)
{
    int64_t result = check_rename(from, to, replace);

    if (result != 0)
        return result;
    return from->dir->ops->rename(from->dir, from->name, from->size, to->dir,
                                  to->name, to->size);
}

int64_t sys_renameat2(struct process *self, const uint64_t *args)
{
    struct user_name from, to;
    int64_t result;

    if ((args[4] & ~(uint64_t)RENAME_NOREPLACE) != 0)
        return -EINVAL;
    result = user_path_find_name(self, args[0], args[1], &from);
    if (result != 0)
        return result == -EEXIST ? -EBUSY : result;
    result = user_path_find_name(self, args[2], args[3], &to);
    if (result == 0) {
        result = rename_name(&from, &to, args[4] == 0);
        inode_put(to.dir);
    } else if (result == -EEXIST) {
        result = -EBUSY;
    }
    inode_put(from.dir);
    return result;
}

int64_t sys_renameat(struct process *self, const uint64_t *args)
{
    const uint64_t at[] = {args[0], args[1], args[2], args[3], 0};

    return sys_renameat2(self, at);
}

int64_t sys_rename(struct process *self, const uint64_t *args)
{
    const uint64_t at[] = {AT_FDCWD, args[0], AT_FDCWD, args[1], 0};

    return sys_renameat2(self, at);
}
