/* SPDX-License-Identifier: MIT */
#include "user/pctl/terminal.h"

#include <signal.h>
#include <stddef.h>
#include <termios.h>
#include <unistd.h>

#include "lib/macros.h"

static const int endings[] = {SIGINT, SIGTERM, SIGHUP};

static struct termios before;
static volatile sig_atomic_t is_over;

bool terminal_is_there(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static void end(int signal)
{
    (void)signal;
    is_over = 1;
}

static void set_endings(void (*handler)(int))
{
    /* No SA_RESTART: whoever waits is to look. */
    const struct sigaction action = {.sa_handler = handler};

    for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
        (void)sigaction(endings[i], &action, NULL);
}

/* What is printed is text as ever: OPOST stays. */
void terminal_take(void)
{
    struct termios raw;

    is_over = 0;
    (void)tcgetattr(STDIN_FILENO, &before);
    raw = before;
    cfmakeraw(&raw);
    raw.c_oflag = before.c_oflag;
    set_endings(end);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void terminal_give_back(void)
{
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
    set_endings(SIG_DFL);
}

bool terminal_is_over(void)
{
    return is_over;
}
