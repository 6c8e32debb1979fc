/* SPDX-License-Identifier: MIT
 *
 * See refuse.h.
 */
#include "lib/builder/refuse.h"

#include "abi/errors.h"
#include "lib/printf.h"

void refuse_clean(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~')
            *text = '?';
    }
}

int refuse_va(char *line, size_t size, const char *format, va_list args)
{
    (void)string_vformat(line, size, format, args);
    if (size > 0)
        refuse_clean(line);
    return -PARAPET_EINVAL;
}

int refuse(char *line, size_t size, const char *format, ...)
{
    va_list args;
    int error;

    va_start(args, format);
    error = refuse_va(line, size, format, args);
    va_end(args);
    return error;
}
