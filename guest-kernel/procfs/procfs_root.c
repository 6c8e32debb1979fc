/* SPDX-License-Identifier: MIT
 *
 * /proc itself and the directories in it that are not about a process: their
 * tables, and the files with names and properties of the system. Its figures
 * are in procfs/procfs_system.c. Formats: proc(5).
 */
#include "guest-kernel/block/disk.h"
#include "guest-kernel/boot_info.h"
#include "guest-kernel/core/version.h"
#include "guest-kernel/fs/device.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/fs/random.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/system.h"
#include "guest-kernel/procfs/procfs_parts.h"
#include "guest-kernel/procfs/procfs_text.h"
#include "lib/macros.h"
#include "lib/string.h"

#define SHOW(name)                                                             \
    static void show_##name(struct text *text,                                 \
                            const struct procfs_subject *subject)

/* ---- names ---- */

void procfs_show_mounts(struct text *text, const struct procfs_subject *subject)
{
    (void)subject;
    text_print(text, "ramfs / ramfs rw 0 0\nproc /proc proc rw 0 0\n");
}

SHOW(filesystems)
{
    (void)subject;
    text_print(text, "nodev\tramfs\nnodev\tproc\n");
}

static void put_partition(void *context, const char *name, uint64_t number,
                          uint64_t bytes)
{
    text_print(context, "%4lu %8u %10lu %s\n", DEVICE_MAJOR(number),
               DEVICE_MINOR(number), bytes / 1024, name);
}

SHOW(partitions)
{
    (void)subject;
    text_print(text, "major minor  #blocks  name\n\n");
    disk_list(put_partition, text);
}

SHOW(cmdline)
{
    (void)subject;
    text_print(text, "%s\n", kernel_command_line());
}

SHOW(version)
{
    (void)subject;
    text_print(text,
               "Linux version " KERNEL_LINUX_RELEASE " (Parapet " KERNEL_VERSION
               ") #1 %s\n",
               privops_name());
}

/* Nobody, when a thread of the kernel asks. */
SHOW(self)
{
    struct process *self = process_current();

    (void)subject;
    if (self != NULL)
        text_print(text, "%u", self->pid);
}

SHOW(thread_self)
{
    struct process *self = process_current();

    (void)subject;
    if (self != NULL)
        text_print(text, "%u/task/%u", self->pid, thread_current()->id);
}

SHOW(self_mounts)
{
    (void)subject;
    text_print(text, "self/mounts");
}

/* ---- /proc/sys ---- */

SHOW(hostname)
{
    (void)subject;
    text_print(text, "%s\n", system_hostname());
}

SHOW(ostype)
{
    (void)subject;
    text_print(text, "Linux\n");
}

SHOW(osrelease)
{
    (void)subject;
    text_print(text, KERNEL_LINUX_RELEASE "\n");
}

SHOW(sys_version)
{
    (void)subject;
    text_print(text, "#1 %s\n", privops_name());
}

/* Linux's limit. Numbers are not used again here. */
SHOW(pid_max)
{
    (void)subject;
    text_print(text, "4194304\n");
}

/* A new one each time: version 4, variant 1 (RFC 9562). */
SHOW(uuid)
{
    uint8_t bytes[16];
    size_t i;

    (void)subject;
    random_bytes(bytes, sizeof(bytes));
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (i = 0; i < sizeof(bytes); i++)
        text_print(text, "%s%02x", i >= 4 && i <= 10 && i % 2 == 0 ? "-" : "",
                   bytes[i]);
    text_print(text, "\n");
}

/* Memory is given out when it is touched, and promised without limit. */
SHOW(overcommit_memory)
{
    (void)subject;
    text_print(text, "1\n");
}

/* ---- the tables ---- */

#define DIR(entries_)                                                          \
    {                                                                          \
        .entries = (entries_), .nr_entries = ARRAY_SIZE(entries_)              \
    }

static const struct procfs_entry random_entries[] = {
    PROCFS_FILE("uuid", show_uuid),
};
static const struct procfs_dir random_dir = DIR(random_entries);

static const struct procfs_entry kernel_entries[] = {
    PROCFS_FILE("hostname", show_hostname),
    PROCFS_FILE("osrelease", show_osrelease),
    PROCFS_FILE("ostype", show_ostype),
    PROCFS_FILE("pid_max", show_pid_max),
    PROCFS_DIR("random", &random_dir),
    PROCFS_FILE("version", show_sys_version),
};
static const struct procfs_dir kernel_dir = DIR(kernel_entries);

static const struct procfs_entry vm_entries[] = {
    PROCFS_FILE("overcommit_memory", show_overcommit_memory),
};
static const struct procfs_dir vm_dir = DIR(vm_entries);

static const struct procfs_entry sys_entries[] = {
    PROCFS_DIR("kernel", &kernel_dir),
    PROCFS_DIR("vm", &vm_dir),
};
static const struct procfs_dir sys_dir = DIR(sys_entries);

static const struct procfs_entry root_entries[] = {
    PROCFS_FILE("cmdline", show_cmdline),
    PROCFS_FILE("cpuinfo", procfs_show_cpuinfo),
    PROCFS_FILE("exits", procfs_show_exits),
    PROCFS_FILE("filesystems", show_filesystems),
    PROCFS_FILE("interrupts", procfs_show_interrupts),
    PROCFS_FILE("loadavg", procfs_show_loadavg),
    PROCFS_FILE("meminfo", procfs_show_meminfo),
    PROCFS_LINK("mounts", show_self_mounts, NULL),
    PROCFS_FILE("partitions", show_partitions),
    PROCFS_LINK("self", show_self, NULL),
    PROCFS_FILE("stat", procfs_show_system_stat),
    PROCFS_DIR("sys", &sys_dir),
    PROCFS_LINK("thread-self", show_thread_self, NULL),
    PROCFS_FILE("uptime", procfs_show_uptime),
    PROCFS_FILE("version", show_version),
};

/* The smallest number that is not below *number; the list's order is not
 * relied upon. */
static bool next_process(const struct procfs_subject *subject, uint32_t *number)
{
    const struct process *process;
    uint32_t best = UINT32_MAX;

    (void)subject;
    for_each_process (process)
        if (process->pid != 0 && process->pid >= *number)
            best = MIN(best, process->pid);
    *number = best;
    return best != UINT32_MAX;
}

const struct procfs_dir procfs_root = {
    .entries = root_entries,
    .nr_entries = ARRAY_SIZE(root_entries),
    .next = next_process,
    .numbered = &procfs_process,
};
