/* SPDX-License-Identifier: MIT
 *
 * Linux's error numbers (errno(3)): what system calls return, negated.
 */
#ifndef GUEST_KERNEL_ERRNO_H
#define GUEST_KERNEL_ERRNO_H

enum {
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    E2BIG = 7,
    ENOEXEC = 8,
    EBADF = 9,
    ECHILD = 10,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EBUSY = 16,
    EEXIST = 17,
    EXDEV = 18,
    ENODEV = 19,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    ENOTTY = 25,
    ETXTBSY = 26,
    EFBIG = 27,
    ENOSPC = 28,
    ESPIPE = 29,
    EROFS = 30,
    EMLINK = 31,
    EPIPE = 32,
    ERANGE = 34,
    EDEADLK = 35,
    ENAMETOOLONG = 36,
    ENOSYS = 38,
    ENOTEMPTY = 39,
    ELOOP = 40,
    EOVERFLOW = 75,
    ENOTSOCK = 88,
    EOPNOTSUPP = 95,
    EAFNOSUPPORT = 97,
    ETIMEDOUT = 110,

    /*
     * Inside the kernel: a signal came. What the program gets to see is
     * decided when the signal is delivered (proc/signal.c): the call starts
     * over, or it gets EINTR.
     */
    ERESTARTSYS = 512,    /* after a handler: as its SA_RESTART says */
    ERESTARTNOHAND = 514, /* after a handler: EINTR always */
};

#endif
