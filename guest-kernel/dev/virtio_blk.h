/* SPDX-License-Identifier: MIT
 *
 * Disks at virtio-mmio.
 */
#ifndef GUEST_KERNEL_DEV_VIRTIO_BLK_H
#define GUEST_KERNEL_DEV_VIRTIO_BLK_H

/*
 * Registers a block device for each disk among the devices that the boot
 * announced: vda, vdb and so on, by ascending address. A line says what each
 * is, or why it is not used. At boot, interrupts are disabled.
 */
void virtio_blk_init(void);

#endif
