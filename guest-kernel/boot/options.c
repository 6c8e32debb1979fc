/* SPDX-License-Identifier: MIT
 *
 * The command line's words.
 */
#include "guest-kernel/boot/options.h"

#include <stddef.h>

#include "lib/string.h"

#define INIT "init="
#define RAM_DISK "ramblk="

/* The next word, terminated in place; NULL at the end. */
static char *next_word(char **line)
{
    char *word = *line, *end;

    while (*word == ' ')
        word++;
    if (*word == '\0')
        return NULL;
    for (end = word; *end != ' ' && *end != '\0'; end++)
        ;
    *line = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

void options_parse(char *line, struct options *options)
{
    static char default_init[] = "/init";
    unsigned int nr = 1;
    char *word;

    memset(options, 0, sizeof(*options));
    options->init[0] = default_init;
    while ((word = next_word(&line)) != NULL && strcmp(word, "--") != 0) {
        if (strcmp(word, "monitor") == 0)
            options->monitor = true;
        else if (strcmp(word, "clock=boot") == 0)
            options->clock_boot = true;
        else if (strncmp(word, INIT, strlen(INIT)) == 0)
            options->init[0] = word + strlen(INIT);
        else if (strncmp(word, RAM_DISK, strlen(RAM_DISK)) == 0)
            options->ram_disk = word + strlen(RAM_DISK);
    }
    while (nr < OPTIONS_MAX_ARGS && (word = next_word(&line)) != NULL)
        options->init[nr++] = word;
}
