/* SPDX-License-Identifier: MIT
 *
 * The kernel's own accesses to user memory, on behalf of a system call. It
 * finds its way through the tables by itself, and makes the page faults that
 * the CPU would make.
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/area.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/space_parts.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/mm/user_page.h"
#include "lib/macros.h"
#include "lib/string.h"

/* Whether the page is there, with the right to read it or to write to it. */
static bool allows(const uint64_t *entry, uint64_t error)
{
    if (entry == NULL || (*entry & PARAPET_PTE_P) == 0)
        return false;
    return error != FAULT_WRITE || table_entry_is_writable(*entry);
}

/* Where in the direct map the user's vaddr is, for reading (0) or writing;
 * NULL: it may not be accessed so. */
static char *access(struct space *space, uint64_t vaddr, uint64_t error)
{
    const uint64_t *entry;

    if (vaddr < SPACE_USER_START || vaddr >= SPACE_USER_END)
        return NULL;
    entry = table_find(space->root, vaddr);
    if (!allows(entry, error)) {
        if (space_fault(space, vaddr, error) != SPACE_FAULT_DONE)
            return NULL;
        entry = table_find(space->root, vaddr);
    }
    return (char *)table_entry_page(*entry) + vaddr % PAGE_SIZE;
}

/* How much of size bytes from vaddr on is in its page. */
static size_t in_page(uint64_t vaddr, size_t size)
{
    return MIN(size, PAGE_SIZE - vaddr % PAGE_SIZE);
}

bool space_copy_in(struct space *space, void *to, uint64_t from, size_t size)
{
    const char *source;
    char *target = to;
    size_t part;

    for (; size > 0; size -= part, from += part, target += part) {
        part = in_page(from, size);
        source = access(space, from, 0);
        if (source == NULL)
            return false;
        memcpy(target, source, part);
    }
    return true;
}

bool space_copy_out(struct space *space, uint64_t to, const void *from,
                    size_t size)
{
    const char *source = from;
    char *target;
    size_t part;

    for (; size > 0; size -= part, to += part, source += part) {
        part = in_page(to, size);
        target = access(space, to, FAULT_WRITE);
        if (target == NULL)
            return false;
        memcpy(target, source, part);
    }
    return true;
}

/* NULL: it may not be accessed so. */
static void *pin(struct space *space, uint64_t vaddr, uint64_t error)
{
    void *page = access(space, vaddr, error);

    if (page != NULL)
        user_page_share(page);
    return page;
}

/* Those from the second on: the way through the tables is gone once for each
 * table. */
static unsigned int pin_others(struct space *space, uint64_t vaddr,
                               unsigned int nr, uint64_t error, void **pages)
{
    const uint64_t *entry = table_find(space->root, vaddr);
    unsigned int i;

    for (i = 1; i < nr; i++) {
        vaddr += PAGE_SIZE;
        if (vaddr % TABLE_SPAN != 0 && allows(++entry, error)) {
            pages[i] = table_entry_page(*entry);
            user_page_share(pages[i]);
            continue;
        }
        pages[i] = pin(space, vaddr, error);
        if (pages[i] == NULL)
            break;
        entry = table_find(space->root, vaddr);
    }
    return i;
}

unsigned int space_pin(struct space *space, uint64_t vaddr, unsigned int nr,
                       bool write, void **pages)
{
    const uint64_t error = write ? FAULT_WRITE : 0;

    vaddr = ALIGN_DOWN(vaddr, PAGE_SIZE);
    if (nr == 0)
        return 0;
    pages[0] = pin(space, vaddr, error);
    if (pages[0] == NULL || nr == 1)
        return pages[0] != NULL;
    return pin_others(space, vaddr, nr, error, pages);
}

int64_t space_copy_string(struct space *space, char *to, uint64_t from,
                          size_t size)
{
    size_t done, part, length;
    const char *source;

    for (done = 0; done < size; done += part) {
        part = in_page(from + done, size - done);
        source = access(space, from + done, 0);
        if (source == NULL)
            return -EFAULT;
        length = strnlen(source, part);
        memcpy(to + done, source, MIN(length + 1, part));
        if (length < part)
            return (int64_t)(done + length);
    }
    return -E2BIG;
}
