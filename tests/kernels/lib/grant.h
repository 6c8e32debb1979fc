/* SPDX-License-Identifier: MIT
 *
 * Grants as a micro-guest handles them: its own entries, and one element of
 * each call. A test of whole arrays makes the hypercall itself.
 */
#ifndef KERNELS_GRANT_H
#define KERNELS_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/stubs.h"
#include "tests/kernels/lib/memory.h"

/* ---- what this domain lends ---- */

/* An entry of the table's first frame. */
static inline volatile struct parapet_grant_entry *mg_grant_entry(uint32_t ref)
{
    return (volatile struct parapet_grant_entry *)PARAPET_GRANT_TABLE + ref;
}

/* Word 0 of an entry, all of it, and how it is written and changed. */
static inline uint64_t mg_grant_word(uint32_t domain, uint32_t flags)
{
    return (uint64_t)domain << 32 | flags;
}

uint64_t mg_grant_read(uint32_t ref);
void mg_grant_write(uint32_t ref, uint64_t word);

/* Lends a frame; flags are PARAPET_GRANT_READONLY or 0. */
void mg_grant_lend_mfn(uint32_t ref, uint32_t domain, uint64_t mfn,
                       uint32_t flags);
void mg_grant_lend(uint32_t ref, uint32_t domain, const volatile void *page,
                   uint32_t flags);

/* False: it is in use, and stays lent. */
bool mg_grant_take_back(uint32_t ref);

/* Ends the test when there is no such entry. */
struct parapet_grant_status mg_grant_status(uint32_t ref);

/* ---- what others lend to it ---- */

/*
 * Each makes one element, and gives its status or the error of the call. What
 * is -EAGAIN is tried again, for a while. *handle and *maddr are written when
 * all went well; they may be NULL.
 */
int64_t mg_grant_map(uint32_t domain, uint32_t ref, uint64_t pte, uint64_t bits,
                     uint32_t *handle);
int64_t mg_grant_unmap(uint32_t handle);
int64_t mg_grant_hold(uint32_t domain, uint32_t ref, uint32_t flags,
                      uint32_t *handle, uint64_t *maddr);
int64_t mg_grant_release(uint32_t handle);
int64_t mg_grant_copy(struct parapet_grant_end source,
                      struct parapet_grant_end dest, uint32_t length);

/* The ends of a copy: in a frame that is lent, and an own one. */
struct parapet_grant_end mg_grant_lent(uint32_t domain, uint32_t ref,
                                       uint64_t offset);
struct parapet_grant_end mg_grant_own(const volatile void *place);

/* ---- a place for mappings ---- */

/* 2 MiB of the kernel root's lower half, with a level-1 table of their own. */
struct mg_window {
    uint64_t *l1;
    uint64_t vaddr;
};

/* A new one, empty; the table is not pinned. */
struct mg_window mg_window_make(void);

static inline uint64_t mg_window_pte(const struct mg_window *window,
                                     uint64_t index)
{
    return mg_entry_of(window->l1, index);
}

static inline volatile uint64_t *mg_window_at(const struct mg_window *window,
                                              uint64_t index)
{
    return (volatile uint64_t *)(window->vaddr + index * MG_PAGE_SIZE);
}

#endif
