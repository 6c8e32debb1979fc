/* SPDX-License-Identifier: MIT
 *
 * A short list of free ranges. Reserving cuts a range into at most two;
 * allocating moves a range's start up.
 */
#include "guest-kernel/mm/early.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/layout.h"
#include "lib/macros.h"
#include "lib/string.h"

/* The native build's first page tables reach this far. */
#define EARLY_LIMIT 0x40000000ul
/* Each of the three reserved ranges may cut one range in two. */
#define MAX_RANGES (BOOT_MAX_MEMORY + 3)

static struct memory_range ranges[MAX_RANGES];
static unsigned int nr_ranges;

static void add(uint64_t start, uint64_t end)
{
    start = ALIGN_UP(start, (uint64_t)PAGE_SIZE);
    end = ALIGN_DOWN(MIN(end, (uint64_t)MEMORY_LIMIT), (uint64_t)PAGE_SIZE);
    if (start >= end)
        return;
    BUG_ON(nr_ranges == MAX_RANGES);
    ranges[nr_ranges].start = start;
    ranges[nr_ranges].end = end;
    nr_ranges++;
}

static void reserve(uint64_t start, uint64_t end)
{
    struct memory_range old[MAX_RANGES];
    unsigned int i, nr_old = nr_ranges;

    memcpy(old, ranges, sizeof(old));
    nr_ranges = 0;
    for (i = 0; i < nr_old; i++) {
        if (end <= old[i].start || start >= old[i].end) {
            add(old[i].start, old[i].end);
            continue;
        }
        add(old[i].start, MAX(start, old[i].start));
        add(MIN(end, old[i].end), old[i].end);
    }
}

void early_init(const struct boot_info *boot)
{
    unsigned int i;

    for (i = 0; i < boot->nr_memory; i++)
        add(boot->memory[i].start, boot->memory[i].end);
    /* Physical address 0 is never handed out, so it can mean "none". */
    reserve(0, PAGE_SIZE);
    reserve(KERNEL_LOAD_PADDR, image_paddr(kernel_end));
    if (boot->ramdisk.start < boot->ramdisk.end)
        reserve(ALIGN_DOWN(boot->ramdisk.start, (uint64_t)PAGE_SIZE),
                ALIGN_UP(boot->ramdisk.end, (uint64_t)PAGE_SIZE));
}

void *early_alloc(uint64_t size)
{
    uint64_t start;
    unsigned int i;

    size = ALIGN_UP(size, (uint64_t)PAGE_SIZE);
    for (i = 0; i < nr_ranges; i++) {
        start = ranges[i].start;
        if (MIN(ranges[i].end, EARLY_LIMIT) < start + size)
            continue;
        ranges[i].start += size;
        return memset(direct_map(start), 0, size);
    }
    panic("out of memory: no %lu KiB in a piece at boot", size / 1024);
}

struct memory_range early_range(unsigned int index)
{
    struct memory_range none = {0, 0};

    return index < nr_ranges ? ranges[index] : none;
}
