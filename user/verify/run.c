/* SPDX-License-Identifier: MIT
 *
 * Many requests at once. No two of them overlap if one is a write, so that
 * after each it is known what a sector has. A request that fails is done again,
 * until the device does it: a write that failed may have been done, or in part.
 */
#include "user/verify/verify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/disks/requests.h"

#define DEPTH_MAX 128u
#define BUFFER (MAX_SECTORS * SECTOR)
#define MAX_TRIES 100000u
#define RETRY_US 1000
#define TELL_MS 100

/* Of each sector, by the writes that were acknowledged or tried. */
static uint32_t acknowledged[AREA_MAX], tried[AREA_MAX];

struct slot {
    struct iocb iocb;
    struct range range; /* of a flush: none */
    uint32_t generation;
    unsigned int nr_tries;
    bool is_used;
    uint8_t *buffer;
};

static const struct area *area;
static int fd;
static context_t context;
static struct slot slots[DEPTH_MAX];
static unsigned int depth, nr_under_way;
static struct iocb *batch[DEPTH_MAX];
static long nr_batch;
static uint32_t last_write; /* that was begun */
static uint64_t nr_actions, nr_reads, nr_flushes, nr_errors;
static bool has_flush;

/* ---- what comes next ---- */

struct action {
    uint16_t operation;
    uint32_t generation;
    struct range range;
};

static struct action next_action(void)
{
    uint64_t random = mix(area->seed ^ 0xa5a5, nr_actions++);
    struct action action = {.operation = PWRITE};

    if (random % 32 == 0 && !has_flush)
        return (struct action){.operation = FSYNC};
    if (random % 3 == 0) {
        action.operation = PREAD;
        action.range = write_range(area, (uint32_t)(random >> 33));
        return action;
    }
    action.generation = ++last_write;
    action.range = write_range(area, action.generation);
    return action;
}

static bool is_in_the_way(const struct slot *slot, const struct action *action)
{
    return slot->is_used &&
           (slot->iocb.operation == PWRITE || action->operation == PWRITE) &&
           slot->range.first < action->range.first + action->range.nr &&
           action->range.first < slot->range.first + slot->range.nr;
}

/* A slot for it; NULL: something has to end before. */
static struct slot *find_slot(const struct action *action)
{
    struct slot *found = NULL;
    unsigned int i;

    for (i = 0; i < depth; i++) {
        if (is_in_the_way(&slots[i], action))
            return NULL;
        if (!slots[i].is_used)
            found = &slots[i];
    }
    return found;
}

/* ---- beginning ---- */

static void fill(const struct slot *slot)
{
    uint32_t i, number;

    for (i = 0; i < slot->range.nr; i++) {
        number = slot->range.first + i;
        fill_sector(area, slot->buffer + i * SECTOR, number, slot->generation);
        tried[number] = slot->generation;
    }
}

/* All writes before this one are acknowledged. */
static uint32_t oldest_write(void)
{
    uint32_t oldest = last_write + 1;
    unsigned int i;

    for (i = 0; i < depth; i++)
        if (slots[i].is_used && slots[i].iocb.operation == PWRITE &&
            slots[i].generation < oldest)
            oldest = slots[i].generation;
    return oldest;
}

static void begin(struct slot *slot, const struct action *action)
{
    slot->range = action->range;
    slot->generation = action->generation;
    slot->nr_tries = 0;
    slot->iocb = make_iocb(fd, action->operation, slot->buffer,
                           action->range.nr * SECTOR,
                           (uint64_t)action->range.first * SECTOR);
    slot->iocb.data = (uint64_t)(slot - slots);
    if (action->operation == PWRITE)
        fill(slot);
    if (action->operation == FSYNC) {
        has_flush = true;
        slot->generation = oldest_write() - 1;
    }
    slot->is_used = true;
    batch[nr_batch++] = &slot->iocb;
    nr_under_way++;
}

/* ---- ending ---- */

static void check_read(const struct slot *slot)
{
    uint32_t i, number, generation;

    for (i = 0; i < slot->range.nr; i++) {
        number = slot->range.first + i;
        generation = sector_generation(area, slot->buffer + i * SECTOR, number);
        if (generation < acknowledged[number] || generation > tried[number])
            fail("sector %u is of write %u, expected %u to %u", number,
                 generation, acknowledged[number], tried[number]);
    }
}

/* Not each one: the console is slow. */
static void tell(uint32_t generation)
{
    static int64_t told_ms = -TELL_MS;
    struct timespec now;
    int64_t ms;

    clock_gettime(CLOCK_MONOTONIC, &now);
    ms = now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (ms - told_ms < TELL_MS)
        return;
    told_ms = ms;
    printf("verify: generation %u is safe\n", generation);
    fflush(stdout);
}

static void end_well(struct slot *slot)
{
    uint32_t i;

    switch (slot->iocb.operation) {
    case PREAD:
        check_read(slot);
        nr_reads++;
        break;
    case PWRITE:
        for (i = 0; i < slot->range.nr; i++)
            acknowledged[slot->range.first + i] = slot->generation;
        break;
    default:
        tell(slot->generation);
        has_flush = false;
        nr_flushes++;
        break;
    }
    slot->is_used = false;
    nr_under_way--;
}

static void end(const struct event *event)
{
    struct slot *slot = &slots[event->data];
    int64_t wanted =
        slot->iocb.operation == FSYNC ? 0 : (int64_t)slot->iocb.size;

    if (event->result == wanted) {
        end_well(slot);
        return;
    }
    nr_errors++;
    if (event->result != -EIO || ++slot->nr_tries == MAX_TRIES)
        fail("operation %u at sector %u: %ld, expected %ld",
             slot->iocb.operation, slot->range.first, event->result, wanted);
    if (slot->nr_tries > 1)
        usleep(RETRY_US);
    batch[nr_batch++] = &slot->iocb;
}

static void end_some(void)
{
    static struct event events[DEPTH_MAX];
    long i, nr = io_getevents(context, 1, DEPTH_MAX, events, NULL);

    if (nr < 1)
        fail("io_getevents: %s", strerror(errno));
    for (i = 0; i < nr; i++)
        end(&events[i]);
}

static void submit(void)
{
    if (nr_batch > 0 && io_submit(context, nr_batch, batch) != nr_batch)
        fail("io_submit: %s", strerror(errno));
    nr_batch = 0;
}

/* ---- all of it ---- */

static void start(void)
{
    uint8_t *buffers =
        mmap(NULL, (size_t)depth * BUFFER, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned int i;

    if (buffers == MAP_FAILED || io_setup(depth, &context) != 0)
        fail("no memory, or no io_setup: %s", strerror(errno));
    for (i = 0; i < depth; i++)
        slots[i].buffer = buffers + (size_t)i * BUFFER;
}

/* Contents of an earlier run of the same seed would be of later writes. */
static void clear(void)
{
    uint32_t number, nr;

    for (number = 0; number < area->nr_sectors; number += nr) {
        nr = area->nr_sectors - number;
        nr = nr < MAX_SECTORS ? nr : MAX_SECTORS;
        while (pwrite(fd, slots[0].buffer, nr * SECTOR,
                      (int64_t)number * SECTOR) != (int64_t)(nr * SECTOR))
            if (errno != EIO || ++nr_errors == MAX_TRIES)
                fail("clearing sector %u: %s", number, strerror(errno));
    }
}

static void drain(void)
{
    while (nr_under_way > 0) {
        submit();
        end_some();
    }
}

/* As many as there is room for; action is the one that has none. */
static void begin_some(struct action *action, uint32_t nr_writes)
{
    struct slot *slot;

    while (action->generation <= nr_writes &&
           (slot = find_slot(action)) != NULL) {
        begin(slot, action);
        *action = next_action();
    }
}

void run(const struct area *of, int device, unsigned int at_once,
         uint32_t nr_writes)
{
    struct action action;

    area = of;
    fd = device;
    depth = at_once > 0 ? at_once : 1;
    start();
    clear();
    action = next_action();
    while (action.generation <= nr_writes) {
        begin_some(&action, nr_writes);
        submit();
        if (nr_under_way > 0)
            end_some();
    }
    drain();
    last_write = nr_writes;
    begin(&slots[0], &(struct action){.operation = FSYNC});
    drain();
    printf("verify: %u writes, %lu reads, %lu flushes, %lu errors\n", nr_writes,
           nr_reads, nr_flushes, nr_errors);
    check(area, fd, nr_writes);
}
