/* SPDX-License-Identifier: MIT
 *
 * device_map and device_unmap: pages of devices in the control domain's own
 * address space. Which there are is mm/device_page.c's to know.
 */
#include "abi/errors.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/engine/pv.h"
#include "hypervisor/mm/device_page.h"
#include "hypervisor/mm/table.h"
#include "hypervisor/mm/tlb.h"

/* The machine address of the entry for page below the current kernel root; 0:
 * there is no table for it. The memory lock is held. */
static uint64_t find_entry(struct vcpu *v, uint64_t page)
{
    uint64_t *entry;

    return table_walk(pv_vcpu(v)->kernel_root, page, &entry)
               ? vaddr_to_paddr(entry)
               : 0;
}

/*
 * device_map: the empty level-1 entry that maps page below the current kernel
 * root maps the device's page at machine address maddr: for the kernel,
 * writable, uncached. EINVAL: page is no page of the guest's. EPERM: maddr is
 * not the first of a page in which an announced device is. ENOENT: there is no
 * table for page. EBUSY: the entry is not empty. ENOSPC: the domain has 16 such
 * mappings, or too many references to the table. ERESTART: call again.
 */
int64_t hc_device_map(uint64_t page, uint64_t maddr)
{
    struct vcpu *v = vcpu_current();
    struct memory_owner *m = &v->domain->memory;
    int64_t result = -PARAPET_ENOENT;
    uint64_t pte;

    if (page % PAGE_SIZE != 0 || !guest_vaddr_ok(page))
        return memory_refused(v, -PARAPET_EINVAL);
    if (maddr % PAGE_SIZE != 0)
        return memory_refused(v, -PARAPET_EPERM);
    if (!memory_begin(m))
        return hypercall_again(v);
    pte = find_entry(v, page);
    if (pte != 0)
        result = device_page_map(m, pte, maddr >> PAGE_SHIFT);
    return memory_end(v, result, 0);
}

/*
 * device_unmap: takes such a mapping away; no CPU translates by it any more on
 * return. EINVAL: as above. ENOENT: page maps no page of a device. ERESTART:
 * call again.
 */
int64_t hc_device_unmap(uint64_t page)
{
    struct vcpu *v = vcpu_current();
    struct memory_owner *m = &v->domain->memory;
    int64_t result = -PARAPET_ENOENT;
    uint64_t pte;

    if (page % PAGE_SIZE != 0 || !guest_vaddr_ok(page))
        return memory_refused(v, -PARAPET_EINVAL);
    if (!memory_begin(m))
        return hypercall_again(v);
    pte = find_entry(v, page);
    if (pte != 0)
        result = device_page_unmap(m, pte);
    if (result == 0)
        tlb_flush_cpus(__atomic_load_n(&m->tlb_cpus, __ATOMIC_SEQ_CST));
    return memory_end(v, result, 0);
}
