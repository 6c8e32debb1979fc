/* SPDX-License-Identifier: MIT
 *
 * Open files: what a descriptor refers to (an "open file description" in
 * POSIX). Shared after dup(2) and fork(2), hence counted.
 */
#ifndef GUEST_KERNEL_FS_FILE_H
#define GUEST_KERNEL_FS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct inode;
struct space;

/* open(2), by Linux's numbers. */
#define O_ACCESS 03u
#define O_RDONLY 00u
#define O_WRONLY 01u
#define O_RDWR 02u
#define O_CREAT 0100u
#define O_EXCL 0200u
#define O_NOCTTY 0400u
#define O_TRUNC 01000u
#define O_APPEND 02000u
#define O_NONBLOCK 04000u
#define O_DSYNC 010000u /* of O_SYNC, too */
#define O_DIRECT 040000u
#define O_LARGEFILE 0100000u
#define O_DIRECTORY 0200000u
#define O_NOFOLLOW 0400000u
#define O_CLOEXEC 02000000u
#define O_SYNC_ALL 04000000u /* O_SYNC without O_DSYNC: no difference here */
#define O_PATH 010000000u

/* poll(2) */
#define POLLIN 0x1u
#define POLLPRI 0x2u
#define POLLOUT 0x4u
#define POLLERR 0x8u
#define POLLHUP 0x10u
#define POLLNVAL 0x20u
#define POLLRDNORM 0x40u
#define POLLWRNORM 0x100u

/*
 * The other end of a read or write: user memory, or the kernel's own. It moves
 * on with what goes through it.
 */
struct io {
    struct space *space; /* NULL: vaddr is the kernel's */
    uint64_t vaddr;
    size_t left;
};

/* size is at most io->left; io_put() of NULL puts zeros. False: bad address; a
 * part may have been copied, and io->left says how much. */
bool io_put(struct io *io, const void *from, size_t size); /* for a read */
bool io_get(struct io *io, void *to, size_t size);         /* for a write */

/*
 * A transfer that goes on while its owner does something else. The owner keeps
 * it where it is until done(), which is called once, in any context, with
 * interrupts disabled: with how many bytes went, or a negative error number.
 */
enum file_operation { FILE_READ, FILE_WRITE, FILE_SYNC };

struct file_request {
    enum file_operation operation;
    struct io io;
    uint64_t offset;
    void (*done)(struct file_request *request, int64_t result);
};

/*
 * What a kind of file can do. Each may sleep where it says so in its file, and
 * returns a negative error number on failure: -ERESTARTSYS when a signal ended
 * the sleep. A transfer returns how many bytes went; *offset is for it to move.
 * NULL in a slot: read, write -EINVAL; ioctl -ENOTTY; poll: always ready;
 * memory: little; size: the inode's; sync: nothing to do; submit: it cannot.
 */
struct file_ops {
    int64_t (*open)(struct file *file); /* file->inode, file->flags are set */
    int64_t (*read)(struct file *file, struct io *to, uint64_t *offset);
    int64_t (*write)(struct file *file, struct io *from, uint64_t *offset);
    int64_t (*ioctl)(struct file *file, uint32_t request, uint64_t arg);
    /* How many bytes can be read now: for FIONREAD. NULL: ioctl knows. */
    size_t (*available)(const struct file *file);
    /* POLL bits that hold now. Does not sleep. */
    uint32_t (*poll)(struct file *file);
    /* Where it ends: for lseek(2). */
    uint64_t (*size)(const struct file *file);
    /* fsync(2): what was written is to be safe. */
    int64_t (*sync)(struct file *file);
    /* Begins it without sleeping: done() may have been called on return, or is
     * called when somebody has called kick(). It may be called after close(),
     * too. False: not possible in this way; nothing has begun. */
    bool (*submit)(struct file *file, struct file_request *request);
    void (*kick)(struct file *file);
    void (*close)(struct file *file); /* the last use is over */
    /* How much memory will be there once it is closed, for oom_kill(). */
    size_t (*memory)(const struct file *file);
    bool is_stream; /* no offset: lseek(2) and pread(2) say -ESPIPE */
};

/* What is kept of the flags of open(2). */
#define FILE_FLAGS                                                             \
    (O_ACCESS | O_APPEND | O_NONBLOCK | O_PATH | O_DSYNC | O_SYNC_ALL |        \
     O_DIRECT)

struct file {
    const struct file_ops *ops;
    struct inode *inode; /* a reference; never NULL (pipes have one, too) */
    uint32_t refs;
    uint32_t flags; /* FILE_FLAGS */
    uint64_t offset;
    uint64_t serial; /* no other has had or will have it */
    void *private;   /* the kind's */
};

/* Opens the inode, takes a reference of it. Creation and truncation are the
 * caller's. May sleep (named pipes). 0 and *opened, or a negative error
 * number. */
int64_t file_open(struct inode *inode, uint32_t flags, struct file **opened);

struct file *file_get(struct file *file);
/* NULL is ignored. The last one closes. */
void file_put(struct file *file);

/* At most 2^31 - 4096 bytes, as in Linux. The file's own offset moves. */
int64_t file_read(struct file *file, struct io *to);
int64_t file_write(struct file *file, struct io *from);

/* The same at another offset, which moves: -ESPIPE for streams. */
int64_t file_read_at(struct file *file, struct io *to, uint64_t *offset);
int64_t file_write_at(struct file *file, struct io *from, uint64_t *offset);

/* Whether the file can be read, or written. */
bool file_can(const struct file *file, uint32_t access);

/* POLL bits that hold now. */
uint32_t file_poll(struct file *file);

/* Where it ends. */
uint64_t file_size(const struct file *file);

/* What was written to it is safe, or a negative error number. Sleeps. */
int64_t file_sync(struct file *file);

/* The memory that arguments of an ioctl lead to: the caller's. Provided by
 * proc/process.c. */
struct space *process_space(void);

/* How much of the io has gone, or -EFAULT if nothing: for the end of a
 * transfer that met a bad address. */
int64_t io_partial(const struct io *io, size_t left_before);

/* ---- waiting for several files: poll(2) and its kin ---- */

/*
 * Something has changed that a poll slot of struct file_ops may tell. Any
 * context. All threads that poll look again at all that they wait for: a herd
 * in a large system, a simplicity in this one.
 */
void poll_notify(void);

/* Sleeps until the next poll_notify(), as wait_queue_sleep_until(). Called and
 * returns with interrupts disabled; the caller has looked with them disabled.
 */
int64_t poll_sleep(uint64_t deadline_ns);

#endif
