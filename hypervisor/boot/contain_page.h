/* SPDX-License-Identifier: MIT
 *
 * Where ring 3 has the code of the trial; the lower half is empty at boot.
 */
#ifndef HYPERVISOR_BOOT_CONTAIN_PAGE_H
#define HYPERVISOR_BOOT_CONTAIN_PAGE_H

#define CONTAIN_PAGE 0x1000

#endif
