/* SPDX-License-Identifier: MIT
 *
 * How a pv domain is made ready: its kernel has a hypercall page, and starts at
 * its entry in an address space that is there.
 */
#include "abi/abi.h"
#include "abi/hypercall.h"
#include "abi/note.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/engine/pv.h"
#include "lib/builder/elf.h"
#include "lib/string.h"

/* Entry n: mov $n, %eax; syscall; ret. */
static void fill_hypercall_page(void *page)
{
    static const uint8_t code[] = {0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0xc3};
    uint8_t *entry = page;

    _Static_assert(PARAPET_NR_HYPERCALLS * PARAPET_HYPERCALL_ENTRY_SIZE ==
                       PARAPET_HYPERCALL_PAGE_SIZE,
                   "one page holds an entry for each number");
    memset(page, 0xcc, PARAPET_HYPERCALL_PAGE_SIZE);
    for (uint32_t n = 0; n < PARAPET_NR_HYPERCALLS; n++) {
        memcpy(entry, code, sizeof(code));
        memcpy(entry + 1, &n, sizeof(n));
        entry += PARAPET_HYPERCALL_ENTRY_SIZE;
    }
}

/* Where the page is: elf_parse() has checked that a segment holds it. */
static void *hypercall_page(const struct domain *d,
                            const struct elf_image *kernel)
{
    uint64_t vaddr = kernel->hypercall_page;
    unsigned int i = 0;
    uint64_t paddr;

    while (vaddr < kernel->segments[i].vaddr ||
           vaddr >= kernel->segments[i].vaddr + kernel->segments[i].memsz) {
        i++;
        BUG_ON(i == kernel->nr_segments);
    }
    paddr = kernel->segments[i].paddr + (vaddr - kernel->segments[i].vaddr);
    return frame_vaddr(d->p2m[paddr / PAGE_SIZE]);
}

bool pv_domain_load(struct domain *d, const struct elf_image *kernel)
{
    fill_hypercall_page(hypercall_page(d, kernel));
    if (!pv_address_space_create(d, kernel))
        return false;
    pv_vcpu_start(d->vcpus[0], kernel->entry, PARAPET_START_STACK_TOP - 8,
                  PARAPET_DTB);
    return true;
}
