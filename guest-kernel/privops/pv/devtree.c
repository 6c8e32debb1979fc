/* SPDX-License-Identifier: MIT
 *
 * struct boot_info from the device tree that the hypervisor makes of the
 * domain's configuration. Bindings as in the Devicetree Specification, chapter
 * 3; the /hypervisor node is Parapet's (docs/ABI.md).
 */
#include <libfdt.h>

#include "abi/abi.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/pv/pv.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

/* A property of nr cells of 32 bits; panics when it is not there. */
static const fdt32_t *need_cells(const void *dtb, const char *path,
                                 const char *name, int nr)
{
    int node = fdt_path_offset(dtb, path), size = 0;
    const fdt32_t *cells;

    if (node < 0)
        panic("device tree: no %s: %s", path, fdt_strerror(node));
    cells = fdt_getprop(dtb, node, name, &size);
    if (cells == NULL || size != nr * (int)sizeof(*cells))
        panic("device tree: %s/%s: expected %d cells, got %d bytes", path, name,
              nr, size);
    return cells;
}

static uint64_t number(const fdt32_t *cells)
{
    return (uint64_t)fdt32_to_cpu(cells[0]) << 32 | fdt32_to_cpu(cells[1]);
}

static void read_memory(const void *dtb, struct boot_info *boot)
{
    const fdt32_t *reg = need_cells(dtb, "/memory", "reg", 4);
    uint64_t start = number(reg), end = start + number(reg + 2);

    boot->memory[0].start = ALIGN_UP(start, (uint64_t)PAGE_SIZE);
    boot->memory[0].end = ALIGN_DOWN(end, (uint64_t)PAGE_SIZE);
    boot->nr_memory = 1;
}

static void read_cpus(const void *dtb, struct boot_info *boot)
{
    int cpus = fdt_path_offset(dtb, "/cpus"), node;

    for (node = fdt_first_subnode(dtb, cpus); node >= 0;
         node = fdt_next_subnode(dtb, node))
        boot->nr_cpus++;
}

static void read_chosen(const void *dtb, struct boot_info *boot)
{
    int node = fdt_path_offset(dtb, "/chosen");
    const char *bootargs;

    if (node < 0)
        return; /* nothing was chosen */
    bootargs = fdt_getprop(dtb, node, "bootargs", NULL);
    if (bootargs != NULL)
        (void)string_copy(boot->command_line, sizeof(boot->command_line),
                          bootargs);
    if (fdt_getprop(dtb, node, "linux,initrd-start", NULL) == NULL)
        return;
    boot->ramdisk.start =
        number(need_cells(dtb, "/chosen", "linux,initrd-start", 2));
    boot->ramdisk.end =
        number(need_cells(dtb, "/chosen", "linux,initrd-end", 2));
}

static void read_hypervisor(const void *dtb, struct boot_info *boot)
{
    uint32_t version =
        fdt32_to_cpu(*need_cells(dtb, "/hypervisor", "abi-version", 1));
    uint32_t domain =
        fdt32_to_cpu(*need_cells(dtb, "/hypervisor", "domain-id", 1));

    (void)string_format(boot->platform, sizeof(boot->platform),
                        "Parapet ABI %u.%u, domain %u", version >> 16,
                        version & 0xffff, domain);
}

/* Devices of the control domain. */
static void read_devices(const void *dtb)
{
    const char *compatible = "virtio,mmio";
    const fdt32_t *reg, *interrupts;
    int node = -1, reg_size, interrupts_size;

    while ((node = fdt_node_offset_by_compatible(dtb, node, compatible)) >= 0) {
        reg = fdt_getprop(dtb, node, "reg", &reg_size);
        interrupts = fdt_getprop(dtb, node, "interrupts", &interrupts_size);
        if (reg == NULL || reg_size != 4 * (int)sizeof(*reg) ||
            interrupts == NULL || interrupts_size < (int)sizeof(*interrupts))
            panic("device tree: %s: no reg, or no interrupts",
                  fdt_get_name(dtb, node, NULL));
        pv_device_add(number(reg), number(reg + 2), fdt32_to_cpu(*interrupts));
    }
}

void pv_boot_info(const void *dtb, struct boot_info *boot)
{
    int error = fdt_check_header(dtb);

    if (error != 0)
        panic("device tree: %s", fdt_strerror(error));
    read_memory(dtb, boot);
    read_cpus(dtb, boot);
    read_chosen(dtb, boot);
    read_hypervisor(dtb, boot);
    read_devices(dtb);
}
