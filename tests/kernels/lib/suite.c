/* SPDX-License-Identifier: MIT
 *
 * Owns what has been seen of the hypercall that is being tested.
 */
#include "tests/kernels/lib/suite.h"

#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/vcpu.h"

static const struct mg_hypercall *subject;
static uint64_t counted;
static bool has_succeeded;
static bool has_returned[128]; /* by error */

static uint64_t count_now(void)
{
    return mg_counters(0)->hypercalls[subject->number];
}

void mg_suite_begin(void)
{
    counted = count_now();
}

/* Only if it was indeed the subject that was called. */
int64_t mg_suite_note(const char *text, int64_t result)
{
    if (count_now() == counted)
        mg_failure("suite_%s: %s was no call of it", subject->name, text);
    else if (result >= 0)
        has_succeeded = true;
    else
        mg_suite_excuse(-result);
    return result;
}

void mg_suite_excuse_success(void)
{
    has_succeeded = true;
}

void mg_suite_excuse(int64_t error)
{
    if (error < (int64_t)ARRAY_SIZE(has_returned))
        has_returned[error] = true;
}

/* What the list says and what was seen are the same. */
static void check_completeness(void)
{
    const char *name = subject->name;

    if (!has_succeeded)
        mg_failure("suite_%s in tests/kernels/%s.c: add a call that "
                   "succeeds",
                   name, mg_test_name);
    for (int64_t error = 1; error < (int64_t)ARRAY_SIZE(has_returned);
         error++) {
        bool named = mg_hypercall_can_return(subject, -error);

        if (named && !has_returned[error])
            mg_failure("suite_%s in tests/kernels/%s.c: add a call that "
                       "returns %s, as abi/hypercalls.def says it can",
                       name, mg_test_name, mg_error_name(error));
        if (!named && has_returned[error])
            mg_failure("abi/hypercalls.def: add %s to what %s can return",
                       mg_error_name(error), name);
    }
}

void mg_suite_run(const struct mg_suite *suites, size_t nr, uint64_t number)
{
    subject = mg_hypercall_find(number);
    has_succeeded = false;
    memset(has_returned, 0, sizeof(has_returned));
    for (size_t i = 0; i < nr; i++) {
        if (suites[i].number != number)
            continue;
        suites[i].run();
        check_completeness();
        return;
    }
    mg_failure("%s has no suite: write suite_%s in tests/kernels/%s.c, with "
               "a success and each of its errors (%s), and SUITE(%s) into the "
               "table below",
               subject->name, subject->name, mg_test_name,
               subject->errors[0] ? subject->errors : "none", subject->name);
}
