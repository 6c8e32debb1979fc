/* SPDX-License-Identifier: MIT
 *
 * Where the time goes between the guest kernel and its hypervisor: a live
 * table of hypercalls and other exits, or what a command has caused. The
 * counts are the whole kernel's: what else runs meanwhile is in them, too.
 * Times are those of a sample, rounded up to a power of two of clock ticks.
 */
#include "user/hcstat/exits.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define QUIT_KEYS "qQ\004" /* the last one is Ctrl-D */

static const char usage[] =
    "usage: hcstat [-1] [-n TIMES] [-d SECONDS] [-f FILE]  a table, live\n"
    "       hcstat [-f FILE] COMMAND [ARGUMENT]...         of a command\n"
    "  -1  once, and all since the start     -f  instead of /proc/exits\n"
    "  Keys: q ends it, any other shows the next table now.\n";

static const char *path = "/proc/exits";
static struct exits before, now;

static double seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- the terminal ---- */

static struct termios cooked;
static bool is_terminal; /* both input and output */
static volatile sig_atomic_t signal_to_end, signal_to_stop;

static void note_signal(int number)
{
    if (number == SIGTSTP)
        signal_to_stop = number;
    else
        signal_to_end = number;
}

/* Keys come at once and are not echoed; Ctrl-C and Ctrl-Z remain signals. */
static void terminal_raw(void)
{
    struct termios raw = cooked;

    if (!is_terminal)
        return;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void terminal_restore(void)
{
    if (is_terminal)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &cooked);
}

static void terminal_start(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    struct sigaction action = {.sa_handler = note_signal};
    size_t i;

    is_terminal =
        isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &cooked) == 0;
    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
    terminal_raw();
}

static unsigned int terminal_rows(void)
{
    struct winsize size = {.ws_row = 0};

    if (!is_terminal)
        return MAX_EXITS + 3;
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    return size.ws_row >= 5 ? size.ws_row : 24;
}

static void stop_here(void)
{
    signal_to_stop = 0;
    terminal_restore();
    kill(getpid(), SIGSTOP);
    terminal_raw();
}

/* Until then, or until a key or a signal: whether to go on. */
static bool wait_until(double end)
{
    struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
    double left;
    char key = '\0';
    int nr;

    while (signal_to_end == 0 && (left = end - seconds()) > 0) {
        nr = poll(&keys, is_terminal ? 1 : 0, (int)(left * 1000) + 1);
        if (signal_to_stop != 0)
            stop_here();
        else if (nr > 0)
            return read(STDIN_FILENO, &key, 1) == 1 &&
                   strchr(QUIT_KEYS, key) == NULL;
    }
    return signal_to_end == 0;
}

/* ---- the table ---- */

static void print_table(bool all, double took)
{
    const char *end = is_terminal ? "\033[K\n" : "\n";
    long long sum = exits_compare(&now, &before);
    double rate = took > 0 ? 1 / took : 0;

    exits_sort(&now);
    if (is_terminal && !all)
        fputs("\033[H", stdout);
    printf("hcstat: %.0f exits in a second (%lld in %.1f s)%s%s",
           (double)sum * rate, sum, took,
           is_terminal && !all ? "; q quits" : "", end);
    exits_print(stdout, &now, terminal_rows() - 3, rate, end);
    if (is_terminal && !all)
        fputs("\033[J", stdout);
    fflush(stdout);
}

static int no_hypervisor(void)
{
    fputs("hcstat: no hypervisor counts exits here\n", stderr);
    return 1;
}

/* The table goes out in one write, so that it costs few exits itself. */
static void buffer_output(void)
{
    static char buffer[16384];

    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

static int show_once(void)
{
    exits_read(&now, path);
    if (now.nr == 0)
        return no_hypervisor();
    print_table(true, seconds());
    return 0;
}

/* times 0: until it is ended. */
static int show_live(unsigned long times, double delay)
{
    double start = seconds(), last;
    unsigned long i;

    exits_read(&before, path);
    if (before.nr == 0)
        return no_hypervisor();
    terminal_start();
    if (is_terminal) {
        fputs("\033[H\033[J", stdout);
        now = before;
        print_table(false, 0);
    }
    for (i = 0; (times == 0 || i < times) && wait_until(start + delay); i++) {
        last = start;
        start = seconds();
        exits_read(&now, path);
        print_table(false, start - last);
        before = now;
    }
    terminal_restore();
    if (signal_to_end == 0)
        return 0;
    signal(signal_to_end, SIG_DFL);
    raise(signal_to_end);
    return 1;
}

/* ---- of a command ---- */

static int run(char **args)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        execvp(args[0], args);
        fprintf(stderr, "hcstat: %s: %s\n", args[0], strerror(errno));
        _exit(errno == ENOENT ? 127 : 126);
    }
    /* Keys that mean a signal are for the command. */
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        perror("hcstat");
        return 126;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The table goes to standard error, and is not mixed with what it prints. */
static int show_command(char **args)
{
    double start, took;
    long long sum;
    int result;

    exits_read(&before, path);
    start = seconds();
    result = run(args);
    took = seconds() - start;
    exits_read(&now, path);
    if (now.nr == 0) {
        fprintf(stderr, "hcstat: %.6f s; ", took);
        fputs("no hypervisor counts exits here\n", stderr);
        return result;
    }
    sum = exits_compare(&now, &before);
    exits_sort(&now);
    exits_print_deltas(stderr, &now);
    fprintf(stderr, "hcstat: %lld exits in %.6f s\n", sum, took);
    return result;
}

int main(int argc, char **argv)
{
    unsigned long times = 0;
    double delay = 1;
    bool once = false;
    int option;

    opterr = 0; /* the usage says it */
    while ((option = getopt(argc, argv, "+1n:d:f:")) != -1) {
        switch (option) {
        case '1':
            once = true;
            break;
        case 'n':
            times = strtoul(optarg, NULL, 10);
            break;
        case 'd':
            delay = strtod(optarg, NULL);
            break;
        case 'f':
            path = optarg;
            break;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (!(delay >= 0.1 && delay <= 3600))
        delay = 1;
    buffer_output();
    if (optind < argc)
        return show_command(argv + optind);
    return once ? show_once() : show_live(times, delay);
}
