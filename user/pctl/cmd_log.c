/* SPDX-License-Identifier: MIT
 *
 * pctl dmesg, pctl audit: what the hypervisor says, and whether its books are
 * right.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/log.h"
#include "lib/macros.h"
#include "user/pctl/calls.h"
#include "user/pctl/commands.h"
#include "user/pctl/domains.h"
#include "user/pctl/report.h"
#include "user/pctl/table.h"

/* ---- dmesg ---- */

/* The machine keeps less; a console that never rests must not hold pctl up. */
#define MAX_LOG (UINT64_C(1) << 20)

static const char no_memory[] = "there is no memory for the text";

struct piece {
    struct parapet_log_head head;
    char text[PARAPET_LOG_AT_ONCE];
};

/*
 * All of it, before anything is printed: that may be on the same console.
 * lost is what was gone before it began.
 */
static int64_t read_log(struct pctl *p, FILE *to, uint64_t *lost)
{
    struct piece piece;
    uint64_t position = 0, start = 0;
    int64_t nr;

    do {
        nr = call_log_read(p->machine, position, &piece, sizeof(piece));
        if (nr < 0)
            return nr;
        if (position == 0)
            start = *lost = piece.head.lost;
        (void)fwrite(piece.text, 1, (size_t)nr, to);
        position = piece.head.next;
    } while (nr > 0 && position - start < MAX_LOG);
    return 0;
}

static void print_log(struct pctl *p, const char *text, size_t size,
                      uint64_t lost)
{
    struct json j = {.to = p->out};

    if (p->options & PCTL_JSON) {
        json_begin(&j, NULL, '{');
        json_number(&j, "lost", lost);
        json_bytes(&j, "text", text, size);
        json_end(&j, '{');
        return;
    }
    if (lost)
        (void)fprintf(p->out, "(%llu bytes before this are gone)\n",
                      (unsigned long long)lost);
    (void)fwrite(text, 1, size, p->out);
}

/* Domain 0's own programs write to that console as they like, and show there
 * what guests have written: nothing of it may steer the terminal now. */
static void clean(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((text[i] < ' ' || text[i] > '~') && text[i] != '\n' &&
            text[i] != '\t')
            text[i] = '?';
}

/* With the symbols of dead domains, which the hypervisor does not know. */
static int show_log(struct pctl *p, const char *log, size_t log_size,
                    uint64_t lost)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    int status = PCTL_DONE;

    if (memory)
        report_write(p->kernels, log, log_size, memory);
    if (!memory || fclose(memory) != 0)
        status = pctl_fail(p, PCTL_FAILED, "%s", no_memory);
    else {
        if (!(p->options & PCTL_JSON))
            clean(text, size);
        print_log(p, text, size, lost);
    }
    free(text);
    return status;
}

/* In the order of enum parapet_log_level. */
static const char *const levels[] = {"err", "warn", "info", "debug"};

static int set_level(struct pctl *p)
{
    for (uint32_t i = 0; i < ARRAY_SIZE(levels); i++) {
        int64_t result;

        if (strcmp(p->level, levels[i]) != 0)
            continue;
        result = call_log_console(p->machine, i);
        return result ? pctl_call_failed(p, "--console", result, NULL)
                      : PCTL_DONE;
    }
    return pctl_fail(p, PCTL_USAGE,
                     "--console: expected err, warn, info or debug, got "
                     "\"%s\"",
                     p->level);
}

static int dmesg_run(struct pctl *p, int nr, char **args)
{
    char *log = NULL;
    size_t size = 0;
    FILE *memory;
    uint64_t lost = 0;
    int64_t result;
    int status;

    (void)nr;
    (void)args;
    if (p->options & PCTL_LEVEL)
        return set_level(p);
    memory = open_memstream(&log, &size);
    result = memory ? read_log(p, memory, &lost) : 0;
    if (!memory || fclose(memory) != 0)
        status = pctl_fail(p, PCTL_FAILED, "%s", no_memory);
    else if (result)
        status = pctl_call_failed(p, "the log", result, NULL);
    else
        status = show_log(p, log, size, lost);
    free(log);
    return status;
}

const struct pctl_command cmd_dmesg = {
    .name = "dmesg",
    .arguments = "",
    .brief = "all that the machine's console has said, or could have",
    .more = "  The report of a domain that was killed says where in its kernel "
            "that was, by the\n  file that `pctl create` took.\n"
            "  With LEVEL it prints nothing: the console shows lines of that "
            "and more weight from\n  now on. It is err, warn, info (with what "
            "other domains write there) or debug.\n",
    .options = PCTL_JSON | PCTL_LEVEL,
    .run = dmesg_run,
};

/* ---- audit ---- */

static const struct pctl_reason audit_reasons[] = {
    {PARAPET_EPERM, "the machine was booted without audit=on"},
    {0, NULL},
};

/* One of the domains; gone is nothing wrong. */
static int audit_one(struct pctl *p, const struct parapet_domain_info *info,
                     struct json *j, struct table *t)
{
    int64_t wrong = call_domain_audit(p->machine, info->id);

    if (wrong < 0)
        return pctl_call_failed(p, info->name, wrong, audit_reasons);
    if (p->options & PCTL_JSON) {
        json_begin(j, NULL, '{');
        json_number(j, "id", info->id);
        json_text(j, "name", info->name);
        json_number(j, "wrong", (uint64_t)wrong);
        json_end(j, '{');
    } else {
        table_cell(t, "%u", info->id);
        table_cell(t, "%s", info->name);
        table_cell(t, "%llu", (unsigned long long)wrong);
    }
    return wrong ? PCTL_FAILED : PCTL_DONE;
}

static int audit_all(struct pctl *p, const struct domains *domains)
{
    static const char *const titles[] = {">ID", "NAME", ">WRONG", NULL};
    struct json j = {.to = p->out};
    struct table t;
    int status = PCTL_DONE;

    table_begin(&t, titles);
    if (p->options & PCTL_JSON)
        json_begin(&j, NULL, '[');
    for (size_t i = 0; i < domains->nr; i++)
        status = pctl_worse(status, audit_one(p, &domains->infos[i], &j, &t));
    if (p->options & PCTL_JSON)
        json_end(&j, '[');
    return pctl_worse(status, pctl_table(p, &t));
}

static int audit_run(struct pctl *p, int nr, char **args)
{
    struct domains domains;
    int status = domains_named(p, nr, args, &domains);

    if (status == PCTL_DONE)
        status = audit_all(p, &domains);
    domains_free(&domains);
    return status;
}

const struct pctl_command cmd_audit = {
    .name = "audit",
    .arguments = "[DOMAIN]...",
    .brief = "count all references to memory anew",
    .more = "  WRONG is how many differ from the hypervisor's; the exit "
            "status is 1 if any does.\n  The machine's boot line has to have "
            "audit=on.\n",
    .options = PCTL_JSON,
    .max_args = PCTL_ANY_ARGS,
    .run = audit_run,
};
