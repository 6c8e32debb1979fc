/* SPDX-License-Identifier: MIT
 *
 * A place for input where every read past its end is caught: the sanitizer
 * catches those of our own code at the first byte, and a page without access
 * those of libfdt, which is not instrumented, from the eighth byte at most.
 */
#ifndef TESTS_FUZZ_GUARD_H
#define TESTS_FUZZ_GUARD_H

#include <stddef.h>

#define GUARD_ROOM 65536

/*
 * Copies size bytes, at most GUARD_ROOM, to the one such place and returns
 * it: aligned to 8, valid until the next call.
 */
void *guard_copy(const void *data, size_t size);

#endif
