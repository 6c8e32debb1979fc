/* SPDX-License-Identifier: MIT
 *
 * pctl wait: until domains have ended.
 */
#include <stdlib.h>
#include <string.h>

#include "user/pctl/calls.h"
#include "user/pctl/commands.h"
#include "user/pctl/domains.h"

#define MAX_SECONDS 1000000

/* ---- the time ---- */

#define FOR_EVER UINT64_MAX

/* Until when, of the machine's milliseconds. */
static int read_end(struct pctl *p, uint64_t *end)
{
    unsigned long seconds;
    char *rest;

    *end = FOR_EVER;
    if (!(p->options & PCTL_TIMEOUT))
        return PCTL_DONE;
    seconds = strtoul(p->timeout, &rest, 10);
    if (strspn(p->timeout, "0123456789") == 0 || *rest || seconds > MAX_SECONDS)
        return pctl_fail(p, PCTL_USAGE,
                         "--timeout: expected 0 to %d seconds, got \"%s\"",
                         MAX_SECONDS, p->timeout);
    *end = p->machine->now(p->machine) + seconds * 1000;
    return PCTL_DONE;
}

int wait_check(struct pctl *p)
{
    uint64_t end;

    return read_end(p, &end);
}

/* Milliseconds until then, as wait() takes them; 0: it is over. */
static int time_left(struct pctl *p, uint64_t end)
{
    uint64_t now = p->machine->now(p->machine);

    if (end == FOR_EVER)
        return -1;
    return now >= end ? 0 : (int)(end - now);
}

/* ---- the domains ---- */

/* Whether it has ended by now. One that is gone was destroyed. */
static int look(struct pctl *p, struct parapet_domain_info *info, bool *ended)
{
    struct parapet_domain_info now;
    int64_t result;

    *ended = info->state == PARAPET_DOMAIN_ENDED;
    if (*ended)
        return PCTL_DONE;
    result = call_domain_info(p->machine, info->id, &now);
    if (result == -PARAPET_ENOENT) {
        info->state = PARAPET_DOMAIN_ENDED;
        info->end_reason = PARAPET_SHUTDOWN_DESTROYED;
    } else if (result) {
        return pctl_call_failed(p, info->name, result, NULL);
    } else {
        *info = now;
    }
    *ended = info->state == PARAPET_DOMAIN_ENDED;
    return PCTL_DONE;
}

static int look_at_all(struct pctl *p, struct domains *domains,
                       const struct parapet_domain_info **left)
{
    bool ended;
    int status;

    *left = NULL;
    for (size_t i = 0; i < domains->nr; i++) {
        status = look(p, &domains->infos[i], &ended);
        if (status)
            return status;
        if (!ended && !*left)
            *left = &domains->infos[i];
    }
    return PCTL_DONE;
}

int wait_for(struct pctl *p, struct domains *domains)
{
    const struct parapet_domain_info *left;
    uint64_t end;
    int status = read_end(p, &end), milliseconds, error;

    while (status == PCTL_DONE) {
        status = look_at_all(p, domains, &left);
        if (status || !left)
            break;
        milliseconds = time_left(p, end);
        if (milliseconds == 0)
            return pctl_fail(p, PCTL_TIME_IS_OVER,
                             "%s: it has not ended in %s seconds", left->name,
                             p->timeout);
        error = p->machine->wait(p->machine, milliseconds);
        if (error)
            status =
                pctl_fail(p, PCTL_FAILED, "/dev/parapet: %s", strerror(-error));
    }
    return status;
}

/* ---- the command ---- */

static int check_others(struct pctl *p, const struct domains *domains)
{
    for (size_t i = 0; i < domains->nr; i++)
        if (domains->infos[i].privileged)
            return pctl_fail(p, PCTL_USAGE,
                             "%s: it is the control domain, which waits here",
                             domains->infos[i].name);
    return PCTL_DONE;
}

static int tell(struct pctl *p, const struct domains *domains)
{
    struct json j = {.to = p->out};
    int status = PCTL_DONE;

    if (p->options & PCTL_JSON)
        json_begin(&j, NULL, '[');
    for (size_t i = 0; i < domains->nr; i++) {
        const struct parapet_domain_info *info = &domains->infos[i];

        if (p->options & PCTL_JSON)
            list_json(&j, info);
        else
            (void)fprintf(p->out, "%s: %s\n", info->name, domains_state(info));
        if (info->end_reason != PARAPET_SHUTDOWN_POWEROFF)
            status = PCTL_BAD_END;
    }
    if (p->options & PCTL_JSON)
        json_end(&j, '[');
    return status;
}

static int wait_run(struct pctl *p, int nr, char **args)
{
    struct domains domains;
    int status = domains_named(p, nr, args, &domains);

    if (status == PCTL_DONE)
        status = check_others(p, &domains);
    if (status == PCTL_DONE)
        status = wait_for(p, &domains);
    if (status == PCTL_DONE)
        status = tell(p, &domains);
    domains_free(&domains);
    return status;
}

const struct pctl_command cmd_wait = {
    .name = "wait",
    .arguments = "DOMAIN...",
    .brief = "wait until all of these domains have ended",
    .more = "  It tells how they did. The exit status is 0 when all have "
            "powered off, 4 when one\n  has ended otherwise, and 6 when the "
            "time is over before.\n",
    .options = PCTL_JSON | PCTL_TIMEOUT,
    .min_args = 1,
    .max_args = PCTL_ANY_ARGS,
    .run = wait_run,
};
