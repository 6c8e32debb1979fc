/* SPDX-License-Identifier: MIT
 *
 * pctl pause, unpause, destroy, shutdown: whether a domain runs, and its end.
 */
#include "user/pctl/calls.h"
#include "user/pctl/commands.h"
#include "user/pctl/domains.h"

/* ---- pause, unpause ---- */

static const struct pctl_reason pause_reasons[] = {
    {PARAPET_EINVAL, "it is the control domain, which runs this command"},
    {PARAPET_EBUSY, "it has not begun to run, or has ended: `pctl list` shows "
                    "which"},
    {0, NULL},
};

static int pause_one(struct pctl *p, const struct parapet_domain_info *info)
{
    int64_t result = CALLS_TO_END(call_domain_pause(p->machine, info->id));

    return result ? pctl_call_failed(p, info->name, result, pause_reasons)
                  : PCTL_DONE;
}

static int pause_run(struct pctl *p, int nr, char **args)
{
    return domains_each(p, nr, args, pause_one);
}

const struct pctl_command cmd_pause = {
    .name = "pause",
    .arguments = "DOMAIN...",
    .brief = "stop domains; when it is back, nothing of them runs",
    .min_args = 1,
    .max_args = PCTL_ANY_ARGS,
    .run = pause_run,
};

static const struct pctl_reason unpause_reasons[] = {
    {PARAPET_EINVAL, "it is the control domain, or was never built to the "
                     "end"},
    {PARAPET_EBUSY, "it is not paused: `pctl list` shows its state"},
    {0, NULL},
};

static int unpause_one(struct pctl *p, const struct parapet_domain_info *info)
{
    int64_t result = CALLS_TO_END(call_domain_unpause(p->machine, info->id));

    return result ? pctl_call_failed(p, info->name, result, unpause_reasons)
                  : PCTL_DONE;
}

static int unpause_run(struct pctl *p, int nr, char **args)
{
    return domains_each(p, nr, args, unpause_one);
}

const struct pctl_command cmd_unpause = {
    .name = "unpause",
    .arguments = "DOMAIN...",
    .brief = "let paused domains go on",
    .min_args = 1,
    .max_args = PCTL_ANY_ARGS,
    .run = unpause_run,
};

/* ---- destroy ---- */

static const struct pctl_reason destroy_reasons[] = {
    {PARAPET_EINVAL, "it is the control domain: `poweroff` ends it"},
    {0, NULL},
};

static int destroy_one(struct pctl *p, const struct parapet_domain_info *info)
{
    int64_t result = CALLS_TO_END(call_domain_destroy(p->machine, info->id));

    return result ? pctl_call_failed(p, info->name, result, destroy_reasons)
                  : PCTL_DONE;
}

static int destroy_run(struct pctl *p, int nr, char **args)
{
    return domains_each(p, nr, args, destroy_one);
}

const struct pctl_command cmd_destroy = {
    .name = "destroy",
    .arguments = "DOMAIN...",
    .brief = "end domains at once, and give back all that they had",
    .more = "  Those that have ended by themselves go this way, too.\n",
    .min_args = 1,
    .max_args = PCTL_ANY_ARGS,
    .run = destroy_run,
};

/* ---- shutdown ---- */

static const struct pctl_reason shutdown_reasons[] = {
    {PARAPET_EINVAL, "it is the control domain: `poweroff` ends it"},
    {PARAPET_EBUSY, "it has ended: `pctl destroy` takes it away"},
    {0, NULL},
};

static int shutdown_one(struct pctl *p, const struct parapet_domain_info *info)
{
    uint32_t request = p->options & PCTL_REBOOT ? PARAPET_REQUEST_REBOOT
                                                : PARAPET_REQUEST_POWEROFF;
    int64_t result = call_domain_request(p->machine, info->id, request);

    /* It was not named: that it has ended by itself is no mistake. */
    if ((p->options & PCTL_ALL) &&
        (result == -PARAPET_EBUSY || result == -PARAPET_ENOENT))
        return PCTL_DONE;
    return result ? pctl_call_failed(p, info->name, result, shutdown_reasons)
                  : PCTL_DONE;
}

/* Those that were found, so that nobody who takes such a name meanwhile is
 * asked, nor waited for. */
static int shutdown_all(struct pctl *p, struct domains *domains)
{
    uint32_t end = p->options & PCTL_REBOOT ? PARAPET_SHUTDOWN_REBOOT
                                            : PARAPET_SHUTDOWN_POWEROFF;
    int status = PCTL_DONE;

    for (size_t i = 0; i < domains->nr; i++)
        status = pctl_worse(status, shutdown_one(p, &domains->infos[i]));
    if (status || !(p->options & PCTL_WAIT))
        return status;
    status = wait_for(p, domains);
    for (size_t i = 0; i < domains->nr && status == PCTL_DONE; i++)
        if (domains->infos[i].end_reason != end)
            status =
                pctl_fail(p, PCTL_BAD_END, "%s: %s", domains->infos[i].name,
                          domains_state(&domains->infos[i]));
    return status;
}

/*
 * Of all domains those that run stay in the list. What has ended, or has not
 * begun, has nothing to end in order. One that is paused cannot.
 */
static int keep_running(struct pctl *p, struct domains *domains)
{
    int status = PCTL_DONE;
    size_t nr = 0;

    for (size_t i = 0; i < domains->nr; i++) {
        const struct parapet_domain_info *info = &domains->infos[i];

        if (info->state == PARAPET_DOMAIN_PAUSED)
            status = pctl_fail(p, PCTL_FAILED,
                               "%s: it is paused: `pctl unpause` lets it end",
                               info->name);
        if (info->state == PARAPET_DOMAIN_RUNNING && !info->privileged)
            domains->infos[nr++] = *info;
    }
    domains->nr = nr;
    return status;
}

/* Before anybody is asked: what is wrong has done nothing. */
static int check_options(struct pctl *p)
{
    if ((p->options & PCTL_TIMEOUT) && !(p->options & PCTL_WAIT))
        return pctl_fail(p, PCTL_USAGE, "expected --wait with --timeout");
    return wait_check(p);
}

static int shutdown_run(struct pctl *p, int nr, char **args)
{
    bool all = p->options & PCTL_ALL;
    struct domains domains;
    int status = check_options(p), paused = PCTL_DONE;

    if (status)
        return status;
    if (all == (nr > 0))
        return pctl_fail(p, PCTL_USAGE,
                         "expected `pctl shutdown DOMAIN...` or `pctl shutdown "
                         "--all`");
    status = domains_named(p, nr, args, &domains);
    if (status == PCTL_DONE && all)
        paused = keep_running(p, &domains);
    if (status == PCTL_DONE)
        status = shutdown_all(p, &domains);
    domains_free(&domains);
    return pctl_worse(status, paused);
}

const struct pctl_command cmd_shutdown = {
    .name = "shutdown",
    .arguments = "DOMAIN...|--all",
    .brief = "ask the kernels of domains to end in order",
    .more =
        "  A kernel that does not listen runs on: `pctl destroy` ends it.\n",
    .options = PCTL_REBOOT | PCTL_WAIT | PCTL_TIMEOUT | PCTL_ALL,
    .max_args = PCTL_ANY_ARGS,
    .run = shutdown_run,
};
