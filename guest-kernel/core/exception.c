/* SPDX-License-Identifier: MIT
 *
 * The exceptions' names (APM 2, table 8-1).
 */
#include "guest-kernel/core/exception.h"

#include <stddef.h>

#include "guest-kernel/x86/trap.h"
#include "lib/macros.h"

/* Bits of a page fault's error code (APM 2, 8.4.2). */
#define ERROR_WRITE 0x2u
#define ERROR_EXECUTE 0x10u

static const char *const exception_names[TRAP_NR_EXCEPTIONS] = {
    [0] = "divide error",
    [1] = "debug",
    [2] = "non-maskable interrupt",
    [3] = "breakpoint",
    [4] = "overflow",
    [5] = "bound range",
    [6] = "invalid opcode",
    [7] = "device not available",
    [8] = "double fault",
    [10] = "invalid TSS",
    [11] = "segment not present",
    [12] = "stack fault",
    [13] = "general protection",
    [14] = "page fault",
    [16] = "x87 error",
    [17] = "alignment check",
    [18] = "machine check",
    [19] = "SIMD error",
    [21] = "control protection",
};

const char *exception_name(uint64_t vector)
{
    const char *name = NULL;

    if (vector < ARRAY_SIZE(exception_names))
        name = exception_names[vector];
    return name != NULL ? name : "unknown exception";
}

const char *exception_access(uint64_t error)
{
    if (error & ERROR_EXECUTE)
        return "execution at";
    return error & ERROR_WRITE ? "write to" : "read from";
}
