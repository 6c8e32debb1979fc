/* SPDX-License-Identifier: MIT
 *
 * The hypercall numbers, PARAPET_HC_name, and their flags. From
 * abi/hypercalls.def; include it with the macros of your own to make more.
 */
#ifndef ABI_HYPERCALL_H
#define ABI_HYPERCALL_H

#include "abi/hypercall_args.h"

#define HC_NO_MULTICALL 1
#define HC_PREEMPTIBLE 2
#define HC_CONTROL 4
#define HC_SLOW 64

#define PARAPET_HYPERCALL(nr, name, ...) PARAPET_HC_##name = (nr),

enum parapet_hypercall {
#include "abi/hypercalls.def"
};

#undef PARAPET_HYPERCALL

#endif
