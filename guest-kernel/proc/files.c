/* SPDX-License-Identifier: MIT
 *
 * Tables of descriptors: an array that doubles when it is full.
 */
#include "guest-kernel/proc/files.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/process.h"
#include "lib/macros.h"
#include "lib/string.h"

#define FIRST_SIZE 32u

struct slot {
    struct file *file; /* a reference; NULL: free */
    bool close_on_exec;
};

struct files {
    struct slot *slots;
    uint64_t nr_slots;
};

static struct files *make(uint64_t nr_slots)
{
    struct files *files = kmalloc(sizeof(*files));

    if (files == NULL)
        return NULL;
    files->nr_slots = nr_slots;
    files->slots = kzalloc(nr_slots * sizeof(struct slot));
    if (files->slots == NULL) {
        kfree(files);
        return NULL;
    }
    return files;
}

struct files *files_create(void)
{
    return make(FIRST_SIZE);
}

struct files *files_clone(const struct files *files)
{
    struct files *clone = make(files->nr_slots);
    uint64_t fd;

    if (clone == NULL)
        return NULL;
    for (fd = 0; fd < files->nr_slots; fd++) {
        clone->slots[fd] = files->slots[fd];
        if (clone->slots[fd].file != NULL)
            file_get(clone->slots[fd].file);
    }
    return clone;
}

void files_destroy(struct files *files)
{
    uint64_t fd;

    if (files == NULL)
        return;
    for (fd = 0; fd < files->nr_slots; fd++)
        file_put(files->slots[fd].file);
    kfree(files->slots);
    kfree(files);
}

void files_close_on_exec(struct files *files)
{
    uint64_t fd;

    for (fd = 0; fd < files->nr_slots; fd++)
        if (files->slots[fd].close_on_exec)
            (void)files_close(files, fd);
}

uint64_t files_limit(void)
{
    const struct process *self = process_current();

    if (self == NULL)
        return FILES_MAX;
    return MIN(self->limits[LIMIT_NOFILE].soft, (uint64_t)FILES_MAX);
}

/* Programs pass descriptors in 32 bits. */
static struct slot *slot_of(const struct files *files, uint64_t fd)
{
    fd = (uint32_t)fd;
    if (fd >= files->nr_slots || files->slots[fd].file == NULL)
        return NULL;
    return &files->slots[fd];
}

struct file *files_peek(const struct files *files, uint64_t fd)
{
    const struct slot *slot = slot_of(files, fd);

    return slot != NULL ? slot->file : NULL;
}

struct file *files_get(const struct files *files, uint64_t fd)
{
    struct file *file = files_peek(files, fd);

    return file != NULL ? file_get(file) : NULL;
}

/* Room for descriptors up to this one, which is below FILES_MAX. */
static bool grow(struct files *files, uint64_t fd)
{
    uint64_t nr_slots = files->nr_slots;
    struct slot *slots;

    if (fd < nr_slots)
        return true;
    while (nr_slots <= fd)
        nr_slots *= 2;
    slots = kzalloc(nr_slots * sizeof(*slots));
    if (slots == NULL)
        return false;
    memcpy(slots, files->slots, files->nr_slots * sizeof(*slots));
    kfree(files->slots);
    files->slots = slots;
    files->nr_slots = nr_slots;
    return true;
}

/* Takes over the reference. */
static int64_t put_in(struct files *files, struct file *file, uint64_t fd,
                      bool close_on_exec)
{
    struct file *old;

    if (!grow(files, fd)) {
        file_put(file);
        return -ENOMEM;
    }
    old = files->slots[fd].file;
    files->slots[fd] = (struct slot){file, close_on_exec};
    file_put(old);
    return (int64_t)fd;
}

int64_t files_add(struct files *files, struct file *file, uint64_t lowest,
                  bool close_on_exec)
{
    uint64_t fd = lowest;

    if (file == NULL)
        return -EBADF;
    while (fd < files->nr_slots && files->slots[fd].file != NULL)
        fd++;
    if (fd < files_limit())
        return put_in(files, file, fd, close_on_exec);
    file_put(file);
    return -EMFILE;
}

int64_t files_set(struct files *files, uint64_t fd, struct file *file,
                  bool close_on_exec)
{
    fd = (uint32_t)fd;
    if (file != NULL && fd < files_limit())
        return put_in(files, file, fd, close_on_exec);
    file_put(file);
    return -EBADF;
}

int64_t files_close(struct files *files, uint64_t fd)
{
    struct slot *slot = slot_of(files, fd);
    struct file *file;

    if (slot == NULL)
        return -EBADF;
    file = slot->file;
    *slot = (struct slot){NULL, false};
    file_put(file);
    return 0;
}

int64_t files_get_close_on_exec(const struct files *files, uint64_t fd)
{
    const struct slot *slot = slot_of(files, fd);

    return slot != NULL ? slot->close_on_exec : -EBADF;
}

int64_t files_set_close_on_exec(struct files *files, uint64_t fd, bool set)
{
    struct slot *slot = slot_of(files, fd);

    if (slot == NULL)
        return -EBADF;
    slot->close_on_exec = set;
    return 0;
}

struct file *files_next(const struct files *files, uint64_t *fd)
{
    for (; *fd < files->nr_slots; (*fd)++)
        if (files->slots[*fd].file != NULL)
            return files->slots[*fd].file;
    return NULL;
}

size_t files_memory(const struct files *files)
{
    const struct file *file;
    size_t size = 0;
    uint64_t fd;

    for (fd = 0; (file = files_next(files, &fd)) != NULL; fd++)
        if (file->ops->memory != NULL)
            size += file->ops->memory(file);
    return size;
}
