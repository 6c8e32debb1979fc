/* SPDX-License-Identifier: MIT
 *
 * What the scribbler and who runs beside it agree on.
 */
#ifndef KERNELS_PARTNERS_SCRIBBLER_H
#define KERNELS_PARTNERS_SCRIBBLER_H

#include "tests/kernels/lib/clock.h"

/* Of each pattern. */
#define SCRIBBLER_ROUNDS 4

/* It has written all by then, where instructions are counted. */
#define SCRIBBLER_ENDS_NS (100 * MG_MS)

#endif
