/* SPDX-License-Identifier: MIT
 *
 * A binary buddy allocator. The buddy of a block of order o is the block whose
 * frame number differs in bit o only; when both are free they are one block of
 * order o + 1. A list of free blocks for each order; the list nodes are in the
 * page records, never in the free memory itself.
 */
#include "guest-kernel/mm/page.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/early.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/privops.h"
#include "lib/macros.h"

static struct page *pages;
static uint64_t nr_pages; /* records, from frame 0 */
static uint64_t total_kib;
static struct list_node free_blocks[PAGE_MAX_ORDER + 1];
static uint64_t nr_free[PAGE_MAX_ORDER + 1];
static uint64_t nr_free_pages;

static uint64_t frame_of(const struct page *page)
{
    return (uint64_t)(page - pages);
}

static void add_free(struct page *page, unsigned int order)
{
    page->kind = PAGE_FREE;
    page->order = (uint8_t)order;
    list_add_first(&free_blocks[order], &page->node);
    nr_free[order]++;
    nr_free_pages += 1ul << order;
}

static void remove_free(struct page *page)
{
    list_remove(&page->node);
    nr_free[page->order]--;
    nr_free_pages -= 1ul << page->order;
    page->kind = PAGE_INSIDE;
}

/* The frames from first to end - 1, in the largest aligned blocks. */
static void add_range(uint64_t first, uint64_t end)
{
    unsigned int order;

    while (first < end) {
        for (order = 0; order < PAGE_MAX_ORDER; order++)
            if ((first >> order & 1) != 0 || first + (2ul << order) > end)
                break;
        add_free(&pages[first], order);
        first += 1ul << order;
    }
}

void page_init(const struct boot_info *boot)
{
    struct memory_range range;
    unsigned int i;

    for (i = 0; i <= PAGE_MAX_ORDER; i++)
        list_init(&free_blocks[i]);
    for (i = 0; i < boot->nr_memory; i++) {
        nr_pages = MAX(nr_pages, boot->memory[i].end >> PAGE_SHIFT);
        total_kib += (boot->memory[i].end - boot->memory[i].start) / 1024;
    }
    pages = early_alloc(nr_pages * sizeof(struct page));
    for (i = 0; range = early_range(i), range.end != 0; i++)
        add_range(range.start >> PAGE_SHIFT, range.end >> PAGE_SHIFT);
}

void page_add_range(uint64_t start, uint64_t end)
{
    uint64_t first = ALIGN_UP(start, (uint64_t)PAGE_SIZE) >> PAGE_SHIFT;
    uint64_t behind = MIN(end >> PAGE_SHIFT, nr_pages);
    bool irq_on = privops_irq_save();

    if (first < behind)
        add_range(first, behind);
    privops_irq_restore(irq_on);
}

/* Interrupts are disabled. */
static struct page *take(unsigned int order)
{
    struct page *page;
    unsigned int from;

    for (from = order; list_is_empty(&free_blocks[from]); from++)
        if (from == PAGE_MAX_ORDER)
            return NULL;
    page = list_first_entry(&free_blocks[from], struct page, node);
    remove_free(page);
    /* Give back the upper half until the rest has the right size. */
    while (from > order) {
        from--;
        add_free(page + (1ul << from), from);
    }
    page->kind = PAGE_USED;
    page->order = (uint8_t)order;
    return page;
}

void *page_alloc(unsigned int order)
{
    struct page *page;
    bool irq_on;

    if (order > PAGE_MAX_ORDER)
        return NULL;
    irq_on = privops_irq_save();
    page = take(order);
    privops_irq_restore(irq_on);
    return page != NULL ? page_vaddr(page) : NULL;
}

/* Merges with free buddies upward. Interrupts are disabled. */
static void give_back(struct page *page)
{
    unsigned int order = page->order;
    uint64_t frame = frame_of(page), buddy;

    page->kind = PAGE_INSIDE;
    for (; order < PAGE_MAX_ORDER; order++) {
        buddy = frame ^ (1ul << order);
        if (buddy >= nr_pages || pages[buddy].kind != PAGE_FREE ||
            pages[buddy].order != order)
            break;
        remove_free(&pages[buddy]);
        frame &= ~(1ul << order);
    }
    add_free(&pages[frame], order);
}

void page_free(void *block)
{
    struct page *page = page_of(block);
    bool irq_on;

    BUG_ON(page == NULL || page_vaddr(page) != block);
    irq_on = privops_irq_save();
    BUG_ON(page->kind != PAGE_USED);
    give_back(page);
    privops_irq_restore(irq_on);
}

struct page *page_take_out(void)
{
    struct page *page = take(0);

    if (page != NULL)
        total_kib -= PAGE_SIZE / 1024;
    return page;
}

void page_put_back(struct page *page)
{
    total_kib += PAGE_SIZE / 1024;
    give_back(page);
}

struct page *page_of(const void *object)
{
    uint64_t frame = direct_map_paddr(object) >> PAGE_SHIFT;

    return frame < nr_pages ? &pages[frame] : NULL;
}

void *page_vaddr(const struct page *page)
{
    return direct_map(frame_of(page) << PAGE_SHIFT);
}

uint64_t page_nr_free(void)
{
    return nr_free_pages;
}

void page_get_statistics(struct page_statistics *statistics)
{
    bool irq_on = privops_irq_save();
    unsigned int order;

    statistics->total_kib = total_kib;
    statistics->free_kib = nr_free_pages * (PAGE_SIZE / 1024);
    for (order = 0; order <= PAGE_MAX_ORDER; order++)
        statistics->nr_free[order] = nr_free[order];
    privops_irq_restore(irq_on);
}
