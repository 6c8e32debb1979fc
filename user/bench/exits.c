/* SPDX-License-Identifier: MIT
 *
 * Reads /proc/exits: a line for each reason to leave for the hypervisor,
 *
 *   # kind name count samples p50_ns p90_ns p99_ns
 *   hypercall iret 1234 19 512 1024 2048
 *
 * On the bare machine there is only the first line; Linux has no such file.
 */
#include "user/bench/bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_NAME 32
#define MAX_TEXT 16384

static char names[MAX_EXITS][MAX_NAME];
static unsigned int nr_names;
static char text[MAX_TEXT];

unsigned int exits_nr_names(void)
{
    return nr_names;
}

const char *exits_name(unsigned int index)
{
    return names[index];
}

/* The place of a name, a new one for a new name. */
static unsigned int place_of(const char *name)
{
    unsigned int i;

    for (i = 0; i < nr_names; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    if (nr_names == MAX_EXITS)
        fail("/proc/exits has too many names");
    strcpy(names[nr_names], name);
    return nr_names++;
}

static void read_line(const char *line, struct exits *exits)
{
    char name[MAX_NAME];
    long long count;

    if (sscanf(line, "%*s %31s %lld", name, &count) == 2)
        exits->count[place_of(name)] += count;
}

/* Leaves the text empty where there is no such file. */
static void read_text(void)
{
    int file = open("/proc/exits", O_RDONLY);
    size_t length = 0;
    ssize_t got;

    while (file >= 0 && length < MAX_TEXT - 1 &&
           (got = read(file, text + length, MAX_TEXT - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    if (file >= 0)
        close(file);
}

void exits_read(struct exits *exits)
{
    char *line;

    memset(exits, 0, sizeof(*exits));
    read_text();
    for (line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (*line != '#')
            read_line(line, exits);
}

bool exits_are_counted(void)
{
    struct exits exits;

    exits_read(&exits);
    return nr_names > 0;
}
