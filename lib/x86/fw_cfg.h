/* SPDX-License-Identifier: MIT
 *
 * What QEMU says of the machine (QEMU, docs/specs/fw_cfg).
 */
#ifndef LIB_X86_FW_CFG_H
#define LIB_X86_FW_CFG_H

#include <stdint.h>

#include "lib/x86/port.h"

#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_SIGNATURE 0
#define FW_CFG_NR_CPUS 5

/* How many CPUs the machine has; 1 when nothing says so. */
static inline unsigned int fw_cfg_nr_cpus(void)
{
    static const char signature[] = "QEMU";
    unsigned int count;

    outw(FW_CFG_SELECT, FW_CFG_SIGNATURE);
    for (const char *s = signature; *s != '\0'; s++) {
        if (inb(FW_CFG_DATA) != *s)
            return 1;
    }
    outw(FW_CFG_SELECT, FW_CFG_NR_CPUS);
    count = inb(FW_CFG_DATA);
    count |= (unsigned int)inb(FW_CFG_DATA) << 8;
    return count == 0 ? 1 : count;
}

#endif
