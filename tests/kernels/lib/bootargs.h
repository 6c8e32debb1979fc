/* SPDX-License-Identifier: MIT
 *
 * The domain's boot arguments: how tests/kernels/run tells a micro-guest
 * which of its variants to be.
 */
#ifndef KERNELS_BOOTARGS_H
#define KERNELS_BOOTARGS_H

#include <stdbool.h>
#include <stdint.h>

/* Finds /chosen/bootargs; called once, with the device tree of the entry. */
void mg_bootargs_init(const void *dtb);

/* The whole text but the nonce; "" if there is none. It is never NULL. */
const char *mg_bootargs(void);

/* What tells this domain's verdict from one that another prints; or "". */
const char *mg_nonce(void);

/* Whether the text begins with the name of this variant. */
bool mg_variant(const char *name);

/* The number after "name=" in one of the words, as 20 or 0x14; the other one
 * when there is no such word. */
uint64_t mg_argument(const char *name, uint64_t otherwise);

#endif
