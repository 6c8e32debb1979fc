/* SPDX-License-Identifier: MIT
 *
 * A control domain's loans: a frame that a lender has (control_lender.h), or a
 * partner (pair.h), and that this domain borrows, or the partner. Of partners
 * there is one at a time, which is a child of this domain.
 */
#ifndef KERNELS_CONTROL_LOAN_H
#define KERNELS_CONTROL_LOAN_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/kernels/lib/control_lender.h"
#include "tests/kernels/lib/pair.h"

enum mg_use { MG_MAP, MG_MAP_READONLY, MG_HOLD, MG_HOLD_READONLY, MG_NR_USES };

struct mg_loan {
    enum mg_use use;
    bool is_partners; /* it borrows, not this domain */
    uint64_t index;   /* in the window of who borrows */
    uint32_t handle;
};

/* Once, before all else; mg_control_init() is done. All frames that this domain
 * has for ports and handles it has from then on. The other: of the one alone.
 */
void mg_loan_init(void);
void mg_loan_warm_up(bool is_partners);

/* The partner, and its vCPU 0; its mailbox is lent to this domain. */
extern struct mg_child mg_partner_child;
extern struct mg_pair mg_partner;
void mg_partner_begin(uint32_t nr_vcpus);
void mg_partner_end(void);

/* The lender lends its frame ref, with a mark in it, by the entry ref. */
void mg_loan_lend(const struct mg_loan *loan, const struct mg_lender *lender,
                  uint32_t ref);

/* Borrows by that entry, of any domain; and lets go. Both are 0 or -errno. */
int64_t mg_loan_take(struct mg_loan *loan, uint32_t lender, uint32_t ref);
int64_t mg_loan_let_go(const struct mg_loan *loan);

/* Where this domain has mapped it. */
volatile uint64_t *mg_loan_at(const struct mg_loan *loan);

/* If it is mapped, then what was lent, and can be written to if it is to be. */
void mg_loan_check(const struct mg_loan *loan);

#endif
