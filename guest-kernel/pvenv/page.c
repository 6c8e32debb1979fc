/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/env.h in the guest kernel: pages, and pages that others lend. Those
 * are mapped in an area of their own (mm/layout.h), whose one table is made
 * when the first comes, and stays.
 */
#include "pvdrivers/env.h"

#include "abi/grant.h"
#include "abi/stubs.h"
#include "guest-kernel/mm/kernel_area.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "lib/bitmap.h"
#include "lib/string.h"

/* How often a lender that is just changing something is asked again. */
#define MAX_TRIES 1000

#define LOAN_BITS                                                              \
    (PARAPET_PTE_W | PARAPET_PTE_A | PARAPET_PTE_D | PARAPET_PTE_NX)
#define LOAN_READ_BITS (PARAPET_PTE_A | PARAPET_PTE_NX)

void *env_page_alloc(void)
{
    void *page = page_alloc(0);

    if (page != NULL)
        memset(page, 0, ENV_PAGE_SIZE);
    return page;
}

void env_page_free(void *page)
{
    page_free(page);
}

/* ---- to borrow ---- */

static uint64_t in_use[BITMAP_WORDS(NR_LOANS)];
static bool is_prepared;

static uint64_t vaddr_of(size_t index)
{
    return KERNEL_LOANS + index * PAGE_SIZE;
}

/* Interrupts are disabled. A place, or NR_LOANS. */
static size_t take_place(void)
{
    size_t index;

    if (!is_prepared)
        is_prepared =
            kernel_area_prepare(KERNEL_LOANS, KERNEL_LOANS + TABLE_SPAN);
    index = is_prepared ? bitmap_find_zero(in_use, NR_LOANS, 0) : NR_LOANS;
    if (index < NR_LOANS)
        bitmap_set(in_use, index);
    return index;
}

static int map_at(struct env_loan *loan, uint64_t vaddr)
{
    struct parapet_grant_map map;
    unsigned int tries = 0;
    int64_t result;

    do {
        map = (struct parapet_grant_map){
            .domain = loan->domain,
            .ref = loan->ref,
            .pte = mmu_address(table_find(mmu_kernel_root(), vaddr)),
            .bits = loan->read_only ? LOAN_READ_BITS : LOAN_BITS,
        };
        if (tries > 0)
            (void)hypercall_yield();
        result = hypercall_grant_map_all(pv_vcpu_page(), &map, 1);
        if (result == 0)
            result = map.status;
    } while (result == -PARAPET_EAGAIN && ++tries < MAX_TRIES);
    loan->handle = map.handle;
    return (int)result;
}

static void map_one(struct env_loan *loan)
{
    bool irq_on = privops_irq_save();
    size_t index = take_place();

    loan->page = NULL;
    loan->status = -PARAPET_ENOMEM;
    if (index < NR_LOANS) {
        loan->status = map_at(loan, vaddr_of(index));
        if (loan->status == 0)
            loan->page = (void *)vaddr_of(index);
        else
            bitmap_clear(in_use, index);
    }
    privops_irq_restore(irq_on);
}

void env_map(struct env_loan *loans, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        map_one(&loans[i]);
}

static void unmap_one(struct env_loan *loan)
{
    struct parapet_grant_unmap unmap = {.handle = loan->handle};
    bool irq_on = privops_irq_save();
    unsigned int tries = 0;

    do {
        if (tries > 0)
            (void)hypercall_yield();
        pv_check(hypercall_grant_unmap_all(pv_vcpu_page(), &unmap, 1),
                 "grant_unmap");
    } while (unmap.status == -PARAPET_EAGAIN && ++tries < MAX_TRIES);
    pv_check(unmap.status, "grant_unmap");
    bitmap_clear(in_use, ((uint64_t)loan->page - KERNEL_LOANS) / PAGE_SIZE);
    loan->page = NULL;
    privops_irq_restore(irq_on);
}

void env_unmap(struct env_loan *loans, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        if (loans[i].page != NULL)
            unmap_one(&loans[i]);
}
