/* SPDX-License-Identifier: MIT
 *
 * pctl stat: how often a domain entered the hypervisor, why, and how long that
 * took. All vCPUs together.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/macros.h"
#include "user/pctl/calls.h"
#include "user/pctl/commands.h"
#include "user/pctl/domains.h"
#include "user/pctl/histogram.h"
#include "user/pctl/table.h"

struct row {
    bool is_exit; /* and no hypercall */
    unsigned int number;
    const char *name;
    uint64_t count;
    uint64_t buckets[PARAPET_NR_LATENCY_BUCKETS];
};

/* Each hypercall and each reason that has a name. */
static struct row rows[] = {
#define PARAPET_HYPERCALL(nr, name, ...) {false, nr, #name, 0, {0}},
#include "abi/hypercalls.def"
#undef PARAPET_HYPERCALL
#define PARAPET_EXIT(nr, name, text) {true, nr, #name, 0, {0}},
#include "abi/exits.def"
#undef PARAPET_EXIT
};

/* ---- what the machine counts ---- */

/* What one call tells of a vCPU, or several of them in a row. */
union part {
    struct parapet_counters counters;
    struct parapet_latency latency;
    uint8_t pages[PARAPET_NR_PARTS - PARAPET_PART_LATENCY][4096];
};

_Static_assert(sizeof(union part) == sizeof(struct parapet_latency),
               "each page of the latency has a part");

static int64_t read_counters(struct pctl *p, uint32_t id, uint32_t vcpu,
                             union part *part)
{
    int64_t result =
        call_domain_counters(p->machine, id, vcpu, PARAPET_PART_COUNTERS, part);
    struct row *row;

    for (row = rows; row < rows + ARRAY_SIZE(rows) && result == 0; row++)
        row->count += row->is_exit ? part->counters.exits[row->number]
                                   : part->counters.hypercalls[row->number];
    return result;
}

static int64_t read_latency(struct pctl *p, uint32_t id, uint32_t vcpu,
                            union part *part)
{
    int64_t result = 0;
    struct row *row;

    for (uint32_t i = 0; i < ARRAY_SIZE(part->pages) && result == 0; i++)
        result = call_domain_counters(p->machine, id, vcpu,
                                      PARAPET_PART_LATENCY + i, part->pages[i]);
    for (row = rows; row < rows + ARRAY_SIZE(rows) && result == 0; row++)
        for (unsigned int b = 0; b < PARAPET_NR_LATENCY_BUCKETS; b++)
            row->buckets[b] += row->is_exit
                                   ? part->latency.exits[row->number][b]
                                   : part->latency.hypercalls[row->number][b];
    return result;
}

static int read_all(struct pctl *p, const struct parapet_domain_info *info)
{
    static union part part;
    int64_t result = 0;

    for (struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
        row->count = 0;
        memset(row->buckets, 0, sizeof(row->buckets));
    }
    for (uint32_t v = 0; v < info->nr_vcpus && result == 0; v++) {
        result = read_counters(p, info->id, v, &part);
        if (result == 0)
            result = read_latency(p, info->id, v, &part);
    }
    return result ? pctl_call_failed(p, info->name, result, NULL) : PCTL_DONE;
}

/* ---- what is shown of it ---- */

static const unsigned int percents[] = {50, 90, 99};

/* The largest count first; of equals, as they stand in the ABI. */
static int compare(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a;
    const struct row *y = *(const struct row *const *)b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x < y ? -1 : 1;
}

/* Those that have happened; returns how many. */
static size_t sorted(const struct row *order[ARRAY_SIZE(rows)])
{
    size_t nr = 0;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].count)
            order[nr++] = &rows[i];
    qsort(order, nr, sizeof(order[0]), compare);
    return nr;
}

static void row_json(struct json *j, const struct row *row)
{
    static const char *const names[] = {"p50", "p90", "p99"};
    uint64_t samples = histogram_samples(row->buckets);

    json_begin(j, NULL, '{');
    json_text(j, "kind", row->is_exit ? "exit" : "hypercall");
    json_text(j, "name", row->name);
    json_number(j, "count", row->count);
    json_number(j, "samples", samples);
    for (size_t i = 0; i < ARRAY_SIZE(percents); i++)
        if (samples)
            json_number(j, names[i],
                        histogram_ticks(row->buckets, percents[i]));
        else
            json_text(j, names[i], NULL);
    json_end(j, '{');
}

static int row_table(struct pctl *p, const struct row *const *order, size_t nr)
{
    static const char *const titles[] = {"KIND", "NAME", ">COUNT", ">p50",
                                         ">p90", ">p99", NULL};
    struct table t;

    table_begin(&t, titles);
    for (; nr > 0; nr--, order++) {
        const struct row *row = *order;

        table_cell(&t, "%s", row->is_exit ? "exit" : "hypercall");
        table_cell(&t, "%s", row->name);
        table_cell(&t, "%llu", (unsigned long long)row->count);
        for (size_t i = 0; i < ARRAY_SIZE(percents); i++)
            if (histogram_samples(row->buckets))
                table_cell(&t, "%llu",
                           (unsigned long long)histogram_ticks(row->buckets,
                                                               percents[i]));
            else
                table_cell(&t, "-");
    }
    return pctl_table(p, &t);
}

static int stat_run(struct pctl *p, int nr, char **args)
{
    const struct row *order[ARRAY_SIZE(rows)];
    struct parapet_domain_info info;
    struct json j = {.to = p->out};
    int status = domains_find(p, args[0], &info);
    size_t nr_rows;

    (void)nr;
    if (status == PCTL_DONE)
        status = read_all(p, &info);
    if (status)
        return status;
    nr_rows = sorted(order);
    if (!(p->options & PCTL_JSON))
        return row_table(p, order, nr_rows);
    json_begin(&j, NULL, '[');
    for (size_t i = 0; i < nr_rows; i++)
        row_json(&j, order[i]);
    json_end(&j, '[');
    return PCTL_DONE;
}

const struct pctl_command cmd_stat = {
    .name = "stat",
    .arguments = "DOMAIN",
    .brief = "how often it entered the hypervisor, why, and how long that took",
    .more = "  All its vCPUs together. Times are in ticks of the time stamp "
            "counter, from a\n  sample of the exits, rounded up to a power of "
            "two; p90: 90 percent took less.\n",
    .options = PCTL_JSON,
    .min_args = 1,
    .max_args = 1,
    .run = stat_run,
};
