/* SPDX-License-Identifier: MIT
 *
 * A disk in memory, /dev/ram0, made by the boot word ramblk=SIZE: for tests,
 * and to measure what is above a disk. With a time, ramblk=SIZE,500us, each
 * request is done so much later than it was kicked, as a disk does it. All that
 * it holds is gone with the machine.
 */
#ifndef GUEST_KERNEL_BLOCK_BLOCK_RAM_H
#define GUEST_KERNEL_BLOCK_BLOCK_RAM_H

/* text: what stands after "ramblk=". Says on the console what is wrong with it.
 * At boot, after sched_init(). */
void block_ram_init(const char *text);

#endif
