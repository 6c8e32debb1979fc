/* SPDX-License-Identifier: MIT
 *
 * The C entry of the hypervisor.
 */
#ifndef HYPERVISOR_BOOT_MAIN_H
#define HYPERVISOR_BOOT_MAIN_H

#include <stdint.h>

/* Called by boot.S, once, with the physical address of the PVH start info. */
_Noreturn void boot_main(uint64_t start_info_paddr);

#endif
