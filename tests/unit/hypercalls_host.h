/* SPDX-License-Identifier: MIT
 *
 * In the place of abi/stubs.h, for kernel sources in tests: the hypercalls are
 * functions, which the test provides.
 */
#ifndef ABI_STUBS_H
#define ABI_STUBS_H

#include <stdint.h>

#include "abi/errors.h"

int64_t hypercall_domain_info(uint32_t domain, void *info);

#endif
