/* SPDX-License-Identifier: MIT
 *
 * The machine's one console: output of the hypervisor and of the domains in
 * turn, input to the domain that has the focus (the first one).
 */
#ifndef HYPERVISOR_CORE_CONSOLE_H
#define HYPERVISOR_CORE_CONSOLE_H

#include <stddef.h>

struct domain;

/* Writes a line of the hypervisor's own, starting it in column 0. */
void console_write_line(const char *line);

/* Writes the bytes of a domain as they are. */
void console_write_raw(const char *bytes, size_t nr_bytes);

/* From now on no lock is taken: for the panic, when its holder may be dead. */
void console_break_lock(void);

/* The domain that reads the input; it is told by PARAPET_VIRQ_CONSOLE. */
void console_set_focus(struct domain *domain);

/*
 * Takes up to nr_bytes of waiting input; returns how many. None when the
 * reader does not have the focus.
 */
size_t console_read(const struct domain *reader, char *bytes, size_t nr_bytes);

/* Moves what the UART has received to the input buffer. Interrupt handler. */
void console_receive(void);

#endif
