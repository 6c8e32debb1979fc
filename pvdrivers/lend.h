/* SPDX-License-Identifier: MIT
 *
 * To lend frames by their number, many and often: the lender's two steps of
 * abi/grant.h, on entries that env_lend_reserve() has given. docs/GRANTS.md
 * section 2 has the order.
 */
#ifndef PVDRIVERS_LEND_H
#define PVDRIVERS_LEND_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/grant.h"

/* The first word of an entry: flags, zero and domain. */
typedef uint64_t __attribute__((may_alias)) lend_word_t;

/* That of an entry that lends to the domain. */
static inline uint64_t lend_word(uint32_t domain, bool read_only)
{
    uint64_t flags =
        PARAPET_GRANT_LEND | (read_only ? PARAPET_GRANT_READONLY : 0);

    return (uint64_t)domain << 32 | flags;
}

/* The entry, which is all zeros but for the frame, with that word. */
static inline void lend_frame(struct parapet_grant_entry *entry, uint64_t mfn,
                              uint64_t word)
{
    __atomic_store_n(&entry->frame, mfn, __ATOMIC_RELAXED);
    __atomic_store_n((lend_word_t *)entry, word, __ATOMIC_RELEASE);
}

/* The entry lends nothing any more. False: it is in use, and its frame must be
 * left alone. word: as it was lent. */
static inline bool lend_take_back(struct parapet_grant_entry *entry,
                                  uint64_t word)
{
    return __atomic_compare_exchange_n((lend_word_t *)entry, &word, 0, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

#endif
