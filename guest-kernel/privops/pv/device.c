/* SPDX-License-Identifier: MIT
 *
 * Devices of the pv build: those that the device tree names. The hypervisor
 * maps their registers, page by page, in an area of their own (mm/layout.h),
 * whose one table is made with the first; and makes a port of each interrupt,
 * which comes again when the port is unmasked.
 */
#include "abi/stubs.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/kernel_area.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/table.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "lib/macros.h"

/* More than the machine has virtio transports. */
#define MAX_DEVICES 32u

static struct privops_device devices[MAX_DEVICES];
static unsigned int nr_devices;

/* The addresses of those that are mapped, one after the other. */
static uint64_t pages[NR_DEVICE_PAGES];
static unsigned int nr_pages;

void pv_device_add(uint64_t paddr, uint64_t size, uint32_t irq)
{
    if (nr_devices < MAX_DEVICES)
        devices[nr_devices++] =
            (struct privops_device){paddr, (uint32_t)size, irq};
}

unsigned int privops_devices(const struct privops_device **list)
{
    *list = devices;
    return nr_devices;
}

static const struct privops_device *find(uint64_t paddr)
{
    unsigned int i;

    for (i = 0; i < nr_devices; i++)
        if (devices[i].paddr == paddr)
            return &devices[i];
    return NULL;
}

static uint64_t vaddr_of(unsigned int index)
{
    return KERNEL_DEVICES + (uint64_t)index * PAGE_SIZE;
}

/* The index of the page, or NR_DEVICE_PAGES. */
static unsigned int map_page(uint64_t page)
{
    unsigned int i;
    int64_t result;

    for (i = 0; i < nr_pages; i++)
        if (pages[i] == page)
            return i;
    if (i == NR_DEVICE_PAGES ||
        !kernel_area_prepare(KERNEL_DEVICES, KERNEL_DEVICES + TABLE_SPAN))
        return NR_DEVICE_PAGES;
    result = HYPERCALL_RESTARTED(hypercall_device_map(vaddr_of(i), page));
    if (result != 0) {
        kprintf("guest: the hypervisor maps no device at 0x%lx: error %ld\n",
                page, -result);
        return NR_DEVICE_PAGES;
    }
    pages[nr_pages++] = page;
    return i;
}

volatile void *privops_device_map(uint64_t paddr)
{
    unsigned int index;

    if (find(paddr) == NULL)
        return NULL;
    index = map_page(ALIGN_DOWN(paddr, PAGE_SIZE));
    if (index == NR_DEVICE_PAGES)
        return NULL;
    return (volatile void *)(vaddr_of(index) + paddr % PAGE_SIZE);
}

int64_t privops_device_irq(uint32_t irq)
{
    int64_t port = hypercall_evtchn_bind_pirq(irq, 0);

    if (port == -PARAPET_EBUSY)
        return -EBUSY;
    return port < 0 ? -ENODEV : port;
}

void privops_device_irq_done(uint32_t port)
{
    pv_check(hypercall_evtchn_unmask(port), "evtchn_unmask");
}
