/* SPDX-License-Identifier: MIT
 *
 * What device_reset and the domain beside it have agreed on.
 */
#ifndef PARTNERS_WATCHED_H
#define PARTNERS_WATCHED_H

#define WATCHED_ID 1    /* by tests/kernels/run */
#define WATCHED_PAGES 4 /* lent to the control domain, from reference 0 on */

#endif
