/* SPDX-License-Identifier: MIT
 *
 * A host's stand-in for all that guest-kernel/fs/ needs of the kernel, and what
 * system calls do with paths, in short. Each test removes what it has made (or
 * leaves it to world_end()), and then no memory is in use but what was before.
 */
#ifndef TESTS_UNIT_RAMFS_WORLD_H
#define TESTS_UNIT_RAMFS_WORLD_H

#include "tests/unit/unit.h"

#include <stdbool.h>

#include "guest-kernel/fs/inode.h"

/* For cmocka: of the group, and of each test. */
int world_make_root(void **state);
int world_free_root(void **state);
int world_start(void **state);
int world_end(void **state);

#define WORLD_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, world_start, world_end)

/* How many allocations find memory. */
#define WORLD_MEMORY (-1)
extern int world_allocations_left;

/* What the current process takes for the root; NULL: the root. */
extern struct inode *world_chroot;

/* What kprintf() has said since the test's start. */
#define WORLD_CONSOLE_SIZE 4096
extern char world_console[WORLD_CONSOLE_SIZE];

/* System calls by path: 0 or a negative error number. A device gets the number
 * of /dev/null. */
int64_t world_make(const char *path, uint32_t mode);
int64_t world_make_dir(const char *path);
int64_t world_make_file(const char *path);
int64_t world_make_link(const char *text, const char *path);
int64_t world_hard_link(const char *path, const char *new_path);
int64_t world_unlink(const char *path);
int64_t world_rename(const char *path, const char *new_path);

/* Everything below the directory goes. */
void world_remove_below(struct inode *dir);

/* The number of the inode, or a negative error number. */
int64_t world_number(const char *path);
int64_t world_number_at(const char *path, bool follow);

/* Both lead to the same inode. */
void world_assert_same(const char *path, const char *other);

/* path_of() the directory is this. */
void world_assert_path(const char *path, const char *expected);

/* What a file holds, as a string: at most 63 bytes. */
const char *world_text(const char *path);

/* How many bytes were written, or a negative error number. */
int64_t world_write(const char *path, const char *text, uint64_t offset);

#endif
