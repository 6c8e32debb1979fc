/* SPDX-License-Identifier: MIT
 *
 * A table by device and number, and a list by age. Both are looked at with
 * interrupts disabled, since block_page_forget() is called by handlers. It
 * leaves busy pages to their caller, as stale.
 */
#include "guest-kernel/block/block_page.h"

#include "guest-kernel/block/block.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"

#define NR_BUCKETS 1024u /* a power of two */

/* Of what would be free without it. */
#define SHARE 4u

static struct list_node buckets[NR_BUCKETS];
static struct list_node ages = LIST_INIT(ages);
static uint64_t nr_pages;
static struct wait_queue changed = WAIT_QUEUE_INIT(changed);

/* ---- the table; interrupts are disabled ---- */

static struct list_node *bucket_of(const struct block_device *device,
                                   uint64_t number)
{
    struct list_node *bucket =
        &buckets[(number + device->number * 61ul) % NR_BUCKETS];

    if (bucket->next == NULL)
        list_init(bucket);
    return bucket;
}

static struct block_page *find(const struct block_device *device,
                               uint64_t number)
{
    struct list_node *bucket = bucket_of(device, number);
    struct block_page *page;

    list_for_each_entry (page, bucket, bucket)
        if (page->device == device && page->number == number)
            return page;
    return NULL;
}

static void drop(struct block_page *page)
{
    list_remove(&page->bucket);
    list_remove(&page->age);
    nr_pages--;
    if (user_page_drop(page->bytes))
        page_free(page->bytes);
    kfree(page);
}

/* Drops the oldest that are not busy, at most so many: how many it were. */
static uint64_t shrink(uint64_t nr_wanted)
{
    struct block_page *page, *following;
    uint64_t nr = 0;

    list_for_each_entry_safe (page, following, &ages, age) {
        if (nr == nr_wanted)
            break;
        if (page->is_busy)
            continue;
        drop(page);
        nr++;
    }
    return nr;
}

static bool is_full(void)
{
    return nr_pages >= (page_nr_free() + nr_pages) / SHARE;
}

/* A busy one, whose page has anything in it. NULL without memory. */
static struct block_page *make(const struct block_device *device,
                               uint64_t number)
{
    struct block_page *page;

    if (is_full() && shrink(1) == 0)
        return NULL;
    page = kmalloc(sizeof(*page));
    if (page == NULL)
        return NULL;
    *page = (struct block_page){.device = device, .number = number};
    page->bytes = user_page_alloc();
    if (page->bytes == NULL) {
        kfree(page);
        return NULL;
    }
    page->is_busy = true;
    list_add_first(bucket_of(device, number), &page->bucket);
    list_add_last(&ages, &page->age);
    nr_pages++;
    return page;
}

/* ---- who has a page ---- */

static enum block_taken take_existing(struct block_page *page)
{
    if (page->is_busy)
        return TAKEN_BUSY;
    page->is_busy = true;
    list_remove(&page->age);
    list_add_last(&ages, &page->age);
    return TAKEN_GOOD;
}

enum block_taken block_page_take(const struct block_device *device,
                                 uint64_t number, bool can_make,
                                 struct block_page **page)
{
    bool irq_on = privops_irq_save();
    enum block_taken taken = TAKEN_NONE;

    *page = find(device, number);
    if (*page != NULL) {
        taken = take_existing(*page);
    } else if (can_make) {
        *page = make(device, number);
        taken = *page != NULL ? TAKEN_NEW : TAKEN_NONE;
    }
    privops_irq_restore(irq_on);
    return taken;
}

void block_page_release(struct block_page *page, bool is_good)
{
    bool irq_on = privops_irq_save();

    if (!is_good || page->is_stale)
        drop(page);
    else
        page->is_busy = false;
    wait_queue_wake_all(&changed);
    privops_irq_restore(irq_on);
}

static bool is_any_busy(void)
{
    const struct block_page *page;

    list_for_each_entry (page, &ages, age)
        if (page->is_busy)
            return true;
    return false;
}

/* Pages are busy only as long as a request to the device takes. */
int64_t block_page_wait(enum block_taken taken)
{
    bool irq_on = privops_irq_save();
    int64_t error = 0;

    if (taken == TAKEN_NONE && !is_any_busy())
        error = -ENOMEM;
    else
        wait_queue_sleep(&changed);
    privops_irq_restore(irq_on);
    return error;
}

/* ---- giving back ---- */

static void forget(struct block_page *page)
{
    if (page->is_busy)
        page->is_stale = true;
    else
        drop(page);
}

/* Looks for each page by number, or at all there are if those are fewer. */
void block_page_forget(struct block_device *device, uint64_t start,
                       uint64_t end)
{
    uint64_t number = start / PAGE_SIZE;
    uint64_t behind = end / PAGE_SIZE + (end % PAGE_SIZE != 0);
    struct block_page *page, *following;
    bool irq_on = privops_irq_save();

    if (behind - number < nr_pages) {
        for (; number < behind; number++)
            if ((page = find(device, number)) != NULL)
                forget(page);
    } else {
        list_for_each_entry_safe (page, following, &ages, age)
            if (page->device == device && page->number >= number &&
                page->number < behind)
                forget(page);
    }
    privops_irq_restore(irq_on);
}

uint64_t block_page_count(void)
{
    return nr_pages;
}

static uint64_t give_back(uint64_t nr_wanted)
{
    bool irq_on = privops_irq_save();
    uint64_t nr = shrink(nr_wanted);

    privops_irq_restore(irq_on);
    return nr;
}

void block_page_init(void)
{
    user_page_set_giver(give_back);
}
