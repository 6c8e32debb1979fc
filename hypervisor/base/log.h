/* SPDX-License-Identifier: MIT
 *
 * Messages of the hypervisor on the console. Never on a hot path.
 */
#ifndef HYPERVISOR_BASE_LOG_H
#define HYPERVISOR_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Sets the level by name (err, warn, info, debug); false if it has none. */
bool log_set_level(const char *name);

/*
 * A line "parapet: ...", without a newline at its end. Any context; takes the
 * console's lock.
 */
void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * For who speaks of what is not known here (core/log_domain.c): whether lines
 * of this level are written, and a line "WHO: ..." of any level.
 */
bool log_is_on(enum log_level level);
void log_write(const char *who, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#define log_err(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
