/* SPDX-License-Identifier: MIT
 *
 * Text on Xen's console, and the end of the machine.
 */
#ifndef BENCH_XEN_CONSOLE_H
#define BENCH_XEN_CONSOLE_H

#include <stdbool.h>

/* A line is cut at 255 characters. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends QEMU through its debug-exit device, with the status of success. */
_Noreturn void finish(void);

/* Says why, and ends QEMU with a failing status. */
_Noreturn void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* What went wrong is the text of the condition. */
#define REQUIRE(condition)                                                     \
    do {                                                                       \
        if (!(condition))                                                      \
            fail("%s:%d: not true: %s", __FILE__, __LINE__, #condition);       \
    } while (0)

#endif
