/* SPDX-License-Identifier: MIT
 *
 * Character devices by number. Their files register a table of them at boot:
 * fs/device_null.c, tty/tty.c.
 */
#ifndef GUEST_KERNEL_FS_DEVICE_H
#define GUEST_KERNEL_FS_DEVICE_H

#include <stddef.h>
#include <stdint.h>

struct file_ops;

/* st_rdev, by Linux's numbers. */
#define DEVICE(major, minor) ((uint64_t)(major) << 8 | (minor))

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

/* Makes the nodes in /dev. At boot, after the RAM disk has been unpacked. */
void device_make_nodes(void);

/* Registers /dev/null and its kin. */
void device_null_init(void);

#endif
