/* SPDX-License-Identifier: MIT
 *
 * pctl console: between a domain's console and whoever runs pctl.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/macros.h"
#include "user/pctl/commands.h"
#include "user/pctl/domains.h"
#include "user/pctl/terminal.h"

/* What goes on between the two. Neither end is waited for while the other has
 * something to say: so a domain that does not read can still write. */
struct session {
    struct pctl *p;
    const char *name;
    int console;
    int input; /* -1: there is none, or no more */
    char typed[65536];
    size_t nr_typed; /* that the console has no room for yet */
    bool is_full;    /* there was no room for more of that */
    bool by_hand;    /* at a terminal */
    bool is_over;    /* the domain has ended, */
    bool is_left;    /* or whoever sits at the terminal is gone */
};

#define KEY_LEAVE (']' - '@')

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

/* What comes after it is not typed. */
static void look_for_key(struct session *s)
{
    const char *key = memchr(s->typed, KEY_LEAVE, s->nr_typed);

    if (!key)
        return;
    s->nr_typed = (size_t)(key - s->typed);
    s->is_left = true;
}

/* Of what does not fit the key alone is heard; the bell says that the rest is
 * gone. */
static int take_no_more(struct session *s, const char *keys, size_t nr)
{
    bool was_full = s->is_full;

    s->is_full = true;
    s->is_left |= memchr(keys, KEY_LEAVE, nr) != NULL;
    return was_full ? PCTL_DONE : print(s, "\a", 1);
}

static int from_input(struct session *s)
{
    char keys[1024];
    size_t room = sizeof(s->typed) - s->nr_typed, more;
    ssize_t nr = read(s->input, keys, sizeof(keys));

    if (nr < 0)
        return pctl_fail(s->p, PCTL_FAILED, "standard input: %s",
                         strerror(errno));
    if (nr == 0)
        s->input = -1;
    more = MIN((size_t)nr, room);
    memcpy(s->typed + s->nr_typed, keys, more);
    s->nr_typed += more;
    if (s->by_hand)
        look_for_key(s);
    return more == (size_t)nr ? PCTL_DONE
                              : take_no_more(s, keys + more, (size_t)nr - more);
}

/* What cannot be typed, since the domain has ended or has broken its console,
 * is of no use. Whoever sits at the terminal can still leave. */
static int to_console(struct session *s)
{
    ssize_t nr = write(s->console, s->typed, s->nr_typed);

    if (nr < 0 && errno == EAGAIN)
        return PCTL_DONE;
    if (nr < 0) {
        if (!s->by_hand)
            s->input = -1;
        nr = (ssize_t)s->nr_typed;
    }
    s->is_full &= nr == 0;
    s->nr_typed -= (size_t)nr;
    memmove(s->typed, s->typed + nr, s->nr_typed);
    return PCTL_DONE;
}

/* Whoever sits at the terminal is heard before all is typed: the domain may
 * never read it, and he wants to leave. */
static bool wants_input(const struct session *s)
{
    return s->nr_typed == 0 || s->by_hand;
}

static int step(struct session *s)
{
    struct pollfd fds[] = {
        {.fd = s->console, .events = POLLIN | (s->nr_typed ? POLLOUT : 0)},
        {.fd = wants_input(s) ? s->input : -1, .events = POLLIN},
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

/* Until one of the two has enough of it. */
static int run_session(struct session *s)
{
    int status = PCTL_DONE;

    (void)fcntl(s->console, F_SETFL, O_NONBLOCK);
    while (status == PCTL_DONE && !s->is_over && !s->is_left &&
           !terminal_is_over())
        status = step(s);
    return status;
}

static int run_by_hand(struct session *s)
{
    struct pctl *p = s->p;
    int status;

    (void)fprintf(p->out, "This is the console of %s: Ctrl-] leaves it.\n",
                  s->name);
    (void)fflush(p->out);
    terminal_take();
    p->machine->pass_key(p->machine, s->console);
    status = run_session(s);
    terminal_give_back();
    if (s->is_over)
        (void)fprintf(p->out, "%s has ended.\n", s->name);
    else
        (void)fprintf(p->out, "\n");
    return status;
}

int console_of(struct pctl *p, uint32_t id, const char *name)
{
    static struct session s; /* large for a stack */
    int status;

    memset(&s, 0, sizeof(s));
    s.p = p;
    s.name = name;
    s.by_hand = terminal_is_there();

    s.console = p->machine->console(p->machine, id);
    if (s.console == -ENOENT)
        return pctl_fail(p, PCTL_FAILED,
                         "%s: nobody shows its console: `pctl dmesg` has what "
                         "it wrote",
                         name);
    if (s.console < 0)
        return pctl_fail(p, PCTL_FAILED, "%s: its console: %s", name,
                         strerror(-s.console));
    s.input = s.by_hand || !isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
    status = s.by_hand ? run_by_hand(&s) : run_session(&s);
    (void)close(s.console);
    return status;
}

static int console_run(struct pctl *p, int nr, char **args)
{
    struct parapet_domain_info info;
    int status = domains_find(p, args[0], &info);

    (void)nr;
    return status ? status : console_of(p, info.id, info.name);
}

const struct pctl_command cmd_console = {
    .name = "console",
    .arguments = "DOMAIN",
    .brief = "show what a domain has written last, and what it writes",
    .more = "  It ends when the domain does, and at a terminal by Ctrl-]; all "
            "other keys are the\n  domain's. Standard input, if it is no "
            "terminal, is typed.\n",
    .min_args = 1,
    .max_args = 1,
    .run = console_run,
};
