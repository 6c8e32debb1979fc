/* SPDX-License-Identifier: MIT
 *
 * The loop of the prompt.
 */
#include "guest-kernel/monitor/monitor.h"

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/monitor/commands.h"
#include "guest-kernel/monitor/line.h"
#include "guest-kernel/tty/console.h"

static char line[32768];
static bool is_debugger;
static bool leaves;

bool monitor_is_debugger(void)
{
    return is_debugger;
}

/* The end of the input: Ctrl-D. */
static void end(void)
{
    kprintf("\n");
    if (is_debugger)
        leaves = true;
    else
        cmd_poweroff(0, NULL);
}

/* Until somebody wants to leave. */
static void prompt(void)
{
    for (leaves = false; !leaves;) {
        kprintf("parapet> ");
        switch (line_read(line, sizeof(line))) {
        case LINE_READ:
            command_run(line);
            break;
        case LINE_TOO_LONG:
            kprintf("a line of more than %lu bytes was ignored\n",
                    sizeof(line) - 1);
            break;
        case LINE_GIVEN_UP:
            break;
        case LINE_END:
            end();
            break;
        }
    }
}

void monitor_thread(void *unused)
{
    (void)unused;
    kprintf("guest: type help for a list of commands\n");
    prompt();
}

void monitor_debugger_thread(void *unused)
{
    (void)unused;
    is_debugger = true;
    for (;;) {
        console_wait_for_key();
        kprintf("\nguest: the monitor; processes go on, but their output "
                "waits. Ctrl-D goes back\n");
        prompt();
        console_give(CONSOLE_TTY);
    }
}

void cmd_continue(unsigned int nr_args, char **args)
{
    (void)nr_args;
    (void)args;
    if (is_debugger)
        leaves = true;
    else
        kprintf("continue: nothing to go back to\n");
}
