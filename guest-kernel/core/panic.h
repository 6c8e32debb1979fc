/* SPDX-License-Identifier: MIT
 *
 * The end of a kernel that has gone wrong: a report on the console, then the
 * domain (or the machine) ends as crashed.
 */
#ifndef GUEST_KERNEL_CORE_PANIC_H
#define GUEST_KERNEL_CORE_PANIC_H

#include <stdint.h>

#include "guest-kernel/x86/regs.h"

/* Something the kernel cannot go on with; the text says what. */
_Noreturn void panic(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* An exception that nobody handles, in the code that regs describe. */
_Noreturn void panic_exception(const struct trap_regs *regs);

/* Of whom a report speaks, and on which stack a backtrace may follow frames. */
struct panic_thread {
    uint32_t id;
    const char *name;
    uint64_t stack_low; /* the lowest byte; of no stack: both are 0 */
    uint64_t stack_high;
};

/* The running thread. Provided by thread/thread.c; right at any time. */
struct panic_thread thread_for_panic(void);

/* An invariant of our own is broken; always compiled in. */
#define BUG_ON(condition)                                                      \
    do {                                                                       \
        if (__builtin_expect(!!(condition), 0))                                \
            panic("bug at %s:%d: %s", __FILE__, __LINE__, #condition);         \
    } while (0)

#endif
