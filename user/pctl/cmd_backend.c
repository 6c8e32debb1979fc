/* SPDX-License-Identifier: MIT
 *
 * pctl backend: what serves other domains in domain 0's kernel.
 */
#include <errno.h>
#include <string.h>

#include "user/pctl/commands.h"

static int backend_run(struct pctl *p, int nr, char **args)
{
    struct parapet_backend backend = {.kind = PARAPET_BACKEND_CONSOLE,
                                      .on = strcmp(args[1], "start") == 0};
    int error;

    (void)nr;
    if (strcmp(args[0], "console") != 0)
        return pctl_fail(p, PCTL_USAGE,
                         "expected the kind \"console\", got \"%s\"", args[0]);
    if (!backend.on && strcmp(args[1], "stop") != 0)
        return pctl_fail(p, PCTL_USAGE,
                         "expected \"stop\" or \"start\", got \"%s\"", args[1]);
    error = p->machine->backend(p->machine, &backend);
    if (error == -EBUSY)
        return pctl_fail(p, PCTL_FAILED, "console: it %s already",
                         backend.on ? "has started" : "is stopped");
    return error ? pctl_fail(p, PCTL_FAILED, "console: %s", strerror(-error))
                 : PCTL_DONE;
}

const struct pctl_command cmd_backend = {
    .name = "backend",
    .arguments = "console stop|start",
    .brief = "end what shows the consoles of domains, or begin it again",
    .more = "  Domains that write meanwhile wait. It is for service and for "
            "tests.\n",
    .min_args = 2,
    .max_args = 2,
    .run = backend_run,
};
