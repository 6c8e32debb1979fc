/* SPDX-License-Identifier: MIT
 *
 * What the bench's guest knows of the others.
 */
#ifndef TESTS_BENCH_CROWD_H
#define TESTS_BENCH_CROWD_H

/* A sleep of the crowd's is at least so long, and less than twice so long. */
#define CROWD_NS 2000000000ul

#endif
