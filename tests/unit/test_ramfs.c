/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/fs/ramfs*.c: names that come, go and move, contents, and how
 * archives become files.
 */
#include "tests/unit/ramfs_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest-kernel/errno.h"
#include "guest-kernel/fs/device.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/fs/ramfs.h"
#include "guest-kernel/fs/ramfs_parts.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/object.h"

/* ---- names ---- */

static void test_hard_links(void **state)
{
    (void)state;
    assert_int_equal(world_make_dir("/d"), 0);
    assert_int_equal(world_make_file("/a"), 0);
    assert_int_equal(world_hard_link("/a", "/d/b"), 0);
    world_assert_same("/a", "/d/b");
    assert_int_equal(world_write("/a", "text", 0), 4);
    assert_int_equal(world_unlink("/a"), 0);
    assert_string_equal(world_text("/d/b"), "text");
    assert_int_equal(world_hard_link("/d", "/e"), -EPERM);
    assert_int_equal(world_hard_link("/d/b", "/d"), -EEXIST);
    assert_int_equal(world_unlink("/d"), -ENOTEMPTY);
    assert_int_equal(world_unlink("/none"), -ENOENT);
}

static void test_removed_while_open(void **state)
{
    uint64_t inodes = ramfs_nr_inodes();
    struct inode *inode;

    (void)state;
    assert_int_equal(world_make_file("/a"), 0);
    assert_int_equal(path_find(NULL, "/a", true, &inode), 0);
    assert_int_equal(world_unlink("/a"), 0);
    assert_int_equal(ramfs_nr_inodes(), inodes + 1);
    assert_int_equal(inode->links, 0);
    inode_put(inode);
    assert_int_equal(ramfs_nr_inodes(), inodes);
}

static void test_rename_files(void **state)
{
    int64_t number;

    (void)state;
    assert_int_equal(world_make_dir("/d"), 0);
    assert_int_equal(world_make_file("/a"), 0);
    assert_int_equal(world_make_file("/b"), 0);
    number = world_number("/a");
    assert_int_equal(world_rename("/a", "/d/c"), 0);
    assert_int_equal(world_number("/a"), -ENOENT);
    assert_int_equal(world_number("/d/c"), number);
    assert_int_equal(world_rename("/d/c", "/b"), 0);
    assert_int_equal(world_number("/b"), number);
    assert_int_equal(world_rename("/b", "/d"), -EISDIR);
    assert_int_equal(world_rename("/d", "/b"), -ENOTDIR);
    assert_int_equal(world_rename("/none", "/x"), -ENOENT);
    assert_int_equal(world_hard_link("/b", "/same"), 0);
    assert_int_equal(world_rename("/b", "/same"), 0);
    world_assert_same("/b", "/same");
    assert_int_equal(world_rename("/b", "/b"), 0);
    assert_int_equal(world_number("/b"), number);
}

static void test_rename_dirs(void **state)
{
    (void)state;
    assert_int_equal(world_make_dir("/a"), 0);
    assert_int_equal(world_make_dir("/a/b"), 0);
    assert_int_equal(world_make_dir("/a/b/c"), 0);
    assert_int_equal(world_make_dir("/e"), 0);
    assert_int_equal(world_rename("/a", "/a/x"), -EINVAL);
    assert_int_equal(world_rename("/a", "/a/b/c/x"), -EINVAL);
    assert_int_equal(world_rename("/a", "/a/b/c"), -EINVAL);
    assert_int_equal(world_rename("/a/b/c", "/a"), -ENOTEMPTY);
    assert_int_equal(world_rename("/e", "/a/b"), -ENOTEMPTY);
    assert_int_equal(world_rename("/a/b", "/e"), 0);
    world_assert_path("/e/c", "/e/c");
    world_assert_same("/e/..", "/");
    assert_int_equal(world_unlink("/a"), 0);
}

/* Nothing has changed when there is no memory. */
static void test_no_memory(void **state)
{
    int left;

    (void)state;
    assert_int_equal(world_make_file("/a"), 0);
    for (left = 0; left < 3; left++) {
        world_allocations_left = left;
        assert_int_equal(world_make_file("/b"), -ENOSPC);
        assert_int_equal(world_number("/b"), -ENOENT);
    }
    for (left = 0; left < 3; left++) {
        world_allocations_left = left;
        assert_int_equal(world_make_link("x", "/b"), -ENOSPC);
    }
    world_allocations_left = 0;
    assert_int_equal(world_hard_link("/a", "/b"), -ENOSPC);
    assert_int_equal(world_rename("/a", "/b"), -ENOSPC);
    assert_true(world_number("/a") > 0);
    assert_int_equal(world_number("/b"), -ENOENT);
}

/* ---- listing ---- */

#define NR_LISTED 2000u

struct listing {
    struct inode *dir;
    unsigned int seen[NR_LISTED];
    unsigned int nr_left; /* of this turn */
    uint64_t cookie;
    bool removes;
};

static bool note_and_remove(void *context, const char *name, size_t size,
                            uint64_t number, uint32_t type, uint64_t cookie)
{
    struct listing *listing = context;
    char text[16] = {0};

    (void)number;
    assert_int_equal(type, MODE_REGULAR);
    assert_true(size < sizeof(text));
    assert_true(cookie > listing->cookie);
    memcpy(text, name, size);
    listing->seen[atoi(text)]++;
    listing->cookie = cookie;
    return --listing->nr_left > 0;
}

/* As rm -r does: some are listed, they go, the next are listed. Names that
 * are made meanwhile come last. */
static void test_list_while_removing(void **state)
{
    static struct listing listing;
    uint64_t cookie;
    char path[32];
    unsigned int i, removed = 0;

    (void)state;
    assert_int_equal(world_make_dir("/d"), 0);
    for (i = 0; i < NR_LISTED; i++) {
        snprintf(path, sizeof(path), "/d/%u", i);
        assert_int_equal(world_make_file(path), 0);
    }
    assert_int_equal(path_find(NULL, "/d", true, &listing.dir), 0);
    do {
        cookie = listing.cookie;
        listing.nr_left = 37;
        assert_int_equal(listing.dir->ops->list(listing.dir, cookie,
                                                note_and_remove, &listing),
                         0);
        for (; removed < NR_LISTED && listing.seen[removed] != 0; removed++) {
            snprintf(path, sizeof(path), "/d/%u", removed);
            assert_int_equal(world_unlink(path), 0);
        }
    } while (listing.cookie != cookie);
    for (i = 0; i < NR_LISTED; i++)
        assert_int_equal(listing.seen[i], 1);
    inode_put(listing.dir);
    assert_int_equal(world_unlink("/d"), 0);
}

/* ---- files ---- */

static void test_contents(void **state)
{
    struct inode *inode;

    (void)state;
    assert_int_equal(world_make_file("/a"), 0);
    assert_int_equal(world_write("/a", "hello", 0), 5);
    assert_int_equal(world_write("/a", "J", 0), 1);
    assert_string_equal(world_text("/a"), "Jello");
    assert_int_equal(world_write("/a", "end", 100 * PAGE_SIZE - 1), 3);
    assert_int_equal(path_find(NULL, "/a", true, &inode), 0);
    assert_int_equal(inode->size, 100 * PAGE_SIZE + 2);
    assert_int_equal(object_nr_pages(inode->object), 3);
    assert_int_equal(ramfs_nr_pages(), 3);
    assert_int_equal(inode->ops->truncate(inode, 2), 0);
    assert_int_equal(object_nr_pages(inode->object), 1);
    assert_int_equal(inode->ops->truncate(inode, 5), 0);
    assert_memory_equal(world_text("/a"), "Je\0\0\0", 6);
    assert_int_equal(inode->ops->truncate(inode, UINT64_MAX), -EFBIG);
    assert_int_equal(world_write("/a", "x", INT64_MAX), -EFBIG);
    world_allocations_left = 0;
    assert_int_equal(inode->ops->truncate(inode, 0), 0);
    inode_put(inode);
}

static int64_t open_path(const char *path, uint32_t flags)
{
    struct inode *inode;
    struct file *file;
    int64_t result = path_find(NULL, path, false, &inode);

    if (result != 0)
        return result;
    result = file_open(inode, flags, &file);
    inode_put(inode);
    if (result == 0)
        file_put(file);
    return result;
}

static void test_opening(void **state)
{
    struct inode *inode;

    (void)state;
    assert_int_equal(world_make_dir("/d"), 0);
    assert_int_equal(world_make_link("d", "/link"), 0);
    assert_int_equal(world_make_file("/a"), 0);
    assert_int_equal(world_make("/null", MODE_CHAR | 0666), 0);
    assert_int_equal(world_make("/disk", MODE_BLOCK | 0666), 0);
    assert_int_equal(open_path("/d", O_RDONLY), 0);
    assert_int_equal(open_path("/d", O_RDWR), -EISDIR);
    assert_int_equal(open_path("/link", O_RDONLY), -ELOOP);
    assert_int_equal(open_path("/link", O_PATH), 0);
    assert_int_equal(open_path("/a", O_ACCESS), -EINVAL);
    assert_int_equal(open_path("/null", O_RDWR), 0);
    assert_int_equal(open_path("/disk", O_RDONLY), -ENXIO);
    assert_int_equal(path_find(NULL, "/a", true, &inode), 0);
    inode->nr_running = 1;
    assert_int_equal(open_path("/a", O_WRONLY), -ETXTBSY);
    assert_int_equal(open_path("/a", O_RDONLY), 0);
    inode_put(inode);
    assert_string_equal(world_text("/d"), "unreadable");
}

/* ---- devices ---- */

static const struct file_ops other_ops;

/* What is there already stays, and the rest is made all the same. */
static void test_devices(void **state)
{
    static const struct device more[] = {{"one", 0x501, &other_ops},
                                         {"two", 0x502, &other_ops}};
    static struct device_table table = {more, 2, NULL};
    struct inode *inode;
    struct file *file;

    (void)state;
    device_register(&table);
    assert_ptr_equal(device_file_ops(0x501), &other_ops);
    assert_ptr_equal(device_file_ops(0x502), &other_ops);
    assert_non_null(device_file_ops(0x103));
    assert_null(device_file_ops(0x503));
    assert_int_equal(world_make_dir("/dev"), 0);
    assert_int_equal(world_make_file("/dev/one"), 0);
    device_make_nodes();
    assert_string_equal(world_console, "");
    assert_true(world_number("/dev/null") > 0);
    assert_true(world_number_at("/dev/stdin", false) > 0);
    assert_int_equal(path_find(NULL, "/dev/one", true, &inode), 0);
    assert_true(inode_is(inode, MODE_REGULAR));
    inode_put(inode);
    assert_int_equal(path_find(NULL, "/dev/two", true, &inode), 0);
    assert_int_equal(inode->device, 0x502);
    assert_int_equal(file_open(inode, O_RDONLY, &file), 0);
    assert_ptr_equal(file->ops, &other_ops);
    file_put(file);
    inode_put(inode);
}

/* ---- unpacking ---- */

static char archive[8192];
static size_t archive_size;

static void pad(void)
{
    while (archive_size % 4 != 0)
        archive[archive_size++] = '\0';
}

static void add(const char *name, uint32_t mode, const char *data)
{
    archive_size += (size_t)snprintf(
        archive + archive_size, sizeof(archive) - archive_size,
        "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", 1u,
        mode, 0u, 0u, 1u, 7u, (unsigned int)strlen(data), 0u, 0u, 1u, 3u,
        (unsigned int)strlen(name) + 1, 0u, name);
    archive[archive_size++] = '\0';
    pad();
    memcpy(archive + archive_size, data, strlen(data));
    archive_size += strlen(data);
    pad();
}

static void test_unpack(void **state)
{
    struct inode *inode;

    (void)state;
    archive_size = 0;
    add(".", MODE_DIR | 0755, "");
    add("./bin", MODE_DIR | 0700, "");
    add("bin/tool", MODE_REGULAR | 0755, "first");
    add("bin/other", MODE_LINK | 0777, "tool");
    add("deep/er/file", MODE_REGULAR | 0600, "inside");
    add("/null", MODE_CHAR | 0666, "");
    add("bin", MODE_DIR | 0755, "");
    add("./bin/tool", MODE_REGULAR | 0755, "second");
    add("bin/tool/x", MODE_REGULAR | 0755, "no");
    add("TRAILER!!!", 0, "");
    ramfs_unpack(archive, archive_size);
    assert_string_equal(world_text("/bin/tool"), "second");
    assert_string_equal(world_text("/bin/other"), "second");
    assert_string_equal(world_text("/deep/er/file"), "inside");
    assert_non_null(strstr(world_console, "bin/tool/x is left out: error 20"));
    assert_non_null(strstr(world_console, "3 files"));
    assert_int_equal(path_find(NULL, "/bin/tool", true, &inode), 0);
    assert_int_equal(inode->mode, MODE_REGULAR | 0755);
    assert_int_equal(inode->modify_ns, 7000000000);
    inode_put(inode);
    assert_int_equal(path_find(NULL, "/null", true, &inode), 0);
    assert_int_equal(inode->device, 0x103);
    inode_put(inode);
}

static void unpack_bytes(size_t size)
{
    char *copy = malloc(size + 1);

    memcpy(copy, archive, size);
    ramfs_unpack(copy, size);
    free(copy);
    world_remove_below(path_root());
}

/* Of a good archive: each beginning, and each byte changed. */
static void test_bad_archives(void **state)
{
    uint64_t random = 88172645463325252;
    size_t i;
    char byte;

    (void)state;
    archive_size = 0;
    add("bin/tool", MODE_REGULAR | 0755, "contents");
    add("bin/link", MODE_LINK | 0777, "../bin");
    add("bin/link/x", MODE_REGULAR | 0777, "y");
    add("TRAILER!!!", 0, "");
    /* The padding at the world_end may be missing. */
    for (i = 0; i < archive_size - 3; i++) {
        world_console[0] = '\0';
        unpack_bytes(i);
        assert_non_null(strstr(world_console, "damaged"));
    }
    for (i = 0; i < archive_size; i++) {
        byte = archive[i];
        archive[i] = "0f/.\0"[unit_random(&random) % 5];
        world_console[0] = '\0';
        unpack_bytes(archive_size);
        archive[i] = byte;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_hard_links),   WORLD_TEST(test_removed_while_open),
        WORLD_TEST(test_rename_files), WORLD_TEST(test_rename_dirs),
        WORLD_TEST(test_no_memory),    WORLD_TEST(test_list_while_removing),
        WORLD_TEST(test_contents),     WORLD_TEST(test_opening),
        WORLD_TEST(test_devices),      WORLD_TEST(test_unpack),
        WORLD_TEST(test_bad_archives),
    };

    return cmocka_run_group_tests(tests, world_make_root, world_free_root);
}
