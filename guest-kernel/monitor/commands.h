/* SPDX-License-Identifier: MIT
 *
 * The monitor's commands. A new one is a function in a cmd_*.c file and a line
 * in the table in commands.c.
 */
#ifndef GUEST_KERNEL_MONITOR_COMMANDS_H
#define GUEST_KERNEL_MONITOR_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#define COMMAND_MAX_ARGS 64

/* args[0] is the command's name. */
typedef void command_function_t(unsigned int nr_args, char **args);

struct command {
    const char *name;
    const char *arguments; /* for the help */
    const char *brief;
    command_function_t *function;
    unsigned int min_args; /* without the name */
    unsigned int max_args;
};

/* Carries out a line, which is cut into words. */
void command_run(char *line);

command_function_t cmd_help;

/* monitor.c */
command_function_t cmd_continue;

/* cmd_system.c */
command_function_t cmd_uname, cmd_uptime, cmd_date, cmd_free, cmd_echo,
    cmd_poweroff, cmd_reboot;
/* cmd_counters.c */
command_function_t cmd_counters;
/* cmd_disk.c */
command_function_t cmd_disk;
/* cmd_files.c */
command_function_t cmd_ls, cmd_cat;
/* cmd_run.c */
command_function_t cmd_run;
/* cmd_threads.c */
command_function_t cmd_threads, cmd_sleep, cmd_spin;
/* cmd_crash.c */
command_function_t cmd_crash;
/* selftest.c */
command_function_t cmd_selftest;
/* bench/bench.c */
command_function_t cmd_bench;

/*
 * Decimal numbers. Each prints an error and returns false when the text is
 * none, or above max.
 */
bool command_number(const char *text, uint64_t max, uint64_t *number);
/* Seconds with up to nine decimal places. */
bool command_seconds(const char *text, uint64_t max, uint64_t *ns);

#endif
