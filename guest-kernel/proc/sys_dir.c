/* SPDX-License-Identifier: MIT
 *
 * Directories: their entries, the current one, the root, what is mounted.
 *
 * The offset of an open directory is 0 before ".", 1 before "..", and beyond
 * that a cookie of the file system's (fs/inode.h) plus 2.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/user_path.h"
#include "lib/macros.h"
#include "lib/string.h"

/* ---- getdents64(2) ---- */

struct entry_header {
    uint64_t number;
    int64_t next_offset;
    uint16_t size; /* of all, a multiple of 8 */
    uint8_t type;
} __attribute__((packed));

_Static_assert(sizeof(struct entry_header) == 19, "the layout is Linux's");

struct listing {
    struct file *file;
    struct io io;
    int64_t error;
};

static bool put_entry(struct listing *listing, const char *name, size_t size,
                      uint64_t number, uint32_t type, uint64_t next_offset)
{
    char bytes[ALIGN_UP(sizeof(struct entry_header) + NAME_MAX + 1, 8ul)] = {0};
    size_t all = ALIGN_UP(sizeof(struct entry_header) + size + 1, 8ul);
    struct entry_header header = {
        .number = number,
        .next_offset = (int64_t)next_offset,
        .size = (uint16_t)all,
        .type = (uint8_t)(type >> 12), /* DT_ are the mode's bits */
    };

    listing->error = -EINVAL;
    if (size > NAME_MAX || all > listing->io.left)
        return false;
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), name, size);
    listing->error = -EFAULT;
    if (!io_put(&listing->io, bytes, all))
        return false;
    listing->error = 0;
    listing->file->offset = next_offset;
    return true;
}

static bool emit(void *context, const char *name, size_t size, uint64_t number,
                 uint32_t type, uint64_t cookie)
{
    return put_entry(context, name, size, number, type, cookie + 2);
}

static int64_t list_all(struct listing *listing)
{
    struct file *file = listing->file;
    struct inode *dir = file->inode;
    const struct inode *up = dir->parent != NULL ? dir->parent : dir;

    if (file->offset == 0 &&
        !put_entry(listing, ".", 1, dir->number, MODE_DIR, 1))
        return 0;
    if (file->offset == 1 &&
        !put_entry(listing, "..", 2, up->number, MODE_DIR, 2))
        return 0;
    return dir->ops->list(dir, file->offset - 2, emit, listing);
}

/* An error counts only if nothing has been put before it. */
static int64_t list_dir(struct process *self, struct file *file, uint64_t vaddr,
                        uint64_t size)
{
    struct listing listing = {
        .file = file,
        .io = {self->space, vaddr, MIN(size, (uint64_t)INT32_MAX)},
    };
    size_t left_before = listing.io.left;
    int64_t result;

    if ((file->flags & O_PATH) != 0)
        return -EBADF;
    if (!inode_is(file->inode, MODE_DIR))
        return -ENOTDIR;
    result = list_all(&listing);
    if (result != 0)
        return result;
    if (listing.io.left < left_before)
        return (int64_t)(left_before - listing.io.left);
    return listing.error;
}

int64_t sys_getdents64(struct process *self, const uint64_t *args)
{
    struct file *file = files_get(self->files, args[0]);
    int64_t result;

    if (file == NULL)
        return -EBADF;
    result = list_dir(self, file, args[1], (uint32_t)args[2]);
    file_put(file);
    return result;
}

/* ---- where a process is ---- */

int64_t sys_getcwd(struct process *self, const uint64_t *args)
{
    char *text = kmalloc(PATH_MAX);
    int64_t size = -ENOMEM;

    if (text != NULL)
        size = path_of(self->cwd, text, MIN(args[1], (uint64_t)PATH_MAX));
    if (size > 0 && !space_copy_out(self->space, args[0], text, (size_t)size))
        size = -EFAULT;
    kfree(text);
    return size;
}

/* Takes over the reference of the new one. */
static int64_t move_to(struct inode **place, struct inode *dir)
{
    struct inode *old = *place;

    if (!inode_is(dir, MODE_DIR)) {
        inode_put(dir);
        return -ENOTDIR;
    }
    *place = dir;
    inode_put(old);
    return 0;
}

static int64_t move_to_path(struct process *self, struct inode **place,
                            uint64_t vaddr)
{
    struct inode *dir;
    int64_t result = user_path_find(self, AT_FDCWD, vaddr, 0, &dir);

    return result == 0 ? move_to(place, dir) : result;
}

int64_t sys_chdir(struct process *self, const uint64_t *args)
{
    return move_to_path(self, &self->cwd, args[0]);
}

int64_t sys_fchdir(struct process *self, const uint64_t *args)
{
    const struct file *file = files_peek(self->files, args[0]);

    if (file == NULL)
        return -EBADF;
    return move_to(&self->cwd, inode_get(file->inode));
}

int64_t sys_chroot(struct process *self, const uint64_t *args)
{
    return move_to_path(self, &self->root, args[0]);
}

int64_t sys_umask(struct process *self, const uint64_t *args)
{
    uint32_t old = self->umask;

    self->umask = (uint32_t)args[0] & 0777u;
    return old;
}

/* What is mounted at boot is all that there is to mount. */
int64_t sys_mount(struct process *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    return -EPERM;
}
