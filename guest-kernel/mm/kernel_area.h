/* SPDX-License-Identifier: MIT
 *
 * Pages of the kernel's own outside the direct map, at addresses where a page
 * may be missing. Interrupts disabled.
 */
#ifndef GUEST_KERNEL_MM_KERNEL_AREA_H
#define GUEST_KERNEL_MM_KERNEL_AREA_H

#include <stdbool.h>
#include <stdint.h>

/* The tables for [start, end), which stay: so the addresses are the same in
 * all address spaces. In the last slot of the root. False without memory. */
bool kernel_area_prepare(uint64_t start, uint64_t end);

/* New pages in [start, start + nr_pages), of which one table has the entries;
 * at most 16. False without memory. */
bool kernel_area_map(uint64_t start, unsigned int nr_pages);

/* The pages are freed. */
void kernel_area_unmap(uint64_t start, unsigned int nr_pages);

#endif
