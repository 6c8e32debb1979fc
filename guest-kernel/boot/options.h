/* SPDX-License-Identifier: MIT
 *
 * The kernel's command line: words, of which those after "--" are arguments of
 * process 1. Pure code that runs on the host too.
 *
 *   monitor     no process: the monitor's prompt
 *   clock=boot  the clock is not made better after the boot
 *   init=PATH   the program of process 1, /init if it is not given
 *   ramblk=SIZE a disk in memory (block/block_ram.h)
 *
 * Other words are somebody else's, and ignored.
 */
#ifndef GUEST_KERNEL_BOOT_OPTIONS_H
#define GUEST_KERNEL_BOOT_OPTIONS_H

#include <stdbool.h>

#define OPTIONS_MAX_ARGS 32

struct options {
    bool monitor;
    bool clock_boot;
    const char *ram_disk; /* what follows ramblk=, or NULL */
    /* Of process 1: its program first, NULL last; they lead into the line. */
    char *init[OPTIONS_MAX_ARGS + 1];
};

/* Cuts the line into words, in place. Arguments above the limit are left
 * out. */
void options_parse(char *line, struct options *options);

#endif
