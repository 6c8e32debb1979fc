/* SPDX-License-Identifier: MIT
 *
 * The system's figures in /proc: time, load, memory, exits. Formats: proc(5).
 * What this kernel does not count is left out rather than shown as zero, where
 * programs can live without it.
 */
#include "guest-kernel/block/block_page.h"
#include "guest-kernel/core/irq.h"
#include "guest-kernel/fs/ramfs.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/privops/latency.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/procfs/procfs_parts.h"
#include "guest-kernel/procfs/procfs_text.h"
#include "guest-kernel/thread/thread.h"
#include "lib/macros.h"

#define NS_PER_SECOND 1000000000ul
#define NS_PER_TICK 10000000ul /* of the times in /proc: 100 a second */
#define KIB_PER_PAGE 4ul

/* ---- time and load ---- */

struct load {
    uint64_t idle_ns;
    unsigned int nr_running;
    unsigned int nr_threads;
    uint32_t newest; /* thread */
};

static void get_load(struct load *load)
{
    struct thread thread;
    unsigned int n;

    *load = (struct load){.idle_ns = 0};
    for (n = 0; thread_snapshot(n, &thread); n++) {
        if (thread.id == 0) {
            load->idle_ns = thread.cpu_ns;
            continue;
        }
        load->nr_threads++;
        load->newest = MAX(load->newest, thread.id);
        if (thread.state == THREAD_RUNNING || thread.state == THREAD_READY)
            load->nr_running++;
    }
}

/* All time that is neither idle nor stolen counts as the programs': nobody
 * tells it from the kernel's. */
void procfs_show_system_stat(struct text *text,
                             const struct procfs_subject *subject)
{
    uint64_t now = privops_clock_ns(), idle, user;
    uint64_t stolen = privops_stolen_ns();
    uint64_t timer = irq_count(privops_timer_port());
    uint64_t console = irq_count(privops_console_port());
    struct load load;

    (void)subject;
    get_load(&load);
    idle = load.idle_ns / NS_PER_TICK;
    user = (now - MIN(now, load.idle_ns + stolen)) / NS_PER_TICK;
    stolen /= NS_PER_TICK;
    text_print(text,
               "cpu  %lu 0 0 %lu 0 0 0 %lu 0 0\n"
               "cpu0 %lu 0 0 %lu 0 0 0 %lu 0 0\n",
               user, idle, stolen, user, idle, stolen);
    text_print(text, "intr %lu %lu %lu\n", timer + console, timer, console);
    text_print(text, "btime %lu\n", (privops_wall_ns() - now) / NS_PER_SECOND);
    text_print(text, "procs_running %u\nprocs_blocked 0\n", load.nr_running);
}

void procfs_show_interrupts(struct text *text,
                            const struct procfs_subject *subject)
{
    (void)subject;
    text_print(text,
               "           CPU0\n  0: %10lu   timer\n"
               "  1: %10lu   console\n",
               irq_count(privops_timer_port()),
               irq_count(privops_console_port()));
}

void procfs_show_uptime(struct text *text, const struct procfs_subject *subject)
{
    uint64_t up = privops_clock_ns() / NS_PER_TICK, idle;
    struct load load;

    (void)subject;
    get_load(&load);
    idle = load.idle_ns / NS_PER_TICK;
    text_print(text, "%lu.%02lu %lu.%02lu\n", up / 100, up % 100, idle / 100,
               idle % 100);
}

/* There is no tick that could sample it, so the averages are not known. */
void procfs_show_loadavg(struct text *text,
                         const struct procfs_subject *subject)
{
    struct load load;

    (void)subject;
    get_load(&load);
    text_print(text, "0.00 0.00 0.00 %u/%u %u\n", load.nr_running,
               load.nr_threads, load.newest);
}

/* ---- memory ---- */

static uint64_t slab_kib(void)
{
    struct slab_statistics slab;
    uint64_t nr_pages = 0;
    unsigned int i;

    for (i = 0; i < SLAB_NR_CLASSES; i++) {
        slab_get_statistics(i, &slab);
        nr_pages += slab.nr_slabs;
    }
    return nr_pages * KIB_PER_PAGE;
}

static void put_kib(struct text *text, const char *name, uint64_t kib)
{
    text_print(text, "%-15s %8lu kB\n", name, kib);
}

/* Files are in RAM for good, hence Shmem: no memory can be won from them, but
 * from what is kept of disks. */
void procfs_show_meminfo(struct text *text,
                         const struct procfs_subject *subject)
{
    uint64_t files_kib = ramfs_nr_pages() * KIB_PER_PAGE;
    uint64_t disks_kib = block_page_count() * KIB_PER_PAGE;
    struct page_statistics pages;

    (void)subject;
    page_get_statistics(&pages);
    put_kib(text, "MemTotal:", pages.total_kib);
    put_kib(text, "MemFree:", pages.free_kib);
    put_kib(text, "MemAvailable:", pages.free_kib + disks_kib);
    put_kib(text, "Buffers:", disks_kib);
    put_kib(text, "Cached:", files_kib);
    put_kib(text, "SwapCached:", 0);
    put_kib(text, "SwapTotal:", 0);
    put_kib(text, "SwapFree:", 0);
    put_kib(text, "Dirty:", 0);
    put_kib(text, "Writeback:", 0);
    put_kib(text, "Mapped:", 0);
    put_kib(text, "Shmem:", files_kib);
    put_kib(text, "Slab:", slab_kib());
    put_kib(text, "SReclaimable:", 0);
    put_kib(text, "SUnreclaim:", slab_kib());
}

/* ---- exits to the hypervisor ---- */

/* privops_counters() hands nothing through; nothing sleeps meanwhile. */
static struct text *exits_text;

static uint64_t percentile_ns(const struct privops_counter *counter,
                              unsigned int percent)
{
    unsigned int bucket = latency_percentile(&counter->latency, percent);

    return latency_ns(latency_bound(bucket), counter->tick_hz);
}

static void put_counter(const struct privops_counter *counter)
{
    uint64_t nr_samples = latency_nr_samples(&counter->latency);

    text_print(exits_text, "%s %s %lu %lu", counter->kind, counter->name,
               counter->count, nr_samples);
    if (nr_samples == 0)
        text_print(exits_text, " 0 0 0\n");
    else
        text_print(exits_text, " %lu %lu %lu\n", percentile_ns(counter, 50),
                   percentile_ns(counter, 90), percentile_ns(counter, 99));
}

/* Of each time: its upper bound, a power of two of the clock's ticks. */
void procfs_show_exits(struct text *text, const struct procfs_subject *subject)
{
    (void)subject;
    text_print(text, "# kind name count samples p50_ns p90_ns p99_ns\n");
    exits_text = text;
    (void)privops_counters(put_counter);
}
