/* SPDX-License-Identifier: MIT
 *
 * Disks that another domain serves, as block devices: xvda is that with index 0
 * of the bus, and so on. Once found a disk stays. While nobody serves it its
 * requests wait; when nobody ever will they fail. What is offered by its name
 * must be the same store, unless nobody uses the disk.
 */
#ifndef GUEST_KERNEL_PVENV_BLK_H
#define GUEST_KERNEL_PVENV_BLK_H

#include <stdbool.h>
#include <stdint.h>

struct parapet_bus_slot;

struct env_bell;

/* Rung when a disk is to be looked at, though the port tells nothing. */
void pvenv_blk_init(struct env_bell *bell);

/* Looks at slot number i of the bus page, of which port tells: whether a disk
 * is new there, or what has become of the one that there is. True: again, soon.
 * Interrupts are disabled. */
bool pvenv_blk_look(struct parapet_bus_slot *slot, uint32_t i, uint32_t port);

/* Who serves them has ended: all fail, for good. True: what it had of some
 * requests is not back yet, and they are to be failed again, later. Interrupts
 * are disabled. */
bool pvenv_blk_fail(void);

#endif
