/* SPDX-License-Identifier: MIT
 *
 * Page tables of the pv build: the CPU's own, with machine frames in them,
 * which we can read and only the hypervisor can write (docs/ABI.md section
 * 3). From a page to its machine frame by the P2M, and back by the M2P.
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

#define ROOT_LEVEL 4

#define DIRECT_MAP_BITS                                                        \
    (PARAPET_PTE_P | PARAPET_PTE_A | PARAPET_PTE_D | PARAPET_PTE_NX)

uint64_t mmu_address(const void *object)
{
    uint64_t paddr = direct_map_paddr(object);
    uint64_t mfn = ((const uint64_t *)PARAPET_P2M)[paddr >> PAGE_SHIFT];

    return mfn << PAGE_SHIFT | paddr % PAGE_SIZE;
}

uint64_t privops_machine(const void *memory)
{
    return mmu_address(memory);
}

void *mmu_page(uint64_t entry)
{
    uint64_t mfn = (entry & PARAPET_PTE_ADDRESS) >> PAGE_SHIFT;

    return direct_map(((const uint64_t *)PARAPET_M2P)[mfn] << PAGE_SHIFT);
}

/* The root that the hypervisor made. The kernel never leaves it: it reaches
 * user memory by the direct map, so user mode's root is all there is to
 * exchange between two processes. */
uint64_t *mmu_kernel_root(void)
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
    const uint64_t *table = mmu_kernel_root(), *entry;
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

void pv_batch_unmap(struct mmu_batch *batch, const void *page)
{
    mmu_batch_set(batch, direct_map_entry(page), 0);
}

/* User memory is in user roots alone, and each way into user mode loads one
 * anew: nothing that the CPU remembers of it outlives the way out. */
void mmu_invalidate(uint64_t vaddr)
{
    (void)vaddr;
}

void mmu_invalidate_all(void)
{
}

void mmu_invalidate_kernel(void)
{
    pv_check(hypercall_mmu_flush(PARAPET_FLUSH_LOCAL), "mmu_flush");
}

/* ---- roots ---- */

/* Some that nobody uses stay tables: to make one takes three hypercalls. */
static uint64_t *spare[8];
static unsigned int nr_spare;

static uint64_t *take_spare(void)
{
    bool irq_on = privops_irq_save();
    uint64_t *root = nr_spare > 0 ? spare[--nr_spare] : NULL;

    privops_irq_restore(irq_on);
    return root;
}

static bool keep_spare(uint64_t *root)
{
    bool irq_on = privops_irq_save(), keep = nr_spare < ARRAY_SIZE(spare);

    if (keep)
        spare[nr_spare++] = root;
    privops_irq_restore(irq_on);
    return keep;
}

static void make_plain(const uint64_t *root)
{
    struct mmu_batch batch;

    mmu_batch_init(&batch);
    mmu_batch_make_plain(&batch, root);
    mmu_batch_flush(&batch);
}

/* False: what all roots refer to is referred to often enough. */
static bool pin_root(const uint64_t *root)
{
    struct mmu_batch batch;
    int64_t result;

    mmu_batch_init(&batch);
    mmu_batch_make_table(&batch, root);
    mmu_batch_flush(&batch);
    result = HYPERCALL_RESTARTED(
        hypercall_mmu_pin(mfn_of(root), PARAPET_TABLE_USER));
    if (result == -PARAPET_ENOSPC) {
        make_plain(root);
        return false;
    }
    pv_check(result, "mmu_pin");
    return true;
}

uint64_t *mmu_root_create(void)
{
    uint64_t *root = take_spare();

    if (root != NULL)
        return root;
    root = page_alloc(0);
    if (root == NULL)
        return NULL;
    memset(root, 0, PAGE_SIZE);
    if (pin_root(root))
        return root;
    page_free(root);
    return NULL;
}

/* User mode's; the hypervisor has a reference to it. */
static const uint64_t *loaded;

static void load(const uint64_t *root)
{
    pv_check(HYPERCALL_RESTARTED(
                 hypercall_mmu_set_user_root(root != NULL ? mfn_of(root) : 0)),
             "mmu_set_user_root");
    loaded = root;
}

void mmu_root_free(uint64_t *root)
{
    if (keep_spare(root))
        return;
    if (loaded == root)
        load(NULL);
    pv_check(HYPERCALL_RESTARTED(hypercall_mmu_unpin(mfn_of(root))),
             "mmu_unpin");
    make_plain(root);
    page_free(root);
}

/* NULL: the one that is there may stay, since nobody goes to user mode. */
void mmu_root_switch(const uint64_t *root)
{
    if (root != NULL && root != loaded)
        load(root);
}

uint64_t mmu_audit(void)
{
    int64_t result = hypercall_memory_audit();

    if (result == -PARAPET_EPERM)
        return 0;
    pv_check(result, "memory_audit");
    return (uint64_t)result;
}
