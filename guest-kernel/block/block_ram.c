/* SPDX-License-Identifier: MIT
 *
 * The requests that are under way are in a ring, in the order in which they
 * will be done.
 */
#include "guest-kernel/block/block_ram.h"

#include "guest-kernel/block/block.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/privops/mmu.h"
#include "guest-kernel/thread/alarm.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"
#include "lib/string.h"

#define MAX_SEGMENTS 64u
#define NR_SLOTS 64u /* a power of two */
#define NS_PER_US 1000ul
#define MAX_DELAY_US 10000000ul

/* Interrupts are disabled while it is cleared. */
#define MAX_DISCARD 8192u

struct slot {
    struct block_request *request;
    uint64_t due_ns;
};

/* Fields after the device: interrupts are disabled. */
static struct ram_disk {
    struct block_device device;
    char **pages;
    uint64_t delay_ns;
    struct slot slots[NR_SLOTS];
    uint32_t first;  /* counts up, as the next two: the next to be done */
    uint32_t kicked; /* from here on they have no due_ns */
    uint32_t end;
    bool is_ending; /* end_due() is at work, and will look again */
    struct alarm alarm;
} disk;

/* ---- what a request does ---- */

/* Where a segment is. NULL: not in this kernel's memory. */
static char *memory_of(const struct block_segment *segment)
{
    uint64_t in_page = segment->maddr % PAGE_SIZE;
    void *page = mmu_page(segment->maddr);

    if (page_of(page) == NULL || mmu_address(page) != segment->maddr - in_page)
        return NULL;
    return (char *)page + in_page;
}

/* size bytes of the disk from `at` on, of which the copy may be NULL: zeros. */
static void move(uint64_t at, char *bytes, size_t size, bool is_read)
{
    char *page;
    size_t part;

    for (; size > 0; size -= part, at += part) {
        part = MIN(size, PAGE_SIZE - at % PAGE_SIZE);
        page = disk.pages[at / PAGE_SIZE] + at % PAGE_SIZE;
        if (bytes == NULL)
            memset(page, 0, part);
        else if (is_read)
            memcpy(bytes, page, part);
        else
            memcpy(page, bytes, part);
        if (bytes != NULL)
            bytes += part;
    }
}

static int64_t transfer(const struct block_request *request)
{
    uint64_t at = request->sector * BLOCK_SECTOR;
    unsigned int i;
    char *bytes;

    for (i = 0; i < request->nr_segments; i++) {
        bytes = memory_of(&request->segments[i]);
        if (bytes == NULL)
            return -EFAULT;
        move(at, bytes, request->segments[i].size,
             request->operation == BLOCK_READ);
        at += request->segments[i].size;
    }
    return 0;
}

static int64_t carry_out(const struct block_request *request)
{
    switch (request->operation) {
    case BLOCK_READ:
    case BLOCK_WRITE:
        return transfer(request);
    case BLOCK_DISCARD:
        move(request->sector * BLOCK_SECTOR, NULL,
             request->nr_sectors * (size_t)BLOCK_SECTOR, false);
        return 0;
    default:
        return 0;
    }
}

/* ---- when ---- */

static bool ram_submit(struct block_device *device,
                       struct block_request *request)
{
    (void)device;
    if (disk.end - disk.first == NR_SLOTS)
        return false;
    disk.slots[disk.end++ % NR_SLOTS].request = request;
    return true;
}

/* Those whose time has come. Whoever hears of one may submit and kick the
 * next. */
static void end_due(uint64_t now)
{
    struct block_request *request;

    disk.is_ending = true;
    while (disk.first != disk.kicked &&
           disk.slots[disk.first % NR_SLOTS].due_ns <= now) {
        request = disk.slots[disk.first++ % NR_SLOTS].request;
        block_complete(request, carry_out(request));
        block_has_room(&disk.device);
    }
    disk.is_ending = false;
}

static void ring(struct alarm *alarm, uint64_t due_ns, uint64_t now);

static void set_alarm(void)
{
    if (disk.first == disk.kicked || disk.alarm.deadline_ns != 0)
        return;
    alarm_set(&disk.alarm, disk.slots[disk.first % NR_SLOTS].due_ns, ring);
    sched_timer_changed();
}

static void ring(struct alarm *alarm, uint64_t due_ns, uint64_t now)
{
    (void)alarm;
    (void)due_ns;
    end_due(now);
    set_alarm();
}

static void ram_kick(struct block_device *device)
{
    uint64_t due_ns = 0;

    (void)device;
    if (disk.delay_ns != 0)
        due_ns = privops_clock_ns() + disk.delay_ns;
    for (; disk.kicked != disk.end; disk.kicked++)
        disk.slots[disk.kicked % NR_SLOTS].due_ns = due_ns;
    if (disk.is_ending)
        return;
    if (disk.delay_ns == 0)
        end_due(0);
    set_alarm();
}

/* ---- at boot ---- */

/* All of it, zero. False without memory: nothing is left over. */
static bool make_pages(uint64_t nr)
{
    uint64_t i;

    disk.pages = kzalloc(nr * sizeof(disk.pages[0]));
    for (i = 0; disk.pages != NULL && i < nr; i++) {
        disk.pages[i] = page_alloc(0);
        if (disk.pages[i] == NULL)
            break;
        memset(disk.pages[i], 0, PAGE_SIZE);
    }
    if (i == nr)
        return true;
    while (i > 0)
        page_free(disk.pages[--i]);
    kfree(disk.pages);
    return false;
}

static unsigned int shift_of(char unit)
{
    return unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0;
}

/* A size with K, M or G or neither, in bytes; and perhaps ",NUMBERus". */
static bool parse(const char *text, uint64_t *bytes, uint64_t *delay_us)
{
    char *end;

    *bytes = strtoul(text, &end, 10);
    if (end == text || *bytes > MEMORY_LIMIT)
        return false;
    if (shift_of(*end) != 0)
        *bytes <<= shift_of(*end++);
    *delay_us = 0;
    if (*end == ',') {
        text = end + 1;
        *delay_us = strtoul(text, &end, 10);
        if (end == text || *delay_us > MAX_DELAY_US || strcmp(end, "us") != 0)
            return false;
        end += strlen(end);
    }
    return *end == '\0' && *bytes > 0 && *bytes % BLOCK_SECTOR == 0;
}

static void add(uint64_t bytes)
{
    static const struct block_device_ops ops = {.submit = ram_submit,
                                                .kick = ram_kick};

    disk.device = (struct block_device){
        .name = "ram0",
        .nr_sectors = bytes / BLOCK_SECTOR,
        .block_size = BLOCK_SECTOR,
        .max_bytes = MAX_SEGMENTS * PAGE_SIZE,
        .max_segments = MAX_SEGMENTS,
        .max_discard = MAX_DISCARD,
        .can_flush = true,
        .can_discard = true,
        .ops = &ops,
    };
    block_register(&disk.device);
}

void block_ram_init(const char *text)
{
    uint64_t bytes, delay_us, nr_pages;

    if (!parse(text, &bytes, &delay_us)) {
        kprintf("guest: ramblk=%s: say a size and perhaps a time, as in "
                "ramblk=8M or ramblk=8M,500us\n",
                text);
        return;
    }
    nr_pages = ALIGN_UP(bytes, (uint64_t)PAGE_SIZE) / PAGE_SIZE;
    disk.delay_ns = delay_us * NS_PER_US;
    if (nr_pages > page_nr_free() / 2 || !make_pages(nr_pages))
        kprintf("guest: ramblk=%s: that is more than half of the memory that "
                "is free: say less, or give more memory\n",
                text);
    else
        add(bytes);
}
