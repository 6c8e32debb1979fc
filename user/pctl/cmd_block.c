/* SPDX-License-Identifier: MIT
 *
 * pctl block-attach, block-detach, block-list: the disks of domains.
 */
#include <errno.h>
#include <string.h>

#include "lib/macros.h"
#include "user/pctl/commands.h"
#include "user/pctl/disk.h"
#include "user/pctl/domains.h"
#include "user/pctl/table.h"

#define SECTORS_OF_MIB 2048u

/* What the device's errors mean here. */
static const char *reason(int error)
{
    switch (-error) {
    case ENOENT:
        return "there is no such store, or the domain has no bus";
    case EEXIST:
        return "the domain has such a disk already: `pctl block-list` shows "
               "which";
    case EBUSY:
        return "another domain has the store, and one of the two writes it";
    case EINVAL:
        return "the size must be a number of KiB, MiB or GiB, as in ram:64M";
    case ENOMEM:
        return "domain 0 has too little memory for it";
    default:
        return strerror(-error);
    }
}

int block_attach(struct pctl *p, const char *who,
                 const struct parapet_blk_attach *attach)
{
    int error = p->machine->attach(p->machine, attach);

    return error ? pctl_fail(p, PCTL_FAILED, "%s: %s: %s", who, attach->store,
                             reason(error))
                 : PCTL_DONE;
}

static int attach_run(struct pctl *p, int nr, char **args)
{
    struct parapet_blk_attach attach = {.domain = 0};
    struct parapet_domain_info info;
    const char *wrong = disk_parse(args[1], &attach);
    int status;

    (void)nr;
    if (wrong)
        return pctl_fail(p, PCTL_USAGE, "%s: %s", args[1], wrong);
    status = domains_find(p, args[0], &info);
    if (status != PCTL_DONE)
        return status;
    attach.domain = info.id;
    return block_attach(p, info.name, &attach);
}

const struct pctl_command cmd_block_attach = {
    .name = "block-attach",
    .arguments = "DOMAIN STORE,DEVICE,MODE",
    .brief = "give a domain a disk",
    .more = "  STORE is phy:/dev/NAME, a disk of domain 0, or ram:SIZE, memory "
            "of domain 0\n  that begins as zeros. DEVICE is its name in the "
            "domain, xvda to xvdz. MODE is\n  r or w. Two domains have one "
            "store only if both do not write it.\n",
    .min_args = 2,
    .max_args = 2,
    .run = attach_run,
};

static int detach_run(struct pctl *p, int nr, char **args)
{
    struct parapet_blk_detach detach = {.index = 0};
    struct parapet_domain_info info;
    int status = PCTL_DONE, error;

    (void)nr;
    if (disk_index(args[1]) < 0)
        return pctl_fail(p, PCTL_USAGE, "expected xvda to xvdz, got \"%s\"",
                         args[1]);
    status = domains_find(p, args[0], &info);
    if (status != PCTL_DONE)
        return status;
    detach.domain = info.id;
    detach.index = (uint32_t)disk_index(args[1]);
    error = p->machine->detach(p->machine, &detach);
    if (error == -ENOENT)
        return pctl_fail(p, PCTL_FAILED,
                         "%s has no %s: `pctl block-list` shows which there "
                         "are",
                         info.name, args[1]);
    return error ? pctl_fail(p, PCTL_FAILED, "%s: %s", info.name,
                             strerror(-error))
                 : PCTL_DONE;
}

const struct pctl_command cmd_block_detach = {
    .name = "block-detach",
    .arguments = "DOMAIN DEVICE",
    .brief = "take a disk away, when what was asked of it is done",
    .more = "  What the domain asks of it then waits until it gets the same "
            "disk again: nothing\n  is lost.\n",
    .min_args = 2,
    .max_args = 2,
    .run = detach_run,
};

/* The states of the bus, as a person reads them. */
static const char *state_of(const struct parapet_blk_info *info)
{
    static const char *const states[] = {
#define PARAPET_BUS_STATE(number, name) [number] = #name,
#include "abi/bus_states.def"
#undef PARAPET_BUS_STATE
    };

    return info->state < ARRAY_SIZE(states) ? states[info->state] : "?";
}

static void row(struct table *t, const struct parapet_blk_info *info)
{
    table_cell(t, "%u", info->domain);
    table_cell(t, "xvd%c", (char)('a' + info->index));
    table_cell(t, "%s", info->store);
    table_cell(t, "%s", info->flags & PARAPET_BLK_ATTACH_READONLY ? "r" : "w");
    table_cell(t, "%llu",
               (unsigned long long)(info->nr_sectors / SECTORS_OF_MIB));
    table_cell(t, "%s", state_of(info));
}

static int list_run(struct pctl *p, int nr, char **args)
{
    static const char *const titles[] = {">ID",       "DEVICE", "STORE", "MODE",
                                         ">SIZE/MiB", "STATE",  NULL};
    struct parapet_blk_info info = {.nth = 0};
    struct parapet_domain_info domain = {.id = 0};
    struct table t;
    int status = nr > 0 ? domains_find(p, args[0], &domain) : PCTL_DONE;
    int error;

    if (status != PCTL_DONE)
        return status;
    table_begin(&t, titles);
    while ((error = p->machine->disk(p->machine, &info)) == 0) {
        if (nr == 0 || info.domain == domain.id)
            row(&t, &info);
        info.nth++;
    }
    if (error == -ENOENT)
        return pctl_table(p, &t);
    (void)table_end(&t, NULL);
    return pctl_fail(p, PCTL_FAILED, "%s", strerror(-error));
}

const struct pctl_command cmd_block_list = {
    .name = "block-list",
    .arguments = "[DOMAIN]",
    .brief = "a line for each disk of a domain, or of all",
    .max_args = 1,
    .run = list_run,
};
