/* SPDX-License-Identifier: MIT
 *
 * Who writes when, on the monotonic clock, of console_spoof and its partner.
 */
#ifndef TESTS_KERNELS_PARTNERS_SPOOFER_H
#define TESTS_KERNELS_PARTNERS_SPOOFER_H

#define SPOOFER_BEGINS_NS 100000000ul
#define SPOOF_PART_NS 150000000ul
#define SPOOFER_PART_NS 200000000ul
#define SPOOF_REST_NS 250000000ul
#define SPOOFER_REST_NS 300000000ul
#define SPOOF_ENDS_NS 350000000ul

#endif
