/* SPDX-License-Identifier: MIT */
#include "user/pctl/json.h"

#include <string.h>

static void put(struct json *j, const char *text)
{
    (void)fputs(text, j->to);
}

/* What comes before a value. */
static void next(struct json *j, const char *name)
{
    if (j->comma)
        put(j, j->depth == 1 && !name ? ",\n " : ", ");
    j->comma = true;
    if (name) {
        put(j, "\"");
        put(j, name);
        put(j, "\": ");
    }
}

void json_begin(struct json *j, const char *name, char kind)
{
    next(j, name);
    (void)fputc(kind, j->to);
    j->depth++;
    j->comma = false;
}

void json_end(struct json *j, char kind)
{
    (void)fputc(kind == '[' ? ']' : '}', j->to);
    j->comma = true;
    if (--j->depth == 0)
        (void)fputc('\n', j->to);
}

void json_number(struct json *j, const char *name, uint64_t number)
{
    next(j, name);
    (void)fprintf(j->to, "%llu", (unsigned long long)number);
}

void json_bool(struct json *j, const char *name, bool yes)
{
    next(j, name);
    put(j, yes ? "true" : "false");
}

static void put_byte(struct json *j, char c)
{
    if (c == '"' || c == '\\')
        (void)fputc('\\', j->to);
    if (c >= 0 && c < ' ')
        (void)fprintf(j->to, "\\u%04x", (unsigned int)c);
    else
        (void)fputc(c < 0 || c > '~' ? '?' : c, j->to);
}

void json_bytes(struct json *j, const char *name, const char *bytes,
                size_t size)
{
    next(j, name);
    (void)fputc('"', j->to);
    for (size_t i = 0; i < size; i++)
        put_byte(j, bytes[i]);
    (void)fputc('"', j->to);
}

void json_text(struct json *j, const char *name, const char *text)
{
    if (text) {
        json_bytes(j, name, text, strlen(text));
    } else {
        next(j, name);
        put(j, "null");
    }
}
