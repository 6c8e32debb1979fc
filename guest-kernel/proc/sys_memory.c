/* SPDX-License-Identifier: MIT
 *
 * Memory. There are no files to map and nothing is shared.
 */
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/proc/errno.h"
#include "guest-kernel/proc/syscall.h"
#include "lib/macros.h"

/* Linux's PROT_ and MAP_ constants (mmap(2)). */
#define PROT_READ 1u
#define PROT_WRITE 2u
#define PROT_EXEC 4u
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

/* madvise(2) */
#define MADV_WILLNEED 3
#define MADV_FREE 8

#define MAP_TYPE 0xfu
#define MAP_PRIVATE 0x2u
#define MAP_FIXED 0x10u
#define MAP_ANONYMOUS 0x20u
#define MAP_FIXED_NOREPLACE 0x100000u

static unsigned int rights(uint64_t prot)
{
    return (prot & PROT_READ ? SPACE_READ : 0) |
           (prot & PROT_WRITE ? SPACE_WRITE : 0) |
           (prot & PROT_EXEC ? SPACE_EXEC : 0);
}

/* Rounds a size up to pages. False when there is no such range. */
static bool round_up(uint64_t *size)
{
    if (*size > SPACE_USER_END)
        return false;
    *size = ALIGN_UP(*size, PAGE_SIZE);
    return true;
}

/* The new end of the heap; the old one when that is not possible. */
int64_t sys_brk(struct process *self, const uint64_t *args)
{
    uint64_t old_top = ALIGN_UP(self->heap_end, PAGE_SIZE), new_top;
    int result = 0;

    if (args[0] < self->heap_start || args[0] >= SPACE_USER_END)
        return (int64_t)self->heap_end;
    new_top = ALIGN_UP(args[0], PAGE_SIZE);
    if (new_top > old_top)
        result = space_map(self->space, old_top, new_top - old_top,
                           SPACE_READ | SPACE_WRITE, NULL, 0);
    else if (new_top < old_top)
        result = space_unmap(self->space, new_top, old_top - new_top);
    if (result == 0)
        self->heap_end = args[0];
    return (int64_t)self->heap_end;
}

/* At the caller's address, whatever is there. */
static int64_t map_fixed(struct process *self, uint64_t start, uint64_t size,
                         unsigned int prot, bool replace)
{
    int result = 0;

    if (replace)
        result = space_unmap(self->space, start, size);
    if (result == 0)
        result = space_map(self->space, start, size, prot, NULL, 0);
    return result != 0 ? result : (int64_t)start;
}

/* args: address, size, rights, flags, descriptor, offset. An address that is
 * not fixed is a wish, and is not heard. */
int64_t sys_mmap(struct process *self, const uint64_t *args)
{
    uint64_t start = args[0], size = args[1], flags = args[3];
    int result;

    if ((flags & MAP_TYPE) != MAP_PRIVATE || (args[2] & ~(uint64_t)PROT_ALL))
        return -EINVAL;
    if ((flags & MAP_ANONYMOUS) == 0)
        return -ENODEV;
    if (size == 0)
        return -EINVAL;
    if (!round_up(&size))
        return -ENOMEM;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
        return map_fixed(self, start, size, rights(args[2]),
                         (flags & MAP_FIXED_NOREPLACE) == 0);
    start = space_find_gap(self->space, size);
    if (start == 0)
        return -ENOMEM;
    result = space_map(self->space, start, size, rights(args[2]), NULL, 0);
    return result != 0 ? result : (int64_t)start;
}

int64_t sys_munmap(struct process *self, const uint64_t *args)
{
    uint64_t size = args[1];

    if (size == 0 || !round_up(&size))
        return -EINVAL;
    return space_unmap(self->space, args[0], size);
}

int64_t sys_mprotect(struct process *self, const uint64_t *args)
{
    uint64_t size = args[1];

    if (args[0] % PAGE_SIZE != 0 || (args[2] & ~(uint64_t)PROT_ALL))
        return -EINVAL;
    if (size == 0)
        return 0;
    if (!round_up(&size))
        return -ENOMEM;
    return space_protect(self->space, args[0], size, rights(args[2]));
}

/* Advice that need not be taken, and is not. What has to do something, such as
 * MADV_DONTNEED, which makes pages zero, is refused. */
int64_t sys_madvise(struct process *self, const uint64_t *args)
{
    (void)self;
    if (args[0] % PAGE_SIZE != 0 ||
        (args[2] > MADV_WILLNEED && args[2] != MADV_FREE))
        return -EINVAL;
    return 0;
}
