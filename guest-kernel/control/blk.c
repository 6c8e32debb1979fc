/* SPDX-License-Identifier: MIT
 *
 * See blk.h. A bus page is mapped when its domain gets its first disk, and let
 * go with the last one.
 *
 * When nobody else wants the CPU the idle thread serves who has news, before
 * the CPU sleeps: that saves two switches of threads for each batch. Otherwise
 * the thread does it, which gets its share as all others: so no domain takes
 * the CPU from the programs of this one.
 */
#include "guest-kernel/control/blk.h"

#include "abi/bus.h"
#include "abi/control_device.h"
#include "abi/domain.h"
#include "abi/grant.h"
#include "abi/stubs.h"
#include "guest-kernel/control/store.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/pvenv/bell.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/thread/thread.h"
#include "guest-kernel/thread/wait.h"
#include "lib/list.h"
#include "lib/macros.h"
#include "lib/string.h"

/* A domain that has a bus. */
struct bus {
    struct list_node node;
    uint32_t domain;
    uint32_t remote_port;
    struct env_loan loan; /* page is NULL: nothing is mapped or bound */
    uint32_t port;
    struct listener listener; /* of it: a domain's moves, or its flood */
    bool told;                /* this round */
    bool is_ended;
    unsigned int nr_disks;
    uint8_t whose[PARAPET_BUS_SLOTS]; /* 1 + the index of its disk; 0: none */
};

_Static_assert(PARAPET_BLK_ATTACH_MAX <= PARAPET_BUS_SLOTS,
               "there is a slot for each disk that a domain can have");

struct disk {
    struct list_node node; /* of all */
    struct list_node turn; /* of all, too */
    struct bus *bus;
    struct control_store store;
    struct blk_back back;
    char name[PARAPET_BLK_STORE_NAME];
    uint32_t slot;
    uint64_t next;  /* when it is to be served, without news */
    bool has_begun; /* else there is no back-end now */
    bool is_ending; /* and it goes with its back-end */
};

static struct list_node buses = LIST_INIT(buses);
static struct list_node disks = LIST_INIT(disks);
static struct list_node turns = LIST_INIT(turns); /* who is served first */
static struct wait_queue changed = WAIT_QUEUE_INIT(changed);
static struct env_bell *bell;   /* of the thread */
static struct env_bell *events; /* of the back-ends: hear_events() */
static bool have_news;          /* for the idle thread */
static bool have_changed;       /* domains */
static bool is_on = true;

static struct bus *find_bus(uint64_t domain)
{
    struct bus *bus;

    list_for_each_entry (bus, &buses, node)
        if (bus->domain == domain)
            return bus;
    return NULL;
}

static struct disk *find_disk(uint32_t domain, uint32_t index)
{
    struct disk *disk;

    list_for_each_entry (disk, &disks, node)
        if (disk->bus->domain == domain && disk->back.bus.device.index == index)
            return disk;
    return NULL;
}

/* ---- a bus page ---- */

/* 0 or the error. */
static int connect(struct bus *bus)
{
    int port;

    if (bus->loan.page != NULL)
        return 0;
    bus->loan =
        (struct env_loan){.domain = bus->domain, .ref = PARAPET_GRANT_BUS};
    env_map(&bus->loan, 1);
    if (bus->loan.status != 0)
        return bus->loan.status;
    listener_init(&bus->listener, bell);
    port = env_port_bind(bus->domain, bus->remote_port, listener_hear,
                         &bus->listener);
    if (port < 0) {
        env_unmap(&bus->loan, 1);
        return port;
    }
    bus->port = (uint32_t)port;
    return 0;
}

static void disconnect_if_unused(struct bus *bus)
{
    if (bus->nr_disks > 0 || bus->loan.page == NULL)
        return;
    env_port_close(bus->port);
    env_unmap(&bus->loan, 1);
}

int64_t control_blk_serve(uint32_t domain, uint32_t bus_port)
{
    struct bus *bus = kzalloc(sizeof(*bus));
    bool irq_on;

    if (bus == NULL)
        return -ENOMEM;
    bus->domain = domain;
    bus->remote_port = bus_port;
    irq_on = privops_irq_save();
    list_add_last(&buses, &bus->node);
    privops_irq_restore(irq_on);
    return 0;
}

/* ---- a disk: interrupts are disabled ---- */

static int begin(struct disk *disk)
{
    struct parapet_bus_page *page = disk->bus->loan.page;
    uint32_t index = disk->back.bus.device.index;
    int result;

    disk->back.bus = (struct bus_back){.slot = &page->slots[disk->slot],
                                       .port = disk->bus->port,
                                       .domain = disk->bus->domain,
                                       .device.index = index};
    disk->back.store = &disk->store.store;
    disk->back.bell = events;
    disk->next = 0;
    result = blk_back_begin(&disk->back);
    disk->has_begun = result != -PARAPET_ENOMEM;
    return disk->has_begun ? 0 : result;
}

/* A slot of its bus page. A disk that was detached keeps its own, as the domain
 * does: what it has asked waits there. */
static int64_t enter(struct disk *disk)
{
    struct bus *bus = disk->bus;
    uint8_t me = (uint8_t)(1 + disk->back.bus.device.index);
    int error = connect(bus);

    while (disk->slot < PARAPET_BUS_SLOTS && bus->whose[disk->slot] != 0 &&
           bus->whose[disk->slot] != me)
        disk->slot++;
    if (error == 0 && disk->slot == PARAPET_BUS_SLOTS)
        error = -ENOSPC;
    if (error == 0 && is_on)
        error = begin(disk);
    if (error != 0) {
        disconnect_if_unused(bus);
        return error;
    }
    bus->whose[disk->slot] = me;
    bus->nr_disks++;
    list_add_last(&disks, &disk->node);
    list_add_last(&turns, &disk->turn);
    return 0;
}

/* It has ended, or never begun. */
static void leave(struct disk *disk)
{
    struct bus *bus = disk->bus;

    list_remove(&disk->node);
    list_remove(&disk->turn);
    bus->nr_disks--;
    disconnect_if_unused(bus);
    control_store_close(&disk->store);
    kfree(disk);
    wait_queue_wake_all(&changed);
}

static void stop(struct disk *disk)
{
    if (disk->has_begun)
        (void)blk_back_stop(&disk->back);
    env_bell_ring(bell);
}

static void end(struct disk *disk)
{
    if (disk->is_ending)
        return;
    disk->is_ending = true;
    stop(disk);
}

/* Its requests are done, and nothing of the domain's is left. */
static void end_if_closed(struct disk *disk)
{
    if (disk->has_begun && (disk->is_ending || !is_on) &&
        disk->back.bus.state == PARAPET_BUS_closed) {
        blk_back_end(&disk->back);
        disk->has_begun = false;
        wait_queue_wake_all(&changed);
    }
    if (disk->is_ending && !disk->has_begun)
        leave(disk);
}

/* ---- requests of programs ---- */

/* Whoever writes a disk has it alone. */
static bool is_taken(const struct disk *disk)
{
    const struct disk *other;

    list_for_each_entry (other, &disks, node)
        if (control_store_overlap(&disk->store, &other->store) &&
            !(disk->store.store.disk.read_only &&
              other->store.store.disk.read_only))
            return true;
    return false;
}

static int64_t make(struct disk *disk, const struct parapet_blk_attach *attach)
{
    int64_t error =
        control_store_open(&disk->store, disk->name,
                           (attach->flags & PARAPET_BLK_ATTACH_READONLY) != 0);
    bool irq_on;

    if (error != 0)
        return error;
    irq_on = privops_irq_save();
    error = is_taken(disk) ? -EBUSY : enter(disk);
    privops_irq_restore(irq_on);
    if (error != 0)
        control_store_close(&disk->store);
    return error;
}

int64_t control_blk_attach(const struct parapet_blk_attach *attach)
{
    struct bus *bus = find_bus(attach->domain);
    struct disk *disk;
    int64_t error;

    if (bus == NULL || bus->is_ended)
        return -ENOENT;
    if (attach->index >= PARAPET_BLK_ATTACH_MAX || attach->reserved != 0 ||
        (attach->flags & ~PARAPET_BLK_ATTACH_READONLY) != 0)
        return -EINVAL;
    if (find_disk(attach->domain, attach->index) != NULL)
        return -EEXIST;
    disk = kzalloc(sizeof(*disk));
    if (disk == NULL)
        return -ENOMEM;
    disk->bus = bus;
    disk->back.bus.device.index = attach->index;
    memcpy(disk->name, attach->store, sizeof(disk->name) - 1);
    error = make(disk, attach);
    if (error != 0)
        kfree(disk);
    env_bell_ring(bell);
    return error;
}

/* Until the thread has done it: 0 or -ERESTARTSYS. */
static int64_t wait_for_change(void)
{
    return wait_queue_sleep_until(&changed, WAIT_FOREVER);
}

int64_t control_blk_detach(uint32_t domain, uint32_t index)
{
    bool irq_on = privops_irq_save();
    struct disk *disk = find_disk(domain, index);
    int64_t error = disk == NULL ? -ENOENT : 0;

    while (error == 0 && disk != NULL) {
        end(disk);
        error = wait_for_change();
        disk = find_disk(domain, index);
    }
    privops_irq_restore(irq_on);
    return error;
}

int64_t control_blk_info(uint32_t n, struct parapet_blk_info *info)
{
    const struct disk *disk;

    list_for_each_entry (disk, &disks, node) {
        if (n-- > 0)
            continue;
        info->domain = disk->bus->domain;
        info->index = disk->back.bus.device.index;
        info->state = disk->has_begun ? disk->back.bus.state : 0;
        info->flags =
            disk->store.store.disk.read_only ? PARAPET_BLK_ATTACH_READONLY : 0;
        info->nr_under_way = disk->back.nr_under_way;
        info->nr_sectors = disk->store.store.disk.nr_sectors;
        memcpy(info->store, disk->name, sizeof(info->store));
        return 0;
    }
    return -ENOENT;
}

/* ---- to stop and to start ---- */

static bool some_have_begun(void)
{
    const struct disk *disk;

    list_for_each_entry (disk, &disks, node)
        if (disk->has_begun)
            return true;
    return false;
}

static int64_t switch_off(void)
{
    struct disk *disk;
    int64_t error = 0;

    is_on = false;
    list_for_each_entry (disk, &disks, node)
        stop(disk);
    while (error == 0 && some_have_begun())
        error = wait_for_change();
    return error;
}

/* One without memory ends for good. */
static void switch_on(void)
{
    struct disk *disk;

    is_on = true;
    list_for_each_entry (disk, &disks, node)
        if (!disk->is_ending && !disk->has_begun && begin(disk) != 0)
            disk->is_ending = true;
    env_bell_ring(bell);
}

int64_t control_blk_switch(bool on)
{
    bool irq_on = privops_irq_save();
    int64_t error = 0;

    if (on == is_on || (on && some_have_begun()))
        error = -EBUSY;
    else if (on)
        switch_on();
    else
        error = switch_off();
    privops_irq_restore(irq_on);
    return error;
}

/* ---- the thread ---- */

static void end_disks(struct bus *bus)
{
    struct disk *disk;

    bus->is_ended = true;
    list_for_each_entry (disk, &disks, node)
        if (disk->bus == bus)
            end(disk);
}

void control_blk_end(uint64_t domain)
{
    bool irq_on = privops_irq_save();
    struct bus *bus = find_bus(domain);

    if (bus != NULL)
        end_disks(bus);
    privops_irq_restore(irq_on);
}

/* A bus goes when its domain is gone, with its last disk. */
static void look_at_domains(void)
{
    struct parapet_domain_info info;
    struct bus *bus, *following;

    list_for_each_entry_safe (bus, following, &buses, node) {
        int64_t result = hypercall_domain_info(bus->domain, &info);

        if (result == 0 && info.state != PARAPET_DOMAIN_ENDED)
            continue;
        end_disks(bus);
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

/* Who is served first gets more than the others, as its domain runs before
 * theirs: so the next time it is the last. */
static void take_turns(void)
{
    struct list_node *first = turns.next;

    if (first == turns.prev)
        return;
    list_remove(first);
    list_add_last(&turns, first);
}

/* The idle thread's work. What may end, or is to be served again, is the
 * thread's. */
static bool serve_idly(void)
{
    bool all = true;
    struct disk *disk;

    if (!have_news)
        return false;
    have_news = false;
    take_turns();
    list_for_each_entry (disk, &turns, turn) {
        if (!disk->has_begun || !blk_back_has_news(&disk->back))
            continue;
        if (!disk->back.ends && !disk->back.looks_again)
            serve_one(disk);
        all &= disk->next == ENV_FOREVER && !disk->back.ends;
    }
    if (!all)
        env_bell_ring(bell);
    return true;
}

/* A back-end has news: an interrupt says so, or what serves it now. */
static void hear_events(void)
{
    if (thread_current()->id == 0)
        have_news = true;
    else
        env_bell_ring(bell);
}

/* Who only raises the port is heard more and more rarely: listen.h. */
static void look(struct disk *disk)
{
    uint32_t before = disk->back.bus.state;

    (void)blk_back_look(&disk->back);
    disk->bus->listener.worked |= disk->back.bus.state != before;
}

/* Whether it had something to do. */
static bool serve_disk(struct disk *disk)
{
    bool told = disk->bus->told, served = false;

    if (disk->has_begun && told)
        look(disk);
    if (disk->has_begun &&
        (told || disk->next != ENV_FOREVER || disk->back.ends ||
         disk->back.looks_again || blk_back_has_news(&disk->back))) {
        serve_one(disk);
        served = true;
    }
    end_if_closed(disk);
    return served;
}

/* Of each bus, what was told until now. When one is to be heard again. */
static uint64_t take_news(void)
{
    uint64_t next = ENV_FOREVER;
    struct bus *bus;

    list_for_each_entry (bus, &buses, node) {
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
    take_turns();
    list_for_each_entry_safe (disk, following, &turns, turn)
        if (serve_disk(disk))
            breathe();
    list_for_each_entry (disk, &disks, node)
        if (disk->has_begun)
            next = MIN(next, disk->next);
    return next;
}

static void serve(void *unused)
{
    uint64_t next;

    (void)unused;
    for (;;) {
        privops_irq_disable();
        next = serve_all();
        privops_irq_enable();
        if (next == 0)
            sched_yield();
        else
            (void)env_bell_wait(bell, next);
    }
}

void control_blk_look(void)
{
    have_changed = true;
    env_bell_ring(bell);
}

void control_blk_init(void)
{
    bell = env_bell_make();
    events = env_bell_make();
    if (bell == NULL || events == NULL ||
        thread_create("disks", serve, NULL) == NULL)
        panic("no memory for the disks of other domains");
    bell_call(events, hear_events);
    sched_set_idle_work(serve_idly);
}
