/* SPDX-License-Identifier: MIT
 *
 * Owns the console and the ways to end.
 */
#include "tests/bench/xen/console.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/x86/debug_exit.h"
#include "tests/bench/xen/hypercall.h"

static void print_line(const char *format, va_list args)
{
    char line[256];
    int length = string_vformat(line, sizeof(line), format, args);

    (void)xen_hypercall3(XEN_CONSOLE_IO, XEN_CONSOLE_WRITE,
                         MIN((size_t)length, sizeof(line) - 1), line);
}

void print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_line(format, args);
    va_end(args);
}

/*
 * Domain 0 may use any port that Xen does not; the instruction traps and is
 * executed for it. Should the device be missing, Xen reboots the machine.
 */
static _Noreturn void end(uint32_t code)
{
    struct xen_set_iopl allow = {.iopl = 1};
    struct xen_shutdown shutdown = {.reason = XEN_SHUTDOWN_CRASH};

    (void)xen_hypercall2(XEN_PHYSDEV, XEN_PHYSDEV_SET_IOPL, &allow);
    __asm__ volatile("outl %0, %1"
                     :
                     : "a"(code), "Nd"((uint16_t)DEBUG_EXIT_PORT)
                     : "memory");
    (void)xen_hypercall2(XEN_SCHED, XEN_SCHED_SHUTDOWN, &shutdown);
    for (;;)
        continue;
}

void finish(void)
{
    end(DEBUG_EXIT_SUCCESS);
}

void fail(const char *format, ...)
{
    va_list args;

    print("BENCH failed: ");
    va_start(args, format);
    print_line(format, args);
    va_end(args);
    print("\n");
    end(DEBUG_EXIT_FAILED);
}
