/* SPDX-License-Identifier: MIT
 *
 * The way to a guest's memory, for engines whose guests' roots the CPU runs on:
 * the three of struct engine.
 */
#ifndef HYPERVISOR_ENGINE_DIRECT_ACCESS_H
#define HYPERVISOR_ENGINE_DIRECT_ACCESS_H

#include <stddef.h>
#include <stdint.h>

struct guest_code;

int direct_copy_from_guest(void *to, uint64_t from, size_t nr_bytes);
int direct_copy_to_guest(uint64_t to, const void *from, size_t nr_bytes);
size_t direct_fetch_code(struct guest_code *code, uint64_t vaddr);

#endif
