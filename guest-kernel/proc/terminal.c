/* SPDX-License-Identifier: MIT
 *
 * One line is kept, of which a read may leave a part for the next one.
 */
#include "guest-kernel/proc/terminal.h"

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/monitor/line.h"
#include "guest-kernel/proc/mutex.h"
#include "lib/macros.h"
#include "lib/string.h"

#define LINE_SIZE 4096u

static struct mutex reader = MUTEX_INIT(reader);
static char line[LINE_SIZE + 1];
static size_t used;
static size_t taken;

/* Returns as terminal_read(), 1 for a line. */
static int64_t next_line(void)
{
    for (;;) {
        switch (line_read(line, LINE_SIZE)) {
        case LINE_READ:
            used = strlen(line);
            line[used++] = '\n';
            taken = 0;
            return 1;
        case LINE_TOO_LONG:
            kprintf("a line of more than %u bytes was ignored\n",
                    LINE_SIZE - 1);
            break;
        case LINE_GIVEN_UP:
            return -1;
        case LINE_END:
            return 0;
        }
    }
}

int64_t terminal_read(char *buffer, size_t size)
{
    int64_t result = 1;

    mutex_lock(&reader);
    if (taken == used)
        result = next_line();
    if (result > 0) {
        size = MIN(size, used - taken);
        memcpy(buffer, line + taken, size);
        taken += size;
        result = (int64_t)size;
    }
    mutex_unlock(&reader);
    return result;
}
