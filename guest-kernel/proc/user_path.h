/* SPDX-License-Identifier: MIT
 *
 * Paths that programs give to system calls. The text is in one of two buffers
 * that all calls share, and stays there until the next call reads a path or
 * the caller sleeps: so no call sleeps between reading a path and following it.
 */
#ifndef GUEST_KERNEL_PROC_USER_PATH_H
#define GUEST_KERNEL_PROC_USER_PATH_H

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
    const char *text;
};

/* For calls with two paths, the second one is read with which = 1. 0, -EFAULT,
 * -ENAMETOOLONG, -EBADF or -ENOTDIR. */
int64_t user_path_read(struct process *self, uint64_t dir_fd, uint64_t vaddr,
                       unsigned int which, struct user_path *path);

/* The inode, with a reference. Flags: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. */
int64_t user_path_find(struct process *self, uint64_t dir_fd, uint64_t vaddr,
                       uint64_t flags, struct inode **found);

/* A directory, with a reference, and a name in it (fs/path.h). */
struct user_name {
    struct inode *folder;
    const char *name;
    size_t size;
};
int64_t user_path_find_name(struct process *self, uint64_t dir_fd,
                            uint64_t vaddr, unsigned int which,
                            struct user_name *name);

#endif
