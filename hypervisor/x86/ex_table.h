/* SPDX-License-Identifier: MIT
 *
 * The table of instructions that may fault in the hypervisor, since the guest
 * has a say in what they touch: where each is, and where to go on when it does
 * (engine/trap.c). This makes the entries of C; entry_macros.inc makes those of
 * assembly.
 */
#ifndef HYPERVISOR_X86_EX_TABLE_H
#define HYPERVISOR_X86_EX_TABLE_H

/*
 * For the string of an `asm goto`: an instruction after which, should it fault,
 * the C code goes on at its label fault. Others may follow.
 */
#define MAY_FAULT(instruction)                                                 \
    "1: " instruction "\n"                                                     \
    ".pushsection .ex_table, \"a\"\n"                                          \
    ".balign 4\n"                                                              \
    ".long 1b - ., %l[fault] - .\n"                                            \
    ".popsection\n"

#endif
