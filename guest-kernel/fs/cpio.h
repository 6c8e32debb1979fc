/* SPDX-License-Identifier: MIT
 *
 * Reads a cpio archive in the "newc" format, in memory, one entry after the
 * other. The archive is not trusted: every length is checked before it is
 * used, and nothing outside the given bytes is ever looked at. Pure code that
 * runs on the host too.
 *
 *   for (;;) {
 *       result = cpio_next(&cpio, &entry);
 *       if (result != CPIO_ENTRY)
 *           break;                        CPIO_END or what is wrong
 *       use(&entry);
 *   }
 */
#ifndef GUEST_KERNEL_FS_CPIO_H
#define GUEST_KERNEL_FS_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpio {
    const uint8_t *bytes;
    size_t size;
    size_t offset; /* of the next header; after an error, of the bad one */
};

/* name and data point into the archive. */
struct cpio_entry {
    const char *name; /* NUL-terminated, not empty */
    const uint8_t *data;
    size_t size;
    uint32_t mode; /* as in POSIX: type and permissions */
    uint32_t mtime;
    uint32_t device; /* of a device: major << 8 | minor */
};

enum cpio_result {
    CPIO_ENTRY,
    CPIO_END,        /* the trailer was reached */
    CPIO_TRUNCATED,  /* a header, name or file goes past the end */
    CPIO_BAD_MAGIC,  /* no newc header where one should be */
    CPIO_BAD_NUMBER, /* a field is not hexadecimal */
    CPIO_BAD_NAME,   /* a name without an end, or empty */
};

void cpio_open(struct cpio *cpio, const void *bytes, size_t size);
enum cpio_result cpio_next(struct cpio *cpio, struct cpio_entry *entry);

/* The result in words. */
const char *cpio_result_text(enum cpio_result result);

static inline bool cpio_is_directory(const struct cpio_entry *entry)
{
    return (entry->mode & 0170000) == 0040000;
}

static inline bool cpio_is_file(const struct cpio_entry *entry)
{
    return (entry->mode & 0170000) == 0100000;
}

#endif
