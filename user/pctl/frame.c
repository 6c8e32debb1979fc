/* SPDX-License-Identifier: MIT
 *
 * From the command line to a command: which one it is, its options, its help.
 */
#include <string.h>

#include "lib/macros.h"
#include "user/pctl/pctl.h"

static const struct option {
    const char *name;
    unsigned int bit;
    const char *value; /* what its help calls that, or NULL */
    const char *brief;
} options[] = {
    {"json", PCTL_JSON, NULL, "print one JSON value, for scripts"},
    {"paused", PCTL_PAUSED, NULL, "do not let it run yet"},
    {"console", PCTL_CONSOLE, NULL, "go on with its console"},
    {"reboot", PCTL_REBOOT, NULL, "ask for a reboot in place of a power off"},
    {"wait", PCTL_WAIT, NULL, "come back when they have ended"},
    {"all", PCTL_ALL, NULL, "all domains that run, but for this one"},
    {"timeout", PCTL_TIMEOUT, "SECONDS", "wait no longer"},
    {"console", PCTL_LEVEL, "LEVEL", "say what the console shows of it"},
};

/* ---- help ---- */

static int help_all(struct pctl *p)
{
    (void)fprintf(p->out, "usage: pctl COMMAND [OPTION]... [ARGUMENT]...\n\n");
    for (size_t i = 0; pctl_commands[i]; i++)
        (void)fprintf(p->out, "  %-13s %s\n", pctl_commands[i]->name,
                      pctl_commands[i]->brief);
    (void)fprintf(p->out, "\n`pctl COMMAND --help` says more of one.\n");
    return PCTL_DONE;
}

static int help(struct pctl *p)
{
    const struct pctl_command *c = p->command;

    (void)fprintf(p->out, "usage: pctl %s [OPTION]... %s\n\n  %s\n", c->name,
                  c->arguments, c->brief);
    if (c->more)
        (void)fprintf(p->out, "\n%s", c->more);
    (void)fprintf(p->out, "\n  %-18s this\n", "--help");
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (c->options & options[i].bit)
            (void)fprintf(
                p->out, "  --%s%s%-*s %s\n", options[i].name,
                options[i].value ? "=" : "",
                15 - (int)strlen(options[i].name) + (options[i].value == NULL),
                options[i].value ? options[i].value : "", options[i].brief);
    return PCTL_DONE;
}

/* ---- options ---- */

/* Whether the text after -- is this option, with a value or without. */
static bool is_option(const char *text, const struct option *option)
{
    size_t length = strlen(option->name);

    return strncmp(text, option->name, length) == 0 &&
           (text[length] == '\0' || text[length] == '=');
}

static int set_option(struct pctl *p, const char *text,
                      const struct option *option)
{
    const char *value = strchr(text, '=');

    if (!option->value && value)
        return pctl_fail(p, PCTL_USAGE, "--%s takes no value", option->name);
    if (option->value && !value)
        return pctl_fail(p, PCTL_USAGE, "expected --%s=%s", option->name,
                         option->value);
    p->options |= option->bit;
    if (value)
        *(option->bit == PCTL_LEVEL ? &p->level : &p->timeout) = value + 1;
    return PCTL_DONE;
}

/* The one of the command that this is, or NULL. */
static const struct option *find_option(const struct pctl *p, const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if ((p->command->options & options[i].bit) &&
            is_option(text, &options[i]))
            return &options[i];
    return NULL;
}

static int take_option(struct pctl *p, const char *text)
{
    const struct option *option = find_option(p, text);

    if (option)
        return set_option(p, text, option);
    return pctl_fail(p, PCTL_USAGE,
                     "there is no option --%s: `pctl %s --help` shows which "
                     "there are",
                     text, p->command->name);
}

/*
 * Takes the options out of the arguments; what is left has its places at the
 * front, and *nr of them.
 */
static int take_options(struct pctl *p, char **args, int *nr)
{
    int left = 0, status = PCTL_DONE, i;

    for (i = 0; i < *nr && strcmp(args[i], "--") != 0; i++) {
        if (args[i][0] != '-' || args[i][1] == '\0')
            args[left++] = args[i];
        else if (args[i][1] != '-')
            status = pctl_fail(p, PCTL_USAGE,
                               "there is no option %s: options begin with --",
                               args[i]);
        else if ((p->command->options & PCTL_KEYS) && strchr(args[i], '=') &&
                 !find_option(p, args[i] + 2))
            args[left++] = args[i] + 2;
        else
            status = take_option(p, args[i] + 2);
        if (status)
            return status;
    }
    for (i++; i < *nr; i++)
        args[left++] = args[i];
    *nr = left;
    return PCTL_DONE;
}

/* ---- the command ---- */

static bool wants_help(int nr, char **args)
{
    for (int i = 0; i < nr && strcmp(args[i], "--") != 0; i++)
        if (strcmp(args[i], "--help") == 0 || strcmp(args[i], "-h") == 0)
            return true;
    return false;
}

static int find_command(struct pctl *p, const char *name)
{
    for (size_t i = 0; pctl_commands[i]; i++)
        if (strcmp(pctl_commands[i]->name, name) == 0) {
            p->command = pctl_commands[i];
            return PCTL_DONE;
        }
    return pctl_fail(p, PCTL_USAGE,
                     "there is no command \"%s\": `pctl` alone shows which "
                     "there are",
                     name);
}

static int check_nr_args(struct pctl *p, int nr)
{
    if (nr >= p->command->min_args && nr <= p->command->max_args)
        return PCTL_DONE;
    return pctl_fail(p, PCTL_USAGE, "expected `pctl %s %s`", p->command->name,
                     p->command->arguments);
}

static int run(struct pctl *p, int nr, char **args)
{
    int status = take_options(p, args, &nr);
    int error;

    if (status == PCTL_DONE)
        status = check_nr_args(p, nr);
    if (status)
        return status;
    error = p->machine->open(p->machine);
    if (error)
        return pctl_fail(p, PCTL_NO_CONTROL,
                         "/dev/parapet: %s: only domain 0 has it",
                         strerror(-error));
    return p->command->run(p, nr, args);
}

int pctl_run(struct pctl *p, int argc, char **argv)
{
    bool asks = argc >= 2 && strcmp(argv[1], "help") == 0;
    int status;

    if (argc < 2 || wants_help(1, argv + 1) || (asks && argc == 2))
        return help_all(p);
    if (asks && argc > 3)
        return pctl_fail(p, PCTL_USAGE, "expected `pctl help [COMMAND]`");
    status = find_command(p, argv[asks ? 2 : 1]);
    if (status)
        return status;
    if (asks)
        return help(p);
    if (wants_help(argc - 2, argv + 2))
        return help(p);
    return run(p, argc - 2, argv + 2);
}
