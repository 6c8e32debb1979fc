/* SPDX-License-Identifier: MIT
 *
 * Writes one JSON value, as RFC 8259 has it, a line for each element of the
 * outermost array. It owns commas and quotes; names are plain ASCII.
 */
#ifndef USER_PCTL_JSON_H
#define USER_PCTL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *to;
    unsigned int depth;
    bool comma; /* before what comes next */
};

/* name is NULL outside of objects. kind is '[' or '{'; the end is given the
 * same. After the last one comes a line feed. */
void json_begin(struct json *j, const char *name, char kind);
void json_end(struct json *j, char kind);

void json_number(struct json *j, const char *name, uint64_t number);
void json_bool(struct json *j, const char *name, bool yes);

/* NULL is null. */
void json_text(struct json *j, const char *name, const char *text);

/* Any bytes; those above 0x7e, which may be no UTF-8, become '?'. */
void json_bytes(struct json *j, const char *name, const char *bytes,
                size_t size);

#endif
