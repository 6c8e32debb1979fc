/* SPDX-License-Identifier: MIT
 *
 * Reads whatever bytes it is given as a kernel or a bundle, follows all that
 * the readers hand out, and aborts when one of their headers' promises is
 * broken: about the values when the input was taken, about the line of text
 * when it was refused.
 */
#ifndef TESTS_FUZZ_EXPLORE_H
#define TESTS_FUZZ_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>

/* Both return whether the input was taken. */
bool explore_kernel(const void *image, size_t size);

/* blob is aligned to 8. The kernels in the bundle are explored too. */
bool explore_bundle(const void *blob, size_t size);

#endif
