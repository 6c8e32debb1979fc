/* SPDX-License-Identifier: MIT
 *
 * The tables of character devices, and the nodes and links in /dev.
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
static int64_t make(struct inode *folder, const char *name, uint32_t mode,
                    uint64_t device, struct inode **made)
{
    *made = NULL;
    return folder->ops->create(folder, name, strlen(name), mode, device, made);
}

static int64_t make_link(struct inode *folder, const struct link *link)
{
    return folder->ops->symlink(folder, link->name, strlen(link->name),
                                link->text, strlen(link->text));
}

static void make_node(struct inode *folder, const struct device *device)
{
    struct inode *made;
    int64_t error =
        make(folder, device->name, MODE_CHAR | 0666, device->number, &made);

    inode_put(made);
    if (error != 0 && error != -EEXIST)
        kprintf("guest: no /dev/%s: error %ld\n", device->name, -error);
}

static void make_nodes(struct inode *folder)
{
    const struct device_table *table;
    int64_t error;
    size_t i;

    for (table = tables; table != NULL; table = table->next)
        for (i = 0; i < table->nr; i++)
            make_node(folder, &table->devices[i]);
    for (i = 0; i < ARRAY_SIZE(links); i++) {
        error = make_link(folder, &links[i]);
        if (error != 0 && error != -EEXIST)
            kprintf("guest: no /dev/%s: error %ld\n", links[i].name, -error);
    }
}

void device_make_nodes(void)
{
    struct inode *folder;
    int64_t error = path_find(NULL, "/dev", true, &folder);

    if (error == -ENOENT)
        error = make(path_root(), "dev", MODE_FOLDER | 0755, 0, &folder);
    if (error != 0) {
        kprintf("guest: no /dev: error %ld\n", -error);
        return;
    }
    make_nodes(folder);
    inode_put(folder);
}
