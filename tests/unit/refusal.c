/* SPDX-License-Identifier: MIT */
#include "tests/unit/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "hypervisor/base/panic.h"

static char text[512];
static jmp_buf back;

_Noreturn void boot_refuse(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    longjmp(back, 1);
}

const char *refusal_of(void (*function)(void *), void *argument)
{
    if (setjmp(back))
        return text;
    function(argument);
    return NULL;
}
