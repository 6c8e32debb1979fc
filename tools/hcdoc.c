/* SPDX-License-Identifier: MIT
 *
 * Prints docs/hypercalls.md, the reference of the hypercall ABI, from
 * abi/hypercalls.def, abi/errors.def and abi/exits.def. Fails, and says which
 * line is wrong, on what the C compiler would let pass: a number used twice
 * or out of range, an unknown type of argument, an unknown error. It knows
 * nothing of any single hypercall.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/abi.h"
#include "abi/hypercall.h"

#define MAX_ARGS 6
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct argument {
    const char *type;
    const char *name;
};

struct call {
    unsigned number;
    const char *name;
    unsigned flags;
    struct argument args[MAX_ARGS];
    const char *errors; /* names without the prefix, separated by spaces */
    const char *brief;
};

/* An error or an exit. */
struct entry {
    unsigned number;
    const char *name;
    const char *text;
};

#define ARGUMENT(n, type, name) {#type, #name},
#define PARAPET_HYPERCALL(nr, name, flags, errors, brief, ...)                 \
    {nr, #name, flags, {PARAPET_ARGS(ARGUMENT, ##__VA_ARGS__)}, errors, brief},

static struct call calls[] = {
#include "abi/hypercalls.def"
};

static struct entry errors[] = {
#define PARAPET_ERROR(number, name, text) {number, #name, text},
#include "abi/errors.def"
};

static struct entry exits[] = {
#define PARAPET_EXIT(number, name, text) {number, #name, text},
#include "abi/exits.def"
};

/* The ranges of numbers that abi/hypercalls.def announces. */
static const struct group {
    unsigned first;
    unsigned last;
    const char *title;
} groups[] = {
    {0, 15, "Version, console, multicall, return from an upcall"},
    {16, 31, "Traps, callbacks, segment bases, timer, vCPU bring-up"},
    {32, 47, "Scheduling"},
    {48, 63, "Event channels"},
    {64, 95, "Memory"},
    {96, 111, "Grants"},
    {112, 127, "Domain control"},
    {128, 143, "Devices"},
    {144, 159, "Tracing and audit"},
    {160, 175, "Domain control, the rest"},
    {PARAPET_COURSEWORK, PARAPET_NR_HYPERCALLS - 1, "Coursework"},
};

/* The types of arguments, and what each means. */
static const struct type {
    const char *name;
    const char *direction;
    const char *meaning;
} types[] = {
    {"u32", "value", "a number below 2^32; a larger one gives `-EINVAL`"},
    {"u64", "value", "a number"},
    {"vaddr", "value", "a guest virtual address that the call only records"},
    {"in", "in", "a guest virtual address the hypervisor reads from"},
    {"out", "out", "a guest virtual address the hypervisor writes to"},
    {"inout", "in, out", "a guest virtual address it reads and writes"},
};

static const char *const registers[MAX_ARGS] = {"rdi", "rsi", "rdx",
                                                "r10", "r8",  "r9"};

/* ---- checks ---- */

static int problems;

static void problem(const char *file, unsigned number, const char *name,
                    const char *text, const char *what)
{
    fprintf(stderr, "hcdoc: abi/%s: %s (number %u): %s%s\n", file, name, number,
            text, what);
    problems++;
}

static const struct group *group_of(unsigned number)
{
    for (size_t i = 0; i < COUNT(groups); i++)
        if (number >= groups[i].first && number <= groups[i].last)
            return &groups[i];
    return NULL;
}

static const struct type *type_of(const char *name)
{
    for (size_t i = 0; i < COUNT(types); i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

static const struct entry *error_of(const char *name, size_t length)
{
    for (size_t i = 0; i < COUNT(errors); i++)
        if (strlen(errors[i].name) == length &&
            memcmp(errors[i].name, name, length) == 0)
            return &errors[i];
    return NULL;
}

/* The next word of a list separated by spaces: its length, 0 at the end. */
static size_t next_word(const char **list)
{
    *list += strspn(*list, " ");
    return strcspn(*list, " ");
}

static void check_errors_of(const struct call *call)
{
    const char *word = call->errors;
    char name[32];
    size_t length;

    for (; (length = next_word(&word)) > 0; word += length) {
        snprintf(name, sizeof(name), "%.*s", (int)length, word);
        if (!error_of(word, length))
            problem("hypercalls.def", call->number, call->name,
                    "abi/errors.def has no ", name);
    }
}

static void check_call(const struct call *call)
{
    if (call->number >= PARAPET_NR_HYPERCALLS)
        problem("hypercalls.def", call->number, call->name,
                "not below PARAPET_NR_HYPERCALLS", "");
    else if (!group_of(call->number))
        problem("hypercalls.def", call->number, call->name,
                "in no range of numbers that belongs to a group", "");
    for (size_t i = 0; i < MAX_ARGS && call->args[i].type; i++)
        if (!type_of(call->args[i].type))
            problem("hypercalls.def", call->number, call->name,
                    "unknown type of argument: ", call->args[i].type);
    check_errors_of(call);
}

static void check_entries(const char *file, const struct entry *entries,
                          size_t count, unsigned limit, const char *above)
{
    for (size_t i = 0; i < count; i++) {
        if (entries[i].number >= limit)
            problem(file, entries[i].number, entries[i].name, above, "");
        if (i > 0 && entries[i].number == entries[i - 1].number)
            problem(file, entries[i].number, entries[i].name,
                    "has the number of ", entries[i - 1].name);
    }
}

static void check_all(void)
{
    for (size_t i = 0; i < COUNT(calls); i++) {
        check_call(&calls[i]);
        if (i > 0 && calls[i].number == calls[i - 1].number)
            problem("hypercalls.def", calls[i].number, calls[i].name,
                    "has the number of ", calls[i - 1].name);
    }
    check_entries("errors.def", errors, COUNT(errors), 4096,
                  "an error is below 4096");
    check_entries("exits.def", exits, COUNT(exits), PARAPET_NR_EXITS,
                  "not below PARAPET_NR_EXITS");
}

static int by_call_number(const void *a, const void *b)
{
    unsigned x = ((const struct call *)a)->number;
    unsigned y = ((const struct call *)b)->number;

    return (x > y) - (x < y);
}

static int by_entry_number(const void *a, const void *b)
{
    unsigned x = ((const struct entry *)a)->number;
    unsigned y = ((const struct entry *)b)->number;

    return (x > y) - (x < y);
}

/* ---- the page ---- */

static void print_introduction(void)
{
    puts("# Hypercalls\n\n"
         "<!-- Generated by tools/hcdoc from abi/*.def: edit those, then run\n"
         "     `make docs`. -->\n");
    printf("The reference of ABI version %d.%d; [ABI.md](ABI.md) is the "
           "prose.\n\n",
           PARAPET_ABI_MAJOR, PARAPET_ABI_MINOR);
    puts("The number goes in `rax`, the arguments in");
    for (size_t i = 0; i < MAX_ARGS; i++)
        printf("`%s`%s", registers[i], i + 1 < MAX_ARGS ? ", " : ".\n");
    puts(
        "The result comes back in `rax`: zero or positive on success, `-errno` "
        "on failure.\n`rcx` and `r11` are lost, everything else is preserved. "
        "A number that is not\nlisted gives `-ENOSYS`.\n");
}

static bool group_is_empty(const struct group *group)
{
    for (size_t i = 0; i < COUNT(calls); i++)
        if (group_of(calls[i].number) == group)
            return false;
    return true;
}

static void print_contents(void)
{
    puts("## Contents\n");
    for (size_t i = 0; i < COUNT(groups); i++) {
        const char *before = " ";

        if (group_is_empty(&groups[i]))
            continue;
        printf("- %s (%u to %u):", groups[i].title, groups[i].first,
               groups[i].last);
        for (size_t j = 0; j < COUNT(calls); j++) {
            if (group_of(calls[j].number) != &groups[i])
                continue;
            printf("%s[%s](#%s)", before, calls[j].name, calls[j].name);
            before = ", ";
        }
        puts("");
    }
    puts("- [Types of arguments](#types-of-arguments)\n"
         "- [Errors](#errors)\n"
         "- [Exits](#exits)\n");
}

static void print_arguments(const struct call *call)
{
    if (!call->args[0].type)
        return;
    puts("| register | type | argument | direction |\n|---|---|---|---|");
    for (size_t i = 0; i < MAX_ARGS && call->args[i].type; i++)
        printf("| `%s` | %s | `%s` | %s |\n", registers[i], call->args[i].type,
               call->args[i].name, type_of(call->args[i].type)->direction);
    puts("");
}

static void print_call_errors(const struct call *call)
{
    const char *word = call->errors;
    size_t length;

    if (next_word(&word) == 0)
        return;
    puts("Errors:\n");
    for (; (length = next_word(&word)) > 0; word += length)
        printf("- `-%.*s`: %s\n", (int)length, word,
               error_of(word, length)->text);
    puts("");
}

static void print_call(const struct call *call)
{
    printf("### %s\n\n", call->name);
    printf("Number %u. %s\n\n", call->number, call->brief);
    print_arguments(call);
    if (call->flags & HC_CONTROL)
        puts("For the control domain: `-EPERM` for all others.\n");
    if (call->flags & HC_NO_MULTICALL)
        puts("Refused inside a multicall, with `-EINVAL`.\n");
    if (call->flags & HC_PREEMPTIBLE)
        puts("Preemptible: after `-ERESTART`, the vCPU page's `restart_done` "
             "says how much is\ndone, and the call is repeated for the "
             "rest.\n");
    if (call->flags & HC_SLOW)
        puts("Slow: a multicall stops after it, with `-ERESTART`.\n");
    print_call_errors(call);
}

static void print_calls(void)
{
    const struct group *group = NULL;

    for (size_t i = 0; i < COUNT(calls); i++) {
        if (group_of(calls[i].number) != group) {
            group = group_of(calls[i].number);
            printf("## %s\n\n", group->title);
        }
        print_call(&calls[i]);
    }
}

static void print_types(void)
{
    puts("## Types of arguments\n\n| type | meaning |\n|---|---|");
    for (size_t i = 0; i < COUNT(types); i++)
        printf("| %s | %s |\n", types[i].name, types[i].meaning);
    puts("");
}

static void print_entries(const char *title, const char *about,
                          const struct entry *entries, size_t count)
{
    printf("## %s\n\n%s\n\n| number | name | meaning |\n|---|---|---|\n", title,
           about);
    for (size_t i = 0; i < count; i++)
        printf("| %u | `%s` | %s |\n", entries[i].number, entries[i].name,
               entries[i].text);
}

int main(void)
{
    qsort(calls, COUNT(calls), sizeof(calls[0]), by_call_number);
    qsort(errors, COUNT(errors), sizeof(errors[0]), by_entry_number);
    qsort(exits, COUNT(exits), sizeof(exits[0]), by_entry_number);
    check_all();
    if (problems > 0)
        return EXIT_FAILURE;
    print_introduction();
    print_contents();
    print_calls();
    print_types();
    print_entries("Errors",
                  "A hypercall that fails returns the number, negated. The "
                  "numbers are Linux's.",
                  errors, COUNT(errors));
    puts("");
    print_entries("Exits",
                  "Why a vCPU left the guest: the names under which each "
                  "engine counts\n(`struct parapet_counters`).",
                  exits, COUNT(exits));
    return ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
