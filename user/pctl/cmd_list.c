/* SPDX-License-Identifier: MIT
 *
 * pctl list, pctl info: what there is.
 */
#include "lib/macros.h"
#include "user/pctl/calls.h"
#include "user/pctl/commands.h"
#include "user/pctl/disks.h"
#include "user/pctl/domains.h"
#include "user/pctl/table.h"

/* ---- list ---- */

void list_json(struct json *j, const struct parapet_domain_info *info)
{
    json_begin(j, NULL, '{');
    json_number(j, "id", info->id);
    json_text(j, "name", info->name);
    json_number(j, "memory", info->nr_frames * DOMAINS_FRAME);
    json_number(j, "vcpus", info->nr_vcpus);
    domains_state_json(j, info);
    json_end(j, '{');
}

static void list_print_json(struct pctl *p, const struct domains *domains)
{
    struct json j = {.to = p->out};

    json_begin(&j, NULL, '[');
    for (size_t i = 0; i < domains->nr; i++)
        list_json(&j, &domains->infos[i]);
    json_end(&j, '[');
}

static int list_print(struct pctl *p, const struct domains *domains)
{
    static const char *const titles[] = {">ID",    "NAME",  ">MEM/MiB",
                                         ">VCPUS", "STATE", NULL};
    struct table t;

    table_begin(&t, titles);
    for (size_t i = 0; i < domains->nr; i++) {
        const struct parapet_domain_info *info = &domains->infos[i];

        table_cell(&t, "%u", info->id);
        table_cell(&t, "%s", info->name);
        table_cell(&t, "%llu",
                   (unsigned long long)domains_mib(info->nr_frames));
        table_cell(&t, "%u", info->nr_vcpus);
        table_cell(&t, "%s", domains_state(info));
    }
    return pctl_table(p, &t);
}

static int list_run(struct pctl *p, int nr, char **args)
{
    struct domains domains;
    int status = domains_named(p, nr, args, &domains);

    if (status == PCTL_DONE && (p->options & PCTL_JSON))
        list_print_json(p, &domains);
    else if (status == PCTL_DONE)
        status = list_print(p, &domains);
    domains_free(&domains);
    return status;
}

const struct pctl_command cmd_list = {
    .name = "list",
    .arguments = "[DOMAIN]...",
    .brief = "a line for each domain",
    .more = "  Those that have ended are among them, until they are "
            "destroyed. MEM is all that\n  a domain has, its page tables "
            "included.\n",
    .options = PCTL_JSON,
    .max_args = PCTL_ANY_ARGS,
    .run = list_run,
};

/* ---- info ---- */

/* A name, a number and its unit. */
static void line(struct pctl *p, const char *name, uint64_t number,
                 const char *unit)
{
    (void)fprintf(p->out, "%-15s %llu%s\n", name, (unsigned long long)number,
                  unit);
}

/* The guest, too, can write what it was asked to do: so it may be any number.
 */
static const struct {
    const char *word; /* for scripts */
    const char *text;
} requests[] = {
    [0] = {NULL, NULL},
    [PARAPET_REQUEST_POWEROFF] = {"poweroff", "power off"},
    [PARAPET_REQUEST_REBOOT] = {"reboot", "reboot"},
    [PARAPET_REQUEST_SUSPEND] = {"suspend", "suspend"},
};

static void info_print(struct pctl *p, const struct parapet_domain_info *i)
{
    (void)fprintf(p->out, "%-15s %u\n%-15s %s\n%-15s %s\n%-15s %s\n", "id",
                  i->id, "name", i->name, "state", domains_state(i), "engine",
                  i->engine);
    if (i->privileged)
        (void)fprintf(p->out, "%-15s yes\n", "control domain");
    (void)fprintf(p->out, "%-15s %u of %u\n", "vCPUs", i->nr_vcpus,
                  i->max_vcpus);
    line(p, "weight", i->weight, "");
    if (i->cap)
        line(p, "cap", i->cap, " % of a CPU");
    else
        (void)fprintf(p->out, "%-15s none\n", "cap");
    line(p, "memory", i->nr_frames * DOMAINS_FRAME / 1024, " KiB");
    line(p, "  at most", i->max_frames * DOMAINS_FRAME / 1024, " KiB");
    if (i->memory_target)
        line(p, "  asked for", domains_bytes(i->memory_target) / 1024, " KiB");
    line(p, "  for grants", i->nr_charged * DOMAINS_FRAME / 1024, " KiB");
    if (i->request >= ARRAY_SIZE(requests))
        line(p, "asked to", i->request, ", which nobody knows");
    else if (i->request)
        (void)fprintf(p->out, "%-15s %s\n", "asked to",
                      requests[i->request].text);
}

static void disks_print(struct pctl *p, const struct disks *disks, uint32_t id)
{
    for (size_t i = 0; i < disks->nr; i++) {
        const struct parapet_blk_info *d = &disks->infos[i];

        if (d->domain == id)
            (void)fprintf(
                p->out, "disk xvd%c       %s%s, %llu KiB%s, %s\n",
                disk_letter(d->index), disks_prefix(d), disks_store(d),
                (unsigned long long)(d->nr_sectors / 2),
                d->flags & PARAPET_BLK_ATTACH_READONLY ? ", read-only" : "",
                disks_state(d));
    }
}

static void disks_list_json(struct json *j, const struct disks *disks,
                            uint32_t id)
{
    json_begin(j, "disks", '[');
    for (size_t i = 0; i < disks->nr; i++) {
        if (disks->infos[i].domain != id)
            continue;
        json_begin(j, NULL, '{');
        disks_json(j, &disks->infos[i]);
        json_end(j, '{');
    }
    json_end(j, '[');
}

static const char *request_word(uint32_t request)
{
    return request < ARRAY_SIZE(requests) ? requests[request].word : "unknown";
}

static void info_json(struct json *j, const struct parapet_domain_info *i,
                      const struct disks *disks)
{
    json_begin(j, NULL, '{');
    json_number(j, "id", i->id);
    json_text(j, "name", i->name);
    json_text(j, "engine", i->engine);
    domains_state_json(j, i);
    json_bool(j, "privileged", i->privileged);
    json_number(j, "vcpus", i->nr_vcpus);
    json_number(j, "max_vcpus", i->max_vcpus);
    json_number(j, "weight", i->weight);
    json_number(j, "cap", i->cap);
    json_number(j, "memory", i->nr_frames * DOMAINS_FRAME);
    json_number(j, "max_memory", i->max_frames * DOMAINS_FRAME);
    json_number(j, "memory_target", domains_bytes(i->memory_target));
    json_number(j, "memory_for_grants", i->nr_charged * DOMAINS_FRAME);
    json_text(j, "request", request_word(i->request));
    disks_list_json(j, disks, i->id);
    json_end(j, '{');
}

static void info_print_all(struct pctl *p, const struct domains *domains,
                           const struct disks *disks)
{
    struct json j = {.to = p->out};

    if (p->options & PCTL_JSON)
        json_begin(&j, NULL, '[');
    for (size_t i = 0; i < domains->nr; i++) {
        if (p->options & PCTL_JSON) {
            info_json(&j, &domains->infos[i], disks);
            continue;
        }
        if (i > 0)
            (void)fputc('\n', p->out);
        info_print(p, &domains->infos[i]);
        disks_print(p, disks, domains->infos[i].id);
    }
    if (p->options & PCTL_JSON)
        json_end(&j, '[');
}

static int info_machine(struct pctl *p)
{
    struct parapet_machine_info info = {.nr_frames = 0};
    int64_t result = call_machine_info(p->machine, &info);
    struct json j = {.to = p->out};

    if (result)
        return pctl_call_failed(p, "the machine", result, NULL);
    if (p->options & PCTL_JSON) {
        json_begin(&j, NULL, '{');
        json_number(&j, "memory", info.nr_frames * DOMAINS_FRAME);
        json_number(&j, "free_memory", info.free_frames * DOMAINS_FRAME);
        json_number(&j, "domains", info.nr_domains);
        json_number(&j, "max_domains", info.max_domains);
        json_end(&j, '{');
    } else {
        line(p, "memory", info.nr_frames * DOMAINS_FRAME / 1024, " KiB");
        line(p, "  free", info.free_frames * DOMAINS_FRAME / 1024, " KiB");
        line(p, "domains", info.nr_domains, "");
        line(p, "  at most", info.max_domains, "");
    }
    return PCTL_DONE;
}

static int info_run(struct pctl *p, int nr, char **args)
{
    struct disks disks = {.infos = NULL};
    struct domains domains;
    int status;

    if (nr == 0)
        return info_machine(p);
    status = domains_named(p, nr, args, &domains);
    if (status == PCTL_DONE)
        status = disks_read(p, &disks);
    if (status == PCTL_DONE)
        info_print_all(p, &domains, &disks);
    disks_free(&disks);
    domains_free(&domains);
    return status;
}

const struct pctl_command cmd_info = {
    .name = "info",
    .arguments = "[DOMAIN]...",
    .brief = "all about these domains, or about the machine",
    .options = PCTL_JSON,
    .max_args = PCTL_ANY_ARGS,
    .run = info_run,
};
