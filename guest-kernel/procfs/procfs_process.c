/* SPDX-License-Identifier: MIT
 *
 * /proc/PID: its tables, what is read from the memory of the process, and the
 * links to what it has open. Formats: proc(5).
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/proc/files.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/procfs/procfs_parts.h"
#include "guest-kernel/procfs/procfs_text.h"
#include "lib/macros.h"
#include "lib/string.h"

#define SHOW(name)                                                             \
    static void show_##name(struct text *text,                                 \
                            const struct procfs_subject *subject)
#define FOLLOW(name)                                                           \
    static int64_t follow_##name(const struct procfs_subject *subject,         \
                                 struct inode **target)

/* ---- its memory ---- */

/* As much as can be read of it, up to a bound: the program may have changed
 * or unmapped it. */
static void put_memory(struct text *text, struct process *process,
                       uint64_t start, uint64_t end)
{
    enum { PIECE = 256, LIMIT = 128 * 1024 };
    char piece[PIECE];
    size_t size;

    if (process->space == NULL || end <= start)
        return;
    end = MIN(end, start + LIMIT);
    for (; start < end; start += size) {
        size = MIN(end - start, (size_t)PIECE);
        if (!space_copy_in(process->space, piece, start, size))
            return;
        text_put(text, piece, size);
    }
}

SHOW(cmdline)
{
    put_memory(text, subject->process, subject->process->args_start,
               subject->process->args_end);
}

SHOW(environ)
{
    put_memory(text, subject->process, subject->process->args_end,
               subject->process->environment_end);
}

static const char *area_name(const struct process *process,
                             const struct space_area *area)
{
    if (area->start <= process->args_start && process->args_start < area->end)
        return "[stack]";
    if (process->heap_start <= area->start && area->end <= process->heap_end)
        return "[heap]";
    return "";
}

SHOW(maps)
{
    const struct process *process = subject->process;
    const struct list_node *at = NULL;
    struct space_area area;

    while (process->space != NULL && !text->failed &&
           space_next_area(process->space, &at, &area))
        text_print(text, "%08lx-%08lx %c%c%c%c %08lx 00:01 0 %s\n", area.start,
                   area.end, area.prot != 0 ? 'r' : '-',
                   (area.prot & SPACE_WRITE) != 0 ? 'w' : '-',
                   (area.prot & SPACE_EXEC) != 0 ? 'x' : '-',
                   area.shared ? 's' : 'p', area.has_object ? area.offset : 0,
                   area_name(process, &area));
}

/* ---- paths ---- */

/* path_of(), or for what has no name a text that opens nothing. */
static void put_inode(struct text *text, struct inode *inode)
{
    char *path = kmalloc(PATH_MAX);
    int64_t size = path != NULL ? path_of(inode, path, PATH_MAX) : -ENOMEM;

    if (size > 0)
        text_put(text, path, (size_t)size - 1);
    else
        text_print(text, "%s:[%lu]",
                   inode_is(inode, MODE_DIR)      ? "removed"
                   : inode_is(inode, MODE_FIFO)   ? "pipe"
                   : inode_is(inode, MODE_SOCKET) ? "socket"
                                                  : "anon_inode",
                   inode->number);
    kfree(path);
}

static int64_t follow_inode(struct inode *inode, struct inode **target)
{
    if (inode == NULL)
        return -ENOENT;
    *target = inode_get(inode);
    return 0;
}

/* ---- links ---- */

SHOW(exe)
{
    if (subject->process->program != NULL)
        put_inode(text, subject->process->program);
}

FOLLOW(exe)
{
    return follow_inode(subject->process->program, target);
}

SHOW(cwd)
{
    if (subject->process->cwd != NULL)
        put_inode(text, subject->process->cwd);
}

FOLLOW(cwd)
{
    return follow_inode(subject->process->cwd, target);
}

SHOW(root)
{
    if (subject->process->root != NULL)
        put_inode(text, subject->process->root);
}

FOLLOW(root)
{
    return follow_inode(subject->process->root, target);
}

static struct inode *inode_of_fd(const struct procfs_subject *subject)
{
    const struct files *files = subject->process->files;
    struct file *file = NULL;

    if (files != NULL)
        file = files_peek(files, subject->number);
    return file != NULL ? file->inode : NULL;
}

SHOW(fd)
{
    struct inode *inode = inode_of_fd(subject);

    if (inode != NULL)
        put_inode(text, inode);
}

/* As it is opened anew, it gets an offset of its own. */
FOLLOW(fd)
{
    return follow_inode(inode_of_fd(subject), target);
}

static bool next_fd(const struct procfs_subject *subject, uint32_t *number)
{
    uint64_t fd = *number;

    if (subject->process->files == NULL ||
        files_next(subject->process->files, &fd) == NULL)
        return false;
    *number = (uint32_t)fd;
    return true;
}

static bool next_thread(const struct procfs_subject *subject, uint32_t *number)
{
    const struct thread_user *user;
    uint32_t best = UINT32_MAX;

    list_for_each_entry (user, &subject->process->threads, sibling)
        if (user->thread->id >= *number)
            best = MIN(best, user->thread->id);
    *number = best;
    return best != UINT32_MAX;
}

/* ---- the tables ---- */

static const struct procfs_entry fd_entry =
    PROCFS_LINK(NULL, show_fd, follow_fd);
static const struct procfs_dir fd_dir = {.next = next_fd,
                                         .numbered = &fd_entry};

#define ENTRIES_OF_BOTH                                                        \
    PROCFS_FILE("cmdline", show_cmdline),                                      \
        PROCFS_FILE("comm", procfs_show_comm),                                 \
        PROCFS_LINK("cwd", show_cwd, follow_cwd),                              \
        PROCFS_FILE("environ", show_environ),                                  \
        PROCFS_LINK("exe", show_exe, follow_exe),                              \
        PROCFS_FILE("maps", show_maps),                                        \
        PROCFS_FILE("mounts", procfs_show_mounts),                             \
        PROCFS_LINK("root", show_root, follow_root),                           \
        PROCFS_FILE("stat", procfs_show_stat),                                 \
        PROCFS_FILE("statm", procfs_show_statm),                               \
        PROCFS_FILE("status", procfs_show_status)

static const struct procfs_entry thread_entries[] = {ENTRIES_OF_BOTH};
static const struct procfs_dir thread_dir = {
    .entries = thread_entries,
    .nr_entries = ARRAY_SIZE(thread_entries),
};
static const struct procfs_entry thread_entry = PROCFS_DIR(NULL, &thread_dir);
static const struct procfs_dir task_dir = {.next = next_thread,
                                           .numbered = &thread_entry};

static const struct procfs_entry process_entries[] = {
    ENTRIES_OF_BOTH,
    PROCFS_DIR("fd", &fd_dir),
    PROCFS_DIR("task", &task_dir),
};
static const struct procfs_dir process_dir = {
    .entries = process_entries,
    .nr_entries = ARRAY_SIZE(process_entries),
};
const struct procfs_entry procfs_process = PROCFS_DIR(NULL, &process_dir);
