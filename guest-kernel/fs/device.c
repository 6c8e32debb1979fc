/* SPDX-License-Identifier: MIT
 *
 * Devices by number, and the nodes and links in /dev.
 */
#include "guest-kernel/fs/device.h"

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/fs/path.h"
#include "lib/macros.h"
#include "lib/string.h"

static struct device_table *tables;

void device_register(struct device_table *table)
{
    struct device_table **last = &tables;

    while (*last != NULL)
        last = &(*last)->next;
    *last = table;
}

const struct file_ops *device_file_ops(uint64_t number)
{
    const struct device_table *table;
    size_t i;

    for (table = tables; table != NULL; table = table->next)
        for (i = 0; i < table->nr; i++)
            if (table->devices[i].number == number)
                return table->devices[i].ops;
    return NULL;
}

static struct {
    uint64_t major;
    const struct file_ops *ops;
} blocks;

void device_set_block_ops(uint64_t major, const struct file_ops *ops)
{
    blocks.major = major;
    blocks.ops = ops;
}

const struct file_ops *device_block_ops(uint64_t number)
{
    return DEVICE_MAJOR(number) == blocks.major ? blocks.ops : NULL;
}

/* ---- /dev ---- */

static const struct link {
    const char *name;
    const char *text;
} links[] = {
    {"fd", "/proc/self/fd"},
    {"stdin", "/proc/self/fd/0"},
    {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},
};

/* What the RAM disk has already stays. */
static int64_t make(struct inode *dir, const char *name, uint32_t mode,
                    uint64_t device, struct inode **made)
{
    *made = NULL;
    return dir->ops->create(dir, name, strlen(name), mode, device, made);
}

static int64_t make_link(struct inode *dir, const struct link *link)
{
    return dir->ops->symlink(dir, link->name, strlen(link->name), link->text,
                             strlen(link->text));
}

static void make_node(struct inode *dir, const char *name, uint32_t mode,
                      uint64_t number)
{
    struct inode *made;
    int64_t error = make(dir, name, mode, number, &made);

    inode_put(made);
    if (error != 0 && error != -EEXIST)
        kprintf("guest: no /dev/%s: error %ld\n", name, -error);
}

static void make_nodes(struct inode *dir)
{
    const struct device_table *table;
    int64_t error;
    size_t i;

    for (table = tables; table != NULL; table = table->next)
        for (i = 0; i < table->nr; i++)
            make_node(dir, table->devices[i].name, MODE_CHAR | 0666,
                      table->devices[i].number);
    for (i = 0; i < ARRAY_SIZE(links); i++) {
        error = make_link(dir, &links[i]);
        if (error != 0 && error != -EEXIST)
            kprintf("guest: no /dev/%s: error %ld\n", links[i].name, -error);
    }
}

void device_make_nodes(void)
{
    struct inode *dir;
    int64_t error = path_find(NULL, "/dev", true, &dir);

    if (error == -ENOENT)
        error = make(path_root(), "dev", MODE_DIR | 0755, 0, &dir);
    if (error != 0) {
        kprintf("guest: no /dev: error %ld\n", -error);
        return;
    }
    make_nodes(dir);
    inode_put(dir);
}

void device_add_node(const char *name, uint32_t mode, uint64_t number)
{
    struct inode *dir;

    if (path_find(NULL, "/dev", true, &dir) != 0)
        return;
    if (dir->ops->create != NULL)
        make_node(dir, name, mode, number);
    inode_put(dir);
}

void device_remove_node(const char *name)
{
    struct inode *dir, *inode;
    bool is_device;

    if (path_find(NULL, "/dev", true, &dir) != 0)
        return;
    if (dir->ops->unlink != NULL &&
        dir->ops->lookup(dir, name, strlen(name), &inode) == 0) {
        is_device = inode_is(inode, MODE_CHAR) || inode_is(inode, MODE_BLOCK);
        inode_put(inode);
        if (is_device)
            (void)dir->ops->unlink(dir, name, strlen(name));
    }
    inode_put(dir);
}
