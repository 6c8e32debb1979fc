/* SPDX-License-Identifier: MIT */
#include "user/pctl/domains.h"

#include <stdlib.h>
#include <string.h>

#include "lib/macros.h"
#include "user/pctl/calls.h"

static const char no_memory[] = "there is no memory for the list of domains";

/* ---- the list ---- */

static bool make_room(struct domains *domains, size_t more)
{
    size_t size = (domains->nr + more) * sizeof(domains->infos[0]);
    struct parapet_domain_info *infos = realloc(domains->infos, size);

    if (!infos)
        return false;
    domains->infos = infos;
    return true;
}

int domains_read(struct pctl *p, struct domains *domains)
{
    uint32_t first = 0;
    int64_t nr;

    *domains = (struct domains){.infos = NULL};
    do {
        if (!make_room(domains, PARAPET_MAX_INFOS))
            return pctl_fail(p, PCTL_FAILED, "%s", no_memory);
        nr = call_domain_list(p->machine, first, domains->infos + domains->nr,
                              PARAPET_MAX_INFOS);
        if (nr < 0)
            return pctl_call_failed(p, "the list of domains", nr, NULL);
        domains->nr += (size_t)nr;
        if (nr > 0)
            first = domains->infos[domains->nr - 1].id + 1;
    } while (nr == PARAPET_MAX_INFOS);
    return PCTL_DONE;
}

void domains_free(struct domains *domains)
{
    free(domains->infos);
}

/* ---- one of them ---- */

static int find_id(struct pctl *p, const char *text,
                   struct parapet_domain_info *info)
{
    unsigned long long id = strtoull(text, NULL, 10);
    int64_t result = -PARAPET_ENOENT;

    if (id <= UINT32_MAX)
        result = call_domain_info(p->machine, (uint32_t)id, info);
    if (result == -PARAPET_ENOENT)
        return pctl_fail(p, PCTL_NO_DOMAIN,
                         "no domain has the id %s: `pctl list` shows which "
                         "there are",
                         text);
    return result ? pctl_call_failed(p, text, result, NULL) : PCTL_DONE;
}

static int find_name(struct pctl *p, const char *text,
                     struct parapet_domain_info *info)
{
    struct domains domains;
    int status = domains_read(p, &domains);
    size_t i = 0;

    while (status == PCTL_DONE && i < domains.nr &&
           strcmp(domains.infos[i].name, text) != 0)
        i++;
    if (status == PCTL_DONE && i < domains.nr)
        *info = domains.infos[i];
    else if (status == PCTL_DONE)
        status = pctl_fail(p, PCTL_NO_DOMAIN,
                           "no domain is called \"%s\": `pctl list` shows "
                           "which there are",
                           text);
    domains_free(&domains);
    return status;
}

int domains_find(struct pctl *p, const char *text,
                 struct parapet_domain_info *info)
{
    if (*text && text[strspn(text, "0123456789")] == '\0')
        return find_id(p, text, info);
    return find_name(p, text, info);
}

int domains_named(struct pctl *p, int nr, char **args, struct domains *domains)
{
    int status;

    if (nr == 0)
        return domains_read(p, domains);
    *domains = (struct domains){.infos = NULL};
    if (!make_room(domains, (size_t)nr))
        return pctl_fail(p, PCTL_FAILED, "%s", no_memory);
    for (int i = 0; i < nr; i++) {
        status = domains_find(p, args[i], &domains->infos[i]);
        if (status)
            return status;
        domains->nr++;
    }
    return PCTL_DONE;
}

int domains_each(struct pctl *p, int nr, char **args,
                 int (*what)(struct pctl *p,
                             const struct parapet_domain_info *info))
{
    struct parapet_domain_info info;
    int status = PCTL_DONE, one;

    for (int i = 0; i < nr; i++) {
        one = domains_find(p, args[i], &info);
        if (one == PCTL_DONE)
            one = what(p, &info);
        status = pctl_worse(status, one);
    }
    return status;
}

/* ---- what it does ---- */

const char *domains_state(const struct parapet_domain_info *info)
{
    static const char *const states[] = {
        [PARAPET_DOMAIN_BUILDING] = "being built",
        [PARAPET_DOMAIN_PAUSED] = "paused",
        [PARAPET_DOMAIN_RUNNING] = "running",
    };
    static const char *const ends[] = {
        [PARAPET_SHUTDOWN_POWEROFF] = "powered off",
        [PARAPET_SHUTDOWN_REBOOT] = "wants a reboot",
        [PARAPET_SHUTDOWN_CRASH] = "crashed",
        [PARAPET_SHUTDOWN_DESTROYED] = "destroyed",
    };

    if (info->state < ARRAY_SIZE(states))
        return states[info->state];
    if (info->end_reason < ARRAY_SIZE(ends))
        return ends[info->end_reason];
    return "ended";
}

void domains_state_json(struct json *j, const struct parapet_domain_info *info)
{
    static const char *const states[] = {
        [PARAPET_DOMAIN_BUILDING] = "building",
        [PARAPET_DOMAIN_PAUSED] = "paused",
        [PARAPET_DOMAIN_RUNNING] = "running",
        [PARAPET_DOMAIN_ENDED] = "ended",
    };
    static const char *const ends[] = {
        [PARAPET_SHUTDOWN_POWEROFF] = "poweroff",
        [PARAPET_SHUTDOWN_REBOOT] = "reboot",
        [PARAPET_SHUTDOWN_CRASH] = "crash",
        [PARAPET_SHUTDOWN_DESTROYED] = "destroyed",
    };

    json_text(j, "state",
              info->state < ARRAY_SIZE(states) ? states[info->state] : NULL);
    json_text(j, "end",
              info->state == PARAPET_DOMAIN_ENDED &&
                      info->end_reason < ARRAY_SIZE(ends)
                  ? ends[info->end_reason]
                  : NULL);
}
