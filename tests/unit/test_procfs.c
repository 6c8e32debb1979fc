/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/procfs/procfs.c and procfs_text.c, with a small /proc of this
 * file's own: names, numbers, links and texts, and processes that end
 * meanwhile.
 */
#include "tests/unit/ramfs_world.h"

#include <stdio.h>
#include <string.h>

#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/procfs/procfs.h"
#include "guest-kernel/procfs/procfs_parts.h"
#include "guest-kernel/procfs/procfs_text.h"

/* ---- the processes: 1 and 40, of which the second may be gone ---- */

static struct process processes[] = {{.pid = 1}, {.pid = 40}};
static unsigned int nr_processes = 2;

struct process *process_find(uint32_t pid)
{
    unsigned int i;

    for (i = 0; i < nr_processes; i++)
        if (processes[i].pid == pid)
            return &processes[i];
    return NULL;
}

static bool next_process(const struct procfs_subject *subject, uint32_t *number)
{
    unsigned int i;

    assert_null(subject->process);
    for (i = 0; i < nr_processes; i++)
        if (processes[i].pid >= *number) {
            *number = processes[i].pid;
            return true;
        }
    return false;
}

/* Descriptors 0 and 7. */
static bool next_fd(const struct procfs_subject *subject, uint32_t *number)
{
    assert_non_null(subject->process);
    if (*number > 7)
        return false;
    *number = *number == 0 ? 0 : 7;
    return true;
}

/* ---- the tables ---- */

static void show_hello(struct text *text, const struct procfs_subject *subject)
{
    assert_null(subject->process);
    text_print(text, "hello\n");
}

static void show_long(struct text *text, const struct procfs_subject *subject)
{
    unsigned int i;

    (void)subject;
    for (i = 0; i < 1000; i++)
        text_print(text, "%04u ", i);
}

static void show_endless(struct text *text,
                         const struct procfs_subject *subject)
{
    (void)subject;
    while (!text->failed)
        text_put(text, "more and more and ", 18);
}

static void show_pid(struct text *text, const struct procfs_subject *subject)
{
    text_print(text, "%u", subject->process->pid);
}

static void show_one(struct text *text, const struct procfs_subject *subject)
{
    (void)subject;
    text_print(text, "1");
}

static void show_nothing(struct text *text,
                         const struct procfs_subject *subject)
{
    (void)text;
    (void)subject;
}

static int64_t follow_root(const struct procfs_subject *subject,
                           struct inode **target)
{
    if (subject->number == 7)
        return -ENOENT;
    *target = inode_get(path_root());
    return 0;
}

static const struct procfs_entry fd_entry =
    PROCFS_LINK(NULL, show_pid, follow_root);
static const struct procfs_dir fd_dir = {.next = next_fd,
                                         .numbered = &fd_entry};
static const struct procfs_entry process_entries[] = {
    PROCFS_DIR("fd", &fd_dir),
    PROCFS_FILE("pid", show_pid),
};
static const struct procfs_dir process_dir = {.entries = process_entries,
                                              .nr_entries = 2};
const struct procfs_entry procfs_process = PROCFS_DIR(NULL, &process_dir);

static const struct procfs_entry root_entries[] = {
    PROCFS_FILE("hello", show_hello),
    PROCFS_FILE("long", show_long),
    PROCFS_FILE("endless", show_endless),
    PROCFS_LINK("self", show_one, NULL),
    PROCFS_LINK("nobody", show_nothing, NULL),
};
const struct procfs_dir procfs_root = {
    .entries = root_entries,
    .nr_entries = 5,
    .next = next_process,
    .numbered = &procfs_process,
};

/* ---- every test: mounted on /proc, and gone after it ---- */

static int mount(void **state)
{
    nr_processes = 2;
    return world_start(state) != 0 || world_make_dir("/proc") != 0 ||
           path_mount("/proc", procfs_create()) != 0;
}

static int unmount(void **state)
{
    struct inode *root;

    assert_int_equal(path_find(NULL, "/proc", true, &root), 0);
    root->parent->mounted = NULL;
    inode_put(root); /* the mount's, then this one's: and its parent's */
    inode_put(root);
    return world_end(state);
}

#define PROC_TEST(name) cmocka_unit_test_setup_teardown(name, mount, unmount)

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(world_text("/proc/hello"), "hello\n");
    assert_string_equal(world_text("/proc/40/pid"), "40");
    assert_string_equal(world_text("/proc/self/pid"), "1");
    assert_int_equal(world_number("/proc/nobody"), -ENOENT);
    assert_int_equal(world_number("/proc/hell"), -ENOENT);
    assert_int_equal(world_number("/proc/hello/x"), -ENOTDIR);
    world_assert_same("/proc/1/fd/../../hello", "/proc/hello");
    world_assert_same("/proc/..", "/");
    world_assert_path("/proc/40/fd", "/proc/40/fd");
}

static void test_numbers(void **state)
{
    static const char *const none[] = {"2",  "01", "00",         "+1",
                                       "1x", "x",  "4294967297", "1000000000"};
    char path[40];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        snprintf(path, sizeof(path), "/proc/%s", none[i]);
        assert_int_equal(world_number(path), -ENOENT);
    }
    world_assert_same("/proc/1/fd/0", "/");
    assert_int_equal(world_number("/proc/1/fd/7"), -ENOENT);
    assert_true(world_number_at("/proc/1/fd/7", false) > 0);
    assert_int_equal(world_number_at("/proc/1/fd/3", false), -ENOENT);
    assert_true(world_number("/proc/1/pid") != world_number("/proc/40/pid"));
    assert_true(world_number("/proc/1/pid") != world_number("/proc/1/fd"));
}

struct listing {
    char names[100];
    uint64_t cookie;
    unsigned int nr_left;
};

static bool add_name(void *context, const char *name, size_t size,
                     uint64_t number, uint32_t type, uint64_t cookie)
{
    struct listing *listing = context;
    size_t used = strlen(listing->names);

    (void)type;
    assert_true(number != 0);
    assert_true(cookie > listing->cookie);
    if (listing->nr_left == 0)
        return false;
    listing->nr_left--;
    listing->cookie = cookie;
    snprintf(listing->names + used, sizeof(listing->names) - used, "%.*s ",
             (int)size, name);
    return true;
}

/* In one piece, and a few names at a time. */
static void test_list(void **state)
{
    struct listing listing = {.nr_left = 100};
    struct inode *root;
    unsigned int i;

    (void)state;
    assert_int_equal(path_find(NULL, "/proc", true, &root), 0);
    assert_int_equal(root->ops->list(root, 0, add_name, &listing), 0);
    assert_string_equal(listing.names, "hello long endless self nobody 1 40 ");
    listing = (struct listing){.nr_left = 0};
    for (i = 0; i < 10; i++) {
        listing.nr_left = 3;
        assert_int_equal(
            root->ops->list(root, listing.cookie, add_name, &listing), 0);
    }
    assert_string_equal(listing.names, "hello long endless self nobody 1 40 ");
    assert_int_equal(root->ops->list(root, UINT64_MAX, add_name, &listing), 0);
    inode_put(root);
}

static int64_t open_path(const char *path, uint32_t flags, struct file **file)
{
    struct inode *inode;
    int64_t result = path_find(NULL, path, true, &inode);

    if (result != 0)
        return result;
    result = file_open(inode, flags, file);
    inode_put(inode);
    return result;
}

static int64_t read_some(struct file *file, void *to, size_t size)
{
    struct io io = {.vaddr = (uint64_t)to, .left = size};

    return file_read(file, &io);
}

static void test_texts(void **state)
{
    char text[5001];
    struct file *file;
    size_t i;

    (void)state;
    assert_int_equal(open_path("/proc/long", O_RDONLY, &file), 0);
    for (i = 0; i < 5000; i += 7)
        assert_true(read_some(file, text + i, 7) > 0);
    assert_int_equal(read_some(file, text, 7), 0);
    assert_memory_equal(text, "0000 0001 ", 10);
    assert_memory_equal(text + 4990, "0998 0999 ", 10);
    file->offset = UINT64_MAX;
    assert_int_equal(read_some(file, text, 7), 0);
    file_put(file);
    assert_int_equal(open_path("/proc/long", O_WRONLY, &file), -EACCES);
    assert_int_equal(open_path("/proc/endless", O_RDONLY, &file), -ENOMEM);
}

/* What was opened before stays readable; the rest of it is not there. */
static void test_ended(void **state)
{
    struct listing listing = {.nr_left = 100};
    struct inode *dir;
    struct file *file;
    char text[10];

    (void)state;
    assert_int_equal(path_find(NULL, "/proc/40", true, &dir), 0);
    assert_int_equal(open_path("/proc/40/pid", O_RDONLY, &file), 0);
    nr_processes = 1;
    assert_int_equal(read_some(file, text, sizeof(text)), 2);
    file_put(file);
    assert_int_equal(world_number("/proc/40"), -ENOENT);
    assert_int_equal(dir->ops->list(dir, 0, add_name, &listing), -ENOENT);
    assert_int_equal(path_find(dir, "pid", true, &dir), -ENOENT);
    inode_put(dir);
}

/* Wherever memory runs out, nothing is lost. */
static void test_no_memory(void **state)
{
    struct file *file;
    int64_t result = -ENOMEM;
    int i;

    (void)state;
    for (i = 0; result != 0 && i < 100; i++) {
        world_allocations_left = i;
        result = open_path("/proc/self/pid", O_RDONLY, &file);
        assert_true(result == 0 || result == -ENOMEM);
    }
    assert_int_equal(result, 0);
    world_allocations_left = WORLD_MEMORY;
    file_put(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROC_TEST(test_names), PROC_TEST(test_numbers),
        PROC_TEST(test_list),  PROC_TEST(test_texts),
        PROC_TEST(test_ended), PROC_TEST(test_no_memory),
    };

    return cmocka_run_group_tests(tests, world_make_root, world_free_root);
}
