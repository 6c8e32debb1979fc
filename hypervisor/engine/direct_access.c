/* SPDX-License-Identifier: MIT
 *
 * The CPU uses the guest's own page tables, so its addresses work here as well.
 */
#include "hypervisor/engine/direct_access.h"

#include "abi/errors.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/x86/ex_table.h"

size_t guest_copy(void *to, const void *from, size_t nr_bytes);

int direct_copy_from_guest(void *to, uint64_t from, size_t nr_bytes)
{
    if (!guest_range_ok(from, nr_bytes) ||
        guest_copy(to, (const void *)from, nr_bytes) != 0)
        return -PARAPET_EFAULT;
    return 0;
}

int direct_copy_to_guest(uint64_t to, const void *from, size_t nr_bytes)
{
    if (!guest_range_ok(to, nr_bytes) ||
        guest_copy((void *)to, from, nr_bytes) != 0)
        return -PARAPET_EFAULT;
    return 0;
}

/* The usual case, short: 16 bytes in one page. False when they cannot be read.
 */
static inline bool fetch_two_words(uint64_t *to, uint64_t vaddr)
{
    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("mov (%[from]), %%rax")
        MAY_FAULT("mov 8(%[from]), %%rdx")
        "clac\n"
        "mov %%rax, (%[to])\n"
        "mov %%rdx, 8(%[to])"
        :
        : [from] "r"(vaddr), [to] "r"(to)
        : "rax", "rdx", "memory", "cc"
        : fault);
    /* clang-format on */
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

size_t direct_fetch_code(struct guest_code *code, uint64_t vaddr)
{
    const size_t size = sizeof(code->bytes);

    if (vaddr % 4096 <= 4096 - size && guest_vaddr_ok(vaddr) &&
        fetch_two_words(code->words, vaddr))
        return size;
    if (!guest_range_ok(vaddr, size))
        return 0;
    return size - guest_copy(code->bytes, (const void *)vaddr, size);
}
