/* SPDX-License-Identifier: MIT
 *
 * One pass from the left to the right, which never looks back: each function
 * takes what it knows from the front of what is left.
 */
#include "user/pctl/cfg.h"

#include <string.h>

#include "abi/errors.h"
#include "lib/builder/refuse.h"

struct reader {
    const char *at;
    const char *end;
    unsigned int line;
    struct cfg_error *error;
    struct cfg_value value;
};

/* ---- what comes next ---- */

#define THE_END (-1)

static int peek(const struct reader *r)
{
    return r->at < r->end ? (unsigned char)*r->at : THE_END;
}

static int take(struct reader *r)
{
    int c = peek(r);

    if (c == '\n')
        r->line++;
    if (c != THE_END)
        r->at++;
    return c;
}

static bool is_one_of(int c, const char *set)
{
    return c > 0 && strchr(set, c) != NULL;
}

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

/* How many characters of the set come next. */
static size_t span(const struct reader *r, const char *set)
{
    const char *at = r->at;

    while (at < r->end && is_one_of((unsigned char)*at, set))
        at++;
    return (size_t)(at - r->at);
}

/* Blanks and a comment; of what may go on over lines, those too. */
static void skip(struct reader *r, bool lines)
{
    while (is_one_of(peek(r), lines ? " \t\r\n#" : " \t\r#"))
        if (take(r) == '#')
            while (peek(r) != '\n' && peek(r) != THE_END)
                take(r);
}

/* ---- what is wrong ---- */

/* A few characters of what comes next, for a person. */
static void describe(const struct reader *r, char *text, size_t size)
{
    size_t length = span(r, LETTERS DIGITS ".-+");

    if (peek(r) == THE_END)
        (void)refuse(text, size, "the end of the text");
    else if (peek(r) == '\n')
        (void)refuse(text, size, "the end of the line");
    else if (peek(r) == 0)
        (void)refuse(text, size, "a byte of zero");
    else
        (void)refuse(text, size, "\"%.*s\"",
                     length == 0   ? 1
                     : length < 30 ? (int)length
                                   : 30,
                     r->at);
}

static int expected(struct reader *r, const char *what)
{
    char got[40];

    describe(r, got, sizeof(got));
    r->error->line = r->line;
    return refuse(r->error->why, sizeof(r->error->why), "expected %s, got %s",
                  what, got);
}

static int too_much(struct reader *r, const char *what, unsigned int most)
{
    r->error->line = r->line;
    return refuse(r->error->why, sizeof(r->error->why),
                  "expected at most %u %s", most, what);
}

/* ---- a value ---- */

static bool value_begin_item(struct cfg_value *v)
{
    if (v->nr_items == CFG_MAX_ITEMS)
        return false;
    v->items[v->nr_items++] = v->text + v->used;
    return true;
}

/* One character is left for the 0 of each item that there may be. */
static bool value_put(struct cfg_value *v, char c)
{
    if (v->used >= CFG_MAX_TEXT + v->nr_items - 1)
        return false;
    v->text[v->used++] = c;
    return true;
}

static void value_end_item(struct cfg_value *v)
{
    v->text[v->used++] = '\0';
}

static int number(struct reader *r)
{
    size_t length = span(r, DIGITS LETTERS);

    for (size_t i = 0; i < length; i++)
        if (!value_put(&r->value, (char)take(r)))
            return too_much(r, "characters", CFG_MAX_TEXT);
    return 0;
}

/* The character that a backslash and the next one stand for. */
static int escaped(struct reader *r)
{
    static const char from[] = "\\\"'nt", to[] = "\\\"'\n\t";
    const char *found;

    if (!is_one_of(peek(r), from))
        return expected(r, "one of \\ \" ' n t after a backslash");
    found = strchr(from, take(r));
    return to[found - from];
}

static int quoted(struct reader *r)
{
    int quote = take(r), c;

    while (peek(r) != quote) {
        if (peek(r) == THE_END || peek(r) == '\n' || peek(r) == 0)
            return expected(r, quote == '"' ? "a \" that ends the text"
                                            : "a ' that ends the text");
        c = take(r);
        if (c == '\\' && (c = escaped(r)) < 0)
            return c;
        if (!value_put(&r->value, (char)c))
            return too_much(r, "characters", CFG_MAX_TEXT);
    }
    take(r);
    return 0;
}

static int item(struct reader *r, const char *what)
{
    int result;

    if (!is_one_of(peek(r), "\"'" DIGITS))
        return expected(r, what);
    if (!value_begin_item(&r->value))
        return too_much(r, "items", CFG_MAX_ITEMS);
    result = is_one_of(peek(r), DIGITS) ? number(r) : quoted(r);
    value_end_item(&r->value);
    return result;
}

static int list(struct reader *r)
{
    int result;

    take(r);
    r->value.is_list = true;
    for (skip(r, true); peek(r) != ']'; skip(r, true)) {
        result = item(r, "a number, a text in quotes or a ]");
        if (result)
            return result;
        skip(r, true);
        if (peek(r) == ',')
            take(r);
        else if (peek(r) != ']')
            return expected(r, "a comma or a ]");
    }
    take(r);
    return 0;
}

static int value(struct reader *r)
{
    r->value.line = r->line;
    r->value.is_list = false;
    r->value.nr_items = 0;
    r->value.used = 0;
    if (peek(r) == '[')
        return list(r);
    return item(r, "a number, a text in quotes or a list");
}

/* ---- a line ---- */

static int key(struct reader *r, char name[CFG_MAX_KEY + 1])
{
    size_t length = span(r, LETTERS DIGITS);

    if (length == 0 || is_one_of(peek(r), DIGITS))
        return expected(r, "KEY = VALUE");
    if (length > CFG_MAX_KEY)
        return too_much(r, "characters in a key", CFG_MAX_KEY);
    memcpy(name, r->at, length);
    name[length] = '\0';
    r->at += length;
    return 0;
}

static int line(struct reader *r, cfg_set_t *set, void *context)
{
    char name[CFG_MAX_KEY + 1];
    int result = key(r, name);

    if (result)
        return result;
    skip(r, false);
    if (peek(r) != '=')
        return expected(r, "a = after the key");
    take(r);
    skip(r, false);
    result = value(r);
    if (result)
        return result;
    skip(r, false);
    if (peek(r) != THE_END && !is_one_of(peek(r), ";\n"))
        return expected(r, "the end of the line");
    r->error->line = r->value.line;
    return set(context, name, &r->value, r->error->why, sizeof(r->error->why));
}

int cfg_read(const char *text, size_t size, cfg_set_t *set, void *context,
             struct cfg_error *error)
{
    struct reader r = {
        .at = text, .end = text + size, .line = 1, .error = error};
    int result;

    for (;;) {
        skip(&r, true);
        if (peek(&r) == ';')
            take(&r);
        else if (peek(&r) == THE_END)
            return 0;
        else if ((result = line(&r, set, context)) != 0)
            return result;
    }
}

bool cfg_value_of(const char *text, struct cfg_value *v)
{
    *v = (struct cfg_value){.line = 0};
    if (!value_begin_item(v))
        return false;
    while (*text)
        if (!value_put(v, *text++))
            return false;
    value_end_item(v);
    return true;
}
