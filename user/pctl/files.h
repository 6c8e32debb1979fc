/* SPDX-License-Identifier: MIT
 *
 * Whole files in memory, to be read.
 */
#ifndef USER_PCTL_FILES_H
#define USER_PCTL_FILES_H

#include <stddef.h>

struct mapped_file {
    const void *bytes;
    size_t size; /* not 0 */
};

/* 0, or -errno: -ENODATA when it is empty, or no file. Nothing is to be freed
 * then. The bytes are the file's: who changes it meanwhile changes them. */
int mapped_file_open(const char *path, struct mapped_file *file);
void mapped_file_close(struct mapped_file *file);

#endif
