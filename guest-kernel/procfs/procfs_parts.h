/* SPDX-License-Identifier: MIT
 *
 * What the files procfs/procfs*.c share: the tables that say what is in /proc,
 * and the texts that its files consist of. Others have procfs/procfs.h.
 *
 * No pointer to a process is kept over a sleep: an inode of /proc knows a
 * number only, and looks the process up anew each time that it is used. When
 * that has gone, the inode is an empty shell: -ENOENT.
 */
#ifndef GUEST_KERNEL_PROCFS_PROCFS_PARTS_H
#define GUEST_KERNEL_PROCFS_PROCFS_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inode;
struct process;
struct text;

/* Whom a file of /proc is about. */
struct procfs_subject {
    struct process *process; /* NULL: the system */
    uint32_t number;         /* of a thread or a descriptor; of neither: 0 */
};

/* Puts nothing when there is nothing: a link then leads nowhere. */
typedef void procfs_show_t(struct text *text,
                           const struct procfs_subject *subject);

/* What a name stands for. */
struct procfs_entry {
    const char *name; /* NULL: a number */
    uint32_t mode;
    procfs_show_t *show; /* what a file, or a link, says */
    /* Of a link: where it leads to without being read, see struct inode_ops.
     * NULL: its text. */
    int64_t (*follow)(const struct procfs_subject *subject,
                      struct inode **target);
    const struct procfs_dir *dir; /* of a directory */
};

/* What is in a directory: names, and numbers. */
struct procfs_dir {
    const struct procfs_entry *entries;
    size_t nr_entries;
    /* *number becomes the smallest one that exists and is not below it; false
     * past the last. NULL: there are none. */
    bool (*next)(const struct procfs_subject *subject, uint32_t *number);
    const struct procfs_entry *numbered; /* what each number is */
};

#define PROCFS_FILE(name_, show_)                                              \
    {                                                                          \
        .name = (name_), .mode = MODE_REGULAR | 0444, .show = (show_)          \
    }
#define PROCFS_DIR(name_, dir_)                                                \
    {                                                                          \
        .name = (name_), .mode = MODE_DIR | 0555, .dir = (dir_)                \
    }
#define PROCFS_LINK(name_, show_, follow_)                                     \
    {                                                                          \
        .name = (name_), .mode = MODE_LINK | 0777, .show = (show_),            \
        .follow = (follow_)                                                    \
    }

/* /proc itself (procfs/procfs_root.c); a process's (procfs/procfs_process.c).
 */
extern const struct procfs_dir procfs_root;
extern const struct procfs_entry procfs_process;

/* procfs/procfs_system.c */
procfs_show_t procfs_show_system_stat;
procfs_show_t procfs_show_interrupts;
procfs_show_t procfs_show_uptime;
procfs_show_t procfs_show_loadavg;
procfs_show_t procfs_show_meminfo;
procfs_show_t procfs_show_exits;

/* procfs/procfs_cpu.c */
procfs_show_t procfs_show_cpuinfo;

/* procfs/procfs_root.c: of the system and of each process. */
procfs_show_t procfs_show_mounts;

/* procfs/procfs_status.c: of a thread if the subject has a number, else of the
 * process. */
procfs_show_t procfs_show_stat;
procfs_show_t procfs_show_statm;
procfs_show_t procfs_show_status;
procfs_show_t procfs_show_comm;

#endif
