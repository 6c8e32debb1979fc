/* SPDX-License-Identifier: MIT
 *
 * How pctl says what went wrong, and what it has found. Names come from files,
 * arguments and guests: none of them may steer the terminal.
 */
#include <stdarg.h>

#include "abi/errors.h"
#include "lib/builder/refuse.h"
#include "user/pctl/pctl.h"
#include "user/pctl/table.h"

#define MAX_LINE 512

int pctl_fail(struct pctl *p, int status, const char *format, ...)
{
    char line[MAX_LINE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    refuse_clean(line);
    if (p->command)
        (void)fprintf(p->err, "pctl: %s: %s\n", p->command->name, line);
    else
        (void)fprintf(p->err, "pctl: %s\n", line);
    return status;
}

static const struct pctl_reason errors[] = {
#define PARAPET_ERROR(number, name, text) {number, text},
#include "abi/errors.def"
#undef PARAPET_ERROR
    {0, NULL},
};

static const char *text_of(const struct pctl_reason *reasons, int64_t result)
{
    for (; reasons && reasons->error; reasons++)
        if (reasons->error == -result)
            return reasons->text;
    return NULL;
}

const char *pctl_error_text(int64_t result)
{
    const char *text = text_of(errors, result);

    return text ? text : "an error without a name";
}

int pctl_call_failed(struct pctl *p, const char *who, int64_t result,
                     const struct pctl_reason *reasons)
{
    const char *text = text_of(reasons, result);

    if (result == -PARAPET_ENOENT)
        return pctl_fail(p, PCTL_NO_DOMAIN, "%s: %s", who,
                         text ? text : "it is gone meanwhile");
    return pctl_fail(p, PCTL_FAILED, "%s: %s", who,
                     text ? text : pctl_error_text(result));
}

int pctl_table(struct pctl *p, struct table *t)
{
    if (table_end(t, p->options & PCTL_JSON ? NULL : p->out))
        return PCTL_DONE;
    return pctl_fail(p, PCTL_FAILED, "there is no memory for the table");
}

int pctl_worse(int status, int other)
{
    return status == PCTL_DONE ? other : status;
}
