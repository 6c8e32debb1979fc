/* SPDX-License-Identifier: MIT
 *
 * Inodes: what names lead to. A file system is its inodes' operations; there
 * are two, fs/ramfs.c (also devices and named pipes) and procfs/procfs.c. The
 * kernel is not preempted (thread/thread.h), so an inode has no lock: nothing
 * here sleeps.
 *
 * References are counted: by names in directories (`links`), and by whoever
 * holds a pointer (`refs`). An inode goes when both are 0.
 */
#ifndef GUEST_KERNEL_FS_INODE_H
#define GUEST_KERNEL_FS_INODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/list.h"

struct file;
struct file_ops;
struct inode;
struct object;
struct pipe;

/* st_mode (inode(7)). */
#define MODE_TYPE 0170000u
#define MODE_FIFO 0010000u
#define MODE_CHAR 0020000u
#define MODE_DIR 0040000u
#define MODE_BLOCK 0060000u
#define MODE_REGULAR 0100000u
#define MODE_LINK 0120000u
#define MODE_SOCKET 0140000u
#define MODE_PERMISSIONS 07777u

#define NAME_MAX 255u
#define PATH_MAX 4096u

/* Called for each entry of a directory: false ends it. cookie is where to go
 * on after it; type is MODE_TYPE's bits. */
typedef bool dir_emit_t(void *context, const char *name, size_t size,
                        uint64_t number, uint32_t type, uint64_t cookie);

/* Names are not terminated: size bytes. Results are 0 or a negative error
 * number. NULL in a slot: -EPERM (of a directory's), or nothing to do. */
struct inode_ops {
    /* *found gets a reference. "." is not asked for, and ".." only in a
     * directory whose `parent` is NULL. */
    int64_t (*lookup)(struct inode *dir, const char *name, size_t size,
                      struct inode **found);
    /* Entries from the cookie on (0: the first); "." and ".." not. */
    int64_t (*list)(struct inode *dir, uint64_t cookie, dir_emit_t *emit,
                    void *context);
    /* A new inode of that mode, with a name; *made gets a reference. */
    int64_t (*create)(struct inode *dir, const char *name, size_t size,
                      uint32_t mode, uint64_t device, struct inode **made);
    /* A symbolic link to the text. */
    int64_t (*symlink)(struct inode *dir, const char *name, size_t size,
                       const char *text, size_t text_size);
    int64_t (*link)(struct inode *dir, const char *name, size_t size,
                    struct inode *target);
    /* Of a directory only when it is empty. */
    int64_t (*unlink)(struct inode *dir, const char *name, size_t size);
    /* Replaces what has the new name, if that may be. */
    int64_t (*rename)(struct inode *from, const char *name, size_t size,
                      struct inode *to, const char *new_name, size_t new_size);
    /* The text of a symbolic link: its length, cut at size. */
    int64_t (*read_link)(struct inode *link, char *text, size_t size);
    /* A link that is followed without being read (/proc/self/fd/0): *target
     * gets a reference. NULL: by its text. */
    int64_t (*follow)(struct inode *link, struct inode **target);
    int64_t (*truncate)(struct inode *inode, uint64_t size);
    /* The last reference and the last name have gone. */
    void (*release)(struct inode *inode);
};

struct inode {
    const struct inode_ops *ops;
    const struct file_ops *file_ops; /* of files that are opened on it */
    uint32_t refs;
    uint32_t links;
    uint64_t number;
    uint32_t fs; /* st_dev: 1 the RAM file system, 2 /proc */
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint64_t size;
    uint64_t device;    /* st_rdev */
    uint64_t access_ns; /* on privops_wall_ns() */
    uint64_t modify_ns;
    uint64_t change_ns;
    unsigned int nr_running; /* processes that run it: no writing */
    unsigned int nr_writers; /* open files that may write: no running */
    /* Of a directory: "..", and of a mounted root what it covers; of other
     * inodes a directory that has a name of it. Not counted. NULL: lookup
     * knows, or there is none. */
    struct inode *parent;
    union {
        struct object *object;    /* of a regular file in RAM: its contents */
        struct list_node entries; /* of a directory in RAM */
        char *text;               /* of a symbolic link in RAM */
        struct pipe *pipe;        /* of a named pipe that is open */
        uint64_t private[2];      /* procfs */
    };
    struct inode
        *mounted; /* of a directory: the root that covers it; counted */
};

struct inode *inode_get(struct inode *inode);
/* NULL is ignored. */
void inode_put(struct inode *inode);

static inline bool inode_is(const struct inode *inode, uint32_t type)
{
    return (inode->mode & MODE_TYPE) == type;
}

#endif
