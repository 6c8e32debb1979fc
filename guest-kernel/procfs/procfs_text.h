/* SPDX-License-Identifier: MIT
 *
 * A text that grows as it is written. Without memory, or beyond
 * TEXT_MAX_SIZE, it has failed and takes nothing more.
 */
#ifndef GUEST_KERNEL_PROCFS_PROCFS_TEXT_H
#define GUEST_KERNEL_PROCFS_PROCFS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define TEXT_MAX_SIZE (1ul << 20)

/* All zero: empty. */
struct text {
    char *bytes; /* kmalloc()ed */
    size_t size;
    size_t room;
    bool failed;
};

void text_put(struct text *text, const char *bytes, size_t size);
void text_print(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* It is empty then. */
void text_free(struct text *text);

#endif
