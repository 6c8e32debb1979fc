/* SPDX-License-Identifier: MIT
 *
 * pctl backend: what serves other domains in domain 0's kernel.
 */
#include <errno.h>
#include <string.h>

#include "lib/macros.h"
#include "user/pctl/commands.h"

static const struct kind {
    const char *name;
    uint32_t kind;
} kinds[] = {
    {"console", PARAPET_BACKEND_CONSOLE},
    {"blk", PARAPET_BACKEND_BLK},
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static int backend_run(struct pctl *p, int nr, char **args)
{
    struct parapet_backend backend = {.on = strcmp(args[1], "start") == 0};
    const struct kind *kind = find_kind(args[0]);
    int error;

    (void)nr;
    if (!kind)
        return pctl_fail(p, PCTL_USAGE,
                         "expected the kind \"console\" or \"blk\", got "
                         "\"%s\"",
                         args[0]);
    if (!backend.on && strcmp(args[1], "stop") != 0)
        return pctl_fail(p, PCTL_USAGE,
                         "expected \"stop\" or \"start\", got \"%s\"", args[1]);
    backend.kind = kind->kind;
    error = p->machine->backend(p->machine, &backend);
    if (error == -EBUSY)
        return pctl_fail(p, PCTL_FAILED, "%s: it %s already", args[0],
                         backend.on ? "has started" : "is stopped");
    return error
               ? pctl_fail(p, PCTL_FAILED, "%s: %s", args[0], strerror(-error))
               : PCTL_DONE;
}

const struct pctl_command cmd_backend = {
    .name = "backend",
    .arguments = "console|blk stop|start",
    .brief = "end what serves consoles or disks of domains, or begin it again",
    .more = "  Domains that write meanwhile wait. It is for service and for "
            "tests.\n",
    .min_args = 2,
    .max_args = 2,
    .run = backend_run,
};
