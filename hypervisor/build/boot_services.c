/* SPDX-License-Identifier: MIT
 *
 * See boot_services.h. Nobody else is there yet, and the builder is trusted:
 * only what depends on the bundle can fail.
 */
#include "hypervisor/build/boot_services.h"

#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_create.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/mm/type.h"
#include "lib/string.h"

static int populate(void *context, uint64_t gfn, uint64_t nr, uint64_t *mfns)
{
    struct domain *d = context;

    for (uint64_t i = 0; i < nr; i++) {
        mfn_t mfn = frame_alloc_zeroed();

        if (mfn == MFN_NONE)
            return -PARAPET_ENOMEM;
        type_give(&d->memory, mfn, gfn + i);
        mfns[i] = mfn;
    }
    return 0;
}

static int write_frame(void *context, uint64_t mfn, uint64_t offset,
                       const void *from, uint64_t size)
{
    (void)context;
    memcpy((uint8_t *)frame_vaddr(mfn) + offset, from, size);
    return 0;
}

static int hypercall_page(void *context, uint64_t mfn)
{
    struct domain *d = context;

    d->engine->hypercall_page(frame_vaddr(mfn));
    return 0;
}

_Static_assert(BUILDER_VCPU_PAGES == VCPU_PAGES, "they are the same pages");

/* They are made in their order. */
static int vcpu_create(void *context, uint32_t vcpu, uint64_t first_gfn,
                       uint64_t mfns[BUILDER_VCPU_PAGES])
{
    struct domain *d = context;

    BUG_ON(vcpu != d->nr_vcpus);
    return domain_vcpu_create(d, first_gfn, mfns);
}

static int vcpu_start(void *context, uint32_t vcpu,
                      const struct parapet_vcpu_start *start)
{
    struct domain *d = context;
    int error;

    BUG_ON(!memory_lock(&d->memory));
    d->memory.work = UINT32_MAX;
    error =
        d->engine->vcpu_set_start(d->vcpus[vcpu], start->entry, start->stack,
                                  start->argument, start->root_mfn);
    memory_unlock(&d->memory);
    return error;
}

const struct builder_services boot_services = {
    .populate = populate,
    .write = write_frame,
    .hypercall_page = hypercall_page,
    .vcpu_create = vcpu_create,
    .vcpu_start = vcpu_start,
};
