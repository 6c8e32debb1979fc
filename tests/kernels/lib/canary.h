/* SPDX-License-Identifier: MIT
 *
 * What libfdt wants of whoever it is linked with: it is compiled with stack
 * canaries, which are read at %fs:0x28.
 */
#ifndef KERNELS_CANARY_H
#define KERNELS_CANARY_H

/* From here on this vCPU can run libfdt: its FS base leads to a canary. */
void mg_canary_set(void);

#endif
