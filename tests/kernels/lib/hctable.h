/* SPDX-License-Identifier: MIT
 *
 * Every hypercall of abi/hypercalls.def as data, for tests that go over all
 * of them; a call that is added to the list is tested from then on.
 */
#ifndef KERNELS_HCTABLE_H
#define KERNELS_HCTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mg_hc_type {
    MG_HC_none,
    MG_HC_u32,
    MG_HC_u64,
    MG_HC_vaddr,
    MG_HC_in,
    MG_HC_out,
    MG_HC_inout
};

struct mg_hypercall {
    uint64_t number;
    const char *name;
    uint32_t flags; /* of abi/hypercall.h */
    enum mg_hc_type types[6];
    const char *errors; /* their names, with a space in between */
};

extern const struct mg_hypercall mg_hypercalls[];
extern const size_t mg_nr_hypercalls;

/* NULL if the number is not assigned. */
const struct mg_hypercall *mg_hypercall_find(uint64_t number);

/* "EINVAL" for PARAPET_EINVAL; also says when it is no error. */
const char *mg_error_name(int64_t error);

/*
 * Whether the list says that the call can return this. It leaves out the
 * -EINVAL for a u32 above 32 bits, which any call with a u32 has.
 */
bool mg_hypercall_can_return(const struct mg_hypercall *hc, int64_t result);

/* Whether it is for the control domain and this is another: -EPERM, whatever
 * the arguments. */
bool mg_hypercall_is_forbidden(const struct mg_hypercall *hc);

/* Makes the call by the instruction. */
int64_t mg_hypercall(uint64_t number, const uint64_t args[6]);

/* Makes the call through entry number of the page; the number is below 256. */
int64_t mg_hypercall_by_page(uint64_t number, const uint64_t args[6]);

#endif
