/* SPDX-License-Identifier: MIT
 *
 * A bit for each stack.
 */
#include "guest-kernel/proc/stack.h"

#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/layout.h"
#include "lib/bitmap.h"

static uint64_t in_use[BITMAP_WORDS(NR_STACKS)];

static uint64_t stack_low(size_t index)
{
    return (uint64_t)kernel_stacks_start + PAGE_SIZE +
           index * (STACK_SIZE + PAGE_SIZE);
}

/* NR_STACKS when it is none of ours. */
static size_t index_of(struct privops_stack stack)
{
    size_t index = 0;

    while (index < NR_STACKS && stack_low(index) != stack.low)
        index++;
    return index;
}

void stack_init(struct privops_stack boot)
{
    size_t index = index_of(boot);

    if (index < NR_STACKS)
        bitmap_set(in_use, index);
}

struct privops_stack stack_alloc(void)
{
    struct privops_stack stack = {0, 0};
    size_t index = bitmap_find_zero(in_use, NR_STACKS, 0);

    if (index < NR_STACKS) {
        bitmap_set(in_use, index);
        stack.low = stack_low(index);
        stack.high = stack.low + STACK_SIZE;
    }
    return stack;
}

void stack_free(struct privops_stack stack)
{
    size_t index = index_of(stack);

    BUG_ON(index == NR_STACKS || !bitmap_test(in_use, index));
    bitmap_clear(in_use, index);
}
