/* SPDX-License-Identifier: MIT
 *
 * Messages of the hypervisor on the console. Never on a hot path.
 */
#ifndef HYPERVISOR_BASE_LOG_H
#define HYPERVISOR_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "abi/log.h"
#include "hypervisor/base/console.h"

enum log_level {
    LOG_ERR = PARAPET_LOG_ERR,
    LOG_WARN = PARAPET_LOG_WARN,
    LOG_INFO = PARAPET_LOG_INFO,
    LOG_DEBUG = PARAPET_LOG_DEBUG
};

/* Sets the level by name (err, warn, info, debug); false if it has none. */
bool log_set_level(const char *name);

/* Of lines up to this level, and no others, the UART has what the log has; at
 * first all. What domains without the input write counts as LOG_INFO. */
void log_set_shown(enum log_level level);
enum console_way log_way(enum log_level level);

/*
 * A line "parapet: ...", without a newline at its end. Any context; takes the
 * console's lock.
 */
void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * For who speaks of what is not known here (core/log_domain.c): whether lines
 * of this level are written, and a line "WHO: ..." of one that is.
 */
bool log_is_on(enum log_level level);
void log_write(enum log_level level, const char *who, const char *format,
               va_list args) __attribute__((format(printf, 3, 0)));

#define log_err(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
