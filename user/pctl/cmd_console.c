/* SPDX-License-Identifier: MIT
 *
 * pctl console: between a domain's console and whoever runs pctl.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "user/pctl/commands.h"
#include "user/pctl/domains.h"

/* What goes on between the two. Neither end is waited for while the other has
 * something to say: so a domain that does not read can still write. */
struct session {
    struct pctl *p;
    const char *name;
    int console;
    int input; /* -1: there is none, or no more */
    char typed[1024];
    size_t nr_typed; /* that the console has no room for yet */
    bool is_over;
};

/* All of it. */
static int print(struct session *s, const char *text, size_t nr)
{
    if (fwrite(text, 1, nr, s->p->out) == nr && fflush(s->p->out) == 0)
        return PCTL_DONE;
    return pctl_fail(s->p, PCTL_FAILED, "%s: %s", s->name, strerror(errno));
}

static int broken(struct session *s)
{
    return pctl_fail(s->p, PCTL_FAILED, "%s: its console: %s", s->name,
                     strerror(errno));
}

static int from_console(struct session *s)
{
    char text[4096];
    ssize_t nr = read(s->console, text, sizeof(text));

    if (nr < 0)
        return errno == EAGAIN ? PCTL_DONE : broken(s);
    s->is_over = nr == 0;
    return print(s, text, (size_t)nr);
}

static int from_input(struct session *s)
{
    ssize_t nr = read(s->input, s->typed, sizeof(s->typed));

    if (nr < 0)
        return pctl_fail(s->p, PCTL_FAILED, "standard input: %s",
                         strerror(errno));
    if (nr == 0)
        s->input = -1;
    s->nr_typed = (size_t)nr;
    return PCTL_DONE;
}

/* What cannot be typed since the domain has ended is of no use. */
static int to_console(struct session *s)
{
    ssize_t nr = write(s->console, s->typed, s->nr_typed);

    if (nr < 0 && errno == EAGAIN)
        return PCTL_DONE;
    if (nr < 0) {
        s->input = -1;
        nr = (ssize_t)s->nr_typed;
    }
    s->nr_typed -= (size_t)nr;
    memmove(s->typed, s->typed + nr, s->nr_typed);
    return PCTL_DONE;
}

static int step(struct session *s)
{
    bool wants_input = s->nr_typed == 0;
    struct pollfd fds[] = {
        {.fd = s->console, .events = POLLIN | (wants_input ? 0 : POLLOUT)},
        {.fd = wants_input ? s->input : -1, .events = POLLIN},
    };
    int status = PCTL_DONE;

    if (poll(fds, 2, -1) < 0)
        return errno == EINTR ? PCTL_DONE : broken(s);
    if (fds[0].revents & (POLLIN | POLLHUP))
        status = from_console(s);
    if (status == PCTL_DONE && fds[1].revents)
        status = from_input(s);
    if (status == PCTL_DONE && s->nr_typed)
        status = to_console(s);
    return status;
}

static int run_session(struct pctl *p, const char *name, int console)
{
    struct session s = {.p = p, .name = name, .console = console};
    int status = PCTL_DONE;

    s.input = isatty(STDIN_FILENO) ? -1 : STDIN_FILENO;
    (void)fcntl(console, F_SETFL, O_NONBLOCK);
    while (status == PCTL_DONE && !s.is_over)
        status = step(&s);
    (void)close(console);
    return status;
}

static int console_run(struct pctl *p, int nr, char **args)
{
    struct parapet_domain_info info;
    int status = domains_find(p, args[0], &info);
    int console;

    (void)nr;
    if (status)
        return status;
    console = p->machine->console(p->machine, info.id);
    if (console == -ENOENT)
        return pctl_fail(p, PCTL_FAILED,
                         "%s: nobody shows its console: `pctl dmesg` has what "
                         "it wrote",
                         info.name);
    if (console < 0)
        return pctl_fail(p, PCTL_FAILED, "%s: its console: %s", info.name,
                         strerror(-console));
    return run_session(p, info.name, console);
}

const struct pctl_command cmd_console = {
    .name = "console",
    .arguments = "DOMAIN",
    .brief = "show what a domain has written last, and what it writes",
    .more = "  It ends when the domain does. Standard input, if it is no "
            "terminal, is typed.\n",
    .min_args = 1,
    .max_args = 1,
    .run = console_run,
};
