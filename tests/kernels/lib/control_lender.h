/* SPDX-License-Identifier: MIT
 *
 * A control domain's lenders: domains that have frames and a table of grants,
 * and never run. What they lend is written by the control domain, so it can end
 * them, and begin them anew, between any two steps of who borrows.
 */
#ifndef KERNELS_CONTROL_LENDER_H
#define KERNELS_CONTROL_LENDER_H

#include <stdint.h>

#include "tests/kernels/lib/control.h"

#define MG_LENDER_FRAMES 512

struct mg_lender {
    uint32_t id;
    uint64_t grant_mfn, shared_mfn;
    uint64_t mfns[MG_LENDER_FRAMES];
};

/* With nr frames besides these two. */
void mg_lender_make(struct mg_lender *lender, uint64_t nr);

/* Entry ref, of the table's first frame: writes all of it, and reads word 0. */
void mg_lender_lend(const struct mg_lender *lender, uint32_t ref,
                    uint32_t flags, uint32_t domain, uint64_t mfn);
uint64_t mg_lender_word(const struct mg_lender *lender, uint32_t ref);

#endif
