/* SPDX-License-Identifier: MIT
 *
 * See blk.h. A bus page is mapped when its domain gets its first disk, and let
 * go with the last one.
 */
#include "guest-kernel/control/blk.h"

#include "abi/bus.h"
#include "abi/control_device.h"
#include "abi/grant.h"
#include "guest-kernel/control/blk_parts.h"
#include "guest-kernel/control/store.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/thread/thread.h"
#include "guest-kernel/thread/wait.h"
#include "lib/list.h"
#include "lib/string.h"

struct control_blk control_blk = {
    .buses = LIST_INIT(control_blk.buses),
    .disks = LIST_INIT(control_blk.disks),
    .turns = LIST_INIT(control_blk.turns),
};
static struct wait_queue changed = WAIT_QUEUE_INIT(changed);
static bool is_on = true;

/* How long a domain may take to say whether it takes a disk. */
#define ANSWER_NS 2000000000ul

static struct bus *find_bus(uint64_t domain)
{
    struct bus *bus;

    list_for_each_entry (bus, &control_blk.buses, node)
        if (bus->domain == domain)
            return bus;
    return NULL;
}

static struct disk *find_disk(uint32_t domain, uint32_t index)
{
    struct disk *disk;

    list_for_each_entry (disk, &control_blk.disks, node)
        if (disk->bus->domain == domain && disk->back.bus.device.index == index)
            return disk;
    return NULL;
}

/* ---- a bus page ---- */

static struct parapet_bus_page *bus_page(const struct bus *bus)
{
    return bus->loan.page;
}

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
    listener_init(&bus->listener, control_blk.bell);
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
    list_add_last(&control_blk.buses, &bus->node);
    privops_irq_restore(irq_on);
    return 0;
}

/* ---- a disk: interrupts are disabled ---- */

static int begin(struct disk *disk)
{
    uint32_t index = disk->back.bus.device.index;
    int result;

    disk->back.bus =
        (struct bus_back){.slot = &bus_page(disk->bus)->slots[disk->slot],
                          .port = disk->bus->port,
                          .domain = disk->bus->domain,
                          .device.index = index};
    disk->back.store = &disk->store.store;
    disk->back.bell = control_blk.events;
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

    while (disk->slot < PARAPET_BUS_SLOTS &&
           bus->slots[disk->slot].whose != 0 &&
           bus->slots[disk->slot].whose != me)
        disk->slot++;
    if (error == 0 && disk->slot == PARAPET_BUS_SLOTS)
        error = -ENOSPC;
    if (error == 0 && is_on)
        error = begin(disk);
    if (error != 0) {
        disconnect_if_unused(bus);
        return error;
    }
    bus->slots[disk->slot].whose = me;
    bus->nr_disks++;
    list_add_last(&control_blk.disks, &disk->node);
    list_add_last(&control_blk.turns, &disk->turn);
    return 0;
}

/* It has ended, or never begun. */
static void leave(struct disk *disk)
{
    struct bus *bus = disk->bus;

    list_remove(&disk->node);
    list_remove(&disk->turn);
    if (disk->back.has_met) {
        bus->slots[disk->slot].has_known = true;
        bus->slots[disk->slot].knows = disk->store.store.disk;
    }
    bus_slot_empty(&bus_page(bus)->slots[disk->slot], bus->port);
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
    env_bell_ring(control_blk.bell);
}

static void end(struct disk *disk)
{
    if (disk->is_ending)
        return;
    disk->is_ending = true;
    stop(disk);
}

void control_blk_tell_change(void)
{
    wait_queue_wake_all(&changed);
}

void control_blk_end_if_closed(struct disk *disk)
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

    list_for_each_entry (other, &control_blk.disks, node)
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

/* What it says in its slot: it uses another disk that had the name before. */
static bool is_refused(const struct disk *disk)
{
    const struct parapet_bus_slot *slot =
        &bus_page(disk->bus)->slots[disk->slot];
    uint32_t life = __atomic_load_n(
        &slot->front.parameters[PARAPET_BLK_FRONT_REFUSES], __ATOMIC_RELAXED);

    return disk->has_begun && disk->back.bus.state == PARAPET_BUS_offered &&
           life != 0 &&
           life == __atomic_load_n(&slot->back.life, __ATOMIC_RELAXED);
}

/* Its kernel has had another disk of this name, and may have a use for it. */
static bool may_be_refused(const struct disk *disk)
{
    uint32_t slot = disk->slot;

    return disk->has_begun && disk->back.bus.state == PARAPET_BUS_offered &&
           disk->bus->slots[slot].has_known &&
           !blk_disk_is_same(&disk->bus->slots[slot].knows,
                             &disk->store.store.disk);
}

/* Until the domain has taken such a disk, or refuses it, which is then taken
 * away: 0 or -ETXTBSY. One that does not run says nothing: not for long. */
static int64_t wait_for_answer(uint32_t domain, uint32_t index)
{
    uint64_t deadline_ns = env_now() + ANSWER_NS;
    bool irq_on = privops_irq_save();
    struct disk *disk = find_disk(domain, index);
    bool refused;

    while (disk != NULL && may_be_refused(disk) && !is_refused(disk) &&
           wait_queue_sleep_until(&changed, deadline_ns) == 0)
        disk = find_disk(domain, index);
    disk = find_disk(domain, index);
    refused = disk != NULL && is_refused(disk);
    privops_irq_restore(irq_on);
    if (!refused)
        return 0;
    (void)control_blk_detach(domain, index);
    return -ETXTBSY;
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
    env_bell_ring(control_blk.bell);
    return error != 0 ? error : wait_for_answer(attach->domain, attach->index);
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

    list_for_each_entry (disk, &control_blk.disks, node) {
        if (n-- > 0)
            continue;
        info->domain = disk->bus->domain;
        info->index = disk->back.bus.device.index;
        info->state = disk->has_begun ? disk->back.bus.state : 0;
        info->flags =
            (disk->store.store.disk.read_only ? PARAPET_BLK_ATTACH_READONLY
                                              : 0) |
            (is_refused(disk) ? PARAPET_BLK_INFO_REFUSED : 0);
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

    list_for_each_entry (disk, &control_blk.disks, node)
        if (disk->has_begun)
            return true;
    return false;
}

static int64_t switch_off(void)
{
    struct disk *disk;
    int64_t error = 0;

    is_on = false;
    list_for_each_entry (disk, &control_blk.disks, node)
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
    list_for_each_entry (disk, &control_blk.disks, node)
        if (!disk->is_ending && !disk->has_begun && begin(disk) != 0)
            disk->is_ending = true;
    env_bell_ring(control_blk.bell);
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

/* ---- a domain ends ---- */

void control_blk_end_disks(struct bus *bus)
{
    struct disk *disk;

    bus->is_ended = true;
    list_for_each_entry (disk, &control_blk.disks, node)
        if (disk->bus == bus)
            end(disk);
}

void control_blk_end(uint64_t domain)
{
    bool irq_on = privops_irq_save();
    struct bus *bus = find_bus(domain);

    if (bus != NULL)
        control_blk_end_disks(bus);
    privops_irq_restore(irq_on);
}
