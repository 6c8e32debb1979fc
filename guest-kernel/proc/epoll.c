/* SPDX-License-Identifier: MIT
 *
 * Sets of files to wait for. Like everything that polls, a set looks at all of
 * its items again when poll_notify() says that something has changed.
 */
#include "guest-kernel/proc/epoll.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/fs/ramfs.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/user_page.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/process.h"

struct item {
    struct list_node node; /* epoll->items */
    uint64_t fd;
    uint64_t serial; /* of the file */
    struct epoll_event event;
    bool is_disabled; /* EPOLLONESHOT, until EPOLL_CTL_MOD */
};

struct epoll {
    struct list_node items;
};

/* What can be asked for; POLLERR and POLLHUP are told always. */
#define ALWAYS (POLLERR | POLLHUP)

/* The file of the item, or NULL: the item is gone. */
static struct file *file_of(const struct item *item)
{
    struct file *file = files_peek(process_current()->files, item->fd);

    return file != NULL && file->serial == item->serial ? file : NULL;
}

static void free_item(struct item *item)
{
    list_remove(&item->node);
    kfree(item);
}

/* Items that are gone are freed on the way. */
static struct item *find_item(struct epoll *epoll, uint64_t fd)
{
    struct item *item, *next;

    list_for_each_entry_safe (item, next, &epoll->items, node) {
        if (item->fd != fd)
            continue;
        if (file_of(item) != NULL)
            return item;
        free_item(item);
    }
    return NULL;
}

static uint32_t ready_events(const struct item *item)
{
    struct file *file = file_of(item);

    if (file == NULL || item->is_disabled)
        return 0;
    return file_poll(file) & (item->event.events | ALWAYS);
}

static int64_t add_item(struct epoll *epoll, uint64_t fd,
                        const struct file *file,
                        const struct epoll_event *event)
{
    struct item *item = NULL;

    if (user_page_leaves(sizeof(*item)))
        item = kzalloc(sizeof(*item));
    if (item == NULL)
        return -ENOMEM;
    item->fd = fd;
    item->serial = file->serial;
    item->event = *event;
    list_add_last(&epoll->items, &item->node);
    return 0;
}

static int64_t check_file(const struct file *file)
{
    if (file == NULL)
        return -EBADF;
    if (file_is_epoll(file))
        return -EINVAL;
    /* Always ready: there is nothing to wait for. */
    return file->ops->poll != NULL ? 0 : -EPERM;
}

int64_t epoll_change(struct file *set, uint64_t operation, uint64_t fd,
                     const struct epoll_event *event)
{
    struct file *file = files_peek(process_current()->files, fd);
    int64_t result = check_file(file);
    struct item *item;

    if (result != 0)
        return result;
    fd = (uint32_t)fd; /* as in proc/files.c: one item for each */
    item = find_item(set->private, fd);
    if (operation == EPOLL_CTL_ADD)
        return item == NULL ? add_item(set->private, fd, file, event) : -EEXIST;
    if (operation != EPOLL_CTL_MOD && operation != EPOLL_CTL_DEL)
        return -EINVAL;
    if (item == NULL)
        return -ENOENT;
    if (operation == EPOLL_CTL_DEL) {
        free_item(item);
        return 0;
    }
    item->event = *event;
    item->is_disabled = false;
    poll_notify();
    return 0;
}

static bool put_event(struct item *item, uint32_t ready, struct io *to)
{
    struct epoll_event event = {ready, item->event.data};

    if (!io_put(to, &event, sizeof(event)))
        return false;
    if ((item->event.events & EPOLLONESHOT) != 0)
        item->is_disabled = true;
    return true;
}

/* Those that are put are moved to a list of their own meanwhile. */
int64_t epoll_collect(struct file *set, struct io *to, uint64_t max)
{
    struct epoll *epoll = set->private;
    struct list_node done = LIST_INIT(done), *node;
    struct item *item, *next;
    int64_t count = 0;
    uint32_t ready;

    list_for_each_entry_safe (item, next, &epoll->items, node) {
        if ((uint64_t)count == max)
            break;
        ready = ready_events(item);
        if (ready == 0)
            continue;
        if (!put_event(item, ready, to)) {
            count = count > 0 ? count : -EFAULT;
            break;
        }
        list_remove(&item->node);
        list_add_last(&done, &item->node);
        count++;
    }
    while ((node = list_take_first(&done)) != NULL)
        list_add_last(&epoll->items, node);
    return count;
}

static uint32_t poll_set(struct file *set)
{
    struct epoll *epoll = set->private;
    const struct item *item;

    list_for_each_entry (item, &epoll->items, node)
        if (ready_events(item) != 0)
            return POLLIN | POLLRDNORM;
    return 0;
}

static size_t set_memory(const struct file *set)
{
    const struct epoll *epoll = set->private;
    const struct item *item;
    size_t size = 0;

    list_for_each_entry (item, &epoll->items, node)
        size += sizeof(*item);
    return size;
}

static void close_set(struct file *set)
{
    struct epoll *epoll = set->private;
    struct item *item, *next;

    list_for_each_entry_safe (item, next, &epoll->items, node)
        free_item(item);
    kfree(epoll);
}

static const struct file_ops epoll_ops = {
    .poll = poll_set,
    .close = close_set,
    .memory = set_memory,
    .is_stream = true,
};

bool file_is_epoll(const struct file *file)
{
    return file->ops == &epoll_ops;
}

int64_t epoll_create(struct file **opened)
{
    struct inode *inode = ramfs_anonymous(0600);
    struct epoll *epoll = kzalloc(sizeof(*epoll));
    int64_t result = -ENOMEM;

    if (inode != NULL && epoll != NULL) {
        list_init(&epoll->items);
        inode->file_ops = &epoll_ops;
        result = file_open(inode, O_RDWR, opened);
        inode->file_ops = NULL; /* /proc/self/fd opens it no second time */
    }
    inode_put(inode);
    if (result != 0)
        kfree(epoll);
    else
        (*opened)->private = epoll;
    return result;
}
