/* SPDX-License-Identifier: MIT
 *
 * /proc (proc(5)): processes and the system as files. A file's text is made
 * when it is opened, and stays as it was for that descriptor.
 */
#ifndef GUEST_KERNEL_PROCFS_PROCFS_H
#define GUEST_KERNEL_PROCFS_PROCFS_H

struct inode;

/* Its root, to be mounted on /proc. NULL without memory. */
struct inode *procfs_create(void);

#endif
