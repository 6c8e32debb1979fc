/* SPDX-License-Identifier: MIT
 *
 * From the boot loader's RAM disk, a cpio archive, to files. Names lead where
 * they would lead a program; directories that the archive does not list are
 * made. Something that cannot be made is reported, and left out.
 */
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/cpio.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/fs/ramfs.h"
#include "guest-kernel/fs/ramfs_parts.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/mm/page.h"
#include "lib/string.h"

#define NS_PER_SECOND 1000000000ul
#define MAX_DIR_PATH 512
#define KIB_PER_PAGE (PAGE_SIZE / 1024u)

/* -EEXIST is no error here. */
static int64_t make_dir(const char *path)
{
    struct inode *dir, *made;
    const char *name;
    size_t size;
    int64_t result = path_find_dir(NULL, path, &dir, &name, &size);

    if (result != 0)
        return result == -EEXIST ? 0 : result;
    result = dir->ops->create(dir, name, size, MODE_DIR | 0755, 0, &made);
    inode_put(dir);
    if (result == 0)
        inode_put(made);
    return result == -EEXIST ? 0 : result;
}

/* All directories that lead to the path's last part. */
static int64_t make_dirs(const char *path)
{
    char part[MAX_DIR_PATH];
    const char *slash = path;
    int64_t result = 0;

    while (result == 0 && (slash = strchr(slash + 1, '/')) != NULL) {
        if ((size_t)(slash - path) >= sizeof(part))
            return -ENAMETOOLONG;
        memcpy(part, path, (size_t)(slash - path));
        part[slash - path] = '\0';
        result = make_dir(part);
    }
    return result;
}

/* A file takes the place of one that is there; a directory joins it. */
static int64_t make_inode(struct inode *dir, const char *name, size_t size,
                          const struct cpio_entry *entry)
{
    struct inode *inode;
    int64_t result;

    result = dir->ops->create(dir, name, size,
                              entry->mode & (MODE_TYPE | MODE_PERMISSIONS),
                              entry->device, &inode);
    if (result == -EEXIST && cpio_is_directory(entry))
        return 0;
    if (result != 0)
        return result;
    if (cpio_is_file(entry))
        result = ramfs_fill(inode, entry->data, entry->size);
    inode->modify_ns = entry->mtime * NS_PER_SECOND;
    inode_put(inode);
    return result;
}

static int64_t make_entry(struct inode *dir, const char *name, size_t size,
                          const struct cpio_entry *entry)
{
    if (!cpio_is_directory(entry))
        (void)dir->ops->unlink(dir, name, size);
    if ((entry->mode & MODE_TYPE) == MODE_LINK)
        return dir->ops->symlink(dir, name, size, (const char *)entry->data,
                                 entry->size < PATH_MAX ? entry->size : 0);
    return make_inode(dir, name, size, entry);
}

static int64_t unpack_entry(const struct cpio_entry *entry)
{
    struct inode *dir;
    const char *name;
    size_t size;
    int64_t result = make_dirs(entry->name);

    if (result == 0)
        result = path_find_dir(NULL, entry->name, &dir, &name, &size);
    if (result == -EEXIST)
        return 0; /* the root itself: "." */
    if (result != 0)
        return result;
    result = make_entry(dir, name, size, entry);
    inode_put(dir);
    return result;
}

void ramfs_unpack(const void *archive, size_t size)
{
    enum cpio_result result;
    struct cpio_entry entry;
    unsigned int nr_files = 0;
    struct cpio cpio;
    int64_t error;

    cpio_open(&cpio, archive, size);
    while ((result = cpio_next(&cpio, &entry)) == CPIO_ENTRY) {
        error = unpack_entry(&entry);
        if (error != 0)
            kprintf("guest: RAM disk: %.100s is left out: error %ld\n",
                    entry.name, -error);
        else if (cpio_is_file(&entry))
            nr_files++;
    }
    kprintf("guest: RAM disk of %lu bytes, %u files\n", size, nr_files);
    if (result != CPIO_END)
        kprintf("guest: RAM disk damaged at byte %lu: %s\n", cpio.offset,
                cpio_result_text(result));
}

void ramfs_follow_memory(void)
{
    struct page_statistics memory;

    page_get_statistics(&memory);
    object_set_limit(memory.total_kib / KIB_PER_PAGE / 2);
}

void ramfs_init(const struct boot_info *boot)
{
    const struct memory_range *disk = &boot->ramdisk;

    ramfs_make_root();
    if (disk->start < disk->end) {
        ramfs_unpack(direct_map(disk->start), disk->end - disk->start);
        page_add_range(disk->start, disk->end);
    } else {
        kprintf("guest: no RAM disk\n");
    }
    ramfs_follow_memory();
}
