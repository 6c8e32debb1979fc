/* SPDX-License-Identifier: MIT
 *
 * Paths that programs give to system calls. A text lives in the frame of the
 * function that follows it. It is a quarter of a kernel stack (mm/layout.h): so
 * no function that has one calls another that has one, and who needs two takes
 * memory for the other.
 */
#ifndef GUEST_KERNEL_PROC_USER_PATH_H
#define GUEST_KERNEL_PROC_USER_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/fs/inode.h"
#include "guest-kernel/proc/process.h"

/* "Relative to the current directory." */
#define AT_FDCWD ((uint64_t)-100)

#define AT_SYMLINK_NOFOLLOW 0x100u
#define AT_REMOVEDIR 0x200u
#define AT_SYMLINK_FOLLOW 0x400u
#define AT_EMPTY_PATH 0x1000u

struct user_path {
    struct inode *from; /* where it starts; the descriptor's reference */
    char text[PATH_MAX];
};

/* The text alone: PATH_MAX bytes at most. 0, -EFAULT or -ENAMETOOLONG. */
int64_t user_path_text(struct process *self, uint64_t vaddr, char *text);

/* The text and where it starts. As above, or -EBADF or -ENOTDIR. */
int64_t user_path_read(struct process *self, uint64_t dir_fd, uint64_t vaddr,
                       struct user_path *path);

/* The inode, with a reference. Flags: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. */
int64_t user_path_find(struct process *self, uint64_t dir_fd, uint64_t vaddr,
                       uint64_t flags, struct inode **found);

/* A directory, with a reference, and a name in it (fs/path.h). */
struct user_name {
    struct inode *dir;
    char name[NAME_MAX]; /* size bytes, not terminated */
    size_t size;
    bool has_slash; /* after it */
};
int64_t user_path_find_name(struct process *self, uint64_t dir_fd,
                            uint64_t vaddr, struct user_name *name);

#endif
