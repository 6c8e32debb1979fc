/* SPDX-License-Identifier: MIT
 *
 * When the domain beside the stopwatch is to be killed, on the monotonic
 * clock, and how many instructions that may take (docs/DESIGN.md, section 11).
 */
#ifndef TESTS_KERNELS_PARTNERS_STOPWATCH_H
#define TESTS_KERNELS_PARTNERS_STOPWATCH_H

#define STOPWATCH_ENDS_NS 300000000ul
#define REPORT_BOUND 60000

#endif
