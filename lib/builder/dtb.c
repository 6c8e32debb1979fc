/* SPDX-License-Identifier: MIT
 *
 * The guest's device tree, written front to back. libfdt would go on after a
 * write that did not fit and leave a hole, so the writer stops at the first
 * error and keeps it.
 */
#include "lib/builder/dtb.h"

#include <libfdt.h>
#include <limits.h>

#include "abi/errors.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

/* How an interrupt comes, in Linux's bindings. */
#define LEVEL_HIGH 4u

struct writer {
    void *tree;
    int error; /* libfdt's first, or 0 */
};

static void begin_node(struct writer *writer, const char *name)
{
    if (!writer->error)
        writer->error = fdt_begin_node(writer->tree, name);
}

static void end_node(struct writer *writer)
{
    if (!writer->error)
        writer->error = fdt_end_node(writer->tree);
}

static void put_bytes(struct writer *writer, const char *name,
                      const void *value, size_t size)
{
    if (!writer->error)
        writer->error = fdt_property(writer->tree, name, value, (int)size);
}

static void put_string(struct writer *writer, const char *name,
                       const char *value)
{
    put_bytes(writer, name, value, strlen(value) + 1);
}

static void put_u32(struct writer *writer, const char *name, uint32_t value)
{
    fdt32_t cell = cpu_to_fdt32(value);

    put_bytes(writer, name, &cell, sizeof(cell));
}

static void put_u64(struct writer *writer, const char *name, uint64_t value)
{
    fdt64_t cells = cpu_to_fdt64(value);

    put_bytes(writer, name, &cells, sizeof(cells));
}

static void put_cell_sizes(struct writer *writer, uint32_t address_cells,
                           uint32_t size_cells)
{
    put_u32(writer, "#address-cells", address_cells);
    put_u32(writer, "#size-cells", size_cells);
}

static void put_memory(struct writer *writer, uint64_t memory_bytes)
{
    const fdt64_t reg[2] = {0, cpu_to_fdt64(memory_bytes)};

    begin_node(writer, "memory@0");
    put_string(writer, "device_type", "memory");
    put_bytes(writer, "reg", reg, sizeof(reg));
    end_node(writer);
}

static void put_cpus(struct writer *writer, uint32_t nr_vcpus)
{
    begin_node(writer, "cpus");
    put_cell_sizes(writer, 1, 0);
    for (uint32_t i = 0; i < nr_vcpus; i++) {
        char name[16];

        (void)string_format(name, sizeof(name), "cpu@%x", i);
        begin_node(writer, name);
        put_string(writer, "device_type", "cpu");
        put_u32(writer, "reg", i);
        end_node(writer);
    }
    end_node(writer);
}

static void put_chosen(struct writer *writer, const struct dtb_info *info)
{
    begin_node(writer, "chosen");
    put_string(writer, "bootargs", info->bootargs);
    if (info->ramdisk_end != 0) {
        put_u64(writer, "linux,initrd-start", info->ramdisk_start);
        put_u64(writer, "linux,initrd-end", info->ramdisk_end);
    }
    end_node(writer);
}

static void put_hypervisor(struct writer *writer, const struct dtb_info *info)
{
    begin_node(writer, "hypervisor");
    put_string(writer, "compatible", "parapet,parapet");
    put_u32(writer, "abi-version", info->abi_version);
    put_u32(writer, "domain-id", info->domain_id);
    end_node(writer);
}

static void put_device(struct writer *writer, const struct dtb_device *device)
{
    const fdt64_t reg[2] = {cpu_to_fdt64(device->paddr),
                            cpu_to_fdt64(device->size)};
    const fdt32_t interrupts[2] = {cpu_to_fdt32(device->irq),
                                   cpu_to_fdt32(LEVEL_HIGH)};
    char name[32];

    (void)string_format(name, sizeof(name), "virtio_mmio@%lx", device->paddr);
    begin_node(writer, name);
    put_string(writer, "compatible", "virtio,mmio");
    put_bytes(writer, "reg", reg, sizeof(reg));
    put_bytes(writer, "interrupts", interrupts, sizeof(interrupts));
    end_node(writer);
}

static void put_tree(struct writer *writer, const struct dtb_info *info)
{
    begin_node(writer, "");
    put_string(writer, "compatible", "parapet,guest");
    put_cell_sizes(writer, 2, 2);
    put_memory(writer, info->memory_bytes);
    put_cpus(writer, info->nr_vcpus);
    put_chosen(writer, info);
    put_hypervisor(writer, info);
    for (unsigned int i = 0; i < info->nr_devices; i++)
        put_device(writer, &info->devices[i]);
    end_node(writer);
}

int dtb_build(void *buffer, size_t size, const struct dtb_info *info)
{
    struct writer writer = {.tree = buffer};

    writer.error = fdt_create(buffer, (int)MIN(size, (size_t)INT_MAX));
    if (!writer.error)
        writer.error = fdt_finish_reservemap(buffer);
    put_tree(&writer, info);
    if (!writer.error)
        writer.error = fdt_finish(buffer);
    /* A buffer without room is all that can go wrong with a tree like this. */
    return writer.error ? -PARAPET_ENOMEM : (int)fdt_totalsize(buffer);
}
