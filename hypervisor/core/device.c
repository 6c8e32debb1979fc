/* SPDX-License-Identifier: MIT
 *
 * Owns the table of devices.
 */
#include "hypervisor/core/device.h"

#include "hypervisor/base/log.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/mm/device_page.h"
#include "hypervisor/mm/paging.h"
#include "lib/virtio.h"
#include "lib/x86/cmos.h"
#include "lib/x86/uart.h"

#define MIN_SIZE VIRTIO_CONFIG /* all that every device has */

/* Of a PC: I/O APICs, timers, local APICs and the messages to them. */
#define PLATFORM_START 0xfec00000ul
#define PLATFORM_END 0xff000000ul

/* How often a device is asked whether it has come to rest, in a share. */
#define LOOKS 100

static struct device devices[MAX_DEVICES];
static unsigned int nr_devices;

unsigned int device_nr(void)
{
    return nr_devices;
}

const struct device *device_at(unsigned int i)
{
    return &devices[i];
}

bool device_has_irq(uint32_t irq)
{
    for (unsigned int i = 0; i < nr_devices; i++) {
        if (devices[i].irq == irq)
            return true;
    }
    return false;
}

/* ---- the boot ---- */

static _Noreturn void refuse(const struct device *d, const char *why)
{
    boot_refuse("boot line: virtio_mmio.device=%u@0x%lx:%u: %s", d->size,
                d->paddr, d->irq, why);
}

static bool overlap(uint64_t start, uint64_t end, uint64_t other_start,
                    uint64_t other_end)
{
    return start < other_end && other_start < end;
}

/* Before its numbers are known to fit. */
static void check_size(const struct device *d, uint64_t size, uint64_t irq)
{
    if (size < MIN_SIZE || size > PAGE_SIZE ||
        d->paddr % sizeof(uint32_t) != 0 ||
        d->paddr % PAGE_SIZE + size > PAGE_SIZE)
        refuse(d, "expected 256 to 4096 bytes within a page");
    if (irq >= IOAPIC_NR_PINS)
        refuse(d, "expected an interrupt below 24");
}

static void check_place(const struct device *d)
{
    if (d->paddr < 1ul << 20 || d->paddr >> 52 != 0 ||
        overlap(d->paddr, d->paddr + d->size, PLATFORM_START, PLATFORM_END))
        refuse(d, "expected an address where the machine has nothing else");
    if (d->irq == UART_PIN || d->irq == CMOS_PIN)
        refuse(d, "its interrupt is the hypervisor's own: give the device "
                  "another place (bus=virtio-mmio-bus.N)");
}

static void check_others(const struct device *d)
{
    if (device_has_irq(d->irq))
        refuse(d, "another device has this interrupt");
    for (unsigned int i = 0; i < nr_devices; i++) {
        const struct device *o = &devices[i];

        if (overlap(d->paddr, d->paddr + d->size, o->paddr, o->paddr + o->size))
            refuse(d, "another device is at this address");
    }
}

void device_announce(uint64_t paddr, uint64_t size, uint64_t irq)
{
    const struct device d = {
        .paddr = paddr, .size = (uint32_t)size, .irq = (uint32_t)irq};
    unsigned int i;

    check_size(&d, size, irq);
    check_place(&d);
    check_others(&d);
    /* In the order of their addresses: QEMU names them the other way round. */
    for (i = nr_devices++; i > 0 && devices[i - 1].paddr > paddr; i--)
        devices[i] = devices[i - 1];
    devices[i] = d;
}

/* Several may be in one page, which is mapped once. */
static volatile uint32_t *map(unsigned int i)
{
    const uint64_t page = devices[i].paddr / PAGE_SIZE * PAGE_SIZE;
    volatile uint8_t *registers = NULL;

    for (unsigned int j = 0; j < i && !registers; j++) {
        if (devices[j].paddr / PAGE_SIZE * PAGE_SIZE == page)
            registers = (volatile uint8_t *)devices[j].registers -
                        devices[j].paddr % PAGE_SIZE;
    }
    if (!registers)
        registers = paging_map_device(page);
    return (volatile uint32_t *)(registers + devices[i].paddr % PAGE_SIZE);
}

static void begin(unsigned int i, const struct memory_range *ram, size_t nr_ram)
{
    struct device *d = &devices[i];
    const uint64_t page = d->paddr / PAGE_SIZE * PAGE_SIZE;

    for (size_t r = 0; r < nr_ram; r++) {
        if (overlap(page, page + PAGE_SIZE, ram[r].start, ram[r].end))
            refuse(d, "there is RAM in its page");
    }
    d->registers = map(i);
    if (d->registers[VIRTIO_MAGIC / 4] != VIRTIO_MAGIC_VALUE)
        refuse(d, "no virtio device is there");
    if (!device_page_add(page >> PAGE_SHIFT))
        refuse(d, "expected devices in 8 pages at most");
    log_debug("device at %lx, %u bytes, interrupt %u", d->paddr, d->size,
              d->irq);
}

void device_begin(const struct memory_range *ram, size_t nr_ram)
{
    for (unsigned int i = 0; i < nr_devices; i++)
        begin(i, ram, nr_ram);
}

/* ---- the end of who drives them ---- */

/* A driver waits for the same (virtio 1.2, section 2.4.2). */
static bool reset(const struct device *d)
{
    volatile uint32_t *status = &d->registers[VIRTIO_STATUS / 4];

    *status = 0;
    for (int i = 0; i < LOOKS; i++) {
        if (*status == 0)
            return true;
    }
    return false;
}

bool device_reset_all(void)
{
    static bool told;
    bool rest = true;

    for (unsigned int i = 0; i < nr_devices; i++)
        rest = reset(&devices[i]) && rest;
    if (!rest && !told)
        log_warn("a device does not come to rest: no frame of the dead control "
                 "domain, and none that it held, goes back");
    told = !rest;
    return rest;
}
