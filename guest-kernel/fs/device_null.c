/* SPDX-License-Identifier: MIT
 *
 * Devices without hardware: /dev/null and its kin.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/device.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/random.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/thread/wait.h"
#include "lib/macros.h"

/* Between two of these, others may run. */
#define PIECE 4096ul

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
    if (thread_current()->process == NULL)
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

void device_null_init(void)
{
    static const struct device devices[] = {
        {"null", DEVICE(1, 3), &null_ops},
        {"zero", DEVICE(1, 5), &zero_ops},
        {"full", DEVICE(1, 7), &full_ops},
        {"random", DEVICE(1, 8), &random_ops},
        {"urandom", DEVICE(1, 9), &random_ops},
    };
    static struct device_table table = {devices, ARRAY_SIZE(devices), NULL};

    device_register(&table);
}
