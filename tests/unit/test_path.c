/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/fs/path.c: where paths lead, and back.
 */
#include "tests/unit/ramfs_world.h"

#include <stdio.h>
#include <string.h>

#include "guest-kernel/errno.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/fs/ramfs.h"

static void test_paths(void **state)
{
    (void)state;
    assert_int_equal(world_make_dir("/a"), 0);
    assert_int_equal(world_make_dir("/a/b/"), 0);
    assert_int_equal(world_make_file("/a/b/file"), 0);
    world_assert_same("/a/b/file", "//a/./b///../b/file");
    world_assert_same("/", "/..");
    world_assert_same("/", "/a/../..//");
    world_assert_same("a/b", "/a/b/.");
    assert_int_equal(world_number("/a/none"), -ENOENT);
    assert_int_equal(world_number("/none/b"), -ENOENT);
    assert_int_equal(world_number(""), -ENOENT);
    assert_int_equal(world_number("/a/b/file/"), -ENOTDIR);
    assert_int_equal(world_number("/a/b/file/x"), -ENOTDIR);
    assert_int_equal(world_number("/a/b/file/.."), -ENOTDIR);
    assert_int_equal(world_make_dir("/"), -EEXIST);
    assert_int_equal(world_make_dir("/a/."), -EEXIST);
    assert_int_equal(world_make_dir("/a/.."), -EEXIST);
    assert_int_equal(world_make_dir("/a"), -EEXIST);
    assert_int_equal(world_make_dir("/a/b/file/x"), -ENOTDIR);
}

static void test_long_names(void **state)
{
    char path[PATH_MAX + 10];

    (void)state;
    memset(path, 'x', sizeof(path));
    path[NAME_MAX] = '\0';
    assert_int_equal(world_make_file(path), 0);
    assert_true(world_number(path) > 0);
    path[NAME_MAX] = 'x';
    path[NAME_MAX + 1] = '\0';
    assert_int_equal(world_make_file(path), -ENAMETOOLONG);
    assert_int_equal(world_number(path), -ENAMETOOLONG);
    memset(path, '/', sizeof(path));
    path[PATH_MAX - 1] = '\0';
    world_assert_same(path, "/");
    path[PATH_MAX - 1] = '/';
    path[PATH_MAX] = '\0';
    assert_int_equal(world_number(path), -ENAMETOOLONG);
    assert_int_equal(world_make_file(path), -ENAMETOOLONG);
}

/* Where something that is not there can be made; NULL: nowhere. */
static void assert_place(const char *path, const char *dir, const char *name)
{
    struct path_place place;
    struct inode *found;

    if (path_find_or_place(NULL, path, true, &found, &place) == 0)
        inode_put(found);
    assert_int_equal(place.dir != NULL, dir != NULL);
    if (dir == NULL)
        return;
    assert_int_equal(place.size, strlen(name));
    assert_memory_equal(place.name, name, place.size);
    assert_int_equal(place.dir->number, world_number(dir));
    inode_put(place.dir);
}

static void test_links(void **state)
{
    (void)state;
    assert_int_equal(world_make_dir("/a"), 0);
    assert_int_equal(world_make_dir("/a/b"), 0);
    assert_int_equal(world_make_file("/a/b/file"), 0);
    assert_int_equal(world_make_link("b", "/a/to_b"), 0);
    assert_int_equal(world_make_link("/a/to_b/file", "/absolute"), 0);
    assert_int_equal(world_make_link("../../absolute", "/a/b/up"), 0);
    assert_int_equal(world_make_link("nowhere", "/dangling"), 0);
    world_assert_same("/a/to_b/file", "/a/b/file");
    world_assert_same("/a/to_b/..", "/a");
    world_assert_same("/a/to_b/up", "/a/b/file");
    assert_int_equal(world_number("/dangling"), -ENOENT);
    assert_true(world_number_at("/dangling", false) > 0);
    assert_true(world_number_at("/a/to_b", false) != world_number("/a/to_b"));
    assert_int_equal(world_number_at("/a/to_b/", false), world_number("/a/b"));
    assert_int_equal(world_number("/absolute/"), -ENOTDIR);
    assert_int_equal(world_make_file("/dangling"), -EEXIST);
    assert_place("/dangling", "/", "nowhere");
    assert_place("/a/b/new", "/a/b", "new");
    assert_place("/a/b/new/more", NULL, NULL);
    assert_place("/a/b/file", NULL, NULL);
    assert_int_equal(world_make_file("/dangling/x"), -ENOENT);
}

static void test_link_loops(void **state)
{
    char text[16], path[16];
    unsigned int i;

    (void)state;
    assert_int_equal(world_make_link("loop", "/loop"), 0);
    assert_int_equal(world_number("/loop"), -ELOOP);
    assert_int_equal(world_number("/loop/x"), -ELOOP);
    assert_int_equal(world_make_link("loop/x", "/grows"), 0);
    assert_int_equal(world_number("/grows"), -ELOOP);
    assert_int_equal(world_make_file("/0"), 0);
    for (i = 1; i <= PATH_MAX_LINKS + 1; i++) {
        snprintf(text, sizeof(text), "%u", i - 1);
        snprintf(path, sizeof(path), "/%u", i);
        assert_int_equal(world_make_link(text, path), 0);
    }
    world_assert_same("/40", "/0");
    assert_int_equal(world_number("/41"), -ELOOP);
}

/* A link whose text and the rest after it are longer than a path may be. */
static void test_long_links(void **state)
{
    char text[PATH_MAX], path[PATH_MAX];

    (void)state;
    memset(text, '/', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(world_make_link(text, "/long"), 0);
    world_assert_same("/long", "/");
    assert_int_equal(world_number("/long/long"), -ENAMETOOLONG);
    memset(path, '/', sizeof(path));
    memcpy(path, "/long", 5);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(world_number(path), -ENAMETOOLONG);
}

/* A link whose text is found by another walk, as /proc might have. */
static int64_t read_link_after_walk(struct inode *link, char *text, size_t size)
{
    static const char target[] = "/a";

    (void)link;
    world_assert_same("/to_b/deep", "/b/deep");
    assert_true(size >= sizeof(target));
    memcpy(text, target, sizeof(target) - 1);
    return sizeof(target) - 1;
}

/* Each walk has the texts of its links for itself, and a place its name. */
static void test_walks_in_walks(void **state)
{
    const struct inode_ops *ops;
    struct inode_ops walking;
    struct path_place place;
    struct inode *link, *found;

    (void)state;
    assert_int_equal(world_make_dir("/a"), 0);
    assert_int_equal(world_make_file("/a/x"), 0);
    assert_int_equal(world_make_dir("/b"), 0);
    assert_int_equal(world_make_file("/b/deep"), 0);
    assert_int_equal(world_make_link("/b", "/to_b"), 0);
    assert_int_equal(world_make_link("?", "/asks"), 0);
    assert_int_equal(world_make_link("/asks", "/to_asks"), 0);
    assert_int_equal(path_find(NULL, "/asks", false, &link), 0);
    ops = link->ops;
    walking = *ops;
    walking.read_link = read_link_after_walk;
    link->ops = &walking;
    world_assert_same("/to_asks/x", "/a/x");
    link->ops = ops;
    inode_put(link);

    assert_int_equal(world_make_link("/b/none", "/dangling"), 0);
    assert_int_equal(
        path_find_or_place(NULL, "/dangling", true, &found, &place), -ENOENT);
    world_assert_same("/to_b/deep", "/b/deep");
    assert_int_equal(place.size, 4);
    assert_memory_equal(place.name, "none", 4);
    inode_put(place.dir);
}

/* Of a walk that meets a link. */
static void test_no_memory_for_links(void **state)
{
    (void)state;
    assert_int_equal(world_make_file("/file"), 0);
    assert_int_equal(world_make_link("file", "/link"), 0);
    world_allocations_left = 0;
    assert_true(world_number("/file") > 0);
    assert_int_equal(world_number("/link"), -ENOMEM);
    world_allocations_left = WORLD_MEMORY;
    world_assert_same("/link", "/file");
}

static void test_back_to_paths(void **state)
{
    struct inode *inode;
    char text[64];

    (void)state;
    assert_int_equal(world_make_dir("/abc"), 0);
    assert_int_equal(world_make_dir("/abc/d"), 0);
    world_assert_path("/", "/");
    world_assert_path("/abc/d/..", "/abc");
    world_assert_path("/abc/d", "/abc/d");
    assert_int_equal(world_rename("/abc/d", "/abc/efg"), 0);
    world_assert_path("/abc/efg", "/abc/efg");
    assert_int_equal(path_find(NULL, "/abc/efg", true, &inode), 0);
    assert_int_equal(world_unlink("/abc/efg"), 0);
    assert_int_equal(path_of(inode, text, sizeof(text)), -ENOENT);
    assert_int_equal(inode->ops->create(inode, "x", 1, MODE_REGULAR, 0, NULL),
                     -ENOENT);
    inode_put(inode);
}

static void test_chroot(void **state)
{
    (void)state;
    assert_int_equal(world_make_dir("/jail"), 0);
    assert_int_equal(world_make_dir("/jail/in"), 0);
    assert_int_equal(world_make_file("/outside"), 0);
    assert_int_equal(world_make_link("/outside", "/jail/link"), 0);
    assert_int_equal(path_find(NULL, "/jail", true, &world_chroot), 0);
    world_assert_same("/in/../..", "/");
    assert_int_equal(world_number("/outside"), -ENOENT);
    assert_int_equal(world_number("/../outside"), -ENOENT);
    assert_int_equal(world_number("/link"), -ENOENT);
    world_assert_path("/in", "/in");
    inode_put(world_chroot);
    world_chroot = NULL;
    assert_true(world_number("/jail/link") > 0);
}

static void test_mount(void **state)
{
    struct inode *covering = ramfs_anonymous(MODE_DIR | 0755);
    struct inode *covered;

    (void)state;
    covering->links = 1;
    assert_int_equal(world_make_dir("/mnt"), 0);
    assert_int_equal(world_make_file("/mnt/hidden"), 0);
    assert_int_equal(path_find(NULL, "/mnt", true, &covered), 0);
    assert_int_equal(path_mount("/mnt", covering), 0);
    assert_int_equal(world_number("/mnt"), covering->number);
    assert_int_equal(world_number("/mnt/hidden"), -ENOENT);
    assert_int_equal(world_make_dir("/mnt/d"), 0);
    world_assert_same("/mnt/d/../..", "/");
    world_assert_path("/mnt/d", "/mnt/d");
    world_assert_path("/mnt", "/mnt");
    assert_int_equal(world_unlink("/mnt/hidden"), -ENOENT);
    assert_int_equal(world_unlink("/mnt"), -EBUSY);
    assert_int_equal(world_rename("/mnt", "/other"), -EBUSY);
    assert_int_equal(world_unlink("/mnt/d"), 0);
    covered->mounted = NULL;
    covering->links = 0;
    inode_put(covering);
    inode_put(covered);
    inode_put(covered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_paths),
        WORLD_TEST(test_long_names),
        WORLD_TEST(test_links),
        WORLD_TEST(test_link_loops),
        WORLD_TEST(test_long_links),
        WORLD_TEST(test_walks_in_walks),
        WORLD_TEST(test_no_memory_for_links),
        WORLD_TEST(test_back_to_paths),
        WORLD_TEST(test_chroot),
        WORLD_TEST(test_mount),
    };

    return cmocka_run_group_tests(tests, world_make_root, world_free_root);
}
