/* SPDX-License-Identifier: MIT
 *
 * What programs expect of a disk: `disks /dev/ram0` tries it out, and
 * overwrites all that is on it.
 */
#include "user/disks/disks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/disks/requests.h"

const char *device;
uint64_t device_size;

static const struct part {
    const char *name;
    void (*test)(void);
} parts[] = {
    {"transfers", test_transfers},   {"direct", test_direct},
    {"requests", test_requests},     {"endings", test_endings},
    {"memory", test_memory},         {"ioctls", test_ioctls},
    {"partitions", test_partitions},
};
#define NR_PARTS (sizeof(parts) / sizeof(parts[0]))

static const char *part_name;
static unsigned int nr_passed, nr_failed;

void check(bool passed, const char *format, ...)
{
    va_list arguments;

    if (passed) {
        nr_passed++;
        return;
    }
    nr_failed++;
    printf("disks: %s: FAILED: ", part_name);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void check_is(long got, long expected, const char *what)
{
    const char *error = got == -1 ? strerror(errno) : "";

    check(got == expected, "%s: expected %ld, got %ld %s", what, expected, got,
          error);
}

void check_error(long result, int expected, const char *what)
{
    int error = result == -1 ? errno : 0;

    check(result == -1 && error == expected, "%s: expected %s, got %ld, %s",
          what, strerror(expected), result, strerror(error));
}

int open_device(int flags)
{
    int fd = open(device, flags);

    if (fd < 0) {
        perror(device);
        exit(1);
    }
    return fd;
}

void *new_pages(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) {
        perror("disks: no memory");
        exit(1);
    }
    return pages;
}

/* Marsaglia's xorshift64. */
static uint64_t next_random(void)
{
    static uint64_t state = 88172645463325252;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

uint32_t random_below(uint32_t limit)
{
    return (uint32_t)(next_random() >> 16) % limit;
}

void fill_random(void *to, size_t size)
{
    uint8_t *bytes = to;
    uint64_t value;
    size_t i;

    for (i = 0; i < size; i += sizeof(value)) {
        value = next_random();
        memcpy(bytes + i, &value,
               size - i < sizeof(value) ? size - i : sizeof(value));
    }
}

int main(int argc, char **argv)
{
    size_t i;
    int fd;

    /* What test_endings() runs. */
    if (argc == 3 && strcmp(argv[1], "context") == 0)
        return io_destroy(strtoul(argv[2], NULL, 10)) != -1 || errno != EINVAL;
    if (argc != 2) {
        fprintf(stderr, "usage: disks DEVICE (all that is on it is lost)\n");
        return 2;
    }
    device = argv[1];
    fd = open_device(O_RDONLY);
    device_size = (uint64_t)lseek(fd, 0, SEEK_END);
    close(fd);
    for (i = 0; i < NR_PARTS; i++) {
        part_name = parts[i].name;
        parts[i].test();
    }
    printf("disks: %u passed, %u failed\n", nr_passed, nr_failed);
    return nr_failed > 0;
}
