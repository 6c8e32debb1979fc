/* SPDX-License-Identifier: MIT
 *
 * What a pv domain is built with: a hypercall page, and a root in which its
 * vCPUs start. The tables are frames of the domain, written in the way a guest
 * would write them, and the check is the one that every table passes.
 */
#include "abi/abi.h"
#include "abi/errors.h"
#include "abi/hypercall.h"
#include "abi/note.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/engine/pv.h"
#include "hypervisor/mm/table.h"
#include "lib/string.h"

/* Entry n: mov $n, %eax; syscall; ret; and int3 up to the next. */
void pv_hypercall_page(void *page)
{
    uint64_t *words = page;

    _Static_assert(PARAPET_NR_HYPERCALLS * PARAPET_HYPERCALL_ENTRY_SIZE ==
                           PARAPET_HYPERCALL_PAGE_SIZE &&
                       PARAPET_HYPERCALL_ENTRY_SIZE == 16,
                   "one page holds an entry of two words for each number");
    for (uint64_t n = 0; n < PARAPET_NR_HYPERCALLS; n++) {
        words[2 * n] = 0xc3050f00000000b8 | n << 8;
        words[2 * n + 1] = 0xcccccccccccccccc;
    }
}

/* The vCPU holds this root, and no longer what it held. */
static int set_root(struct vcpu *v, mfn_t root)
{
    mfn_t old = pv_vcpu(v)->kernel_root;
    int error = table_get(&v->domain->memory, root, TYPE_L4);

    if (error)
        return error;
    pv_vcpu(v)->kernel_root = root;
    if (old != 0)
        table_put(&v->domain->memory, old);
    return 0;
}

/*
 * Pinned by the guest, as it were, and held by each vCPU. One that came later
 * would have no root.
 */
int pv_vcpu_set_start(struct vcpu *v, uint64_t entry, uint64_t stack,
                      uint64_t argument, mfn_t root)
{
    struct domain *d = v->domain;
    int error;

    if (!guest_vaddr_ok(entry) || d->nr_vcpus != d->max_vcpus)
        return -PARAPET_EINVAL;
    error = table_pin(&d->memory, root, TYPE_L4);
    if (error && error != -PARAPET_EEXIST)
        return error;
    error = set_root(v, root);
    for (unsigned int i = 0; i < d->nr_vcpus && !error; i++) {
        if (pv_vcpu(d->vcpus[i])->kernel_root == 0)
            error = set_root(d->vcpus[i], root);
    }
    if (!error)
        pv_vcpu_start(v, entry, stack, argument);
    return error;
}
