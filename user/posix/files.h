/* SPDX-License-Identifier: MIT
 *
 * The parts of the group "files". They work in a directory of their own, the
 * current directory, which is empty before and after each.
 */
#ifndef USER_POSIX_FILES_H
#define USER_POSIX_FILES_H

#include <sys/types.h>

#include "user/posix/posix.h"

/* A file with these contents, or less if something fails. */
void write_file(const char *name, const char *text);

/* check() that the file holds exactly this. */
void check_file(const char *name, const char *text);

/* Whether poll(2) says so now: which of the events hold. */
int events_now(int fd, int events);

void test_descriptors(void); /* dup, fcntl, lseek, pread, readv, devices */
void test_contents(void);    /* truncate, sparse files, mmap, sendfile */
void test_names(void);       /* rename, link, unlink, symlink, stat */
void test_dirs(void);        /* mkdir, getdents, chdir, getcwd */
void test_pipes(void);       /* pipe, FIFOs */
void test_polling(void);     /* poll, select, epoll */

#endif
