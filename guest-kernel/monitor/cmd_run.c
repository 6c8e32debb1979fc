/* SPDX-License-Identifier: MIT
 *
 * The command that runs a program and waits for its end.
 */
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/monitor/commands.h"
#include "guest-kernel/monitor/monitor.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/tty/console.h"
#include "lib/string.h"

void cmd_run(unsigned int nr_args, char **args)
{
    struct process *monitor = process_of_monitor();
    char *program_args[COMMAND_MAX_ARGS + 1] = {NULL};
    uint32_t status = 0;
    const char *why;
    int64_t pid;

    /* It would take the terminal away from those that have it. */
    if (monitor_is_debugger()) {
        kprintf("run: the shell does that: type continue\n");
        return;
    }
    memcpy(program_args, args + 1, (nr_args - 1) * sizeof(args[0]));
    pid = process_spawn(monitor, args[1], program_args, &why);
    if (pid < 0) {
        kprintf("run: %s: %s\n", args[1], why);
        return;
    }
    console_give(CONSOLE_TTY);
    (void)process_wait(monitor, pid, WAIT_ENDED, &status, NULL);
    console_give(CONSOLE_MONITOR);
    if (status == STATUS_EXITED(status >> 8))
        kprintf("run: %s: exit status %u\n", args[1], status >> 8);
    else
        kprintf("run: %s: killed by %s\n", args[1], signal_name(status));
}
