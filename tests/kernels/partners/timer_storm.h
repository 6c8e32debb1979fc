/* SPDX-License-Identifier: MIT
 *
 * When all timers are up, on the monotonic clock, which all domains of a
 * machine share. Until then all of them are set.
 */
#ifndef TESTS_KERNELS_PARTNERS_TIMER_STORM_H
#define TESTS_KERNELS_PARTNERS_TIMER_STORM_H

#define TIMER_STORM_NS 400000000ul

#endif
