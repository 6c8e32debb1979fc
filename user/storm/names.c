/* SPDX-License-Identifier: MIT
 *
 * Steps on names: a few, in a few directories, so that most exist, as this or
 * that; and the files of /proc, of workers that are just changing, and of
 * others.
 */
#include "user/storm/storm.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NR_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_PID 3000

static const char *any_name(char name[NAME_SIZE])
{
    static const char *const dirs[] = {"", "", "d0/", "d1/", "d0/d0/"};
    static const char *const names[] = {"a",  "b",    "c",   "d0",
                                        "d1", "fifo", "link"};

    snprintf(name, NAME_SIZE, "%s%s", dirs[below(NR_OF(dirs))],
             names[below(NR_OF(names))]);
    return name;
}

/* What may be opened and be a link's target, but not be renamed or removed. */
static const char *any_device(void)
{
    static const char *const names[] = {"/proc/self/fd/5", "/dev/null",
                                        "/dev/zero", "/proc/self/maps",
                                        "/dev/random"};

    return names[below(NR_OF(names))];
}

static void list_dir(int dir, size_t size)
{
    (void)syscall(SYS_getdents64, dir, buffer, size);
}

void step_open(void)
{
    char name[NAME_SIZE];
    int flags = (int)random_bits() & (O_CREAT | O_TRUNC | O_APPEND | O_EXCL);

    if (once_in(4)) {
        keep_fd(open(once_in(2) ? "." : "d0", O_RDONLY | O_DIRECTORY));
        list_dir(any_fd(), 200);
    } else {
        keep_fd(open(once_in(6) ? any_device() : any_name(name),
                     O_RDWR | O_NONBLOCK | flags, 0755));
    }
}

static void ask_about(const char *name)
{
    struct stat status;

    (void)stat(name, &status);
    (void)access(name, R_OK);
    (void)fstat(any_fd(), &status);
    (void)chdir(once_in(4) ? STORM_DIR "/d0" : STORM_DIR);
}

void step_names(void)
{
    char one[NAME_SIZE], other[NAME_SIZE];

    (void)any_name(one);
    (void)any_name(other);
    switch (below(8)) {
    case 0:
        (void)unlink(one);
        break;
    case 1:
        (void)rename(one, other);
        break;
    case 2:
        (void)link(one, other);
        break;
    case 3:
        (void)mkdir(one, 0755);
        break;
    case 4:
        (void)rmdir(one);
        break;
    case 5:
        (void)symlink(once_in(3) ? any_device() : other, one);
        break;
    case 6:
        (void)mkfifo(one, 0600);
        break;
    default:
        ask_about(one);
    }
}

/* ---- /proc ---- */

static void name_proc_file(char name[NAME_SIZE])
{
    static const char *const files[] = {
        "stat",  "status",  "maps", "cmdline", "fd",     "exe",  "cwd",  "root",
        "statm", "environ", "task", "comm",    "mounts", "fd/3", "fd/5", "fd/7",
    };
    pid_t pid = shared->workers[below(NR_WORKERS)];

    if (once_in(8))
        pid = below(MAX_PID);
    snprintf(name, NAME_SIZE, "/proc/%d/%s", pid, files[below(NR_OF(files))]);
}

/* A bit at a time: what it tells of changes in between. */
static void read_slowly(int file)
{
    unsigned int i, nr = below(5);

    for (i = 0; i < nr; i++) {
        list_dir(file, 300);
        (void)read(file, buffer, below(4000));
        sched_yield();
    }
}

void step_proc(void)
{
    char name[NAME_SIZE], target[NAME_SIZE];
    int file;

    if (once_in(8)) {
        keep_fd(open(once_in(2) ? "/proc/exits" : "/proc/meminfo", O_RDONLY));
        return;
    }
    name_proc_file(name);
    if (once_in(4)) {
        (void)readlink(name, target, sizeof(target));
        return;
    }
    file = open(name, O_RDONLY | O_NONBLOCK);
    if (file < 0)
        return;
    read_slowly(file);
    if (once_in(2))
        keep_fd(file);
    else
        (void)close(file);
}
