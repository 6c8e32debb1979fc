/* SPDX-License-Identifier: MIT
 *
 * Owns the meter's tables, one for each CPU and written by it alone.
 */
#include "hypervisor/core/meter.h"

#include <stddef.h>
#include <stdint.h>

#include "abi/exits.h"
#include "abi/hypercall.h"
#include "abi/shared.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/base/log.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/mm/frame.h"
#include "hypervisor/x86/regs.h"
#include "lib/macros.h"
#include "lib/printf.h"

/* The rows of a table: hypercalls by number, exits by number, and then: */
#define ROW_UNKNOWN PARAPET_NR_HYPERCALLS
#define ROW_EXITS (ROW_UNKNOWN + 1)
#define ROW_INTERRUPTS (ROW_EXITS + PARAPET_NR_EXITS)
#define ROW_IDLE (ROW_INTERRUPTS + NR_INTERRUPTS)
#define ROW_REPORT (ROW_IDLE + NR_INTERRUPTS)
#define ROW_AUDIT (ROW_REPORT + 1)
#define NR_ROWS (ROW_AUDIT + 1)

static const struct {
    uint32_t vector;
    const char *name;
} interrupts[] = {
    {VECTOR_TIMER, "timer"}, {VECTOR_KICK, "kick"}, {VECTOR_FLUSH, "flush"},
    {VECTOR_UART, "uart"},   {VECTOR_CMOS, "cmos"}, {0, "other"},
};
#define NR_INTERRUPTS ARRAY_SIZE(interrupts)

static const char *const exit_names[PARAPET_NR_EXITS] = {
#define PARAPET_EXIT(number, name, text) [number] = #name,
#include "abi/exits.def"
#undef PARAPET_EXIT
};

/* Which of them name an exit; the first that was counted meanwhile does. */
static const enum parapet_exit naming[] = {
    PARAPET_EXIT_table_write, PARAPET_EXIT_emulated,   PARAPET_EXIT_reflected,
    PARAPET_EXIT_nmi,         PARAPET_EXIT_page_fault, PARAPET_EXIT_exception,
};

struct meter_row {
    uint64_t longest;
    uint64_t seen;
};

struct meter {
    struct meter_row rows[NR_ROWS];
    uint64_t counted[ARRAY_SIZE(naming)]; /* of current, when it ran last */
    size_t row;                           /* of the exit under way */
    bool report;                          /* it kills a domain */
};

bool meter_enabled;

static struct meter *meters[MAX_CPUS];

void meter_start_cpu(struct cpu_info *cpu)
{
    mfn_t mfn =
        frame_alloc_run(ALIGN_UP(sizeof(struct meter), PAGE_SIZE) / PAGE_SIZE);

    BUG_ON(mfn == MFN_NONE);
    meters[cpu->id] = frame_vaddr(mfn);
    cpu->exit_work |= WORK_METER;
}

static size_t interrupt_row(size_t first, uint32_t vector)
{
    size_t i = 0;

    while (i < NR_INTERRUPTS - 1 && interrupts[i].vector != vector)
        i++;
    return first + i;
}

/* The engine's handlers have counted what it was. */
static size_t exception_row(const struct cpu_info *cpu)
{
    const struct meter *m = meters[cpu->id];
    const uint64_t *exits = cpu->current->counters->exits;

    for (size_t i = 0; i < ARRAY_SIZE(naming); i++) {
        if (exits[naming[i]] != m->counted[i])
            return ROW_EXITS + naming[i];
    }
    return ROW_EXITS + (cpu->meter_vector == EXC_PF ? PARAPET_EXIT_page_fault
                                                    : PARAPET_EXIT_exception);
}

static size_t hypercall_row(uint64_t number)
{
    return number < PARAPET_NR_HYPERCALLS && hypercall_names[number]
               ? number
               : ROW_UNKNOWN;
}

void meter_name(struct cpu_info *cpu)
{
    struct meter *m = meters[cpu->id];

    if (!cpu->current) /* the boot ends */
        return;
    if (cpu->meter_vector == VECTOR_HYPERCALL)
        m->row = hypercall_row(cpu->meter_number);
    else if (cpu->meter_vector >= PARAPET_NR_TRAPS)
        m->row = interrupt_row(ROW_INTERRUPTS, cpu->meter_vector);
    else
        m->row = exception_row(cpu);
}

static void note_row(struct meter *m, size_t row, uint64_t ticks)
{
    m->rows[row].longest = MAX(m->rows[row].longest, ticks);
    m->rows[row].seen++;
}

static void note(struct cpu_info *cpu)
{
    struct meter *m = meters[cpu->id];

    if (cpu->meter_start == 0)
        return;
    note_row(m, m->report ? ROW_REPORT : m->row, rdtsc() - cpu->meter_start);
    m->report = false;
}

void meter_end(struct cpu_info *cpu)
{
    struct meter *m = meters[cpu->id];

    note(cpu);
    for (size_t i = 0; i < ARRAY_SIZE(naming); i++)
        m->counted[i] = cpu->current->counters->exits[naming[i]];
}

void meter_wait(struct cpu_info *cpu)
{
    note(cpu);
    cpu->meter_start = 0;
    cpu_wait_for_interrupt();
    meters[cpu->id]->row = interrupt_row(ROW_IDLE, cpu->meter_vector);
}

void meter_report(void)
{
    if (meter_enabled)
        meters[this_cpu()->id]->report = true;
}

void meter_audit(uint64_t begin)
{
    struct cpu_info *cpu = this_cpu();
    uint64_t ticks = rdtsc() - begin;

    if (!meter_enabled)
        return;
    note_row(meters[cpu->id], ROW_AUDIT, ticks);
    cpu->meter_start += ticks;
}

/* ---- the table ---- */

static struct meter_row sum_of(size_t row)
{
    struct meter_row sum = {0, 0};

    for (size_t cpu = 0; cpu < MAX_CPUS; cpu++) {
        if (!meters[cpu])
            continue;
        sum.longest = MAX(sum.longest, meters[cpu]->rows[row].longest);
        sum.seen += meters[cpu]->rows[row].seen;
    }
    return sum;
}

static const char *name_of(size_t row, const char **kind)
{
    if (row < ROW_EXITS) {
        *kind = "hypercall";
        return row < ROW_UNKNOWN ? hypercall_names[row] : "unknown";
    }
    *kind = "exit";
    if (row < ROW_INTERRUPTS)
        return exit_names[row - ROW_EXITS];
    if (row >= ROW_REPORT)
        return row == ROW_REPORT ? "killed" : "audit";
    *kind = row < ROW_IDLE ? "interrupt" : "idle";
    return interrupts[(row - ROW_INTERRUPTS) % NR_INTERRUPTS].name;
}

static void print_row(size_t row, struct meter_row sum)
{
    const char *kind;
    const char *name = name_of(row, &kind);
    char bound[8] = "-";

    if (row != ROW_AUDIT)
        (void)string_format(bound, sizeof(bound), "%u",
                            row == ROW_REPORT ? METER_BOUND_REPORT
                                              : METER_BOUND);
    log_err("meter: %-9s  %-24s  %10lu  %10lu  %6s", kind, name, sum.longest,
            sum.seen, bound);
}

/* Of the rows that come after (longest, row), the next. */
static size_t next_row(uint64_t longest, size_t row)
{
    struct meter_row best = {0, 0};
    size_t next = NR_ROWS;

    for (size_t i = 0; i < NR_ROWS; i++) {
        struct meter_row sum = sum_of(i);

        if (sum.longest > longest || (sum.longest == longest && i <= row))
            continue;
        if (sum.longest > best.longest) {
            best = sum;
            next = i;
        }
    }
    return next;
}

/* Asked for, so whatever log= says. */
void meter_print(void)
{
    struct cpu_info *cpu = this_cpu();
    uint64_t longest = UINT64_MAX;
    size_t row = 0;

    meter_name(cpu);
    note(cpu);
    log_err("meter: the longest of each exit, in ticks of the time stamp "
            "counter (with ICOUNT=1: in instructions)");
    log_err("meter: %-9s  %-24s  %10s  %10s  %6s", "kind", "name", "longest",
            "seen", "bound");
    while ((row = next_row(longest, row)) != NR_ROWS) {
        longest = sum_of(row).longest;
        print_row(row, sum_of(row));
    }
}
