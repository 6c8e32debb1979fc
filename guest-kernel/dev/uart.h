/* SPDX-License-Identifier: MIT
 *
 * The first serial port of a PC, a 16550A. Native build only.
 */
#ifndef GUEST_KERNEL_DEV_UART_H
#define GUEST_KERNEL_DEV_UART_H

#include <stddef.h>

/* From here on uart_write() works. */
void uart_init(void);

/* An interrupt for each arrival of input, edge-triggered: read until none. */
void uart_enable_interrupt(void);

/*
 * Returns when all of it has been handed to the device. A newline becomes
 * carriage return and newline, as terminals want it.
 */
void uart_write(const char *text, size_t size);

/* Takes at most size bytes; what is left stays in the device. */
size_t uart_read(char *buffer, size_t size);

#endif
