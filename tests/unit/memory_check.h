/* SPDX-License-Identifier: MIT
 *
 * What must hold after each step, whatever the model says.
 */
#ifndef TESTS_UNIT_MEMORY_CHECK_H
#define TESTS_UNIT_MEMORY_CHECK_H

/*
 * NULL, or what is wrong: no CPU can use a translation that it should not have;
 * no table in use can be written or leads to somebody else's frame; the audits
 * find nothing.
 */
const char *memory_check(void);

#endif
