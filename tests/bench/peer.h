/* SPDX-License-Identifier: MIT
 *
 * What the bench's guest and the domain beside it know of each other: their ids
 * are those of the bundle's order.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#define BENCH_ID 1
#define PEER_ID 2

/* The peer's ports: each of a vCPU of its own. */
#define PEER_FIRST 1
#define PEER_SECOND 2
#define PEER_ECHO 3 /* it sends each event back */

/* The peer lends so many frames to the bench, from ref 0 on; each is full of
 * PEER_WORD + ref. */
#define PEER_LENT 32
#define PEER_WORD 0x1000

#endif
