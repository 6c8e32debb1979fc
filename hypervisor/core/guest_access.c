/* SPDX-License-Identifier: MIT */
#include "hypervisor/core/guest_access.h"

#include "abi/errors.h"

size_t guest_copy(void *to, const void *from, size_t nr_bytes);

int copy_from_guest(void *to, uint64_t from, size_t nr_bytes)
{
    if (!guest_range_ok(from, nr_bytes) ||
        guest_copy(to, (const void *)from, nr_bytes) != 0)
        return -PARAPET_EFAULT;
    return 0;
}

int copy_to_guest(uint64_t to, const void *from, size_t nr_bytes)
{
    if (!guest_range_ok(to, nr_bytes) ||
        guest_copy((void *)to, from, nr_bytes) != 0)
        return -PARAPET_EFAULT;
    return 0;
}

size_t guest_fetch_code(void *to, uint64_t vaddr, size_t nr_bytes)
{
    if (!guest_range_ok(vaddr, nr_bytes))
        return 0;
    return nr_bytes - guest_copy(to, (const void *)vaddr, nr_bytes);
}
