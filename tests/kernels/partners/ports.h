/* SPDX-License-Identifier: MIT
 *
 * What bound_ports and the domain beside it know of each other.
 */
#ifndef PARTNERS_PORTS_H
#define PARTNERS_PORTS_H

/* By tests/kernels/run. */
#define PORTS_TEST_ID 1
#define PORTS_PEER_ID 2

/* An event there ends the peer. */
#define PORTS_END 1

#endif
