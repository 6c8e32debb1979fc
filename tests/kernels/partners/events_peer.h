/* SPDX-License-Identifier: MIT
 *
 * What events_remote and the domain beside it know of each other.
 */
#ifndef PARTNERS_EVENTS_PEER_H
#define PARTNERS_EVENTS_PEER_H

/* By tests/kernels/run. */
#define TEST_ID 1
#define PEER_ID 2

/* The peer's ports. An event at one of them asks for something. */
#define PEER_ECHO 1   /* an event at its other end */
#define PEER_CLOSE 2  /* to close PEER_TOY, and make it anew */
#define PEER_END 3    /* to end */
#define PEER_OTHERS 4 /* waits for the peer itself */
#define PEER_TOY 5

#endif
