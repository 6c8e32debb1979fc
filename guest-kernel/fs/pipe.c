/* SPDX-License-Identifier: MIT
 *
 * Pipes: a ring of 16 pages, which come when they are first needed and go with
 * the pipe. Positions grow without end, and start over at the first page
 * whenever the pipe is empty: so a pipe whose reader keeps up uses one page.
 */
#include "guest-kernel/fs/pipe.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/fs/ramfs.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/user_page.h"
#include "guest-kernel/thread/wait.h"
#include "lib/macros.h"

#define NR_PAGES 16u
#define PIPE_SIZE (NR_PAGES * PAGE_SIZE)
/* What is written in one piece. */
#define PIPE_BUF 4096u

struct pipe {
    char *pages[NR_PAGES]; /* NULL: not needed yet */
    uint64_t read_at;
    uint64_t write_at; /* at most PIPE_SIZE ahead */
    unsigned int nr_readers;
    unsigned int nr_writers;
    /* How many there have ever been: open(2) waits for the next one. */
    uint64_t nr_reader_opens;
    uint64_t nr_writer_opens;
    struct wait_queue readers; /* in read(2) or open(2) */
    struct wait_queue writers;
};

static uint64_t filled(const struct pipe *pipe)
{
    return pipe->write_at - pipe->read_at;
}

static uint64_t room(const struct pipe *pipe)
{
    return PIPE_SIZE - filled(pipe);
}

/* No interrupt handler touches a pipe: what the caller has looked at holds
 * until it sleeps. */
static int64_t sleep_on(struct wait_queue *queue)
{
    bool irq_on = privops_irq_save();
    int64_t result = wait_queue_sleep_until(queue, WAIT_FOREVER);

    privops_irq_restore(irq_on);
    return result;
}

static void wake(struct wait_queue *queue)
{
    bool irq_on = privops_irq_save();

    wait_queue_wake_all(queue);
    privops_irq_restore(irq_on);
    poll_notify();
}

/* ---- the ring ---- */

/* Where the byte at this position is, and how many follow it in its page. NULL
 * without memory. */
static char *ring_at(struct pipe *pipe, uint64_t position, size_t *left)
{
    char **page = &pipe->pages[position / PAGE_SIZE % NR_PAGES];

    if (*page == NULL)
        *page = user_page_alloc();
    *left = PAGE_SIZE - position % PAGE_SIZE;
    return *page == NULL ? NULL : *page + position % PAGE_SIZE;
}

/* What is there, as far as it is asked for. False: bad address. */
static bool ring_read(struct pipe *pipe, struct io *to)
{
    size_t part, before;
    const char *from;
    bool ok = true;

    while (ok && to->left > 0 && filled(pipe) > 0) {
        from = ring_at(pipe, pipe->read_at, &part);
        part = MIN(part, MIN(to->left, filled(pipe)));
        before = to->left;
        ok = io_put(to, from, part);
        pipe->read_at += before - to->left;
    }
    if (filled(pipe) == 0) {
        pipe->read_at = 0;
        pipe->write_at = 0;
    }
    return ok;
}

/* As much as there is room for. 0, -EFAULT or -ENOMEM. */
static int64_t ring_write(struct pipe *pipe, struct io *from)
{
    size_t part, before;
    bool ok = true;
    char *to;

    while (ok && from->left > 0 && room(pipe) > 0) {
        to = ring_at(pipe, pipe->write_at, &part);
        if (to == NULL)
            return -ENOMEM;
        part = MIN(part, MIN(from->left, room(pipe)));
        before = from->left;
        ok = io_get(from, to, part);
        pipe->write_at += before - from->left;
    }
    return ok ? 0 : -EFAULT;
}

/* ---- transfers ---- */

/* Sleeps until there is something to read, unless there never will be. */
static int64_t pipe_read(struct file *file, struct io *to, uint64_t *offset)
{
    struct pipe *pipe = file->private;
    size_t left_before = to->left;
    int64_t result;

    (void)offset;
    if (to->left == 0)
        return 0;
    while (filled(pipe) == 0) {
        if (pipe->nr_writers == 0)
            return 0;
        if ((file->flags & O_NONBLOCK) != 0)
            return -EAGAIN;
        result = sleep_on(&pipe->readers);
        if (result != 0)
            return result;
    }
    (void)ring_read(pipe, to);
    wake(&pipe->writers);
    return io_partial(to, left_before);
}

static int64_t no_readers(void)
{
    signal_broken_pipe();
    return -EPIPE;
}

/* Until there is room for all of a small write, or for a part of a large
 * one. */
static int64_t wait_for_room(struct file *file, size_t size)
{
    struct pipe *pipe = file->private;
    size_t needed = size <= PIPE_BUF ? size : 1;
    int64_t result = 0;

    while (result == 0) {
        if (pipe->nr_readers == 0)
            return no_readers();
        if (room(pipe) >= needed)
            return 0;
        if ((file->flags & O_NONBLOCK) != 0)
            return -EAGAIN;
        result = sleep_on(&pipe->writers);
    }
    return result;
}

/* Sleeps until all is written. The size that counts is the whole write's: what
 * is left of a large one may go in pieces. */
static int64_t pipe_write(struct file *file, struct io *from, uint64_t *offset)
{
    struct pipe *pipe = file->private;
    size_t size = from->left;
    int64_t result = 0;

    (void)offset;
    while (result == 0 && from->left > 0) {
        result = wait_for_room(file, size);
        if (result != 0)
            break;
        result = ring_write(pipe, from);
        wake(&pipe->readers);
    }
    return from->left < size ? (int64_t)(size - from->left) : result;
}

static uint32_t pipe_poll(struct file *file)
{
    const struct pipe *pipe = file->private;
    uint32_t events = 0;

    if (file_can(file, O_RDONLY)) {
        if (filled(pipe) > 0)
            events |= POLLIN | POLLRDNORM;
        if (pipe->nr_writers == 0 && pipe->nr_writer_opens > 0)
            events |= POLLHUP;
    }
    if (file_can(file, O_WRONLY)) {
        if (room(pipe) >= PIPE_BUF)
            events |= POLLOUT | POLLWRNORM;
        if (pipe->nr_readers == 0)
            events |= POLLERR;
    }
    return events;
}

static size_t pipe_memory(const struct file *file)
{
    const struct pipe *pipe = file->private;
    size_t size = 0;
    unsigned int i;

    for (i = 0; i < NR_PAGES; i++)
        size += pipe->pages[i] != NULL ? PAGE_SIZE : 0;
    return size;
}

static size_t pipe_available(const struct file *file)
{
    return filled(file->private);
}

/* ---- opening and closing ---- */

/* The pipe of a FIFO's inode lives while somebody has it open. */
static struct pipe *pipe_of(struct inode *inode)
{
    struct pipe *pipe = inode->pipe;

    if (pipe != NULL)
        return pipe;
    pipe = kzalloc(sizeof(*pipe));
    if (pipe == NULL)
        return NULL;
    wait_queue_init(&pipe->readers);
    wait_queue_init(&pipe->writers);
    inode->pipe = pipe;
    return pipe;
}

static void free_if_unused(struct inode *inode)
{
    struct pipe *pipe = inode->pipe;
    unsigned int i;

    if (pipe->nr_readers > 0 || pipe->nr_writers > 0)
        return;
    for (i = 0; i < NR_PAGES; i++)
        if (pipe->pages[i] != NULL && user_page_drop(pipe->pages[i]))
            page_free(pipe->pages[i]);
    kfree(pipe);
    inode->pipe = NULL;
}

static void pipe_close(struct file *file)
{
    struct pipe *pipe = file->private;

    if (file_can(file, O_RDONLY))
        pipe->nr_readers--;
    if (file_can(file, O_WRONLY))
        pipe->nr_writers--;
    wake(&pipe->readers);
    wake(&pipe->writers);
    free_if_unused(file->inode);
}

/* For open(2) of one end: until somebody opens the other. */
static int64_t wait_for_other_end(const struct file *file, struct pipe *pipe)
{
    bool reads = file_can(file, O_RDONLY);
    const uint64_t *nr_opens =
        reads ? &pipe->nr_writer_opens : &pipe->nr_reader_opens;
    uint64_t before = *nr_opens;
    int64_t result = 0;

    if ((reads ? pipe->nr_writers : pipe->nr_readers) > 0)
        return 0;
    if ((file->flags & O_NONBLOCK) != 0)
        return reads ? 0 : -ENXIO;
    while (result == 0 && *nr_opens == before)
        result = sleep_on(reads ? &pipe->readers : &pipe->writers);
    return result;
}

static int64_t pipe_open(struct file *file)
{
    struct pipe *pipe = pipe_of(file->inode);
    int64_t result = 0;

    if (pipe == NULL)
        return -ENOMEM;
    file->private = pipe;
    if (file_can(file, O_RDONLY)) {
        pipe->nr_readers++;
        pipe->nr_reader_opens++;
        wake(&pipe->writers);
    }
    if (file_can(file, O_WRONLY)) {
        pipe->nr_writers++;
        pipe->nr_writer_opens++;
        wake(&pipe->readers);
    }
    /* One of pipe(2), to which /proc/PID/fd leads too, has no name: no wait. */
    if (file->inode->links > 0 && (file->flags & O_ACCESS) != O_RDWR)
        result = wait_for_other_end(file, pipe);
    if (result != 0)
        pipe_close(file);
    return result;
}

const struct file_ops pipe_file_ops = {
    .open = pipe_open,
    .read = pipe_read,
    .write = pipe_write,
    .available = pipe_available,
    .poll = pipe_poll,
    .close = pipe_close,
    .memory = pipe_memory,
    .is_stream = true,
};

int64_t pipe_create(struct file *ends[2], uint32_t flags)
{
    struct inode *inode = ramfs_anonymous(MODE_FIFO | 0600);
    int64_t result;

    if (inode == NULL)
        return -ENOMEM;
    result = file_open(inode, O_RDONLY | (flags & O_NONBLOCK), &ends[0]);
    if (result == 0) {
        result = file_open(inode, O_WRONLY | (flags & O_NONBLOCK), &ends[1]);
        if (result != 0)
            file_put(ends[0]);
    }
    inode_put(inode);
    return result;
}
