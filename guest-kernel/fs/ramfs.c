/* SPDX-License-Identifier: MIT
 *
 * Directories, and what all inodes in RAM have in common. A name is an entry,
 * which is in two places: in its directory's list, by age, and in one hash
 * table of all names of the file system. An entry's cookie is larger than those
 * of all that were made before it: so a program that lists a directory while
 * names come and go sees each name that stays exactly once.
 *
 * Memory is bounded: half of it is for contents (ramfs_follow_memory()), and a
 * third at most for names, of which each may be a symbolic link with a long
 * text.
 */
#include "guest-kernel/fs/ramfs.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/fs/ramfs_parts.h"
#include "guest-kernel/fs/random.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/user_page.h"
#include "guest-kernel/privops/privops.h"
#include "lib/string.h"

#define NR_BUCKETS 1024u
/* One name for so much memory: a link with a long text needs 5 KiB. */
#define KIB_PER_NAME 16u

struct entry {
    struct list_node in_dir; /* dir->entries */
    struct entry *next;      /* in the bucket */
    struct inode *dir;
    struct inode *inode; /* counted in its links */
    uint64_t cookie;
    uint32_t hash;
    uint8_t size;
    char name[]; /* not terminated */
};

static struct entry *buckets[NR_BUCKETS];
static uint32_t hash_start;
static uint64_t nr_inodes;
static uint64_t nr_names;
static uint64_t max_names;
static uint64_t last_number;
static uint64_t last_cookie;

static const struct inode_ops ramfs_ops;

uint64_t ramfs_nr_inodes(void)
{
    return nr_inodes;
}

/* A page of a file with several names counts for each of them in part. */
uint64_t ramfs_nr_pages(void)
{
    const struct entry *entry;
    uint64_t nr = 0;
    unsigned int i;

    for (i = 0; i < NR_BUCKETS; i++)
        for (entry = buckets[i]; entry != NULL; entry = entry->next)
            if (inode_is(entry->inode, MODE_REGULAR))
                nr +=
                    object_nr_pages(entry->inode->object) / entry->inode->links;
    return nr;
}

/* ---- inodes ---- */

struct inode *ramfs_anonymous(uint32_t mode)
{
    struct inode *inode = NULL;

    if (user_page_leaves(sizeof(*inode)))
        inode = kzalloc(sizeof(*inode));
    if (inode == NULL)
        return NULL;
    inode->ops = &ramfs_ops;
    inode->file_ops = ramfs_file_ops(mode);
    inode->refs = 1;
    inode->number = ++last_number;
    inode->fs = RAMFS_DEVICE;
    inode->mode = mode;
    inode->access_ns = privops_wall_ns();
    inode->modify_ns = inode->access_ns;
    inode->change_ns = inode->access_ns;
    if (inode_is(inode, MODE_DIR))
        list_init(&inode->entries);
    nr_inodes++;
    if (inode_is(inode, MODE_REGULAR) && !ramfs_make_contents(inode)) {
        inode_put(inode);
        return NULL;
    }
    return inode;
}

static void release(struct inode *inode)
{
    if (inode_is(inode, MODE_REGULAR))
        object_put(inode->object);
    else if (inode_is(inode, MODE_LINK))
        kfree(inode->text);
    nr_inodes--;
    kfree(inode);
}

static void touch_dir(struct inode *dir)
{
    dir->modify_ns = privops_wall_ns();
    dir->change_ns = dir->modify_ns;
}

/* ---- entries ---- */

/* FNV-1a over the name, from a start that is the directory's, and that no
 * program knows: none makes names on purpose that share a bucket. */
static uint32_t hash_of(const struct inode *dir, const char *name, size_t size)
{
    uint32_t hash = hash_start ^ (uint32_t)dir->number;
    size_t i;

    for (i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash ^ hash >> 16;
}

static struct entry *find_entry(const struct inode *dir, const char *name,
                                size_t size)
{
    uint32_t hash = hash_of(dir, name, size);
    struct entry *entry = buckets[hash % NR_BUCKETS];

    for (; entry != NULL; entry = entry->next)
        if (entry->hash == hash && entry->dir == dir && entry->size == size &&
            memcmp(entry->name, name, size) == 0)
            return entry;
    return NULL;
}

/* Whether names can be made in the directory, and this one is new. */
static int64_t check_new_name(const struct inode *dir, const char *name,
                              size_t size)
{
    if (size == 0 || dir->links == 0)
        return -ENOENT;
    if (size > NAME_MAX)
        return -ENAMETOOLONG;
    if (find_entry(dir, name, size) != NULL)
        return -EEXIST;
    return nr_names < max_names ? 0 : -ENOSPC;
}

static int64_t add_entry(struct inode *dir, const char *name, size_t size,
                         struct inode *inode)
{
    struct entry *entry = kmalloc(sizeof(*entry) + size);
    struct entry **bucket;

    if (entry == NULL)
        return -ENOSPC;
    entry->dir = dir;
    entry->inode = inode;
    entry->cookie = ++last_cookie;
    entry->hash = hash_of(dir, name, size);
    entry->size = (uint8_t)size;
    memcpy(entry->name, name, size);
    bucket = &buckets[entry->hash % NR_BUCKETS];
    entry->next = *bucket;
    *bucket = entry;
    list_add_last(&dir->entries, &entry->in_dir);
    inode->links++;
    inode->parent = dir;
    nr_names++;
    touch_dir(dir);
    return 0;
}

/* The inode has one name less, which was in the directory. A parent has a name
 * of the inode, and no directory with names is ever removed: so it needs no
 * count. */
static void unname(struct inode *inode, const struct inode *dir)
{
    inode_get(inode);
    inode->links--;
    inode->change_ns = privops_wall_ns();
    if (inode->parent == dir)
        inode->parent = NULL;
    inode_put(inode);
}

static void free_entry(struct entry *entry)
{
    struct entry **at = &buckets[entry->hash % NR_BUCKETS];

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    list_remove(&entry->in_dir);
    touch_dir(entry->dir);
    nr_names--;
    kfree(entry);
}

/* ---- the operations of directories ---- */

static int64_t lookup(struct inode *dir, const char *name, size_t size,
                      struct inode **found)
{
    struct entry *entry = find_entry(dir, name, size);

    if (entry == NULL)
        return -ENOENT;
    *found = inode_get(entry->inode);
    return 0;
}

static int64_t list(struct inode *dir, uint64_t cookie, dir_emit_t *emit,
                    void *context)
{
    struct entry *entry;

    list_for_each_entry (entry, &dir->entries, in_dir) {
        if (entry->cookie < cookie)
            continue;
        if (!emit(context, entry->name, entry->size, entry->inode->number,
                  entry->inode->mode & MODE_TYPE, entry->cookie + 1))
            break;
    }
    return 0;
}

static int64_t create(struct inode *dir, const char *name, size_t size,
                      uint32_t mode, uint64_t device, struct inode **made)
{
    int64_t result = check_new_name(dir, name, size);
    struct inode *inode;

    if (result != 0)
        return result;
    inode = ramfs_anonymous(mode);
    if (inode == NULL)
        return -ENOSPC;
    inode->device = device;
    result = add_entry(dir, name, size, inode);
    if (result == 0)
        *made = inode;
    else
        inode_put(inode);
    return result;
}

static int64_t link(struct inode *dir, const char *name, size_t size,
                    struct inode *target)
{
    int64_t result = check_new_name(dir, name, size);

    if (result != 0)
        return result;
    if (inode_is(target, MODE_DIR))
        return -EPERM;
    if (target->fs != dir->fs)
        return -EXDEV;
    if (target->links == 0) /* a pipe, or removed: it stays so */
        return -ENOENT;
    result = add_entry(dir, name, size, target);
    if (result == 0)
        target->change_ns = privops_wall_ns();
    return result;
}

/* Whether the inode may lose its name to nothing, or to another one. */
static int64_t check_removal(const struct inode *inode)
{
    if (inode->mounted != NULL)
        return -EBUSY;
    if (inode_is(inode, MODE_DIR) && !list_is_empty(&inode->entries))
        return -ENOTEMPTY;
    return 0;
}

static int64_t unlink(struct inode *dir, const char *name, size_t size)
{
    struct entry *entry = find_entry(dir, name, size);
    struct inode *inode;
    int64_t result;

    if (entry == NULL)
        return -ENOENT;
    inode = entry->inode;
    result = check_removal(inode);
    if (result != 0)
        return result;
    free_entry(entry);
    unname(inode, dir);
    return 0;
}

static bool is_inside(const struct inode *dir, const struct inode *of)
{
    for (; dir != NULL; dir = dir->parent)
        if (dir == of)
            return true;
    return false;
}

/* Whether what is renamed may take the place of the other. */
static int64_t check_replacing(const struct inode *inode,
                               const struct inode *other)
{
    bool is_dir = inode_is(inode, MODE_DIR);

    if (is_dir != inode_is(other, MODE_DIR))
        return is_dir ? -ENOTDIR : -EISDIR;
    return check_removal(other);
}

/* The old name's entry is for another inode now. */
static void replace(struct entry *old, struct inode *inode)
{
    struct inode *replaced = old->inode;

    old->inode = inode;
    inode->links++;
    inode->parent = old->dir;
    touch_dir(old->dir);
    unname(replaced, old->dir);
}

/* Whether the inode may get a name in the directory, where old has it now. */
static int64_t check_rename(const struct inode *inode, const struct inode *dir,
                            const struct entry *old)
{
    if (inode->mounted != NULL)
        return -EBUSY;
    if (inode_is(inode, MODE_DIR) && is_inside(dir, inode))
        return -EINVAL;
    return old != NULL ? check_replacing(inode, old->inode) : 0;
}

/* The new name first, which may fail; then the old one goes. */
static int64_t rename(struct inode *from, const char *name, size_t size,
                      struct inode *to, const char *new_name, size_t new_size)
{
    struct entry *entry = find_entry(from, name, size);
    struct entry *old = find_entry(to, new_name, new_size);
    struct inode *inode;
    int64_t result;

    if (entry == NULL)
        return -ENOENT;
    inode = entry->inode;
    if (old != NULL && old->inode == inode)
        return 0;
    result = check_rename(inode, to, old);
    if (result == 0 && old == NULL) {
        result = check_new_name(to, new_name, new_size);
        if (result == 0)
            result = add_entry(to, new_name, new_size, inode);
    }
    if (result != 0)
        return result;
    if (old != NULL)
        replace(old, inode);
    free_entry(entry);
    inode->links--;
    inode->change_ns = privops_wall_ns();
    return 0;
}

static int64_t read_link(struct inode *inode, char *text, size_t size)
{
    size_t length = inode->size < size ? inode->size : size;

    memcpy(text, inode->text, length);
    return (int64_t)length;
}

/* The text first: a link without one is never seen. */
static int64_t symlink(struct inode *dir, const char *name, size_t size,
                       const char *text, size_t text_size)
{
    struct inode *inode;
    char *copy;
    int64_t result;

    if (text_size == 0)
        return -ENOENT;
    copy = kmalloc(text_size);
    if (copy == NULL)
        return -ENOSPC;
    result = create(dir, name, size, MODE_LINK | 0777, 0, &inode);
    if (result != 0) {
        kfree(copy);
        return result;
    }
    memcpy(copy, text, text_size);
    inode->text = copy;
    inode->size = text_size;
    inode_put(inode);
    return 0;
}

static const struct inode_ops ramfs_ops = {
    .lookup = lookup,
    .list = list,
    .create = create,
    .symlink = symlink,
    .link = link,
    .unlink = unlink,
    .rename = rename,
    .read_link = read_link,
    .truncate = ramfs_truncate,
    .release = release,
};

/* ---- the root ---- */

void ramfs_make_root(void)
{
    struct page_statistics memory;
    struct inode *root;

    random_bytes(&hash_start, sizeof(hash_start));
    page_get_statistics(&memory);
    max_names = memory.total_kib / KIB_PER_NAME;
    root = ramfs_anonymous(MODE_DIR | 0755);
    if (root == NULL)
        panic("no memory for the root directory");
    root->links = 1;
    path_set_root(root);
}
