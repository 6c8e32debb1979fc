/* SPDX-License-Identifier: MIT
 *
 * The inodes of /proc: made when a name is looked up, gone with the last
 * reference. A tree of tables says what there is (procfs/procfs_parts.h). An
 * inode holds its entry in private[0], and in private[1] the number of the
 * process it is about (upper half, 0 none) and that of a thread or descriptor.
 */
#include "guest-kernel/procfs/procfs.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/procfs/procfs_parts.h"
#include "guest-kernel/procfs/procfs_text.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

#define PROCFS_DEVICE 2 /* st_dev */

static const struct inode_ops dir_ops, link_ops, text_link_ops, text_ops;
static const struct file_ops text_file_ops;

static const struct procfs_entry *entry_of(const struct inode *inode)
{
    return (const struct procfs_entry *)inode->private[0];
}

static uint32_t pid_of(const struct inode *inode)
{
    return (uint32_t)(inode->private[1] >> 32);
}

/* 0, or -ENOENT: the process has gone. */
static int64_t find_subject(const struct inode *inode,
                            struct procfs_subject *subject)
{
    uint32_t pid = pid_of(inode);

    subject->number = (uint32_t)inode->private[1];
    subject->process = pid == 0 ? NULL : process_find(pid);
    return pid != 0 && subject->process == NULL ? -ENOENT : 0;
}

/* ---- inodes ---- */

/* Different for each: an entry is known by the low bits of its address. */
static uint64_t inode_number(const struct procfs_entry *entry, uint64_t about)
{
    return about >> 32 << 42 ^ (about & UINT32_MAX) << 20 ^
           ((uint64_t)entry & 0xfffff);
}

static const struct inode_ops *ops_for(const struct procfs_entry *entry)
{
    if (entry->dir != NULL)
        return &dir_ops;
    if ((entry->mode & MODE_TYPE) != MODE_LINK)
        return &text_ops;
    return entry->follow != NULL ? &link_ops : &text_link_ops;
}

static struct inode *
make_inode(struct inode *dir, const struct procfs_entry *entry, uint64_t about)
{
    struct inode *inode = kzalloc(sizeof(*inode));

    if (inode == NULL)
        return NULL;
    inode->ops = ops_for(entry);
    if (inode->ops == &text_ops)
        inode->file_ops = &text_file_ops;
    inode->refs = 1;
    inode->number = inode_number(entry, about);
    inode->fs = PROCFS_DEVICE;
    inode->mode = entry->mode;
    inode->access_ns = privops_wall_ns();
    inode->modify_ns = inode->access_ns;
    inode->change_ns = inode->access_ns;
    inode->private[0] = (uint64_t)entry;
    inode->private[1] = about;
    if (dir != NULL)
        inode->parent = inode_get(dir);
    return inode;
}

/* Directories are not kept by what is in them, so these keep their parents: at
 * most four, one above the other. */
static void inode_release(struct inode *inode)
{
    inode_put(inode->parent);
    kfree(inode);
}

struct inode *procfs_create(void)
{
    static const struct procfs_entry root = PROCFS_DIR(NULL, &procfs_root);

    return make_inode(NULL, &root, 0);
}

/* ---- directories ---- */

/* What an entry of the directory with a number as its name is about: in /proc
 * itself a process, below that something of this process. */
static uint64_t about_number(const struct inode *dir, uint32_t number)
{
    if (pid_of(dir) == 0)
        return (uint64_t)number << 32;
    return (uint64_t)pid_of(dir) << 32 | number;
}

/* As they are listed: without zeros in front. */
static bool parse_number(const char *name, size_t size, uint32_t *number)
{
    uint64_t value = 0;
    size_t i;

    if (size == 0 || size > 9 || (size > 1 && name[0] == '0'))
        return false;
    for (i = 0; i < size; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(name[i] - '0');
    }
    *number = (uint32_t)value;
    return true;
}

static bool has_number(const struct procfs_dir *dir,
                       const struct procfs_subject *subject, uint32_t number)
{
    uint32_t next = number;

    return dir->next != NULL && dir->next(subject, &next) && next == number;
}

static const struct procfs_entry *find_entry(const struct procfs_dir *dir,
                                             const char *name, size_t size)
{
    size_t i;

    for (i = 0; i < dir->nr_entries; i++)
        if (strlen(dir->entries[i].name) == size &&
            memcmp(dir->entries[i].name, name, size) == 0)
            return &dir->entries[i];
    return NULL;
}

static int64_t dir_lookup(struct inode *inode, const char *name, size_t size,
                          struct inode **found)
{
    const struct procfs_dir *dir = entry_of(inode)->dir;
    const struct procfs_entry *entry = find_entry(dir, name, size);
    uint64_t about = inode->private[1];
    struct procfs_subject subject;
    uint32_t number;

    if (find_subject(inode, &subject) != 0)
        return -ENOENT;
    if (entry == NULL) {
        if (!parse_number(name, size, &number) ||
            !has_number(dir, &subject, number))
            return -ENOENT;
        entry = dir->numbered;
        about = about_number(inode, number);
    }
    *found = make_inode(inode, entry, about);
    return *found == NULL ? -ENOMEM : 0;
}

/* Cookies: how many of the table have been listed; after it, plus the number
 * to go on with. */
static int64_t dir_list(struct inode *inode, uint64_t cookie, dir_emit_t *emit,
                        void *context)
{
    const struct procfs_dir *dir = entry_of(inode)->dir;
    const struct procfs_entry *entry;
    struct procfs_subject subject;
    uint32_t number;
    char name[12];

    if (find_subject(inode, &subject) != 0)
        return -ENOENT;
    for (; cookie < dir->nr_entries; cookie++) {
        entry = &dir->entries[cookie];
        if (!emit(context, entry->name, strlen(entry->name),
                  inode_number(entry, inode->private[1]),
                  entry->mode & MODE_TYPE, cookie + 1))
            return 0;
    }
    cookie -= dir->nr_entries;
    if (dir->next == NULL || cookie >= UINT32_MAX)
        return 0;
    number = (uint32_t)cookie;
    entry = dir->numbered;
    for (; dir->next(&subject, &number); number++) {
        (void)string_format(name, sizeof(name), "%u", number);
        if (!emit(context, name, strlen(name),
                  inode_number(entry, about_number(inode, number)),
                  entry->mode & MODE_TYPE, dir->nr_entries + number + 1))
            break;
    }
    return 0;
}

static const struct inode_ops dir_ops = {
    .lookup = dir_lookup,
    .list = dir_list,
    .release = inode_release,
};

/* ---- links ---- */

static int64_t link_read(struct inode *inode, char *text, size_t size)
{
    struct text whole = {.bytes = NULL};
    struct procfs_subject subject;
    int64_t result = -ENOENT;

    if (find_subject(inode, &subject) != 0)
        return -ENOENT;
    entry_of(inode)->show(&whole, &subject);
    if (whole.failed)
        result = -ENOMEM;
    else if (whole.size > 0)
        result = (int64_t)MIN(whole.size, size);
    if (result > 0)
        memcpy(text, whole.bytes, (size_t)result);
    text_free(&whole);
    return result;
}

static int64_t link_follow(struct inode *inode, struct inode **target)
{
    struct procfs_subject subject;

    if (find_subject(inode, &subject) != 0)
        return -ENOENT;
    return entry_of(inode)->follow(&subject, target);
}

static const struct inode_ops link_ops = {
    .read_link = link_read,
    .follow = link_follow,
    .release = inode_release,
};

static const struct inode_ops text_link_ops = {
    .read_link = link_read,
    .release = inode_release,
};

/* ---- files: read only, whoever asks ---- */

static int64_t text_open(struct file *file)
{
    struct procfs_subject subject;
    struct text *text;

    if ((file->flags & O_ACCESS) != O_RDONLY)
        return -EACCES;
    if (find_subject(file->inode, &subject) != 0)
        return -ENOENT;
    text = kzalloc(sizeof(*text));
    if (text == NULL)
        return -ENOMEM;
    entry_of(file->inode)->show(text, &subject);
    if (text->failed) {
        text_free(text);
        kfree(text);
        return -ENOMEM;
    }
    file->private = text;
    return 0;
}

static int64_t text_read(struct file *file, struct io *to, uint64_t *offset)
{
    const struct text *text = file->private;
    size_t size;

    if (*offset >= text->size)
        return 0;
    size = MIN(text->size - *offset, to->left);
    if (!io_put(to, text->bytes + *offset, size))
        return -EFAULT;
    *offset += size;
    return (int64_t)size;
}

static void text_close(struct file *file)
{
    text_free(file->private);
    kfree(file->private);
}

static size_t text_memory(const struct file *file)
{
    return ((const struct text *)file->private)->room;
}

static const struct inode_ops text_ops = {.release = inode_release};

static const struct file_ops text_file_ops = {
    .open = text_open,
    .read = text_read,
    .close = text_close,
    .memory = text_memory,
};
