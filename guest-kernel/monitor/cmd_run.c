/* SPDX-License-Identifier: MIT
 *
 * The command that runs a program and waits for its end.
 */
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/monitor/commands.h"
#include "guest-kernel/proc/process.h"

void cmd_run(unsigned int nr_args, char **args)
{
    struct process *monitor = process_of_monitor();
    uint32_t status = 0;
    const char *why;
    int64_t pid = process_spawn(monitor, args[1], nr_args - 1, args + 1, &why);

    if (pid < 0) {
        kprintf("run: %s: %s\n", args[1], why);
        return;
    }
    (void)process_wait(monitor, pid, true, &status);
    if (status == STATUS_EXITED(status >> 8))
        kprintf("run: %s: exit status %u\n", args[1], status >> 8);
    else
        kprintf("run: %s: killed by signal %u\n", args[1], status);
}
