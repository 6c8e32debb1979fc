/* SPDX-License-Identifier: MIT
 *
 * Page tables of the native build: they are plain memory, always, and a
 * machine address is a physical address.
 */
#include "guest-kernel/privops/mmu.h"

#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/privops/privops.h"
#include "lib/string.h"
#include "lib/x86/control.h"

#define FIRST_KERNEL_SLOT 256

uint64_t mmu_address(const void *object)
{
    return direct_map_paddr(object);
}

uint64_t privops_machine(const void *memory)
{
    return mmu_address(memory);
}

void *mmu_page(uint64_t entry)
{
    return direct_map(entry & PARAPET_PTE_ADDRESS);
}

/* Each entry by one store: the CPU may walk the table meanwhile. */
void mmu_batch_flush(struct mmu_batch *batch)
{
    const struct parapet_pte_update *update = batch->updates;
    unsigned int i;

    for (i = 0; i < batch->nr_updates; i++, update++)
        __atomic_store_n((uint64_t *)direct_map(update->pte), update->value,
                         __ATOMIC_RELEASE);
    batch->nr_updates = 0;
}

void mmu_batch_make_table(struct mmu_batch *batch, const void *page)
{
    (void)batch;
    (void)page;
}

void mmu_batch_make_plain(struct mmu_batch *batch, const void *page)
{
    (void)batch;
    (void)page;
}

void mmu_invalidate(uint64_t vaddr)
{
    invlpg(vaddr);
}

void mmu_invalidate_all(void)
{
    write_cr3(read_cr3());
}

void mmu_invalidate_kernel(void)
{
    mmu_invalidate_all(); /* no page is global */
}

uint64_t *mmu_root_create(void)
{
    uint64_t *root = page_alloc(0);

    if (root == NULL)
        return NULL;
    memset(root, 0, FIRST_KERNEL_SLOT * sizeof(*root));
    memcpy(&root[FIRST_KERNEL_SLOT], &mmu_kernel_root()[FIRST_KERNEL_SLOT],
           (MMU_ENTRIES - FIRST_KERNEL_SLOT) * sizeof(*root));
    return root;
}

void mmu_root_free(uint64_t *root)
{
    page_free(root);
}

void mmu_root_switch(const uint64_t *root)
{
    write_cr3(direct_map_paddr(root != NULL ? root : mmu_kernel_root()));
}

uint64_t *mmu_kernel_root(void)
{
    return native_root();
}

uint64_t mmu_audit(void)
{
    return 0;
}
