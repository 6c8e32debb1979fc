/* SPDX-License-Identifier: MIT
 *
 * Included before everything else on a host that is not x86-64: what the one
 * instruction for x86-64 is there that inline functions of the hypervisor bring
 * into the tests.
 */
#ifndef TESTS_UNIT_OTHER_HOST_H
#define TESTS_UNIT_OTHER_HOST_H

/* The assembler's: spin_lock() says it while it waits. */
__asm__(".macro pause\n\tnop\n\t.endm");

#endif
