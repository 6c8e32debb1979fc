/* SPDX-License-Identifier: MIT
 *
 * What is kept of a disk: it is read once, and it goes before a process does
 * when memory is short.
 */
#include "user/disks/disks.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK (64 * 1024ul)
#define LEFT_KIB 2048 /* the kernel's reserve, page tables and the like */

long meminfo_kib(const char *name)
{
    FILE *file = fopen("/proc/meminfo", "r");
    size_t length = strlen(name);
    char line[80];
    long kib = -1;

    while (file != NULL && kib < 0 && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, name, length) == 0)
            sscanf(line + length, ": %ld", &kib);
    if (file != NULL)
        fclose(file);
    return kib;
}

static void read_all(int fd)
{
    uint8_t *bytes = new_pages(CHUNK);
    uint64_t at;

    for (at = 0; at < device_size; at += CHUNK)
        check(pread(fd, bytes, CHUNK, (off_t)at) > 0, "pread");
    munmap(bytes, CHUNK);
}

/* In a child, which has all that it was given when it ends well. */
static int use_memory(long kib)
{
    size_t size = (size_t)kib * 1024, at;
    uint8_t *pages;
    pid_t pid = fork();
    int status = -1;

    if (pid != 0) {
        waitpid(pid, &status, 0);
        return status;
    }
    pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (at = 0; pages != MAP_FAILED && at < size; at += PAGE)
        pages[at] = 1;
    _exit(pages == MAP_FAILED);
}

void test_memory(void)
{
    int fd = open_device(O_RDONLY);
    long others, kept, all;

    check_is(ioctl(fd, BLKFLSBUF, 0), 0, "BLKFLSBUF");
    others = meminfo_kib("Buffers");
    read_all(fd);
    kept = meminfo_kib("Buffers");
    all = meminfo_kib("MemFree") + kept;
    check(kept >= others + 3072 && kept <= all / 4, "%ld KiB of %ld are kept",
          kept, all);
    check_is(meminfo_kib("MemAvailable"), all, "what is available");
    check_is(use_memory(all - LEFT_KIB), 0, "a child that needs much memory");
    check(meminfo_kib("Buffers") < kept, "nothing has gone");
    close(fd);
}
