/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a description. What comes of it is what a domain can be, or a
 * clean line of text about one of its lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/pctl/cfg.h"
#include "user/pctl/description.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "fuzz_cfg: expected %s\n", #condition);            \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* Each has a store, and a name that no other one has. */
static void check_disks(const struct description *d)
{
    uint32_t seen = 0;

    CHECK(d->nr_disks <= PARAPET_BLK_ATTACH_MAX);
    for (uint32_t i = 0; i < d->nr_disks; i++) {
        const struct parapet_blk_attach *disk = &d->disks[i];

        CHECK(disk->index < PARAPET_BLK_ATTACH_MAX);
        CHECK(!(seen & UINT32_C(1) << disk->index));
        seen |= UINT32_C(1) << disk->index;
        CHECK((disk->flags & ~PARAPET_BLK_ATTACH_READONLY) == 0);
        CHECK(disk->domain == 0 && disk->reserved == 0);
        CHECK(memchr(disk->store, 0, sizeof(disk->store)));
        CHECK(strncmp(disk->store, "ram:", 4) == 0 ||
              strncmp(disk->store, "/dev/", 5) == 0);
    }
}

static void check_good(const struct description *d)
{
    CHECK(d->name[0] && strlen(d->name) < sizeof(d->name));
    CHECK(d->kernel[0] && strlen(d->kernel) <= DESCRIPTION_MAX_PATH);
    CHECK(strlen(d->ramdisk) <= DESCRIPTION_MAX_PATH);
    CHECK(strlen(d->extra) <= DESCRIPTION_MAX_EXTRA);
    CHECK(d->memory >= 1 && d->maxmem >= d->memory && d->maxmem <= 65536);
    CHECK(d->vcpus >= 1 && d->vcpus <= PARAPET_MAX_VCPUS);
    CHECK(d->nr_cpus == 1 || d->nr_cpus == d->vcpus);
    for (uint32_t i = 0; i < d->nr_cpus; i++)
        CHECK(d->cpus[i] != 0);
    CHECK(d->weight >= 1 && d->weight <= PARAPET_MAX_WEIGHT);
    CHECK(d->cap <= 100 * d->vcpus);
    check_disks(d);
}

static void check_bad(const struct cfg_error *error, unsigned int nr_lines)
{
    CHECK(error->line <= nr_lines);
    CHECK(error->why[0] && memchr(error->why, 0, sizeof(error->why)));
    for (const char *p = error->why; *p; p++)
        CHECK(*p >= ' ' && *p <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct cfg_error error = {.line = UINT32_MAX};
    struct description d;
    unsigned int nr_lines = 1;
    int result;

    for (size_t i = 0; i < size; i++)
        nr_lines += data[i] == '\n';
    description_init(&d);
    result = cfg_read(text, size, description_set, &d, &error);
    if (result == 0)
        result = description_finish(&d, &error);
    if (result == 0)
        check_good(&d);
    else
        check_bad(&error, nr_lines);
    return 0;
}
