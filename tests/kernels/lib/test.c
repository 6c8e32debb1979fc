/* SPDX-License-Identifier: MIT
 *
 * Owns the beginning, the verdict and the end of a micro-guest.
 */
#include "tests/kernels/lib/test.h"

#include "abi/stubs.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/trap.h"

#define MAX_REPORTS 20

PARAPET_DEFINE_NOTE;

_Noreturn void mg_start(const void *dtb);

static uint64_t nr_failures;

static void say(const char *kind, const char *format, va_list args)
{
    mg_printf("%s: ", kind);
    mg_vprintf(format, args);
    mg_printf("\n");
}

/* Whoever knows not the nonce of this boot cannot say that for us. */
static void say_result(const char *result)
{
    const char *nonce = mg_nonce();

    mg_printf("TEST %s: %s%s%s\n", mg_test_name, result, *nonce ? " " : "",
              nonce);
}

static _Noreturn void end(const char *result, uint32_t reason)
{
    say_result(result);
    for (;;)
        (void)hypercall_shutdown(reason);
}

void mg_failure(const char *format, ...)
{
    va_list args;

    if (nr_failures++ >= MAX_REPORTS)
        return;
    va_start(args, format);
    say("failure", format, args);
    va_end(args);
    if (nr_failures == MAX_REPORTS)
        mg_printf("failure: more of them are not shown\n");
}

void mg_skip(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("skip", format, args);
    va_end(args);
    end("skip", PARAPET_SHUTDOWN_POWEROFF);
}

void mg_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say("error", format, args);
    va_end(args);
    end("error", PARAPET_SHUTDOWN_CRASH);
}

void mg_finish(void)
{
    if (nr_failures)
        end("failure", PARAPET_SHUTDOWN_CRASH);
    end("success", PARAPET_SHUTDOWN_POWEROFF);
}

void mg_expect_kill(void)
{
    if (nr_failures)
        mg_finish();
    say_result("armed");
}

void mg_not_killed(void)
{
    mg_failure("the domain should have been killed, and goes on");
    mg_finish();
}

uint64_t mg_failures(void)
{
    return nr_failures;
}

bool mg_check(bool ok, const char *file, int line, const char *text)
{
    if (!ok)
        mg_failure("%s:%d: not so: %s", file, line, text);
    return ok;
}

bool mg_check_eq(int64_t actual, int64_t expected, const char *file, int line,
                 const char *text)
{
    if (actual != expected)
        mg_failure("%s:%d: %s: expected %ld (%#lx), got %ld (%#lx)", file, line,
                   text, expected, (uint64_t)expected, actual,
                   (uint64_t)actual);
    return actual == expected;
}

/* The ELF entry. Events are masked, rdi is the device tree. */
void mg_start(const void *dtb)
{
    mg_bootargs_init(dtb);
    mg_trap_init();
    mg_event_init();
    test_main();
    mg_finish();
}
