/* SPDX-License-Identifier: MIT
 *
 * The loop of the prompt.
 */
#include "guest-kernel/monitor/monitor.h"

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/monitor/commands.h"
#include "guest-kernel/monitor/line.h"

static char line[32768];

void monitor_thread(void *unused)
{
    (void)unused;
    kprintf("guest: type help for a list of commands\n");
    for (;;) {
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
            kprintf("\n");
            cmd_poweroff(0, NULL);
            break;
        }
    }
}
