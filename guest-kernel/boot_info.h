/* SPDX-License-Identifier: MIT
 *
 * What the kernel is told at its start, whoever told it: privops/pv reads it
 * from the device tree, privops/native from the PVH start info. Everything is
 * copied, so nothing of the boot loader's needs to be kept.
 */
#ifndef GUEST_KERNEL_BOOT_INFO_H
#define GUEST_KERNEL_BOOT_INFO_H

#include <stdint.h>

#define BOOT_MAX_MEMORY 16
#define BOOT_COMMAND_LINE_SIZE 512

/* Physical (for pv: guest physical) addresses; end is the first byte after. */
struct memory_range {
    uint64_t start;
    uint64_t end;
};

struct boot_info {
    /* Memory that may be used but for image and RAM disk: page-aligned, in
     * ascending order, no two overlapping. */
    struct memory_range memory[BOOT_MAX_MEMORY];
    unsigned int nr_memory;
    struct memory_range ramdisk; /* start == end: there is none */
    unsigned int nr_cpus;        /* that there are: the kernel uses one */
    char command_line[BOOT_COMMAND_LINE_SIZE];
    char platform[64]; /* "Parapet ABI 0.1, domain 1" or "the bare machine" */
};

/* What kernel_main() was given: where the kernel runs (platform), and the
 * command line. Provided by boot/main.c. */
const char *kernel_platform(void);
const char *kernel_command_line(void);

#endif
