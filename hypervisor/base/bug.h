/* SPDX-License-Identifier: MIT
 *
 * Tiers 3 and 4 of the errors (docs/DESIGN.md section 9): we broke an invariant
 * of our own. Nothing that a guest does may lead here. BUG_ON is always
 * compiled in. ASSERT is checked in builds with DEBUG=1, and costs nothing in
 * others: it stands where something is relied upon, also on the short paths.
 */
#ifndef HYPERVISOR_BASE_BUG_H
#define HYPERVISOR_BASE_BUG_H

/*
 * Stops the other CPUs, prints the message, registers and a symbolised
 * backtrace, and ends QEMU with a status that says failure. panic.c provides
 * it: it is declared here since that stands on what uses BUG_ON.
 */
_Noreturn void panic(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#define BUG_ON(condition)                                                      \
    do {                                                                       \
        if (__builtin_expect(!!(condition), 0))                                \
            panic("%s:%d: BUG: %s", __FILE__, __LINE__, #condition);           \
    } while (0)

#define ASSERT(condition)                                                      \
    do {                                                                       \
        if (PARAPET_DEBUG && __builtin_expect(!(condition), 0))                \
            panic("%s:%d: ASSERT: expected %s", __FILE__, __LINE__,            \
                  #condition);                                                 \
    } while (0)

#endif
