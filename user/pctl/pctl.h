/* SPDX-License-Identifier: MIT
 *
 * What all commands of pctl share: one run of it, how a command is described,
 * and how it says what went wrong. docs/PCTL.md is what a person reads.
 */
#ifndef USER_PCTL_PCTL_H
#define USER_PCTL_PCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "user/pctl/machine.h"

/* The exit status. */
enum pctl_status {
    PCTL_DONE = 0,
    PCTL_FAILED = 1,      /* it did not work; of several, with one at least */
    PCTL_USAGE = 2,       /* the command line or the description is wrong */
    PCTL_NO_DOMAIN = 3,   /* there is no such domain */
    PCTL_BAD_END = 4,     /* wait: one has ended, but not by a power off */
    PCTL_NO_CONTROL = 5,  /* this is not domain 0 */
    PCTL_TIME_IS_OVER = 6 /* wait */
};

/* Which options a command has, and which were given. */
#define PCTL_JSON 1u
#define PCTL_PAUSED 2u
#define PCTL_REBOOT 4u
#define PCTL_WAIT 8u
#define PCTL_TIMEOUT 16u
#define PCTL_ALL 256u
#define PCTL_KEYS 32u /* --KEY=VALUE is the argument KEY=VALUE */
#define PCTL_CONSOLE 64u
#define PCTL_LEVEL 128u

struct pctl {
    struct pctl_machine *machine;
    FILE *out;
    FILE *err;
    const char *kernels; /* for report.h */
    const struct pctl_command *command;
    unsigned int options;
    const char *timeout; /* with PCTL_TIMEOUT */
    const char *level;   /* with PCTL_LEVEL */
};

#define PCTL_ANY_ARGS 1000000

struct pctl_command {
    const char *name;
    const char *arguments; /* as its help shows them */
    const char *brief;     /* a line, without a full stop */
    const char *more;      /* lines for its help, or NULL */
    unsigned int options;
    int min_args;
    int max_args;
    int (*run)(struct pctl *p, int nr_args, char **args);
};

/* NULL is the last. */
extern const struct pctl_command *const pctl_commands[];

/* The whole of it; machine, out and err are set. Returns the exit status. */
int pctl_run(struct pctl *p, int argc, char **argv);

/* ---- what went wrong ---- */

/* Prints one clean line on standard error, and returns the status. */
int pctl_fail(struct pctl *p, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What an error of a hypercall means, for one command; the last is {0}. */
struct pctl_reason {
    int error; /* PARAPET_E* */
    const char *text;
};

/* The same for a result below 0: what the reasons say of it, or else what
 * abi/errors.def does. who is a domain's name. */
int pctl_call_failed(struct pctl *p, const char *who, int64_t result,
                     const struct pctl_reason *reasons);

/* What abi/errors.def says of it. */
const char *pctl_error_text(int64_t result);

/* Prints a table and frees it, unless there is JSON in its place. */
struct table;
int pctl_table(struct pctl *p, struct table *t);

/* The status of two results together. */
int pctl_worse(int status, int other);

#endif
