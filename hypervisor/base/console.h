/* SPDX-License-Identifier: MIT
 *
 * The machine's one console: lines of the hypervisor, bytes of the domains, and
 * input. It knows no domain but by its number: who may read, and write as it
 * likes, is hc_console.c's to say.
 */
#ifndef HYPERVISOR_BASE_CONSOLE_H
#define HYPERVISOR_BASE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a text goes: the log has it in any case. */
enum console_way { CONSOLE_SHOWN, CONSOLE_LOGGED };

/* Writes a line of the hypervisor's own, starting it in column 0. */
void console_write_line(const char *line, enum console_way way);

/*
 * Writes bytes of a domain, as they are or as console_filter.h says, with
 * "d2| " before each line: the hypervisor's own lines begin otherwise. When
 * another domain's line is open, they begin a new one. Returns how many bytes
 * it took: not always all, but at least one if there was any. -ERESTART: none,
 * since other CPUs write, or the UART makes it wait for too long.
 */
int64_t console_write_raw(unsigned int domain, const char *bytes,
                          size_t nr_bytes);
int64_t console_write_filtered(unsigned int domain, const char *bytes,
                               size_t nr_bytes, enum console_way way);

/* From now on no lock is taken: for the panic, when its holder may be dead. */
void console_break_lock(void);

struct log_ring_found;

/*
 * The last 64 KiB of what was written, as log_ring_read() (log_ring.h) has it:
 * lines and marked text as they are on the console, or would be. Any context;
 * no lock.
 */
size_t console_log_read(uint64_t position, char *text, size_t room,
                        struct log_ring_found *found);

/* Moves what the UART has received to the input buffer, or the first 256 bytes
 * of it: the UART interrupts again then. True if it was any. */
bool console_receive(void);

/*
 * Takes up to nr_bytes of waiting input; returns how many. Sets *more if there
 * is input left, so that the reader should be told.
 */
size_t console_read(char *bytes, size_t nr_bytes, bool *more);

#endif
