/* SPDX-License-Identifier: MIT
 *
 * The disks of other domains, which the kernel of the control domain serves:
 * the back-end (pvdrivers/blk_back.h) of each, at a slot of its domain's bus
 * page. One thread serves all, in turn. All is protected by disabled
 * interrupts; a system call that does not sleep has it for itself anyhow
 * (thread/thread.h).
 */
#ifndef GUEST_KERNEL_CONTROL_BLK_H
#define GUEST_KERNEL_CONTROL_BLK_H

#include <stdbool.h>
#include <stdint.h>

struct parapet_blk_attach;
struct parapet_blk_info;

/* Starts the thread. */
void control_blk_init(void);

/* A domain has its bus, by this port of its: it may get disks. 0 or -ENOMEM. */
int64_t control_blk_serve(uint32_t domain, uint32_t bus_port);

/* The requests of abi/control_device.h: 0 or their error. Both sleep. */
int64_t control_blk_attach(const struct parapet_blk_attach *attach);
int64_t control_blk_detach(uint32_t domain, uint32_t index);

/* The n-th disk of all; -ENOENT: there is none. */
int64_t control_blk_info(uint32_t n, struct parapet_blk_info *info);

/* Ends the back-ends of all, when their requests are done, or begins them
 * again. 0; -EBUSY: it is so already; -ERESTARTSYS: they end, but a signal
 * came. Sleeps. */
int64_t control_blk_switch(bool on);

/* Domains have changed: some may have ended. Any context. */
void control_blk_look(void);

/* The domain is about to be destroyed: its disks end. Nothing if it has none.
 */
void control_blk_end(uint64_t domain);

#endif
