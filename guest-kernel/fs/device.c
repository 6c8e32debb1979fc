/* SPDX-License-Identifier: MIT
 *
 * Character devices without hardware, by Linux's numbers, and the nodes and
 * links in /dev. The terminal's are here by number only: fs/tty.c.
 */
#include "guest-kernel/fs/device.h"

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/fs/random.h"
#include "guest-kernel/fs/tty.h"
#include "guest-kernel/proc/sched.h"
#include "guest-kernel/proc/signal.h"
#include "lib/macros.h"
#include "lib/string.h"

/* Between two of these, others may run. */
#define PIECE 4096ul

#define DEVICE(major, minor) ((uint64_t)(major) << 8 | (minor))

/* ---- reading and writing ---- */

static int64_t read_nothing(struct file *file, struct io *to, uint64_t *offset)
{
    (void)file;
    (void)to;
    (void)offset;
    return 0;
}

static int64_t write_nowhere(struct file *file, struct io *from,
                             uint64_t *offset)
{
    int64_t size = (int64_t)from->left;

    (void)file;
    (void)offset;
    from->vaddr += from->left;
    from->left = 0;
    return size;
}

static int64_t write_full(struct file *file, struct io *from, uint64_t *offset)
{
    (void)file;
    (void)offset;
    return from->left == 0 ? 0 : -ENOSPC;
}

/* Whether a long transfer goes on: a signal may want to end it. */
static bool may_go_on(void)
{
    if (process_current() == NULL)
        return true;
    if (signal_pending())
        return false;
    sched_breathe();
    return true;
}

static int64_t read_zeros(struct file *file, struct io *to, uint64_t *offset)
{
    size_t whole = to->left;

    (void)file;
    (void)offset;
    while (to->left > 0)
        if (!io_put(to, NULL, MIN(to->left, PIECE)) || !may_go_on())
            break;
    return whole > 0 ? io_partial(to, whole) : 0;
}

static int64_t read_random(struct file *file, struct io *to, uint64_t *offset)
{
    size_t whole = to->left, size;
    char piece[256];

    (void)file;
    (void)offset;
    while (to->left > 0) {
        size = MIN(to->left, sizeof(piece));
        random_bytes(piece, size);
        if (!io_put(to, piece, size) || !may_go_on())
            break;
    }
    return whole > 0 ? io_partial(to, whole) : 0;
}

static const struct file_ops null_ops = {.read = read_nothing,
                                         .write = write_nowhere};
static const struct file_ops zero_ops = {.read = read_zeros,
                                         .write = write_nowhere};
static const struct file_ops full_ops = {.read = read_zeros,
                                         .write = write_full};
/* What is written to it would be mixed in, if it was worth anything. */
static const struct file_ops random_ops = {.read = read_random,
                                           .write = write_nowhere};

/* ---- which there are ---- */

static const struct device {
    const char *name;
    uint64_t number;
    const struct file_ops *ops;
} devices[] = {
    {"null", DEVICE(1, 3), &null_ops},
    {"zero", DEVICE(1, 5), &zero_ops},
    {"full", DEVICE(1, 7), &full_ops},
    {"random", DEVICE(1, 8), &random_ops},
    {"urandom", DEVICE(1, 9), &random_ops},
    {"tty", TTY_DEVICE_TTY, &tty_file_ops},
    {"console", TTY_DEVICE_CONSOLE, &tty_file_ops},
    {"ttyS0", DEVICE(4, 64), &tty_file_ops},
};

static const struct link {
    const char *name;
    const char *text;
} links[] = {
    {"fd", "/proc/self/fd"},
    {"stdin", "/proc/self/fd/0"},
    {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},
};

const struct file_ops *device_file_ops(uint64_t device)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(devices); i++)
        if (devices[i].number == device)
            return devices[i].ops;
    return NULL;
}

/* ---- /dev ---- */

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

static void make_nodes(struct inode *folder)
{
    struct inode *made;
    int64_t error;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(devices); i++) {
        error = make(folder, devices[i].name, MODE_CHAR | 0666,
                     devices[i].number, &made);
        inode_put(made);
        if (error != 0 && error != -EEXIST)
            kprintf("guest: no /dev/%s: error %ld\n", devices[i].name, -error);
    }
    for (i = 0; i < ARRAY_SIZE(links); i++) {
        error = make_link(folder, &links[i]);
        if (error != 0 && error != -EEXIST)
            kprintf("guest: no /dev/%s: error %ld\n", links[i].name, -error);
    }
}

void device_init(void)
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
