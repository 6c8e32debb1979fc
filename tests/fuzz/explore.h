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
#include <stdint.h>

/* Both return whether the input was taken. */
bool explore_kernel(const void *image, size_t size);

/* As a report does it: the symbols are read, checked and searched. */
bool explore_symbol(const void *image, size_t size, uint64_t vaddr, char *name,
                    size_t name_size, uint64_t *offset);

/* blob is aligned to 8. The kernels in the bundle are explored too. */
bool explore_bundle(const void *blob, size_t size);

#endif
