/* SPDX-License-Identifier: MIT
 *
 * See pattern.h.
 */
#include "tests/bench/pattern.h"
#include "lib/string.h"

bool bench_is_wanted(const char *op, const char *way, const char *pattern)
{
    char name[64];
    size_t length = strlen(op), pattern_length = strlen(pattern);

    memcpy(name, op, length);
    name[length] = '/';
    (void)string_copy(name + length + 1, sizeof(name) - length - 1, way);
    for (const char *at = name; *at; at++) {
        if (strncmp(at, pattern, pattern_length) == 0)
            return true;
    }
    return false;
}
