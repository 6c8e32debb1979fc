/* SPDX-License-Identifier: MIT
 *
 * Devices of the native build: what the boot line announces in Linux's words,
 * as virtio_mmio.device=512@0xfeb00000:5 for size, address and interrupt. QEMU
 * puts such words after those of its user. Registers are in the direct map.
 */
#include <stdbool.h>
#include <stddef.h>

#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/dev/ioapic.h"
#include "guest-kernel/dev/lapic.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/privops/privops.h"
#include "lib/string.h"
#include "lib/x86/cmos.h"
#include "lib/x86/ioapic.h"
#include "lib/x86/uart.h"

#define WORD "virtio_mmio.device="

static struct privops_device devices[NATIVE_MAX_DEVICES];
static unsigned int nr_devices;
static bool is_bound[NATIVE_MAX_DEVICES];

/* ---- the boot line ---- */

static _Noreturn void refuse(const char *word, size_t size, const char *why)
{
    char copy[80];

    memcpy(copy, word, size < sizeof(copy) ? size : sizeof(copy) - 1);
    copy[size < sizeof(copy) ? size : sizeof(copy) - 1] = '\0';
    kprintf("guest: cannot boot: %s: %s\n", copy, why);
    native_refuse_boot();
}

/* Up to the character end, which is passed. */
static bool read_number(const char **at, char end, uint64_t *value)
{
    char *after;

    if (**at < '0' || **at > '9')
        return false;
    *value = strtoul(*at, &after, 0);
    if (*after != end)
        return false;
    *at = after + 1;
    return true;
}

/* In the order of addresses; QEMU has none that can be relied on. */
static void insert(const struct privops_device *device)
{
    unsigned int i = nr_devices++;

    for (; i > 0 && devices[i - 1].paddr > device->paddr; i--)
        devices[i] = devices[i - 1];
    devices[i] = *device;
}

static void announce(const char *word, size_t length)
{
    const char *at = word + strlen(WORD);
    uint64_t size, paddr, irq;

    if (!read_number(&at, '@', &size) || !read_number(&at, ':', &paddr) ||
        !read_number(&at, word[length], &irq))
        refuse(word, length, "expected " WORD "SIZE@ADDRESS:INTERRUPT");
    if (size == 0 || size > PAGE_SIZE || paddr >= MEMORY_LIMIT ||
        paddr % sizeof(uint32_t) != 0)
        refuse(word, length, "no registers of a device can be there");
    if (irq >= IOAPIC_NR_PINS || irq == UART_PIN || irq == CMOS_PIN)
        refuse(word, length,
               "its interrupt is the kernel's own, or none: give the device "
               "another place (bus=virtio-mmio-bus.N)");
    if (nr_devices == NATIVE_MAX_DEVICES)
        refuse(word, length, "one device too many");
    insert(&(struct privops_device){paddr, (uint32_t)size, (uint32_t)irq});
}

void native_take_devices(const char *line, char *rest, size_t size)
{
    size_t length, used = 0;

    for (; *line != '\0'; line += length) {
        line += *line == ' ';
        for (length = 0; line[length] != ' ' && line[length] != '\0';)
            length++;
        if (strncmp(line, WORD, strlen(WORD)) == 0) {
            announce(line, length);
        } else if (length > 0 && used + 1 + length < size) {
            if (used > 0)
                rest[used++] = ' ';
            memcpy(&rest[used], line, length);
            used += length;
        }
    }
    rest[used] = '\0';
}

/* ---- for drivers ---- */

unsigned int privops_devices(const struct privops_device **list)
{
    *list = devices;
    return nr_devices;
}

volatile void *privops_device_map(uint64_t paddr)
{
    unsigned int i;

    for (i = 0; i < nr_devices; i++)
        if (devices[i].paddr == paddr)
            return direct_map(paddr);
    return NULL;
}

int64_t privops_device_irq(uint32_t irq)
{
    unsigned int i;

    for (i = 0; i < nr_devices; i++)
        if (devices[i].irq == irq)
            break;
    if (i == nr_devices)
        return -ENODEV;
    if (is_bound[i])
        return -EBUSY;
    is_bound[i] = true;
    ioapic_route_level(irq, (uint8_t)(VECTOR_DEVICE + i));
    return VECTOR_DEVICE + i;
}

void privops_device_irq_done(uint32_t port)
{
    (void)port;
    lapic_end_of_interrupt();
}
