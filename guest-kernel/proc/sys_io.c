/* SPDX-License-Identifier: MIT
 *
 * Input and output. There are no files yet: descriptors 0, 1 and 2 are the
 * console, all three for both directions, as on a terminal.
 */
#include "guest-kernel/core/console.h"
#include "guest-kernel/proc/errno.h"
#include "guest-kernel/proc/syscall.h"
#include "guest-kernel/proc/terminal.h"
#include "lib/macros.h"

#define NR_DESCRIPTORS 3
#define CHUNK_SIZE 512ul
/* Of one call, as in Linux: the result stays below 2^31. */
#define MAX_TRANSFER 0x7ffff000ul
#define MAX_VECTORS 1024

struct vector {
    uint64_t vaddr;
    uint64_t size;
};

typedef int64_t transfer_t(struct process *self, uint64_t vaddr, uint64_t size);

/* What was written before a bad address counts. */
static int64_t write_console(struct process *self, uint64_t vaddr,
                             uint64_t size)
{
    char chunk[CHUNK_SIZE];
    uint64_t done, part;

    size = MIN(size, MAX_TRANSFER);
    for (done = 0; done < size; done += part) {
        part = MIN(size - done, CHUNK_SIZE);
        if (!space_copy_in(self->space, chunk, vaddr + done, part))
            return done > 0 ? (int64_t)done : -EFAULT;
        console_put(chunk, part);
    }
    return (int64_t)size;
}

/* At most a line, or what fits into the buffer here. */
static int64_t read_console(struct process *self, uint64_t vaddr, uint64_t size)
{
    char chunk[CHUNK_SIZE];
    int64_t got;

    if (size == 0)
        return 0;
    got = terminal_read(chunk, MIN(size, CHUNK_SIZE));
    if (got < 0)
        process_exit(STATUS_KILLED(SIGINT));
    if (!space_copy_out(self->space, vaddr, chunk, (size_t)got))
        return -EFAULT;
    return got;
}

int64_t sys_read(struct process *self, const uint64_t *args)
{
    if (args[0] >= NR_DESCRIPTORS)
        return -EBADF;
    return read_console(self, args[1], args[2]);
}

int64_t sys_write(struct process *self, const uint64_t *args)
{
    if (args[0] >= NR_DESCRIPTORS)
        return -EBADF;
    return write_console(self, args[1], args[2]);
}

/* One after the other, until one is not done in full. args: descriptor, array,
 * its length. */
static int64_t transfer_all(struct process *self, const uint64_t *args,
                            transfer_t *transfer)
{
    struct vector vector;
    int64_t result, total = 0;
    uint64_t i;

    if (args[0] >= NR_DESCRIPTORS)
        return -EBADF;
    if (args[2] > MAX_VECTORS)
        return -EINVAL;
    for (i = 0; i < args[2]; i++) {
        result = -EFAULT;
        if (space_copy_in(self->space, &vector, args[1] + i * sizeof(vector),
                          sizeof(vector)))
            result = transfer(self, vector.vaddr, vector.size);
        if (result < 0)
            return total > 0 ? total : result;
        total += result;
        if ((uint64_t)result < vector.size)
            break;
    }
    return total;
}

int64_t sys_writev(struct process *self, const uint64_t *args)
{
    return transfer_all(self, args, write_console);
}

/* A second buffer is not waited for: one that is filled ends the call. */
static int64_t read_first(struct process *self, const uint64_t *args)
{
    struct vector vector;
    uint64_t i;

    for (i = 0; i < args[2]; i++) {
        if (!space_copy_in(self->space, &vector, args[1] + i * sizeof(vector),
                           sizeof(vector)))
            return -EFAULT;
        if (vector.size > 0)
            return read_console(self, vector.vaddr, vector.size);
    }
    return 0;
}

int64_t sys_readv(struct process *self, const uint64_t *args)
{
    if (args[0] >= NR_DESCRIPTORS)
        return -EBADF;
    if (args[2] > MAX_VECTORS)
        return -EINVAL;
    return read_first(self, args);
}

/* The console is no terminal that can be set up. */
int64_t sys_ioctl(struct process *self, const uint64_t *args)
{
    (void)self;
    return args[0] < NR_DESCRIPTORS ? -ENOTTY : -EBADF;
}
