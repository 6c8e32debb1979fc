/* SPDX-License-Identifier: MIT
 *
 * From a path to an inode (path_resolution(7)).
 */
#ifndef GUEST_KERNEL_FS_PATH_H
#define GUEST_KERNEL_FS_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "guest-kernel/fs/inode.h"

#define PATH_MAX_LINKS 40

/* The root of all: what "/" is for a process that has not called chroot(2).
 * Not counted. */
struct inode *path_root(void);

/* Takes over the reference. Before there is a root, no path leads anywhere. */
void path_set_root(struct inode *root);

/* What chroot(2) made the root of the current process, whose reference it is;
 * NULL: it has none, or there is no process. Provided by proc/process.c. */
struct inode *process_root(void);

/* The root of a file system covers what the path leads to. Takes over the
 * reference, also when it fails; -ENOMEM if root is NULL. */
int64_t path_mount(const char *path, struct inode *root);

/*
 * The inode that the path leads to, from `from` on (NULL: the root) if it does
 * not begin with a slash; the current process's root is where ".." ends (the
 * system's, if there is no process). follow: a symbolic link at its end, too.
 * *found gets a reference. 0, -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG,
 * -EACCES, -ENOMEM.
 */
int64_t path_find(struct inode *from, const char *path, bool follow,
                  struct inode **found);

/* Where the last part of a path would be, which is not there. */
struct path_place {
    struct inode *dir;   /* NULL: more of the path is not there, either */
    char name[NAME_MAX]; /* size bytes, not terminated */
    size_t size;
    bool has_slash; /* after it */
};

/* path_find(), and if that fails with -ENOENT the place, its directory with a
 * reference: at the end of all links that follow allows. */
int64_t path_find_or_place(struct inode *from, const char *path, bool follow,
                           struct inode **found, struct path_place *place);

/* The directory in which the path's last part is, and that part, which points
 * into path, with slashes or the end after it. *dir gets a reference.
 * -EEXIST if the path ends with "." or ".." or is "/". */
int64_t path_find_dir(struct inode *from, const char *path, struct inode **dir,
                      const char **name, size_t *size);

/*
 * The absolute path of a directory (of a file: one of those that it has), from
 * the current process's root on: for getcwd(2) and /proc. Its length with the
 * terminating zero, or -ERANGE, or -ENOENT: it has been removed.
 */
int64_t path_of(struct inode *dir, char *buffer, size_t size);

#endif
