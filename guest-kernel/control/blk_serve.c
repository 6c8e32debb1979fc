/* SPDX-License-Identifier: MIT
 *
 * See blk.h: the thread.
 *
 * When nobody else wants the CPU the idle thread serves who has news, before
 * the CPU sleeps: that saves two switches of threads for each batch. Otherwise
 * the thread does it, which gets its share as all others: so no domain takes
 * the CPU from the programs of this one.
 */
#include "guest-kernel/control/blk.h"

#include "abi/domain.h"
#include "abi/stubs.h"
#include "guest-kernel/control/blk_parts.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/pvenv/bell.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/thread/thread.h"
#include "lib/list.h"
#include "lib/macros.h"

static bool have_news;    /* for the idle thread */
static bool have_changed; /* domains */

/* A bus goes when its domain is gone, with its last disk. */
static void look_at_domains(void)
{
    struct parapet_domain_info info;
    struct bus *bus, *following;

    list_for_each_entry_safe (bus, following, &control_blk.buses, node) {
        int64_t result = hypercall_domain_info(bus->domain, &info);

        if (result == 0 && info.state != PARAPET_DOMAIN_ENDED)
            continue;
        control_blk_end_disks(bus);
        if (result == -PARAPET_ENOENT && bus->nr_disks == 0) {
            list_remove(&bus->node);
            kfree(bus);
        }
    }
}

/* Interrupts are disabled, here and below. */
static void serve_one(struct disk *disk)
{
    disk->next = blk_back_serve(&disk->back);
}

static bool has_news(const struct disk *disk)
{
    return disk->has_begun && blk_back_has_news(&disk->back);
}

/* Whether there may be something to do, for the thread. */
static bool is_due(const struct disk *disk)
{
    return disk->has_begun &&
           (disk->bus->told || disk->next != ENV_FOREVER || disk->back.ends ||
            disk->back.looks_again || has_news(disk));
}

/* Who is served first gets more than the others, as its domain runs before
 * theirs: so the next time it is the last. Those that want nothing do not
 * count, or who comes after them would be first more often. */
static void take_turns(bool (*counts)(const struct disk *disk))
{
    struct disk *disk;

    list_for_each_entry (disk, &control_blk.turns, turn) {
        if (!counts(disk))
            continue;
        list_remove(&disk->turn);
        list_add_last(&control_blk.turns, &disk->turn);
        return;
    }
}

static bool some_have_news(void)
{
    const struct disk *disk;

    list_for_each_entry (disk, &control_blk.turns, turn)
        if (has_news(disk))
            return true;
    return false;
}

/*
 * Apart, so that nothing is saved when there is no news. What may end, or is to
 * be served again, is the thread's, and so is what was told meanwhile and not
 * served in this round: with guests and a device that are quick enough it might
 * not end, and no other event is handled in it.
 */
static __attribute__((noinline)) void serve_news(void)
{
    bool all = true;
    struct disk *disk;

    have_news = false;
    take_turns(has_news);
    list_for_each_entry (disk, &control_blk.turns, turn) {
        if (!has_news(disk))
            continue;
        if (!disk->back.ends && !disk->back.looks_again)
            serve_one(disk);
        all &= disk->next == ENV_FOREVER && !disk->back.ends;
    }
    if (!all || (have_news && some_have_news()))
        env_bell_ring(control_blk.bell);
    have_news = false;
}

/* The idle thread's work. */
static bool serve_idly(void)
{
    if (!have_news)
        return false;
    serve_news();
    return true;
}

/* A back-end has news: an interrupt says so, or what serves it now. */
static void hear_events(void)
{
    if (thread_current()->id == 0)
        have_news = true;
    else
        env_bell_ring(control_blk.bell);
}

/* Who only raises the port is heard more and more rarely: listen.h. */
static void look(struct disk *disk)
{
    uint32_t before = disk->back.bus.state;

    (void)blk_back_look(&disk->back);
    disk->bus->listener.worked |= disk->back.bus.state != before;
    control_blk_tell_change();
}

/* Whether it had something to do. */
static bool serve_disk(struct disk *disk)
{
    bool served = false;

    if (disk->has_begun && disk->bus->told)
        look(disk);
    if (is_due(disk)) {
        serve_one(disk);
        served = true;
    }
    control_blk_end_if_closed(disk);
    return served;
}

/* Of each bus, what was told until now. When one is to be heard again. */
static uint64_t take_news(void)
{
    uint64_t next = ENV_FOREVER;
    struct bus *bus;

    list_for_each_entry (bus, &control_blk.buses, node) {
        bus->told = false;
        if (bus->loan.page == NULL)
            continue;
        bus->told = __atomic_load_n(&bus->listener.told, __ATOMIC_RELAXED) > 0;
        next = MIN(next, listener_rest(&bus->listener, bus->port));
    }
    return next;
}

/* Others run if it is their turn. This thread alone frees disks, and new ones
 * come last: the list stays good. */
static void breathe(void)
{
    privops_irq_enable();
    sched_breathe();
    privops_irq_disable();
}

/* When to come again. */
static uint64_t serve_all(void)
{
    struct disk *disk, *following;
    uint64_t next = take_news();

    if (have_changed) {
        have_changed = false;
        look_at_domains();
    }
    take_turns(is_due);
    list_for_each_entry_safe (disk, following, &control_blk.turns, turn)
        if (serve_disk(disk))
            breathe();
    list_for_each_entry (disk, &control_blk.disks, node)
        if (disk->has_begun)
            next = MIN(next, disk->next);
    return next;
}

static void serve(void *unused)
{
    (void)unused;
    bell_serve(control_blk.bell, serve_all);
}

void control_blk_look(void)
{
    have_changed = true;
    env_bell_ring(control_blk.bell);
}

void control_blk_init(void)
{
    control_blk.bell = env_bell_make();
    control_blk.events = env_bell_make();
    if (control_blk.bell == NULL || control_blk.events == NULL ||
        thread_create("disks", serve, NULL) == NULL)
        panic("no memory for the disks of other domains");
    bell_call(control_blk.events, hear_events);
    sched_set_idle_work(serve_idly);
}
