/* SPDX-License-Identifier: MIT
 *
 * Partitions: a table is written, and its nodes come; what is written to one is
 * read from the disk; none is larger than it is.
 */
#include "user/disks/disks.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST 33u /* sectors: not at a page */
#define NR_SECTORS 40u
#define OTHER_FIRST 100u

static void put(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof(value));
}

/* Entry i of the table; the sizes in sectors, 0 for none. */
static void put_entry(uint8_t *table, unsigned int i, uint32_t first,
                      uint32_t nr_sectors)
{
    uint8_t *entry = table + 446 + 16 * i;

    memset(entry, 0, 16);
    entry[4] = nr_sectors > 0 ? 0x83 : 0;
    put(entry + 8, first);
    put(entry + 12, nr_sectors);
}

static long write_table(int fd, uint32_t nr_sectors)
{
    uint8_t table[SECTOR] = {0};

    put_entry(table, 0, FIRST, nr_sectors);
    put_entry(table, 2, OTHER_FIRST, nr_sectors);
    table[510] = 0x55;
    table[511] = 0xaa;
    check_is(pwrite(fd, table, sizeof(table), 0), SECTOR, "write of a table");
    return ioctl(fd, BLKRRPART, 0);
}

static const char *name_of(unsigned int number)
{
    static char name[64];
    size_t length = strlen(device);

    snprintf(name, sizeof(name), "%s%s%u", device,
             isdigit((unsigned char)device[length - 1]) ? "p" : "", number);
    return name;
}

static bool is_listed(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    char line[80], found[32];
    FILE *file = fopen("/proc/partitions", "r");
    unsigned long kib = 0;
    bool is_there = false;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "%*u %*u %lu %31s", &kib, found) == 2 &&
            strcmp(found, name) == 0)
            is_there = kib == NR_SECTORS / 2;
    if (file != NULL)
        fclose(file);
    return is_there;
}

static void test_content(int disk, int partition)
{
    uint8_t bytes[SECTOR], back[SECTOR];
    off_t end = NR_SECTORS * SECTOR;

    fill_random(bytes, sizeof(bytes));
    check_is(lseek(partition, 0, SEEK_END), end, "the partition's end");
    check_is(pwrite(partition, bytes, SECTOR, 700), SECTOR, "pwrite to it");
    check_is(pread(disk, back, SECTOR, FIRST * SECTOR + 700), SECTOR,
             "pread from the disk");
    check(memcmp(bytes, back, SECTOR) == 0, "the disk reads otherwise");
    fill_random(bytes, sizeof(bytes));
    check_is(pwrite(disk, bytes, SECTOR, FIRST * SECTOR), SECTOR,
             "pwrite to the disk");
    check_is(pread(partition, back, SECTOR, 0), SECTOR, "pread from it");
    check(memcmp(bytes, back, SECTOR) == 0, "the partition reads otherwise");
    check_is(pwrite(partition, bytes, SECTOR, end - 100), 100, "pwrite across");
    check_is(pread(partition, back, SECTOR, end - 100), 100, "pread across");
    check_error(pwrite(partition, bytes, 1, end), ENOSPC, "pwrite at its end");
}

static void test_one(int disk)
{
    struct stat status;
    uint64_t bytes = 0;
    int partition;

    check_is(write_table(disk, NR_SECTORS), 0, "BLKRRPART");
    check_is(stat(name_of(2), &status), -1, "a partition that is not there");
    check_is(stat(name_of(3), &status), 0, "stat of the third partition");
    check_is((long)(status.st_rdev & 15), 3, "its number");
    partition = open(name_of(1), O_RDWR);
    check(partition >= 0, "open of the first one");
    check(is_listed(name_of(1)), "/proc/partitions does not have it");
    check_is(ioctl(partition, (int)BLKGETSIZE64, &bytes), 0, "BLKGETSIZE64");
    check_is((long)bytes, NR_SECTORS * SECTOR, "its bytes");
    test_content(disk, partition);
    check_error(ioctl(disk, BLKRRPART, 0), EBUSY, "BLKRRPART while it is open");
    check_error(ioctl(partition, BLKRRPART, 0), EINVAL, "BLKRRPART of it");
    close(partition);
}

void test_partitions(void)
{
    int disk = open_device(O_RDWR);
    struct stat status;

    test_one(disk);
    check_is(write_table(disk, 0), 0, "BLKRRPART of none");
    check_error(stat(name_of(1), &status), ENOENT, "stat of what has gone");
    check(!is_listed(name_of(1)), "/proc/partitions still has it");
    check_is(fstat(disk, &status), 0, "fstat");
    check_is(mknod("/tmp/none", S_IFBLK | 0600, status.st_rdev + 1), 0,
             "mknod");
    check_error(open("/tmp/none", O_RDONLY), ENXIO, "open of no partition");
    unlink("/tmp/none");
    check_is(mknod("/tmp/none", S_IFBLK | 0600, 8 << 8), 0, "mknod");
    check_error(open("/tmp/none", O_RDONLY), ENXIO, "open of another major");
    unlink("/tmp/none");
    close(disk);
}
