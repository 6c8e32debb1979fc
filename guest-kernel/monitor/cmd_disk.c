/* SPDX-License-Identifier: MIT
 *
 * The command that lists block devices, and reads and writes one with many
 * requests under way: to see that it works, and to measure it.
 *
 * Request n is at sector n * (its sectors), in turn through the disk. What is
 * written says in each eight bytes where it is, so that it can be checked.
 */
#include <stddef.h>

#include "guest-kernel/block/block.h"
#include "guest-kernel/block/block_page.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/monitor/commands.h"
#include "guest-kernel/monitor/monitor.h"
#include "guest-kernel/privops/privops.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "lib/x86/tsc.h"

#define MAX_KIB 128u
#define MAX_PAGES (MAX_KIB * 1024u / PAGE_SIZE)
#define MAX_DEPTH 128u
#define MAX_COUNT 1000000000ul

struct unit {
    struct block_request request; /* its context: the next one that is done */
    struct block_segment segments[MAX_PAGES];
    char *pages[MAX_PAGES];
};

static struct transfer {
    struct block_device *device;
    enum block_operation operation;
    bool checks;
    uint32_t size; /* bytes of a request */
    /* The device's, at the start. */
    uint64_t nr_told, nr_heard;
    uint64_t nr_left;
    uint64_t next; /* sector */
    unsigned int nr_under_way;
    struct unit *done; /* those that ended and were not looked at */
    struct wait_queue waiters;
    /* What went wrong first: a request's status, or 1 for wrong contents. */
    int64_t error;
    uint64_t error_sector;
} transfer;

/* ---- contents ---- */

static uint64_t word_at(uint64_t sector, uint32_t offset)
{
    return sector * BLOCK_SECTOR + offset + 0x5eed0000000000ul;
}

static void fill(const struct unit *unit)
{
    uint32_t offset;

    for (offset = 0; offset < transfer.size; offset += 8)
        *(uint64_t *)&unit->pages[offset / PAGE_SIZE][offset % PAGE_SIZE] =
            word_at(unit->request.sector, offset);
}

static bool is_right(const struct unit *unit)
{
    uint32_t offset;

    for (offset = 0; offset < transfer.size; offset += 8)
        if (*(uint64_t *)&unit->pages[offset / PAGE_SIZE][offset % PAGE_SIZE] !=
            word_at(unit->request.sector, offset))
            return false;
    return true;
}

/* ---- one request after the other ---- */

static void done(struct block_request *request)
{
    struct unit *unit = container_of(request, struct unit, request);

    request->context = transfer.done;
    transfer.done = unit;
    wait_queue_wake_all(&transfer.waiters);
}

static void start_one(struct unit *unit)
{
    uint32_t nr_sectors = transfer.size / BLOCK_SECTOR;

    if (transfer.next + nr_sectors > transfer.device->nr_sectors)
        transfer.next = 0;
    unit->request.sector = transfer.next;
    unit->request.operation = transfer.operation;
    unit->request.nr_sectors = nr_sectors;
    transfer.next += nr_sectors;
    transfer.nr_left--;
    transfer.nr_under_way++;
    if (transfer.operation == BLOCK_WRITE)
        fill(unit);
    block_submit(transfer.device, &unit->request);
}

static void look_at(const struct unit *unit)
{
    transfer.nr_under_way--;
    if (transfer.error != 0)
        return;
    transfer.error = unit->request.status;
    if (transfer.error == 0 && transfer.checks && !is_right(unit))
        transfer.error = 1;
    transfer.error_sector = unit->request.sector;
}

static struct unit *take_done(void)
{
    struct unit *unit;

    wait_event(&transfer.waiters, transfer.done != NULL);
    privops_irq_disable();
    unit = transfer.done;
    transfer.done = NULL;
    privops_irq_enable();
    return unit;
}

static void run(struct unit *units, unsigned int depth)
{
    struct unit *unit, *next;
    unsigned int i;

    for (i = 0; i < depth && transfer.nr_left > 0; i++)
        start_one(&units[i]);
    block_kick(transfer.device);
    while (transfer.nr_under_way > 0) {
        for (unit = take_done(); unit != NULL; unit = next) {
            next = unit->request.context;
            look_at(unit);
            if (transfer.nr_left > 0 && transfer.error == 0)
                start_one(unit);
        }
        block_kick(transfer.device);
    }
    /* Files read what is there now. */
    if (transfer.operation != BLOCK_READ)
        block_page_forget(transfer.device, 0, UINT64_MAX);
}

/* ---- memory ---- */

static void free_units(struct unit *units, unsigned int depth)
{
    unsigned int i, k;

    for (i = 0; units != NULL && i < depth; i++)
        for (k = 0; k < MAX_PAGES; k++)
            if (units[i].pages[k] != NULL)
                page_free(units[i].pages[k]);
    kfree(units);
}

static bool make_unit(struct unit *unit)
{
    uint32_t left = transfer.size;
    unsigned int k;

    for (k = 0; left > 0; k++) {
        unit->pages[k] = page_alloc(0);
        if (unit->pages[k] == NULL)
            return false;
        unit->segments[k].maddr = privops_machine(unit->pages[k]);
        unit->segments[k].size = MIN(left, (uint32_t)PAGE_SIZE);
        left -= unit->segments[k].size;
    }
    unit->request.segments = unit->segments;
    unit->request.nr_segments = k;
    unit->request.done = done;
    return true;
}

/* NULL without memory. */
static struct unit *make_units(unsigned int depth)
{
    struct unit *units = kzalloc(depth * sizeof(*units));
    unsigned int i;

    for (i = 0; units != NULL && i < depth; i++)
        if (!make_unit(&units[i])) {
            free_units(units, depth);
            return NULL;
        }
    return units;
}

/* ---- the command ---- */

static void list(void)
{
    const struct block_device *device = NULL;

    while ((device = block_next(device)) != NULL)
        kprintf("  %-8s %8lu KiB, blocks of %u%s%s%s%s\n", device->name,
                device->nr_sectors / (1024 / BLOCK_SECTOR), device->block_size,
                device->read_only ? ", read-only" : "",
                device->can_flush ? ", flush" : "",
                device->can_discard ? ", discard" : "",
                device->has_failed ? ", failed" : "");
}

static bool set_operation(const char *name)
{
    static const struct {
        const char *name;
        enum block_operation operation;
        bool checks;
    } operations[] = {
        {"read", BLOCK_READ, false},       {"check", BLOCK_READ, true},
        {"write", BLOCK_WRITE, false},     {"flush", BLOCK_FLUSH, false},
        {"discard", BLOCK_DISCARD, false},
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(operations); i++)
        if (strcmp(operations[i].name, name) == 0) {
            transfer.operation = operations[i].operation;
            transfer.checks = operations[i].checks;
            return true;
        }
    kprintf("disk: %s: expected read, check, write, flush or discard\n", name);
    return false;
}

static void report(uint64_t nr, uint64_t ticks)
{
    if (transfer.error == 0)
        kprintf("disk: %s: %lu requests, %lu ticks each, told %lu times, "
                "heard %lu times\n",
                transfer.device->name, nr, ticks / nr,
                transfer.device->nr_told - transfer.nr_told,
                transfer.device->nr_heard - transfer.nr_heard);
    else if (transfer.error == 1)
        kprintf("disk: %s: wrong contents from sector %lu on\n",
                transfer.device->name, transfer.error_sector);
    else
        kprintf("disk: %s: error %ld at sector %lu\n", transfer.device->name,
                -transfer.error, transfer.error_sector);
}

static void carry_out(uint64_t kib, uint64_t depth, uint64_t nr)
{
    struct unit *units;
    uint64_t begin;

    transfer.size = (uint32_t)kib * 1024;
    transfer.nr_left = nr;
    transfer.nr_told = transfer.device->nr_told;
    transfer.nr_heard = transfer.device->nr_heard;
    units = make_units((unsigned int)depth);
    if (units == NULL) {
        kprintf("disk: no memory for %lu requests\n", depth);
        return;
    }
    wait_queue_init(&transfer.waiters);
    begin = rdtsc();
    run(units, (unsigned int)depth);
    report(nr, rdtsc() - begin);
    free_units(units, (unsigned int)depth);
}

/* disk NAME OPERATION [KIB [DEPTH [COUNT]]] */
void cmd_disk(unsigned int nr_args, char **args)
{
    uint64_t kib = 4, depth = 1, nr = 1;

    if (nr_args == 1) {
        list();
        return;
    }
    /* It would have to sleep. */
    if (monitor_is_debugger()) {
        kprintf("disk: not under running processes: boot with monitor\n");
        return;
    }
    transfer = (struct transfer){.device = block_find(args[1])};
    if (transfer.device == NULL)
        kprintf("disk: %s: there is no such disk\n", args[1]);
    else if (nr_args == 2)
        kprintf("usage: disk NAME OPERATION [KIB [DEPTH [COUNT]]]\n");
    else if (set_operation(args[2]) &&
             (nr_args < 4 || command_number(args[3], MAX_KIB, &kib)) &&
             (nr_args < 5 || command_number(args[4], MAX_DEPTH, &depth)) &&
             (nr_args < 6 || command_number(args[5], MAX_COUNT, &nr)) &&
             kib * depth * nr > 0)
        carry_out(kib, depth, nr);
}
