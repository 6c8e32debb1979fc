/* SPDX-License-Identifier: MIT
 *
 * pctl block-attach, block-detach, block-list: the disks of domains.
 */
#include <errno.h>
#include <string.h>

#include "user/pctl/cfg.h"
#include "user/pctl/commands.h"
#include "user/pctl/disks.h"
#include "user/pctl/domains.h"
#include "user/pctl/table.h"

#define SECTORS_OF_MIB 2048u

/* ---- block-attach ---- */

/* The words after the domain's, as one text with commas. */
static bool join(int nr, char **args, char *text, size_t size)
{
    size_t used = 0;

    for (int i = 0; i < nr; i++) {
        size_t length = strlen(args[i]);

        if (used + length + 2 > size)
            return false;
        if (i > 0)
            text[used++] = ',';
        memcpy(text + used, args[i], length + 1);
        used += length;
    }
    return true;
}

static int read_words(struct pctl *p, int nr, char **args,
                      struct parapet_blk_attach *disk)
{
    char text[CFG_MAX_TEXT + 1], why[CFG_MAX_WHY];

    if (!join(nr, args, text, sizeof(text)))
        return pctl_fail(p, PCTL_USAGE, "expected at most %u characters",
                         CFG_MAX_TEXT);
    return disk_read(text, disk, why, sizeof(why))
               ? pctl_fail(p, PCTL_USAGE, "%s", why)
               : PCTL_DONE;
}

/* The first name that the domain has no disk of. */
static int choose_name(struct pctl *p, const struct parapet_domain_info *info,
                       uint32_t *index)
{
    struct disks disks;
    int status = disks_read(p, &disks);

    *index = 0;
    for (size_t i = 0; status == PCTL_DONE && i < disks.nr; i++)
        if (disks.infos[i].domain == info->id && disks.infos[i].index == *index)
            ++*index;
    disks_free(&disks);
    if (status == PCTL_DONE && *index == PARAPET_BLK_ATTACH_MAX)
        status = pctl_fail(p, PCTL_FAILED, "%s: it has xvda to xvdz already",
                           info->name);
    return status;
}

/* Its kernel must be there, and its bus. */
static int check_domain(struct pctl *p, const struct parapet_domain_info *info)
{
    if (info->privileged)
        return pctl_fail(p, PCTL_FAILED,
                         "%s: it is the control domain, which has the disks",
                         info->name);
    if (info->state == PARAPET_DOMAIN_ENDED)
        return pctl_fail(p, PCTL_FAILED,
                         "%s: it has ended: `pctl destroy` takes it away",
                         info->name);
    return PCTL_DONE;
}

static int attach_run(struct pctl *p, int nr, char **args)
{
    struct parapet_domain_info info;
    struct parapet_blk_attach disk;
    int status = read_words(p, nr - 1, args + 1, &disk);
    bool any;

    if (status == PCTL_DONE)
        status = domains_find(p, args[0], &info);
    if (status == PCTL_DONE)
        status = check_domain(p, &info);
    if (status)
        return status;
    disk.domain = info.id;
    any = disk.index == DISK_ANY_INDEX;
    if (any)
        status = choose_name(p, &info, &disk.index);
    if (status == PCTL_DONE)
        status = disks_attach(p, info.name, &disk);
    if (status == PCTL_DONE && any)
        (void)fprintf(p->out, "xvd%c\n", disk_letter(disk.index));
    return status;
}

const struct pctl_command cmd_block_attach = {
    .name = "block-attach",
    .arguments = "DOMAIN STORE [NAME] [r|w]",
    .brief = "give a domain a disk",
    .more = "  STORE is phy:/dev/vda, a disk of this domain or a partition, or "
            "ram:8M, memory\n  of this domain, which begins as zeros. A plain "
            "/dev/vda has the "
            "format next:\n  `/dev/vda raw xvdb w`. NAME is "
            "its name there, xvda to xvdz;\n  without it the first that is "
            "free is taken, and printed. Who may write a store\n  has it "
            "alone. As in a description the words may be one, with commas.\n",
    .min_args = 2,
    .max_args = PCTL_ANY_ARGS,
    .run = attach_run,
};

/* ---- block-detach ---- */

static int detach_run(struct pctl *p, int nr, char **args)
{
    struct parapet_blk_detach detach = {.index = disk_index(args[1])};
    struct parapet_domain_info info;
    int status = PCTL_DONE, error;

    (void)nr;
    if (detach.index == DISK_ANY_INDEX)
        return pctl_fail(p, PCTL_USAGE,
                         "expected a name from xvda to xvdz, got \"%s\"",
                         args[1]);
    status = domains_find(p, args[0], &info);
    if (status)
        return status;
    detach.domain = info.id;
    error = p->machine->detach(p->machine, &detach);
    if (error == -ENOENT)
        return pctl_fail(p, PCTL_FAILED,
                         "%s has no %s: `pctl block-list` shows which there "
                         "are",
                         info.name, args[1]);
    return error ? pctl_fail(p, PCTL_FAILED, "%s: %s: %s", info.name, args[1],
                             strerror(-error))
                 : PCTL_DONE;
}

const struct pctl_command cmd_block_detach = {
    .name = "block-detach",
    .arguments = "DOMAIN NAME",
    .brief = "take a disk away, when what was asked of it is done",
    .more = "  What the domain asks of it then waits, until it gets the same "
            "disk again:\n  nothing is lost.\n",
    .min_args = 2,
    .max_args = 2,
    .run = detach_run,
};

/* ---- block-list ---- */

static void row(struct table *t, const struct parapet_domain_info *domain,
                const struct parapet_blk_info *info)
{
    table_cell(t, "%u", domain->id);
    table_cell(t, "%s", domain->name);
    table_cell(t, "xvd%c", disk_letter(info->index));
    table_cell(t, "%s%s", disks_prefix(info), disks_store(info));
    table_cell(t, "%s", info->flags & PARAPET_BLK_ATTACH_READONLY ? "r" : "w");
    table_cell(t, "%llu",
               (unsigned long long)(info->nr_sectors / SECTORS_OF_MIB));
    table_cell(t, "%s", disks_state(info));
}

static void object(struct json *j, const struct parapet_domain_info *domain,
                   const struct parapet_blk_info *info)
{
    json_begin(j, NULL, '{');
    json_number(j, "id", domain->id);
    json_text(j, "name", domain->name);
    disks_json(j, info);
    json_end(j, '{');
}

/* The table is begun in any case, and is printed where there is no JSON. */
static int print(struct pctl *p, const struct domains *domains,
                 const struct disks *disks)
{
    static const char *const titles[] = {">ID",  "NAME",      "DISK",  "STORE",
                                         "MODE", ">SIZE/MiB", "STATE", NULL};
    struct json j = {.to = p->out};
    bool json = p->options & PCTL_JSON;
    struct table t;

    table_begin(&t, titles);
    if (json)
        json_begin(&j, NULL, '[');
    for (size_t d = 0; d < domains->nr; d++)
        for (size_t i = 0; i < disks->nr; i++) {
            if (disks->infos[i].domain != domains->infos[d].id)
                continue;
            if (json)
                object(&j, &domains->infos[d], &disks->infos[i]);
            else
                row(&t, &domains->infos[d], &disks->infos[i]);
        }
    if (json)
        json_end(&j, '[');
    return pctl_table(p, &t);
}

static int list_run(struct pctl *p, int nr, char **args)
{
    struct disks disks = {.infos = NULL};
    struct domains domains;
    int status = domains_named(p, nr, args, &domains);

    if (status == PCTL_DONE)
        status = disks_read(p, &disks);
    if (status == PCTL_DONE)
        status = print(p, &domains, &disks);
    disks_free(&disks);
    domains_free(&domains);
    return status;
}

const struct pctl_command cmd_block_list = {
    .name = "block-list",
    .arguments = "[DOMAIN]...",
    .brief = "a line for each disk of these domains, or of all",
    .more = "  STATE is its back-end's: offered until the domain's kernel "
            "wants it, connected,\n  closing, or closed while nobody serves "
            "it; and refused while the domain uses\n  another disk that had "
            "the name before.\n",
    .options = PCTL_JSON,
    .max_args = PCTL_ANY_ARGS,
    .run = list_run,
};
