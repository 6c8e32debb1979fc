/* SPDX-License-Identifier: MIT
 *
 * Page tables of the pv build: the CPU's own, with machine frames in them,
 * which we can read and only the hypervisor can write (docs/ABI.md section
 * 11). From a page to its machine frame by the P2M, and back by the M2P.
 *
 * A hypercall that can be preempted says in the vCPU page how far it came;
 * with interrupts disabled no other thread's hypercall overwrites that.
 */
#include "guest-kernel/privops/mmu.h"

#include "abi/stubs.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "lib/macros.h"
#include "lib/string.h"

/* The hypervisor's own slots lie between the user's half and these. */
#define FIRST_KERNEL_SLOT 272
#define ROOT_LEVEL 4

#define DIRECT_MAP_BITS                                                        \
    (PARAPET_PTE_P | PARAPET_PTE_A | PARAPET_PTE_D | PARAPET_PTE_NX)

uint64_t mmu_address(const void *object)
{
    uint64_t paddr = direct_map_paddr(object);
    uint64_t mfn = ((const uint64_t *)PARAPET_P2M)[paddr >> PAGE_SHIFT];

    return mfn << PAGE_SHIFT | paddr % PAGE_SIZE;
}

void *mmu_page(uint64_t entry)
{
    uint64_t mfn = (entry & PARAPET_PTE_ADDRESS) >> PAGE_SHIFT;

    return direct_map(((const uint64_t *)PARAPET_M2P)[mfn] << PAGE_SHIFT);
}

/* The root that the hypervisor made. */
static const uint64_t *first_root(void)
{
    return direct_map(pv_shared_page()->root_gfn << PAGE_SHIFT);
}

static uint64_t mfn_of(const void *page)
{
    return mmu_address(page) >> PAGE_SHIFT;
}

/* ---- changes ---- */

void mmu_batch_flush(struct mmu_batch *batch)
{
    volatile struct parapet_vcpu_page *vcpu = pv_vcpu_page();
    unsigned int nr_updates = batch->nr_updates;
    int64_t result;
    bool irq_on;

    if (nr_updates == 0)
        return;
    irq_on = privops_irq_save();
    result = hypercall_mmu_update_all(vcpu, batch->updates, nr_updates, ~0ul);
    if (result < 0)
        panic("mmu_update of %u entries from 0x%lx on: the hypervisor says "
              "%ld, for the entry at 0x%lx",
              nr_updates, batch->updates[0].pte, result, vcpu->failed_entry);
    privops_irq_restore(irq_on);
    batch->nr_updates = 0;
}

/* The entry of the last level that maps the page in the direct map. */
static const uint64_t *direct_map_entry(const void *page)
{
    uint64_t vaddr = (uint64_t)page;
    const uint64_t *table = first_root(), *entry;
    unsigned int level;

    for (level = ROOT_LEVEL;; level--) {
        entry = &table[vaddr >> (PAGE_SHIFT + 9 * (level - 1)) & 511];
        if (level == 1)
            return entry;
        table = mmu_page(*entry);
    }
}

void mmu_batch_make_table(struct mmu_batch *batch, const void *page)
{
    mmu_batch_set(batch, direct_map_entry(page),
                  mmu_address(page) | DIRECT_MAP_BITS);
}

void mmu_batch_make_plain(struct mmu_batch *batch, const void *page)
{
    mmu_batch_set(batch, direct_map_entry(page),
                  mmu_address(page) | DIRECT_MAP_BITS | PARAPET_PTE_W);
}

void mmu_invalidate(uint64_t vaddr)
{
    pv_check(hypercall_mmu_invalidate(vaddr, PARAPET_FLUSH_LOCAL),
             "mmu_invalidate");
}

void mmu_invalidate_all(void)
{
    pv_check(hypercall_mmu_flush(PARAPET_FLUSH_LOCAL), "mmu_flush");
}

/* ---- roots ---- */

/* What was read of a kernel's entry, as it has to be written. */
static uint64_t as_written(uint64_t entry)
{
    if ((entry & PARAPET_PTE_KERNEL) != 0)
        entry &= ~(uint64_t)(PARAPET_PTE_KERNEL | PARAPET_PTE_U);
    return entry;
}

static void fill_roots(struct mmu_roots *roots)
{
    struct mmu_batch batch;
    unsigned int i;

    memset(roots->kernel, 0, PAGE_SIZE);
    memset(roots->user, 0, PAGE_SIZE);
    for (i = FIRST_KERNEL_SLOT; i < MMU_ENTRIES; i++)
        roots->kernel[i] = as_written(first_root()[i]);
    mmu_batch_init(&batch);
    mmu_batch_make_table(&batch, roots->kernel);
    mmu_batch_make_table(&batch, roots->user);
    mmu_batch_flush(&batch);
}

static void make_roots_plain(struct mmu_roots *roots)
{
    struct mmu_batch batch;

    mmu_batch_init(&batch);
    mmu_batch_make_plain(&batch, roots->kernel);
    mmu_batch_make_plain(&batch, roots->user);
    mmu_batch_flush(&batch);
}

/* False: the frames that all roots refer to are referred to often enough. */
static bool pin(const void *page, uint32_t table)
{
    int64_t result =
        HYPERCALL_RESTARTED(hypercall_mmu_pin(mfn_of(page), table));

    if (result == -PARAPET_ENOSPC)
        return false;
    pv_check(result, "mmu_pin");
    return true;
}

static void unpin(const void *page)
{
    pv_check(HYPERCALL_RESTARTED(hypercall_mmu_unpin(mfn_of(page))),
             "mmu_unpin");
}

static bool pin_roots(struct mmu_roots *roots)
{
    if (!pin(roots->kernel, PARAPET_TABLE_L4))
        return false;
    if (pin(roots->user, PARAPET_TABLE_USER))
        return true;
    unpin(roots->kernel);
    return false;
}

bool mmu_roots_create(struct mmu_roots *roots)
{
    roots->kernel = page_alloc(0);
    if (roots->kernel == NULL)
        return false;
    roots->user = page_alloc(0);
    if (roots->user == NULL) {
        page_free(roots->kernel);
        return false;
    }
    fill_roots(roots);
    if (pin_roots(roots))
        return true;
    make_roots_plain(roots);
    mmu_roots_free(roots);
    return false;
}

void mmu_roots_release(struct mmu_roots *roots)
{
    unpin(roots->user);
    unpin(roots->kernel);
    make_roots_plain(roots);
}

void mmu_roots_free(struct mmu_roots *roots)
{
    page_free(roots->user);
    page_free(roots->kernel);
}

/* Both roots by one hypercall. */
void mmu_roots_switch(const struct mmu_roots *roots)
{
    struct parapet_multicall_entry calls[] = {
        {.number = PARAPET_HC_mmu_set_kernel_root,
         .args = {mfn_of(roots != NULL ? roots->kernel : first_root())}},
        {.number = PARAPET_HC_mmu_set_user_root,
         .args = {roots != NULL ? mfn_of(roots->user) : 0}},
    };
    bool irq_on = privops_irq_save();

    pv_check(hypercall_multicall_all(pv_vcpu_page(), calls, ARRAY_SIZE(calls)),
             "multicall");
    pv_check(calls[0].result, "mmu_set_kernel_root");
    pv_check(calls[1].result, "mmu_set_user_root");
    privops_irq_restore(irq_on);
}

uint64_t mmu_audit(void)
{
    int64_t result = hypercall_memory_audit();

    if (result == -PARAPET_EPERM)
        return 0;
    pv_check(result, "memory_audit");
    return (uint64_t)result;
}
