/* SPDX-License-Identifier: MIT
 *
 * The writes up to a generation once more, without writing: what each sector is
 * to have at least.
 */
#include "user/verify/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t least[AREA_MAX];

static uint32_t newest;

static void check_sector(const struct area *area, const uint8_t *bytes,
                         uint32_t number)
{
    uint32_t generation = sector_generation(area, bytes, number);

    if (generation < least[number])
        fail("sector %u is of write %u, expected %u or later", number,
             generation, least[number]);
    if (generation > newest)
        newest = generation;
}

void check(const struct area *area, int fd, uint32_t generation)
{
    static _Alignas(4096) uint8_t bytes[MAX_SECTORS * SECTOR];
    uint32_t i, number, nr;
    struct range range;
    int64_t result;

    for (i = 1; i <= generation; i++) {
        range = write_range(area, i);
        for (number = range.first; number < range.first + range.nr; number++)
            least[number] = i;
    }
    for (number = 0; number < area->nr_sectors; number += nr) {
        nr = area->nr_sectors - number;
        nr = nr < MAX_SECTORS ? nr : MAX_SECTORS;
        result = pread(fd, bytes, nr * SECTOR, (int64_t)number * SECTOR);
        if (result != (int64_t)(nr * SECTOR))
            fail("sector %u: read %ld bytes, %s", number, result,
                 strerror(errno));
        for (i = 0; i < nr; i++)
            check_sector(area, bytes + i * SECTOR, number + i);
    }
    printf("verify: the newest write is %u\n", newest);
    printf(
        "verify: %u sectors are as they were up to generation %u, or newer\n",
        area->nr_sectors, generation);
}
