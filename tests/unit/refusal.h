/* SPDX-License-Identifier: MIT
 *
 * For tests of what refuses to boot: boot_refuse() without an end of the
 * machine.
 */
#ifndef TESTS_UNIT_REFUSAL_H
#define TESTS_UNIT_REFUSAL_H

/*
 * Calls function(argument). Returns what it said when it ended the boot by
 * boot_refuse() (valid until the next call), NULL when it returned.
 */
const char *refusal_of(void (*function)(void *), void *argument);

#endif
