/* SPDX-License-Identifier: MIT
 *
 * pctl create: a domain of a description, which is a file, or the command
 * line, or both.
 */
#include <errno.h>
#include <string.h>

#include "user/pctl/build.h"
#include "user/pctl/calls.h"
#include "user/pctl/commands.h"
#include "user/pctl/domains.h"
#include "user/pctl/files.h"
#include "user/pctl/report.h"

#define DIRECTORY "/etc/parapet/"
#define SUFFIX ".cfg"
#define MAX_DESCRIPTION (64 * 1024) /* bytes; a person has written it */

/* ---- the file ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);

    return length > size && strcmp(text + length - size, end) == 0;
}

/* NAME is DIRECTORY/NAME.cfg; all else is a path. */
static int path_of(struct pctl *p, const char *name, char *path, size_t size)
{
    bool is_path = strchr(name, '/') || ends_with(name, SUFFIX);
    int length = snprintf(path, size, "%s%s%s", is_path ? "" : DIRECTORY, name,
                          is_path ? "" : SUFFIX);

    if (length < 0 || (size_t)length >= size)
        return pctl_fail(p, PCTL_USAGE, "%s: the name is too long", name);
    return PCTL_DONE;
}

/* The file's name, without directories and .cfg. */
static void name_of(const char *path, struct description *d)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    size_t length = strlen(name);

    if (ends_with(name, SUFFIX))
        length -= strlen(SUFFIX);
    if (length < sizeof(d->name)) {
        memcpy(d->name, name, length);
        d->name[length] = '\0';
    }
}

/* FILE:LINE, or what the command line said. */
static int wrong(struct pctl *p, const char *path,
                 const struct cfg_error *error)
{
    if (error->line)
        return pctl_fail(p, PCTL_USAGE, "%s:%u: %s", path, error->line,
                         error->why);
    return pctl_fail(p, PCTL_USAGE, "%s", error->why);
}

static int read_file(struct pctl *p, const char *path, struct description *d)
{
    struct mapped_file file;
    struct cfg_error error;
    int result = mapped_file_open(path, &file);

    if (result == -ENODATA)
        return pctl_fail(p, PCTL_USAGE,
                         "%s: expected lines of KEY = VALUE, "
                         "got none",
                         path);
    if (result == -ENOENT)
        return pctl_fail(p, PCTL_FAILED,
                         "%s: there is no such file: `ls " DIRECTORY
                         "` shows the descriptions that have a name",
                         path);
    if (result)
        return pctl_fail(p, PCTL_FAILED, "%s: %s", path, strerror(-result));
    if (file.size > MAX_DESCRIPTION)
        result = pctl_fail(p, PCTL_USAGE,
                           "%s: expected a description of at most %d bytes, "
                           "got %zu",
                           path, MAX_DESCRIPTION, file.size);
    else if (cfg_read(file.bytes, file.size, description_set, d, &error))
        result = wrong(p, path, &error);
    mapped_file_close(&file);
    return result;
}

/* ---- the command line ---- */

/* As description_set(), but it stands in no line of a file. */
static int set_item(void *context, const char *key,
                    const struct cfg_value *value, char *why, size_t why_size)
{
    struct cfg_value copy = *value; /* its items are the other one's */

    copy.line = 0;
    return description_set(context, key, &copy, why, why_size);
}

/* A list stands as in a file, any other value without quotes. */
static int take_key(struct pctl *p, char *text, struct description *d)
{
    struct cfg_error error = {.line = 0};
    struct cfg_value value;
    char *equals = strchr(text, '=');

    if (equals[1] == '[') {
        if (cfg_read(text, strlen(text), set_item, d, &error) == 0)
            return PCTL_DONE;
        error.line = 0;
        return wrong(p, "", &error);
    }
    *equals = '\0';
    if (!cfg_value_of(equals + 1, &value))
        return pctl_fail(p, PCTL_USAGE, "%s: it is too long", text);
    if (description_set(d, text, &value, error.why, sizeof(error.why)))
        return wrong(p, "", &error);
    return PCTL_DONE;
}

static int describe(struct pctl *p, int nr, char **args, struct description *d)
{
    char path[DESCRIPTION_MAX_PATH + 1] = "";
    struct cfg_error error;
    int status = PCTL_DONE, i = 0;

    description_init(d);
    if (!strchr(args[0], '=')) {
        status = path_of(p, args[i++], path, sizeof(path));
        if (status == PCTL_DONE) {
            name_of(path, d);
            status = read_file(p, path, d);
        }
    }
    for (; i < nr && status == PCTL_DONE; i++)
        status = strchr(args[i], '=')
                     ? take_key(p, args[i], d)
                     : pctl_fail(p, PCTL_USAGE,
                                 "expected KEY=VALUE, got \"%s\"", args[i]);
    if (status == PCTL_DONE && description_finish(d, &error))
        status = wrong(p, path, &error);
    return status;
}

/* ---- the domain ---- */

static int run_it(struct pctl *p, const struct description *d, uint32_t id)
{
    int64_t result = 0;

    if (!(p->options & PCTL_PAUSED))
        result = CALLS_TO_END(call_domain_unpause(p->machine, id));
    if (result == 0)
        return PCTL_DONE;
    (void)CALLS_TO_END(call_domain_destroy(p->machine, id));
    return pctl_call_failed(p, d->name, result, NULL);
}

/* It may be gone again by now, and still was made. */
static void tell(struct pctl *p, const struct description *d, uint32_t id)
{
    struct parapet_domain_info info;
    struct json j = {.to = p->out};

    if (!(p->options & PCTL_JSON))
        (void)fprintf(p->out, "%s is domain %u\n", d->name, id);
    else if (call_domain_info(p->machine, id, &info) == 0)
        list_json(&j, &info);
}

static int create_run(struct pctl *p, int nr, char **args)
{
    struct description d;
    uint32_t id = 0;
    int status = describe(p, nr, args, &d);

    if (status == PCTL_DONE)
        status = build_make(p, &d, &id);
    if (status == PCTL_DONE)
        status = run_it(p, &d, id);
    if (status == PCTL_DONE)
        report_note(p->kernels, id, d.kernel);
    if (status == PCTL_DONE)
        tell(p, &d, id);
    if (status == PCTL_DONE && (p->options & PCTL_CONSOLE))
        status = console_of(p, id, d.name);
    return status;
}

const struct pctl_command cmd_create = {
    .name = "create",
    .arguments = "[NAME|FILE] [KEY=VALUE]...",
    .brief = "make a domain of a description, and let it run",
    .more = "  NAME is the description " DIRECTORY "NAME" SUFFIX "; a FILE has "
            "a / in its name, or ends\n  in " SUFFIX ". A KEY=VALUE counts "
            "in place of what the file says, and needs no quotes.\n"
            "  A list is as in a file: 'disk=[\"ram:8M,xvda\", "
            "\"ram:4M,xvdb\"]'\n\n"
            "  kernel   its kernel's file           vcpus   their number (1)\n"
            "  ramdisk  its RAM disk's file         cpus    where they run "
            "(all)\n"
            "  name     its name (the file's)       weight  its share of CPUs "
            "(256)\n"
            "  memory   in MiB (64)                 cap     percent of a CPU "
            "(0: none)\n"
            "  maxmem   what it may have (memory)   extra   its command line\n"
            "  disk     as phy:/dev/vda,xvda,w\n",
    .options = PCTL_JSON | PCTL_PAUSED | PCTL_CONSOLE | PCTL_KEYS,
    .min_args = 1,
    .max_args = PCTL_ANY_ARGS,
    .run = create_run,
};
