/* SPDX-License-Identifier: MIT
 *
 * When the sleeper's timer is up, on the monotonic clock, which all domains of
 * a machine share.
 */
#ifndef TESTS_KERNELS_PARTNERS_SLEEPER_H
#define TESTS_KERNELS_PARTNERS_SLEEPER_H

#define SLEEPER_WAKES_NS 1500000000ul

#endif
