/* SPDX-License-Identifier: MIT
 *
 * Error numbers and signals of the system calls: Linux's on x86-64 (errno(3),
 * signal(7)). A call returns the negative number. Those that mm/space.h
 * returns, PARAPET_EINVAL and so on, are the same numbers.
 */
#ifndef GUEST_KERNEL_PROC_ERRNO_H
#define GUEST_KERNEL_PROC_ERRNO_H

enum {
    EPERM = 1,
    ENOENT = 2,
    E2BIG = 7,
    ENOEXEC = 8,
    EBADF = 9,
    ECHILD = 10,
    EAGAIN = 11,
    ENOMEM = 12,
    EFAULT = 14,
    ENODEV = 19,
    EINVAL = 22,
    ENOTTY = 25,
    ENOSYS = 38,
};

enum {
    SIGINT = 2,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGSEGV = 11,
};

#endif
