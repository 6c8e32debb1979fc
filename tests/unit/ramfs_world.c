/* SPDX-License-Identifier: MIT
 *
 * The world of ramfs_world.h.
 */
#include "tests/unit/ramfs_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/device.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/fs/pipe.h"
#include "guest-kernel/fs/ramfs.h"
#include "guest-kernel/fs/ramfs_parts.h"
#include "guest-kernel/fs/random.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/mm/user_page.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/thread/sched.h"

/* ---- what the file system stands on ---- */

int world_allocations_left = WORLD_MEMORY;
static unsigned int nr_blocks;
struct inode *world_chroot;
char world_console[WORLD_CONSOLE_SIZE];

static void *allocate(size_t size)
{
    if (world_allocations_left == 0)
        return NULL;
    if (world_allocations_left > 0)
        world_allocations_left--;
    nr_blocks++;
    return malloc(size);
}

void *kmalloc(size_t size)
{
    return allocate(size);
}

void *kzalloc(size_t size)
{
    void *block = allocate(size);

    return block != NULL ? memset(block, 0, size) : NULL;
}

void kfree(void *block)
{
    nr_blocks -= block != NULL;
    free(block);
}

void *user_page_alloc(void)
{
    return allocate(PAGE_SIZE);
}

bool user_page_leaves(size_t size)
{
    return size > 0;
}

bool user_page_drop(void *page)
{
    return page != NULL;
}

void page_free(void *page)
{
    kfree(page);
}

void page_get_statistics(struct page_statistics *statistics)
{
    memset(statistics, 0, sizeof(*statistics));
    statistics->total_kib = 65536;
}

void page_add_range(uint64_t world_start, uint64_t world_end)
{
    (void)world_start;
    (void)world_end;
}

bool space_copy_in(struct space *space, void *to, uint64_t from, size_t size)
{
    (void)space;
    memcpy(to, (const void *)from, size);
    return true;
}

bool space_copy_out(struct space *space, uint64_t to, const void *from,
                    size_t size)
{
    (void)space;
    memcpy((void *)to, from, size);
    return true;
}

void random_bytes(void *to, size_t size)
{
    memset(to, 0x5a, size);
}

uint64_t privops_wall_ns(void)
{
    static uint64_t now;

    return ++now;
}

struct inode *process_root(void)
{
    return world_chroot;
}

void sched_breathe(void)
{
}

const struct file_ops pipe_file_ops;

static const struct file_ops null_ops;
static const struct device null_device = {"null", 0x103, &null_ops};
static struct device_table null_table = {&null_device, 1, NULL};

void kprintf(const char *format, ...)
{
    size_t used = strlen(world_console);
    va_list args;

    va_start(args, format);
    vsnprintf(world_console + used, sizeof(world_console) - used, format, args);
    va_end(args);
}

void panic(const char *format, ...)
{
    (void)format;
    abort();
}

/* ---- what a system call does, in short ---- */

struct place {
    struct inode *dir;
    const char *name;
    size_t size;
};

static int64_t find_place(const char *path, struct place *place)
{
    return path_find_dir(NULL, path, &place->dir, &place->name, &place->size);
}

int64_t world_make(const char *path, uint32_t mode)
{
    struct inode *made;
    struct place at;
    int64_t result = find_place(path, &at);

    if (result != 0)
        return result;
    result = at.dir->ops->create(at.dir, at.name, at.size, mode, 0x103, &made);
    inode_put(at.dir);
    if (result == 0)
        inode_put(made);
    return result;
}

int64_t world_make_dir(const char *path)
{
    return world_make(path, MODE_DIR | 0755);
}

int64_t world_make_file(const char *path)
{
    return world_make(path, MODE_REGULAR | 0644);
}

int64_t world_make_link(const char *text, const char *path)
{
    struct place at;
    int64_t result = find_place(path, &at);

    if (result != 0)
        return result;
    result = at.dir->ops->symlink(at.dir, at.name, at.size, text, strlen(text));
    inode_put(at.dir);
    return result;
}

int64_t world_unlink(const char *path)
{
    struct place at;
    int64_t result = find_place(path, &at);

    if (result != 0)
        return result;
    result = at.dir->ops->unlink(at.dir, at.name, at.size);
    inode_put(at.dir);
    return result;
}

int64_t world_hard_link(const char *path, const char *new_path)
{
    struct inode *inode;
    struct place at;
    int64_t result = path_find(NULL, path, false, &inode);

    if (result != 0)
        return result;
    result = find_place(new_path, &at);
    if (result == 0) {
        result = at.dir->ops->link(at.dir, at.name, at.size, inode);
        inode_put(at.dir);
    }
    inode_put(inode);
    return result;
}

int64_t world_rename(const char *path, const char *new_path)
{
    struct place from, to;
    int64_t result = find_place(path, &from);

    if (result != 0)
        return result;
    result = find_place(new_path, &to);
    if (result == 0) {
        result = from.dir->ops->rename(from.dir, from.name, from.size, to.dir,
                                       to.name, to.size);
        inode_put(to.dir);
    }
    inode_put(from.dir);
    return result;
}

/* The number of the inode, or a negative error number. */
int64_t world_number_at(const char *path, bool follow)
{
    struct inode *inode;
    int64_t number, result = path_find(NULL, path, follow, &inode);

    if (result != 0)
        return result;
    number = (int64_t)inode->number;
    inode_put(inode);
    return number;
}

int64_t world_number(const char *path)
{
    return world_number_at(path, true);
}

void world_assert_same(const char *path, const char *other)
{
    assert_true(world_number(path) > 0);
    assert_int_equal(world_number(path), world_number(other));
}

/* What a file holds, as a string: at most 63 bytes. */
const char *world_text(const char *path)
{
    static char text[64];
    struct io io = {.vaddr = (uint64_t)text, .left = sizeof(text) - 1};
    struct inode *inode;
    struct file *file;
    int64_t size;

    if (path_find(NULL, path, true, &inode) != 0)
        return "none";
    assert_int_equal(file_open(inode, O_RDONLY, &file), 0);
    inode_put(inode);
    size = file_read(file, &io);
    file_put(file);
    if (size < 0)
        return "unreadable";
    text[size] = '\0';
    return text;
}

int64_t world_write(const char *path, const char *text, uint64_t offset)
{
    struct io io = {.vaddr = (uint64_t)text, .left = strlen(text)};
    struct inode *inode;
    struct file *file;
    int64_t result = path_find(NULL, path, true, &inode);

    if (result != 0)
        return result;
    result = file_open(inode, O_RDWR, &file);
    inode_put(inode);
    if (result != 0)
        return result;
    result = file_write_at(file, &io, &offset);
    file_put(file);
    return result;
}

/* ---- every test ---- */

static unsigned int blocks_before;

static bool take_first_name(void *context, const char *name, size_t size,
                            uint64_t number, uint32_t type, uint64_t cookie)
{
    char *first = context;

    (void)number;
    (void)type;
    (void)cookie;
    memcpy(first, name, size);
    first[size] = '\0';
    return false;
}

/* Everything below the directory. */
void world_remove_below(struct inode *dir)
{
    char name[NAME_MAX + 1];
    struct inode *inode;

    for (;;) {
        name[0] = '\0';
        assert_int_equal(dir->ops->list(dir, 0, take_first_name, name), 0);
        if (name[0] == '\0')
            return;
        assert_int_equal(dir->ops->lookup(dir, name, strlen(name), &inode), 0);
        if (inode_is(inode, MODE_DIR))
            world_remove_below(inode);
        inode_put(inode);
        assert_int_equal(dir->ops->unlink(dir, name, strlen(name)), 0);
    }
}

int world_start(void **state)
{
    (void)state;
    blocks_before = nr_blocks;
    world_console[0] = '\0';
    return 0;
}

int world_end(void **state)
{
    (void)state;
    world_allocations_left = WORLD_MEMORY;
    world_chroot = NULL;
    world_remove_below(path_root());
    assert_int_equal(nr_blocks, blocks_before);
    assert_int_equal(path_root()->refs, 1);
    return 0;
}

int world_make_root(void **state)
{
    (void)state;
    device_register(&null_table);
    ramfs_make_root();
    return 0;
}

int world_free_root(void **state)
{
    (void)state;
    path_root()->links = 0;
    inode_put(path_root());
    return 0;
}

void world_assert_path(const char *path, const char *expected)
{
    struct inode *inode;
    char text[64];
    size_t size = strlen(expected) + 1;

    assert_int_equal(path_find(NULL, path, true, &inode), 0);
    assert_int_equal(path_of(inode, text, sizeof(text)), size);
    assert_string_equal(text, expected);
    assert_int_equal(path_of(inode, text, size), size);
    assert_string_equal(text, expected);
    assert_int_equal(path_of(inode, text, size - 1), -ERANGE);
    inode_put(inode);
}
