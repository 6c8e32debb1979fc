/* SPDX-License-Identifier: MIT
 *
 * Nodes are made with interrupts disabled: a kernel thread is no process
 * (thread/thread.h).
 */
#include "guest-kernel/block/disk.h"

#include "guest-kernel/block/block.h"
#include "guest-kernel/block/block_page.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/device.h"
#include "guest-kernel/fs/inode.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/privops/mmu.h"
#include "guest-kernel/thread/thread.h"
#include "guest-kernel/thread/wait.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

#define NAME_SIZE 32u
#define NODE_MODE (MODE_BLOCK | 0660)

/* How long the first process waits for disks. */
#define PATIENCE_NS 5000000000ul

static struct disk disks[DISK_MAX];
static bool has_thread; /* that looks for new devices */
static struct wait_queue thread_ended = WAIT_QUEUE_INIT(thread_ended);

/* ---- names and places ---- */

static uint64_t number_of(const struct disk *disk, unsigned int partition)
{
    return DEVICE(DISK_MAJOR, disk->device->number * DISK_MINORS + partition);
}

/* "vda", "vda1"; "ram0", "ram0p1". */
static void name_of(const struct disk *disk, unsigned int partition,
                    char name[NAME_SIZE])
{
    const char *device = disk->device->name;
    char last = device[strlen(device) - 1];

    if (partition == 0)
        (void)string_copy(name, NAME_SIZE, device);
    else
        (void)string_format(name, NAME_SIZE, "%s%s%u", device,
                            last >= '0' && last <= '9' ? "p" : "", partition);
}

struct disk *disk_find(uint64_t number)
{
    uint32_t minor = DEVICE_MINOR(number);
    struct disk *disk = &disks[minor / DISK_MINORS];

    if (DEVICE_MAJOR(number) != DISK_MAJOR || disk->device == NULL)
        return NULL;
    return disk;
}

bool disk_range(const struct disk *disk, unsigned int partition,
                uint64_t *start, uint64_t *end)
{
    const struct partition whole = {0, disk->device->nr_sectors};
    const struct partition *part = &whole;

    if (partition > 0)
        part = &disk->table.partitions[partition - 1];
    *start = part->first * BLOCK_SECTOR;
    *end = *start + part->nr_sectors * BLOCK_SECTOR;
    return partition == 0 || part->nr_sectors > 0;
}

void disk_list(void (*put)(void *context, const char *name, uint64_t number,
                           uint64_t bytes),
               void *context)
{
    uint64_t start, end;
    char name[NAME_SIZE];
    unsigned int i, partition;

    for (i = 0; i < DISK_MAX; i++)
        for (partition = 0; partition < DISK_MINORS; partition++) {
            if (disks[i].device == NULL ||
                !disk_range(&disks[i], partition, &start, &end))
                continue;
            name_of(&disks[i], partition, name);
            put(context, name, number_of(&disks[i], partition), end - start);
        }
}

/* ---- reading the partition table ---- */

struct reader {
    struct block_device *device;
    char *page;     /* the sectors from `first` on */
    uint64_t first; /* UINT64_MAX: none yet */
};

static int64_t read_page(struct reader *reader, uint64_t first)
{
    uint64_t nr = MIN(reader->device->nr_sectors - first,
                      (uint64_t)PAGE_SIZE / BLOCK_SECTOR);
    const struct block_segment segment = {
        .maddr = mmu_address(reader->page),
        .size = (uint32_t)nr * BLOCK_SECTOR,
    };
    struct block_request request = {
        .operation = BLOCK_READ,
        .sector = first,
        .segments = &segment,
        .nr_segments = 1,
    };
    int64_t error = block_do(reader->device, &request);

    reader->first = error == 0 ? first : UINT64_MAX;
    return error;
}

static int64_t read_sector(void *context, uint64_t sector, void *to)
{
    struct reader *reader = context;
    uint64_t first = ALIGN_DOWN(sector, (uint64_t)PAGE_SIZE / BLOCK_SECTOR);
    int64_t error = 0;

    if (reader->first != first)
        error = read_page(reader, first);
    if (error == 0)
        memcpy(to, reader->page + (sector - first) * BLOCK_SECTOR,
               BLOCK_SECTOR);
    return error;
}

static int64_t read_table(struct block_device *device,
                          struct partition_table *table)
{
    struct reader reader = {device, kmalloc(PAGE_SIZE), UINT64_MAX};
    const struct partition_disk what = {device->nr_sectors, read_sector,
                                        &reader};
    int64_t error = -ENOMEM;

    if (reader.page != NULL)
        error = partition_scan(&what, table);
    kfree(reader.page);
    return error;
}

/* ---- nodes ---- */

static void change_nodes(const struct disk *disk,
                         void (*change)(const char *name, uint64_t number))
{
    uint64_t start, end;
    char name[NAME_SIZE];
    unsigned int partition;

    for (partition = 1; partition < DISK_MINORS; partition++) {
        if (!disk_range(disk, partition, &start, &end))
            continue;
        name_of(disk, partition, name);
        change(name, number_of(disk, partition));
    }
}

static void add_node(const char *name, uint64_t number)
{
    device_add_node(name, NODE_MODE, number);
}

static void remove_node(const char *name, uint64_t number)
{
    (void)number;
    device_remove_node(name);
}

static void use_table(struct disk *disk, const struct partition_table *table)
{
    bool irq_on = privops_irq_save();

    change_nodes(disk, remove_node);
    disk->table = *table;
    change_nodes(disk, add_node);
    privops_irq_restore(irq_on);
}

static bool is_partition_open(const struct disk *disk)
{
    unsigned int partition;

    for (partition = 1; partition < DISK_MINORS; partition++)
        if (disk->nr_open[partition] > 0)
            return true;
    return false;
}

int64_t disk_scan(struct disk *disk)
{
    struct partition_table table;
    int64_t error;

    if (disk->is_scanning || is_partition_open(disk))
        return -EBUSY;
    disk->is_scanning = true;
    error = read_table(disk->device, &table);
    if (error == 0 && is_partition_open(disk))
        error = -EBUSY;
    if (error == 0)
        use_table(disk, &table);
    disk->is_scanning = false;
    return error;
}

/* ---- new devices ---- */

/* One call: other lines do not come in between. */
static void tell(const struct disk *disk)
{
    const struct partition_table *table = &disk->table;
    unsigned int i, nr = 0;
    char text[48] = "";

    for (i = 0; i < PARTITION_MAX; i++)
        nr += table->partitions[i].nr_sectors > 0;
    if (table->kind != NULL)
        (void)string_format(text, sizeof(text), ", %s, %u partition%s",
                            table->kind, nr, nr == 1 ? "" : "s");
    kprintf("guest: /dev/%s: %lu KiB%s%s\n", disk->device->name,
            disk->device->nr_sectors / 2,
            disk->device->read_only ? ", read-only" : "", text);
}

static void add(struct block_device *device)
{
    struct disk *disk = &disks[device->number];
    bool irq_on = privops_irq_save();
    int64_t error;

    disk->has_changed = false;
    if (disk->device == NULL) {
        disk->device = device;
        device_add_node(device->name, NODE_MODE, number_of(disk, 0));
    }
    privops_irq_restore(irq_on);
    error = disk_scan(disk);
    if (error == 0)
        tell(disk);
    else
        kprintf("guest: /dev/%s: error %ld, no partitions are known\n",
                device->name, -error);
}

static bool is_new(const struct block_device *device)
{
    return device->number < DISK_MAX && (disks[device->number].device == NULL ||
                                         disks[device->number].has_changed);
}

/* The next that is not known; NULL. */
static struct block_device *next_new(void)
{
    struct block_device *device = block_next(NULL);

    while (device != NULL && !is_new(device))
        device = block_next(device);
    return device;
}

static void add_all(void *unused)
{
    struct block_device *device;

    (void)unused;
    privops_irq_disable();
    while ((device = next_new()) != NULL) {
        privops_irq_enable();
        add(device);
        privops_irq_disable();
    }
    has_thread = false;
    wait_queue_wake_all(&thread_ended);
}

/* Interrupts are disabled. */
static void start_thread(void)
{
    if (has_thread || next_new() == NULL)
        return;
    has_thread = thread_create("partitions", add_all, NULL) != NULL;
    if (!has_thread)
        kprintf("guest: no memory for the thread that reads partition tables: "
                "there is a disk that has no node in /dev\n");
}

void disk_init(const struct file_ops *ops)
{
    device_set_block_ops(DISK_MAJOR, ops);
    block_watch(start_thread);
    start_thread();
}

void disk_wait(void)
{
    uint64_t deadline_ns = privops_clock_ns() + PATIENCE_NS;
    bool irq_on = privops_irq_save();

    while (has_thread &&
           wait_queue_sleep_until(&thread_ended, deadline_ns) == 0)
        ;
    if (has_thread)
        kprintf("guest: a disk does not answer: its partitions come later\n");
    privops_irq_restore(irq_on);
}

/* ---- devices that become others ---- */

bool disk_is_used(const struct block_device *device)
{
    const struct disk *disk;

    if (device->number >= DISK_MAX)
        return false;
    disk = &disks[device->number];
    return disk->is_scanning || disk->nr_open[0] > 0 || is_partition_open(disk);
}

void disk_replaced(struct block_device *device)
{
    static const struct partition_table none;

    block_page_forget(device, 0, UINT64_MAX);
    if (device->number < DISK_MAX && disks[device->number].device != NULL)
        use_table(&disks[device->number], &none);
}

void disk_read_again(struct block_device *device)
{
    bool irq_on = privops_irq_save();

    if (device->number < DISK_MAX)
        disks[device->number].has_changed = true;
    start_thread();
    privops_irq_restore(irq_on);
}

/* ---- sync(2) ---- */

void disk_sync_all(void)
{
    struct block_request request;
    struct block_device *device;

    for (device = block_next(NULL); device != NULL;
         device = block_next(device)) {
        request = (struct block_request){.operation = BLOCK_FLUSH};
        if (!device->read_only && !device->is_away)
            (void)block_do(device, &request);
    }
}
