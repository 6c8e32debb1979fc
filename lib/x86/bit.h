/* SPDX-License-Identifier: MIT
 *
 * A bit of a register. For C and assembly, whose assembler knows no suffix of
 * a number.
 */
#ifndef LIB_X86_BIT_H
#define LIB_X86_BIT_H

#ifdef __ASSEMBLY__
#define X86_BIT(n) (1 << (n))
#else
#define X86_BIT(n) (1ul << (n))
#endif

#endif
