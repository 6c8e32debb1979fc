/* SPDX-License-Identifier: MIT
 *
 * A verifying writer: whether a disk keeps what it has acknowledged, whatever
 * happens to it, its driver or the kernel meanwhile.
 */
#include "user/verify/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#define MAGIC 0x7061726170657401ul
#define PATIENCE_MS 20000
#define LOOK_MS 20

/* Each word of a sector. */
struct sector {
    uint64_t magic;
    uint64_t seed;
    uint64_t number;
    uint64_t generation;
    uint64_t rest[SECTOR / 8 - 4];
};

void fail(const char *format, ...)
{
    va_list arguments;

    printf("verify: FAILED: ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    exit(1);
}

/* Steele's and Vigna's splitmix64. */
uint64_t mix(uint64_t seed, uint64_t number)
{
    uint64_t value =
        seed * 0xd1342543de82ef95ul + number * 0x9e3779b97f4a7c15ul;

    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ul;
    value = (value ^ value >> 27) * 0x94d049bb133111ebul;
    return value ^ value >> 31;
}

/* Small ones are more frequent; some are as large as can be. */
struct range write_range(const struct area *area, uint32_t generation)
{
    uint64_t random = mix(area->seed, generation);
    uint32_t most = random % 4 == 0 ? MAX_SECTORS : 16;
    struct range range = {.nr = 1 + (uint32_t)(random >> 8) % most};

    if (random % 16 == 4)
        range.nr = MAX_SECTORS;
    if (range.nr > area->most)
        range.nr = area->most;
    if (range.nr > area->nr_sectors)
        range.nr = area->nr_sectors;
    range.first =
        (uint32_t)((random >> 32) % (area->nr_sectors - range.nr + 1));
    return range;
}

void fill_sector(const struct area *area, void *to, uint32_t number,
                 uint32_t generation)
{
    struct sector *sector = to;
    uint64_t word = mix(area->seed + number, generation);
    size_t i;

    sector->magic = MAGIC;
    sector->seed = area->seed;
    sector->number = number;
    sector->generation = generation;
    for (i = 0; i < SECTOR / 8 - 4; i++)
        sector->rest[i] = word + i;
}

static bool covers(struct range range, uint32_t number)
{
    return number >= range.first && number - range.first < range.nr;
}

uint32_t sector_generation(const struct area *area, const void *from,
                           uint32_t number)
{
    const struct sector *sector = from;
    uint8_t wanted[SECTOR];
    uint32_t generation = (uint32_t)sector->generation;

    if (sector->magic != MAGIC || sector->seed != area->seed)
        return 0;
    fill_sector(area, wanted, number, generation);
    if (memcmp(wanted, from, SECTOR) != 0 ||
        !covers(write_range(area, generation), number))
        fail("sector %u is torn, or another's: it says that it is %lu, of "
             "write %lu",
             number, sector->number, sector->generation);
    return generation;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: verify run DEVICE SEED DEPTH WRITES [SECTORS]\n"
            "       verify check DEVICE SEED GENERATION [SECTORS]\n"
            "a write has up to so many sectors; "
            "run overwrites the first 16 MiB, and says which generation "
            "is safe\n");
    return 2;
}

static uint64_t number_of(const char *text, uint64_t most)
{
    char *end;
    uint64_t value = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || value > most) {
        fprintf(stderr, "verify: %s: expected a number up to %lu\n", text,
                most);
        exit(2);
    }
    return value;
}

/* A domain may be there before its disk. */
static int open_when_there(const char *name)
{
    int fd = open(name, O_RDWR | O_DIRECT), i;

    for (i = 0; fd < 0 && errno == ENOENT && i < PATIENCE_MS; i += LOOK_MS) {
        usleep(LOOK_MS * 1000);
        fd = open(name, O_RDWR | O_DIRECT);
    }
    return fd;
}

/* It may be the only program there, as init=/bin/verify. */
static int finish(void)
{
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    return 0;
}

int main(int argc, char **argv)
{
    bool is_run = argc >= 6 && strcmp(argv[1], "run") == 0;
    bool is_check = argc >= 5 && strcmp(argv[1], "check") == 0;
    int nr_words = is_run ? 6 : 5;
    struct area area;
    int64_t size;
    int fd;

    if ((!is_run && !is_check) || argc > nr_words + 1)
        return usage();
    fd = open_when_there(argv[2]);
    size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    if (size < (int64_t)SECTOR) {
        fprintf(stderr, "verify: %s: %s\n", argv[2],
                size < 0 ? strerror(errno) : "there is no sector");
        return 2;
    }
    area.seed = number_of(argv[3], UINT32_MAX);
    area.most = argc > nr_words
                    ? (uint32_t)number_of(argv[nr_words], MAX_SECTORS)
                    : MAX_SECTORS;
    area.nr_sectors = AREA_MAX;
    if (size / SECTOR < AREA_MAX)
        area.nr_sectors = (uint32_t)(size / SECTOR);
    if (is_run)
        run(&area, fd, (unsigned int)number_of(argv[4], 128),
            (uint32_t)number_of(argv[5], UINT32_MAX / 2));
    else
        check(&area, fd, (uint32_t)number_of(argv[4], UINT32_MAX / 2));
    return finish();
}
