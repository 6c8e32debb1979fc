/* SPDX-License-Identifier: MIT
 *
 * Devices by number, and their nodes in /dev. Files of character devices
 * register a table of them at boot: fs/device_null.c, tty/tty.c. Block devices
 * are all of one major number (block/disk.h), and come and go.
 */
#ifndef GUEST_KERNEL_FS_DEVICE_H
#define GUEST_KERNEL_FS_DEVICE_H

#include <stddef.h>
#include <stdint.h>

struct file_ops;

/* st_rdev, by Linux's numbers. */
#define DEVICE(major, minor) ((uint64_t)(major) << 8 | (minor))
#define DEVICE_MAJOR(number) ((number) >> 8)
#define DEVICE_MINOR(number) ((uint32_t)(number)&0xffu)

struct device {
    const char *name; /* in /dev */
    uint64_t number;
    const struct file_ops *ops; /* what it is opened with */
};

struct device_table {
    const struct device *devices;
    size_t nr;
    struct device_table *next; /* the registry's */
};

/* It is kept. Before device_make_nodes(), for the names. */
void device_register(struct device_table *table);

/* NULL: there is no such device, -ENXIO. */
const struct file_ops *device_file_ops(uint64_t number);

/* All block devices of this major number are opened with these; open() says
 * -ENXIO where there is none. */
void device_set_block_ops(uint64_t major, const struct file_ops *ops);

/* As device_file_ops(), of block devices. */
const struct file_ops *device_block_ops(uint64_t number);

/* One more name in /dev, after device_make_nodes(), and the way back. mode has
 * MODE_CHAR or MODE_BLOCK; what else has that name stays. */
void device_add_node(const char *name, uint32_t mode, uint64_t number);
void device_remove_node(const char *name);

/* Makes the nodes in /dev. At boot, after the RAM disk has been unpacked. */
void device_make_nodes(void);

/* Registers /dev/null and its kin. */
void device_null_init(void);

#endif
