/* SPDX-License-Identifier: MIT
 *
 * Calls the engine of the vCPU that runs.
 */
#include "hypervisor/core/guest_access.h"

#include "hypervisor/core/domain.h"

static const struct engine *engine(void)
{
    return vcpu_current()->domain->engine;
}

int copy_from_guest(void *to, uint64_t from, size_t nr_bytes)
{
    return engine()->copy_from_guest(to, from, nr_bytes);
}

int copy_to_guest(uint64_t to, const void *from, size_t nr_bytes)
{
    return engine()->copy_to_guest(to, from, nr_bytes);
}

size_t guest_fetch_code(struct guest_code *code, uint64_t vaddr)
{
    return engine()->fetch_code(code, vaddr);
}
