/* SPDX-License-Identifier: MIT
 *
 * In the place of abi/stubs.h, for kernel sources in tests: the hypercalls are
 * functions, which the test provides.
 */
#ifndef ABI_STUBS_H
#define ABI_STUBS_H

#include <stdint.h>

#include "abi/errors.h"
#include "abi/grant.h"
#include "abi/shared.h"

int64_t hypercall_domain_info(uint32_t domain, void *info);
int64_t hypercall_yield(void);
int64_t hypercall_grant_hold_all(volatile struct parapet_vcpu_page *page,
                                 struct parapet_grant_hold *holds, uint64_t nr);
int64_t hypercall_grant_hold_run_all(volatile struct parapet_vcpu_page *page,
                                     struct parapet_grant_run *runs,
                                     uint64_t nr);
int64_t hypercall_grant_release_all(volatile struct parapet_vcpu_page *page,
                                    struct parapet_grant_unmap *handles,
                                    uint64_t nr);
int64_t hypercall_grant_copy_all(volatile struct parapet_vcpu_page *page,
                                 struct parapet_grant_copy *copies,
                                 uint64_t nr);

#endif
