/* SPDX-License-Identifier: MIT
 *
 * pctl console: what comes from the console is printed until it ends, and what
 * standard input has is typed, also when neither end takes all at once.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "lib/macros.h"
#include "tests/unit/pctl_fake.h"
#include "user/pctl/pctl.h"

#define MUCH 60000u /* fake_out has room for it */

static struct fake f;
static int domain; /* its end of the console */

static int setup(void **state)
{
    int ends[2];

    (void)state;
    fake_init(&f);
    fake_add(&f, 3, "demo");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    f.console = ends[0];
    domain = ends[1];
    return 0;
}

/* Standard input becomes a pipe, with this in it; the old one is returned. */
static int type(const char *text)
{
    int old = dup(STDIN_FILENO), ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    (void)close(ends[1]);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    (void)close(ends[0]);
    return old;
}

static void type_no_more(int old)
{
    (void)dup2(old, STDIN_FILENO);
    (void)close(old);
}

/* A domain in a process of its own, which writes so much, then reads what was
 * typed, and ends: whether it was this. */
static pid_t run_domain(size_t nr, const char *expected)
{
    static char much[MUCH];
    size_t size = strlen(expected), got = 0;
    ssize_t more = 1;
    pid_t child = fork();

    if (child != 0)
        return child;
    (void)close(f.console);
    memset(much, 'm', sizeof(much));
    if (write(domain, much, nr) != (ssize_t)nr)
        _exit(1);
    for (; got < size && more > 0; got += (size_t)more)
        more = read(domain, much + got, size - got);
    _exit(memcmp(much, expected, size) != 0);
}

static void expect_good(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* The text comes, and the domain ends. */
static void shows(void **state)
{
    static const char text[] = "a line\nand a part of one";
    int old = type("");

    (void)state;
    assert_int_equal(write(domain, text, sizeof(text) - 1), sizeof(text) - 1);
    (void)close(domain);
    fake_expect(&f, "console demo", PCTL_DONE, text, "");
    type_no_more(old);
}

/* Both ways, with more than either end has room for. */
static void types(void **state)
{
    static char typed[60001];
    pid_t child;
    int old;

    (void)state;
    memset(typed, 't', sizeof(typed) - 1);
    old = type(typed);
    child = run_domain(MUCH, typed);
    (void)close(domain);
    assert_int_equal(fake_run(&f, "console 3"), PCTL_DONE);
    type_no_more(old);
    expect_good(child);
    assert_int_equal(strlen(fake_out), MUCH);
}

/* At a terminal, which is as it was before when it is left. */
static void by_hand(void **state)
{
    static const char keys[] = "ls\n\035not this";
    struct termios before, after;
    int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO), ours, theirs;
    char typed[32] = "";

    (void)state;
    assert_int_equal(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
    assert_int_equal(tcgetattr(theirs, &before), 0);
    assert_int_equal(write(ours, keys, sizeof(keys) - 1), sizeof(keys) - 1);
    (void)fflush(stdout);
    (void)dup2(theirs, STDIN_FILENO);
    (void)dup2(theirs, STDOUT_FILENO);
    assert_int_equal(fake_run(&f, "console demo"), PCTL_DONE);
    type_no_more(in);
    (void)dup2(out, STDOUT_FILENO);
    assert_string_equal(fake_out,
                        "This is the console of demo: Ctrl-] leaves it.\n\n");
    assert_int_equal(read(domain, typed, sizeof(typed)), 3);
    assert_string_equal(typed, "ls\n");
    assert_true(f.passes_key);
    assert_int_equal(tcgetattr(theirs, &after), 0);
    assert_int_equal(after.c_lflag, before.c_lflag);
    assert_int_equal(after.c_iflag, before.c_iflag);
}

/* Once the terminal passes on each key. */
static void type_much(int ours, size_t nr)
{
    static char much[1000];
    struct termios now;

    memset(much, 'm', sizeof(much));
    do
        (void)usleep(1000);
    while (tcgetattr(ours, &now) == 0 && (now.c_lflag & ICANON));
    for (; nr >= sizeof(much); nr -= sizeof(much))
        if (write(ours, much, sizeof(much)) != (ssize_t)sizeof(much))
            _exit(1);
}

/* What it types first does not get through; it leaves a moment later. If that
 * is not heard, the domain ends. */
static pid_t leave_later(int ours, size_t nr_more)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    (void)alarm(60);
    type_much(ours, nr_more);
    (void)usleep(100000);
    if (write(ours, "\035", 1) != 1)
        _exit(1);
    (void)usleep(1000000);
    _exit(0);
}

static void expect_left(size_t nr_more, const char *said)
{
    int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO), ours, theirs;
    pid_t child;

    assert_int_equal(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
    assert_int_equal(write(ours, "ls\n", 3), 3);
    child = leave_later(ours, nr_more);
    (void)close(domain);
    (void)fflush(stdout);
    (void)dup2(theirs, STDIN_FILENO);
    (void)dup2(theirs, STDOUT_FILENO);
    assert_int_equal(fake_run(&f, "console demo"), PCTL_DONE);
    type_no_more(in);
    (void)dup2(out, STDOUT_FILENO);
    assert_string_equal(fake_out, said);
    expect_good(child);
}

#define BEGINNING "This is the console of demo: Ctrl-] leaves it.\n"

/* Whatever the domain does with what is typed, it keeps nobody at its console:
 * one that reads nothing, */
static void leaves_the_deaf(void **state)
{
    char much[1024] = "";

    (void)state;
    assert_int_equal(fcntl(f.console, F_SETFL, O_NONBLOCK), 0);
    while (write(f.console, much, sizeof(much)) > 0)
        ;
    expect_left(0, BEGINNING "\n");
}

/* however much has been typed: what there is no room for is gone, and the bell
 * says so, */
static void leaves_the_deaf_after_much(void **state)
{
    char much[1024] = "";

    (void)state;
    assert_int_equal(fcntl(f.console, F_SETFL, O_NONBLOCK), 0);
    while (write(f.console, much, sizeof(much)) > 0)
        ;
    expect_left(200000, BEGINNING "\a\n");
}

/* and one whose console is broken. */
static void leaves_the_broken(void **state)
{
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);

    (void)state;
    assert_int_equal(shutdown(f.console, SHUT_WR), 0);
    expect_left(0, BEGINNING "\n");
    (void)signal(SIGPIPE, old);
}

static void nobody_shows_it(void **state)
{
    (void)state;
    f.console = -ENOENT;
    fake_expect(&f, "console demo", PCTL_FAILED, "",
                "pctl: console: demo: nobody shows its console: `pctl dmesg` "
                "has what it wrote\n");
    f.console = -ENOMEM;
    fake_expect(&f, "console demo", PCTL_FAILED, "",
                "pctl: console: demo: its console: Cannot allocate memory\n");
    fake_expect(
        &f, "console nobody", PCTL_NO_DOMAIN, "",
        "pctl: console: no domain is called \"nobody\": `pctl list` shows "
        "which there are\n");
}

static void backend(void **state)
{
    (void)state;
    fake_expect(&f, "backend console stop", PCTL_DONE, "", "");
    assert_true(f.console_is_off);
    fake_expect(&f, "backend console stop", PCTL_FAILED, "",
                "pctl: backend: console: it is stopped already\n");
    fake_expect(&f, "backend console start", PCTL_DONE, "", "");
    assert_false(f.console_is_off);
    fake_expect(&f, "backend console start", PCTL_FAILED, "",
                "pctl: backend: console: it has started already\n");
    fake_expect(&f, "backend blk stop", PCTL_DONE, "", "");
    assert_true(f.blk_is_off && !f.console_is_off);
    fake_expect(&f, "backend blk stop", PCTL_FAILED, "",
                "pctl: backend: blk: it is stopped already\n");
    fake_expect(&f, "backend blk start", PCTL_DONE, "", "");
    assert_false(f.blk_is_off);
    fake_expect(&f, "backend net stop", PCTL_USAGE, "",
                "pctl: backend: expected the kind \"console\" or \"blk\", "
                "got \"net\"\n");
    fake_expect(&f, "backend console halt", PCTL_USAGE, "",
                "pctl: backend: expected \"stop\" or \"start\", got "
                "\"halt\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(shows, setup),
        cmocka_unit_test_setup(types, setup),
        cmocka_unit_test_setup(by_hand, setup),
        cmocka_unit_test_setup(leaves_the_deaf, setup),
        cmocka_unit_test_setup(leaves_the_deaf_after_much, setup),
        cmocka_unit_test_setup(leaves_the_broken, setup),
        cmocka_unit_test_setup(nobody_shows_it, setup),
        cmocka_unit_test_setup(backend, setup),
    };

    return cmocka_run_group_tests_name("pctl console", tests, NULL, NULL);
}
