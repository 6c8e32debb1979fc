/* SPDX-License-Identifier: MIT */
#include "user/pctl/disks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/macros.h"

/* ---- the list ---- */

static int in_order(const void *a, const void *b)
{
    const struct parapet_blk_info *one = a, *other = b;

    if (one->domain != other->domain)
        return one->domain < other->domain ? -1 : 1;
    return one->index < other->index ? -1 : one->index > other->index;
}

/* Room for one more. */
static bool make_room(struct disks *disks)
{
    size_t size = 2 * disks->nr * sizeof(disks->infos[0]);
    struct parapet_blk_info *infos;

    if (disks->nr == 0)
        size = 16 * sizeof(disks->infos[0]);
    else if (disks->nr < 16 || (disks->nr & (disks->nr - 1)) != 0)
        return true;
    infos = realloc(disks->infos, size);
    if (!infos)
        return false;
    disks->infos = infos;
    return true;
}

int disks_read(struct pctl *p, struct disks *disks)
{
    struct parapet_blk_info info = {.nth = 0};
    int error;

    *disks = (struct disks){.infos = NULL};
    while ((error = p->machine->disk(p->machine, &info)) == 0) {
        if (!make_room(disks))
            return pctl_fail(p, PCTL_FAILED,
                             "there is no memory for the list of disks");
        disks->infos[disks->nr++] = info;
        info.nth++;
    }
    if (error != -ENOENT)
        return pctl_fail(p, PCTL_FAILED, "the list of disks: %s",
                         strerror(-error));
    if (disks->nr > 0)
        qsort(disks->infos, disks->nr, sizeof(disks->infos[0]), in_order);
    return PCTL_DONE;
}

void disks_free(struct disks *disks)
{
    free(disks->infos);
}

/* ---- one of them ---- */

static bool is_ram(const char *store)
{
    return strncmp(store, "ram:", 4) == 0;
}

/* What a person can do about it. */
static const char *reason(const struct parapet_blk_attach *disk, int error)
{
    bool ram = is_ram(disk->store);

    switch (-error) {
    case ENOENT:
        return ram ? "only the disks of domains that pctl made are served"
                   : "domain 0 has no such disk: `cat /proc/partitions` shows "
                     "which there are";
    case EEXIST:
        return "the domain has a disk of this name: `pctl block-list` shows it";
    case EBUSY:
        return "another disk has it, or some of it, and one of the two may "
               "write: `pctl block-list` shows whose";
    case EINVAL:
        return ram ? "the size must be a multiple of 4 KiB, not 0, and in the "
                     "machine's memory"
                   : "the disk takes no requests of 128 KiB";
    case ETXTBSY:
        return "the domain uses the disk that had this name before, and takes "
               "no other: give it that one again, or this one by another name";
    case EROFS:
        return "domain 0 can only read it: ask for r in place of w";
    case ENOSPC:
        return "the domain has as many devices as it can have";
    case ENOMEM:
        return "disks in memory may have half of what is free in domain 0: "
               "`free` shows that, `make run DOMAIN_MEM=256M` gives it more";
    default:
        return strerror(-error);
    }
}

int disks_attach(struct pctl *p, const char *who,
                 const struct parapet_blk_attach *disk)
{
    int error = p->machine->attach(p->machine, disk);

    return error ? pctl_fail(p, PCTL_FAILED, "%s: xvd%c: %s: %s", who,
                             disk_letter(disk->index), disk->store,
                             reason(disk, error))
                 : PCTL_DONE;
}

const char *disks_state(const struct parapet_blk_info *info)
{
    /* Of the back-end alone: it is closed while nobody serves it. */
    static const char *const states[] = {
#define PARAPET_BUS_STATE(number, name) [number] = #name,
#include "abi/bus_states.def"
#undef PARAPET_BUS_STATE
    };

    if (info->flags & PARAPET_BLK_INFO_REFUSED)
        return "refused";
    return info->state < ARRAY_SIZE(states) ? states[info->state] : "unknown";
}

const char *disks_prefix(const struct parapet_blk_info *info)
{
    return is_ram(info->store) ? "" : "phy:";
}

/* The name comes from whoever attached it, and may fill its place. */
const char *disks_store(const struct parapet_blk_info *info)
{
    return strnlen(info->store, sizeof(info->store)) < sizeof(info->store)
               ? info->store
               : "?";
}

void disks_json(struct json *j, const struct parapet_blk_info *info)
{
    char text[PARAPET_BLK_STORE_NAME + 8];

    (void)snprintf(text, sizeof(text), "xvd%c", disk_letter(info->index));
    json_text(j, "disk", text);
    (void)snprintf(text, sizeof(text), "%s%s", disks_prefix(info),
                   disks_store(info));
    json_text(j, "store", text);
    json_bool(j, "read_only", info->flags & PARAPET_BLK_ATTACH_READONLY);
    json_number(j, "size", info->nr_sectors * 512);
    json_text(j, "state", disks_state(info));
    json_number(j, "requests", info->nr_under_way);
}
