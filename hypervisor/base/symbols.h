/* SPDX-License-Identifier: MIT
 *
 * Names for our own code addresses, from a table that the build embeds
 * (tools/symbols.sh).
 */
#ifndef HYPERVISOR_BASE_SYMBOLS_H
#define HYPERVISOR_BASE_SYMBOLS_H

#include <stdint.h>

/*
 * The function that holds vaddr, and how far into it (offset may be NULL).
 * NULL when vaddr is not in the hypervisor's text.
 */
const char *symbols_find(uint64_t vaddr, uint64_t *offset);

#endif
