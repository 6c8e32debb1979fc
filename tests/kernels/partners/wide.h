/* SPDX-License-Identifier: MIT
 *
 * What bound_wide.c and each of its children know.
 */
#ifndef KERNELS_WIDE_H
#define KERNELS_WIDE_H

#define WIDE_CPUS 32u

/* In guest[] of vCPU 0's page: how many vCPUs have slept, or more often. */
#define WIDE_SLEPT 1

#endif
