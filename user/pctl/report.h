/* SPDX-License-Identifier: MIT
 *
 * Says where a dead domain was, by the kernel that it was created from. The
 * hypervisor knows the symbols of no kernel that came after its boot, and
 * reports "(no symbol)". So create notes which file each domain's kernel was,
 * and dmesg looks there. Ids are never given again.
 */
#ifndef USER_PCTL_REPORT_H
#define USER_PCTL_REPORT_H

#include <stdint.h>
#include <stdio.h>

/* notes is the file's name, or NULL for none. What cannot be noted or found
 * leaves the report as it is. */
void report_note(const char *notes, uint32_t id, const char *kernel);

/* Writes a text of the log, with the symbols that are known. */
void report_write(const char *notes, const char *text, size_t size, FILE *to);

#endif
