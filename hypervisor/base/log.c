/* SPDX-License-Identifier: MIT
 *
 * Owns the level and the form of a message: "WHO: text\n", on a line of its
 * own even when a guest left the cursor in the middle of one.
 */
#include "hypervisor/base/log.h"

#include "lib/printf.h"
#include "lib/string.h"

#define LINE_SIZE 256

static enum log_level log_level = LOG_INFO;
static enum log_level shown_level = LOG_DEBUG; /* atomic */

bool log_set_level(const char *name)
{
    static const char *const names[] = {"err", "warn", "info", "debug"};

    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            log_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_is_on(enum log_level level)
{
    return level <= log_level;
}

void log_set_shown(enum log_level level)
{
    __atomic_store_n(&shown_level, level, __ATOMIC_SEQ_CST);
}

enum console_way log_way(enum log_level level)
{
    return level <= __atomic_load_n(&shown_level, __ATOMIC_SEQ_CST)
               ? CONSOLE_SHOWN
               : CONSOLE_LOGGED;
}

void log_write(enum log_level level, const char *who, const char *format,
               va_list args)
{
    char line[LINE_SIZE];
    int prefix = string_format(line, sizeof(line), "%s: ", who);

    (void)string_vformat(line + prefix, sizeof(line) - (size_t)prefix, format,
                         args);
    console_write_line(line, log_way(level));
}

void log_line(enum log_level level, const char *format, ...)
{
    va_list args;

    if (!log_is_on(level))
        return;
    va_start(args, format);
    log_write(level, "parapet", format, args);
    va_end(args);
}
