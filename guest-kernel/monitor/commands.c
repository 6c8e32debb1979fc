/* SPDX-License-Identifier: MIT
 *
 * The table of commands, and from a line to a command's function.
 */
#include "guest-kernel/monitor/commands.h"

#include "guest-kernel/core/kprintf.h"
#include "lib/macros.h"
#include "lib/string.h"

#define NS_PER_SECOND 1000000000ul

static const struct command commands[] = {
    {"help", "", "list the commands", cmd_help, 0, 0},
    {"uname", "[-a]", "name, version and build of the kernel", cmd_uname, 0, 1},
    {"uptime", "", "time since the start", cmd_uptime, 0, 0},
    {"date", "", "date and time, UTC", cmd_date, 0, 0},
    {"ls", "[PATH]", "list a directory", cmd_ls, 0, 1},
    {"cat", "FILE...", "print files", cmd_cat, 1, COMMAND_MAX_ARGS},
    {"echo", "[WORD...]", "print words", cmd_echo, 0, COMMAND_MAX_ARGS},
    {"free", "", "memory in use and free", cmd_free, 0, 0},
    {"threads", "", "list processes and threads", cmd_threads, 0, 0},
    {"run", "PROGRAM [WORD...]", "run a program, as /bin/tour", cmd_run, 1,
     COMMAND_MAX_ARGS},
    {"disk", "[DISK WHAT [KIB...]]",
     "list disks; or read, check, write, flush, discard: "
     "KIB, how many at once, how many",
     cmd_disk, 0, 5},
    {"sleep", "SECONDS", "wait; fractions are allowed", cmd_sleep, 1, 1},
    {"spin", "[THREADS [SECONDS]]", "threads that never give up the CPU",
     cmd_spin, 0, 2},
    {"counters", "[-h]", "exits to the hypervisor; -h: how long they took",
     cmd_counters, 0, 1},
    {"selftest", "", "test the kernel from inside", cmd_selftest, 0, 0},
    {"bench", "ROUNDS [PATTERN]", "measure operations, for make bench",
     cmd_bench, 1, 2},
    {"crash", "[KIND]", "crash the kernel; alone: list the kinds", cmd_crash, 0,
     1},
    {"continue", "", "back to the processes (also Ctrl-D)", cmd_continue, 0, 0},
    {"poweroff", "", "end, successfully", cmd_poweroff, 0, 0},
    {"reboot", "", "end and start again", cmd_reboot, 0, 0},
};

void cmd_help(unsigned int nr_args, char **args)
{
    unsigned int i;

    (void)nr_args;
    (void)args;
    for (i = 0; i < ARRAY_SIZE(commands); i++)
        kprintf("  %-8s %-20s %s\n", commands[i].name, commands[i].arguments,
                commands[i].brief);
}

/* Cuts the line into words; the last possible one is all the rest. */
static unsigned int split(char *line, char **args)
{
    unsigned int nr_args = 0;

    for (;;) {
        while (*line == ' ')
            *line++ = '\0';
        if (*line == '\0')
            return nr_args;
        args[nr_args++] = line;
        if (nr_args == COMMAND_MAX_ARGS)
            return nr_args;
        while (*line != ' ' && *line != '\0')
            line++;
    }
}

static const struct command *find(const char *name)
{
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

void command_run(char *line)
{
    char *args[COMMAND_MAX_ARGS];
    unsigned int nr_args = split(line, args);
    const struct command *command;

    if (nr_args == 0)
        return;
    command = find(args[0]);
    if (command == NULL)
        kprintf("%s: unknown command; try help\n", args[0]);
    else if (nr_args - 1 < command->min_args || nr_args - 1 > command->max_args)
        kprintf("usage: %s %s\n", command->name, command->arguments);
    else
        command->function(nr_args, args);
}

/* Returns where the digits end; *number is cut off at UINT64_MAX / 10. */
static const char *parse_digits(const char *text, uint64_t *number)
{
    *number = 0;
    for (; *text >= '0' && *text <= '9' && *number < UINT64_MAX / 100; text++)
        *number = *number * 10 + (uint64_t)(*text - '0');
    return text;
}

bool command_number(const char *text, uint64_t max, uint64_t *number)
{
    const char *end = parse_digits(text, number);

    if (end != text && *end == '\0' && *number <= max)
        return true;
    kprintf("%s: expected a number up to %lu\n", text, max);
    return false;
}

bool command_seconds(const char *text, uint64_t max, uint64_t *ns)
{
    const char *end = parse_digits(text, ns);
    uint64_t digit_ns = NS_PER_SECOND;
    bool is_number = end != text && *ns <= max;

    *ns *= NS_PER_SECOND;
    if (is_number && *end == '.')
        for (end++; *end >= '0' && *end <= '9'; end++) {
            digit_ns /= 10;
            *ns += (uint64_t)(*end - '0') * digit_ns;
        }
    if (is_number && *end == '\0' && *ns <= max * NS_PER_SECOND)
        return true;
    kprintf("%s: expected seconds, up to %lu\n", text, max);
    return false;
}
