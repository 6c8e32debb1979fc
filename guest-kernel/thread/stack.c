/* SPDX-License-Identifier: MIT
 *
 * MIN_MAPPED stacks always have their pages, in use or not: threads come and go
 * without a change of page tables then, and how much memory is free depends on
 * nothing but how many there are. Beyond, pages come and go with a stack's use.
 */
#include "guest-kernel/thread/stack.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/kernel_area.h"
#include "guest-kernel/mm/layout.h"
#include "lib/bitmap.h"

#define MIN_MAPPED 24
/* A power of two, so that one page table has the entries of a stack. */
#define STACK_SPACING (2ul * STACK_SIZE)
#define STACK_PAGES (STACK_SIZE / PAGE_SIZE)

static uint64_t in_use[BITMAP_WORDS(NR_STACKS)];
static uint64_t spare[BITMAP_WORDS(NR_STACKS)]; /* mapped, and not in use */
static unsigned int nr_mapped;

/* The upper half of its place. */
static uint64_t stack_low(size_t index)
{
    return KERNEL_STACKS + index * STACK_SPACING + STACK_SIZE;
}

void stack_init(void)
{
    bool done = kernel_area_prepare(KERNEL_STACKS,
                                    KERNEL_STACKS + NR_STACKS * STACK_SPACING);

    for (; done && nr_mapped < MIN_MAPPED; nr_mapped++) {
        bitmap_set(spare, nr_mapped);
        done = kernel_area_map(stack_low(nr_mapped), STACK_PAGES);
    }
    if (!done)
        panic("no memory for the stacks of the first threads");
}

/* One that has pages; NR_STACKS if there is none. */
static size_t take_mapped(void)
{
    size_t index = bitmap_find_set(spare, NR_STACKS, 0);

    if (index < NR_STACKS) {
        bitmap_clear(spare, index);
        return index;
    }
    index = bitmap_find_zero(in_use, NR_STACKS, 0);
    if (index == NR_STACKS || !kernel_area_map(stack_low(index), STACK_PAGES))
        return NR_STACKS;
    nr_mapped++;
    return index;
}

struct privops_stack stack_alloc(void)
{
    struct privops_stack stack = {0, 0};
    size_t index = take_mapped();

    if (index < NR_STACKS) {
        bitmap_set(in_use, index);
        stack.low = stack_low(index);
        stack.high = stack.low + STACK_SIZE;
    }
    return stack;
}

void stack_free(struct privops_stack stack)
{
    size_t index = (stack.low - KERNEL_STACKS) / STACK_SPACING;

    BUG_ON(index >= NR_STACKS || stack.low != stack_low(index) ||
           !bitmap_test(in_use, index));
    bitmap_clear(in_use, index);
    if (nr_mapped == MIN_MAPPED) {
        bitmap_set(spare, index);
        return;
    }
    kernel_area_unmap(stack.low, STACK_PAGES);
    nr_mapped--;
}
