/* SPDX-License-Identifier: MIT
 *
 * QEMU's debug-exit device: a byte that is written to its port ends QEMU with
 * the exit status (byte << 1) | 1. tools/run knows these bytes. For C and
 * assembly.
 */
#ifndef LIB_X86_DEBUG_EXIT_H
#define LIB_X86_DEBUG_EXIT_H

#define DEBUG_EXIT_PORT 0xf4

#define DEBUG_EXIT_SUCCESS 0x2a
#define DEBUG_EXIT_FAILED 0x2b
#define DEBUG_EXIT_PANIC 0x2c
#define DEBUG_EXIT_REFUSED 0x2d /* the boot was */

#endif
