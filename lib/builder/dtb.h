/* SPDX-License-Identifier: MIT
 *
 * Writes the device tree by which a guest learns at its start what it has:
 *
 *   / {
 *       compatible = "parapet,guest";
 *       #address-cells = <2>;
 *       #size-cells = <2>;
 *       memory@0 { device_type = "memory"; reg = <0 0 size_hi size_lo>; };
 *       cpus {
 *           #address-cells = <1>;
 *           #size-cells = <0>;
 *           cpu@N { device_type = "cpu"; reg = <N>; };       (hexadecimal N)
 *       };
 *       chosen {
 *           bootargs = "...";
 *           linux,initrd-start = <u64>;   (guest physical; both are absent
 *           linux,initrd-end = <u64>;      when there is no ramdisk)
 *       };
 *       hypervisor {
 *           compatible = "parapet,parapet";
 *           abi-version = <u32>;
 *           domain-id = <u32>;
 *       };
 *       virtio_mmio@ADDRESS {            (a device; hexadecimal ADDRESS)
 *           compatible = "virtio,mmio";
 *           reg = <address_hi address_lo size_hi size_lo>;   (machine address)
 *           interrupts = <u32 4>;        (for evtchn_bind_pirq; 4: level, high)
 *       };
 *   };
 */
#ifndef LIB_BUILDER_DTB_H
#define LIB_BUILDER_DTB_H

#include <stddef.h>
#include <stdint.h>

/* A device that the domain drives. */
struct dtb_device {
    uint64_t paddr; /* of its registers */
    uint32_t size;
    uint32_t irq;
};

struct dtb_info {
    uint64_t memory_bytes;
    uint32_t nr_vcpus;
    const char *bootargs;
    uint64_t ramdisk_start; /* guest physical */
    uint64_t ramdisk_end;   /* one past the last byte; 0 when there is none */
    uint32_t abi_version;
    uint32_t domain_id;
    const struct dtb_device *devices;
    unsigned int nr_devices;
};

/*
 * Writes the tree into buffer, which is aligned to 8 and has size bytes.
 * Returns the tree's length, or -PARAPET_ENOMEM when the buffer is too small
 * (its contents are then undefined). No locks. libfdt runs below: in ring 0
 * this needs a valid stack canary slot.
 */
int dtb_build(void *buffer, size_t size, const struct dtb_info *info);

#endif
