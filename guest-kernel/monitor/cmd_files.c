/* SPDX-License-Identifier: MIT
 *
 * Commands about files. Processes use them too: interrupts are disabled
 * meanwhile (thread/thread.h).
 */
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/monitor/commands.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/tty/console.h"
#include "lib/macros.h"

/* ---- ls ---- */

static const char *mark_of(uint32_t type)
{
    switch (type) {
    case MODE_DIR:
        return "/";
    case MODE_LINK:
        return "@";
    case MODE_FIFO:
        return "|";
    default:
        return "";
    }
}

/* context: the directory. */
static bool print_entry(void *context, const char *name, size_t size,
                        uint64_t number, uint32_t type, uint64_t cookie)
{
    struct inode *dir = context, *inode;

    (void)number;
    (void)cookie;
    if (dir->ops->lookup(dir, name, size, &inode) != 0)
        return true;
    kprintf("  %8lu  %.*s%s\n", inode->size, (int)size, name, mark_of(type));
    inode_put(inode);
    return true;
}

static void list(const char *path)
{
    struct inode *inode;

    if (path_find(NULL, path, true, &inode) != 0) {
        kprintf("ls: %s: no such file\n", path);
        return;
    }
    if (!inode_is(inode, MODE_DIR))
        kprintf("  %8lu  %s\n", inode->size, path);
    else if (inode->ops->list(inode, 0, print_entry, inode) != 0)
        kprintf("ls: %s: cannot be listed\n", path);
    inode_put(inode);
}

void cmd_ls(unsigned int nr_args, char **args)
{
    bool irq_on = privops_irq_save();

    list(nr_args > 1 ? args[1] : "/");
    privops_irq_restore(irq_on);
}

/* ---- cat ---- */

static void print_file(struct file *file)
{
    char bytes[256];
    struct io io;
    int64_t got;

    do {
        io = (struct io){NULL, (uint64_t)bytes, sizeof(bytes)};
        got = file_read(file, &io);
        if (got > 0)
            console_put(bytes, (size_t)got);
    } while (got > 0);
}

/* Only of regular files: no read of another one may sleep here. */
static void print_path(const char *path)
{
    struct inode *inode;
    struct file *file;

    if (path_find(NULL, path, true, &inode) != 0) {
        kprintf("cat: %s: no such file\n", path);
        return;
    }
    if (!inode_is(inode, MODE_REGULAR)) {
        kprintf("cat: %s: not a file\n", path);
    } else if (file_open(inode, O_RDONLY, &file) != 0) {
        kprintf("cat: %s: cannot be opened\n", path);
    } else {
        print_file(file);
        file_put(file);
    }
    inode_put(inode);
}

void cmd_cat(unsigned int nr_args, char **args)
{
    bool irq_on = privops_irq_save();
    unsigned int i;

    for (i = 1; i < nr_args; i++)
        print_path(args[i]);
    privops_irq_restore(irq_on);
}
