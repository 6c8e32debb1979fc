/* SPDX-License-Identifier: MIT
 *
 * What the console shows of a domain that has not got its input: text that
 * cannot be taken for somebody else's. A pure function: no state, no lock.
 */
#ifndef HYPERVISOR_BASE_CONSOLE_FILTER_H
#define HYPERVISOR_BASE_CONSOLE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

/* Room in which at least one byte is shown, with its prefix. */
#define CONSOLE_PREFIX_MAX 16
#define CONSOLE_SHOWN_MIN (CONSOLE_PREFIX_MAX + 4)

struct console_shown {
    char *text; /* of room bytes, CONSOLE_SHOWN_MIN or more */
    size_t room;
    size_t size; /* how many of them are used */
};

/*
 * Shows as many of the nr_bytes bytes as there is room for, and returns how
 * many these are: at least one, if nr_bytes is not 0. Each line begins with
 * the prefix, of at most CONSOLE_PREFIX_MAX characters. Printable ASCII, tab
 * and newline are shown as they are, other bytes below 128 as ^X, and those
 * above as \xNN: some terminals obey them, alone or as UTF-8. *line_begins
 * says whether the first byte begins a line, and then whether the next would.
 */
size_t console_filter(const char *prefix, bool *line_begins, const char *bytes,
                      size_t nr_bytes, struct console_shown *shown);

#endif
