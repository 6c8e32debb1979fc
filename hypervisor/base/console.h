/* SPDX-License-Identifier: MIT
 *
 * The machine's one console: lines of the hypervisor, bytes of the domains, and
 * input. It knows no domain: who may read is hc_console.c's to say.
 */
#ifndef HYPERVISOR_BASE_CONSOLE_H
#define HYPERVISOR_BASE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes a line of the hypervisor's own, starting it in column 0. */
void console_write_line(const char *line);

/* Writes the bytes of a domain as they are. */
void console_write_raw(const char *bytes, size_t nr_bytes);

/* From now on no lock is taken: for the panic, when its holder may be dead. */
void console_break_lock(void);

/* Moves what the UART has received to the input buffer; true if it was any. */
bool console_receive(void);

/*
 * Takes up to nr_bytes of waiting input; returns how many. Sets *more if there
 * is input left, so that the reader should be told.
 */
size_t console_read(char *bytes, size_t nr_bytes, bool *more);

#endif
