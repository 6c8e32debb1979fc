/* SPDX-License-Identifier: MIT
 *
 * pctl mem-set, pctl sched: what a domain may have of memory and CPUs. Values
 * are read as in a description.
 */
#include <string.h>

#include "lib/macros.h"
#include "user/pctl/calls.h"
#include "user/pctl/commands.h"
#include "user/pctl/description.h"
#include "user/pctl/domains.h"
#include "user/pctl/table.h"

/* Sets key to a value that comes from the command line. */
static int set(struct pctl *p, struct description *d, const char *key,
               const char *text)
{
    struct cfg_value value;
    char why[CFG_MAX_WHY];

    if (!cfg_value_of(text, &value))
        return pctl_fail(p, PCTL_USAGE, "%s: it is too long", key);
    if (description_set(d, key, &value, why, sizeof(why)))
        return pctl_fail(p, PCTL_USAGE, "%s", why);
    return PCTL_DONE;
}

static const struct pctl_reason ended_reasons[] = {
    {PARAPET_EBUSY, "it has ended: `pctl destroy` takes it away"},
    {0, NULL},
};

/* ---- mem-set ---- */

static int mem_set_run(struct pctl *p, int nr, char **args)
{
    struct parapet_domain_info info;
    struct description d;
    uint64_t frames;
    int64_t result;
    int status;

    (void)nr;
    description_init(&d);
    status = set(p, &d, "memory", args[1]);
    if (status == PCTL_DONE)
        status = domains_find(p, args[0], &info);
    if (status)
        return status;
    frames = d.memory * DOMAINS_MIB_FRAMES;
    if (frames > info.shared_gfn)
        return pctl_fail(
            p, PCTL_FAILED,
            "%s: expected at most %llu MiB, which it may have; "
            "got %u",
            info.name,
            (unsigned long long)(info.shared_gfn / DOMAINS_MIB_FRAMES),
            d.memory);
    result = call_domain_limits(p->machine, info.id, info.max_frames,
                                frames + domains_above(&info));
    return result ? pctl_call_failed(p, info.name, result, ended_reasons)
                  : PCTL_DONE;
}

const struct pctl_command cmd_mem_set = {
    .name = "mem-set",
    .arguments = "DOMAIN MIB",
    .brief = "ask the kernel of a domain to have so much memory",
    .more =
        "  MIB counts as memory in its description does. `pctl info DOMAIN` "
        "shows what it may\n  have, and what it has, tables and shared "
        "pages included.\n",
    .min_args = 2,
    .max_args = 2,
    .run = mem_set_run,
};

/* ---- sched ---- */

static void shares_json(struct pctl *p, const struct domains *domains)
{
    struct json j = {.to = p->out};

    json_begin(&j, NULL, '[');
    for (size_t i = 0; i < domains->nr; i++) {
        json_begin(&j, NULL, '{');
        json_number(&j, "id", domains->infos[i].id);
        json_text(&j, "name", domains->infos[i].name);
        json_number(&j, "weight", domains->infos[i].weight);
        json_number(&j, "cap", domains->infos[i].cap);
        json_end(&j, '{');
    }
    json_end(&j, '[');
}

static int shares_table(struct pctl *p, const struct domains *domains)
{
    static const char *const titles[] = {">ID", "NAME", ">WEIGHT", ">CAP/%",
                                         NULL};
    struct table t;

    table_begin(&t, titles);
    for (size_t i = 0; i < domains->nr; i++) {
        table_cell(&t, "%u", domains->infos[i].id);
        table_cell(&t, "%s", domains->infos[i].name);
        table_cell(&t, "%u", domains->infos[i].weight);
        if (domains->infos[i].cap)
            table_cell(&t, "%u", domains->infos[i].cap);
        else
            table_cell(&t, "none");
    }
    return pctl_table(p, &t);
}

static int shares_show(struct pctl *p, int nr, char **args)
{
    struct domains domains;
    int status = domains_named(p, nr, args, &domains);

    if (status == PCTL_DONE && (p->options & PCTL_JSON))
        shares_json(p, &domains);
    else if (status == PCTL_DONE)
        status = shares_table(p, &domains);
    domains_free(&domains);
    return status;
}

/* One of KEY=VALUE. */
static int take_share(struct pctl *p, struct description *d, char *text)
{
    static const char *const keys[] = {"weight", "cap"};
    char *value = strchr(text, '=');

    if (!value)
        return pctl_fail(p, PCTL_USAGE,
                         "expected weight=N or cap=N, got "
                         "\"%s\"",
                         text);
    *value++ = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (strcmp(text, keys[i]) == 0)
            return set(p, d, text, value);
    return pctl_fail(p, PCTL_USAGE, "expected weight=N or cap=N, got \"%s=\"",
                     text);
}

static int shares_set(struct pctl *p, int nr, char **args)
{
    struct parapet_domain_info info;
    struct description d;
    int64_t result;
    int status = domains_find(p, args[0], &info);

    if (status)
        return status;
    description_init(&d);
    d.weight = info.weight;
    d.cap = info.cap;
    for (int i = 1; i < nr && status == PCTL_DONE; i++)
        status = take_share(p, &d, args[i]);
    if (status)
        return status;
    if (d.cap > 100 * info.max_vcpus)
        return pctl_fail(
            p, PCTL_FAILED, "%s: cap: expected at most %u for %u vCPUs, got %u",
            info.name, 100 * info.max_vcpus, info.max_vcpus, d.cap);
    result = call_domain_schedule(p->machine, info.id, d.weight, d.cap);
    return result ? pctl_call_failed(p, info.name, result, ended_reasons)
                  : PCTL_DONE;
}

static int sched_run(struct pctl *p, int nr, char **args)
{
    return nr > 1 ? shares_set(p, nr, args) : shares_show(p, nr, args);
}

const struct pctl_command cmd_sched = {
    .name = "sched",
    .arguments = "[DOMAIN [weight=N] [cap=N]]",
    .brief = "show or set the shares of the CPUs",
    .more = "  weight  its share of a busy CPU, beside the weights of others\n"
            "  cap     percent of one CPU that it may have at most; 0 is no "
            "limit\n",
    .options = PCTL_JSON | PCTL_KEYS,
    .max_args = 3,
    .run = sched_run,
};
