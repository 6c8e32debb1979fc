/* SPDX-License-Identifier: MIT */
#include "user/pctl/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int map(int fd, struct mapped_file *file)
{
    struct stat stat;
    void *bytes;

    if (fstat(fd, &stat) < 0)
        return -errno;
    if (!S_ISREG(stat.st_mode) || stat.st_size <= 0)
        return -ENODATA;
    file->size = (size_t)stat.st_size;
    bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return -errno;
    file->bytes = bytes;
    return 0;
}

int mapped_file_open(const char *path, struct mapped_file *file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int result;

    if (fd < 0)
        return -errno;
    result = map(fd, file);
    (void)close(fd);
    return result;
}

void mapped_file_close(struct mapped_file *file)
{
    (void)munmap((void *)(uintptr_t)file->bytes, file->size);
}
