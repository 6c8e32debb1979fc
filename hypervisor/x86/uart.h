/* SPDX-License-Identifier: MIT
 *
 * The serial port COM1, a 16550 used without its FIFO: turning the FIFO on
 * resets it, and bytes that arrived before we started would be lost.
 */
#ifndef HYPERVISOR_X86_UART_H
#define HYPERVISOR_X86_UART_H

#include <stdbool.h>
#include <stdint.h>

/* 115200 baud, 8n1, no interrupts yet. */
void uart_start(void);

/* Sends; false: the byte before is not gone yet. */
bool uart_put(uint8_t byte);

bool uart_has_input(void);
uint8_t uart_get(void);

/* Whether a received byte raises the interrupt. */
void uart_enable_input(bool on);

#endif
