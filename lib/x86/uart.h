/* SPDX-License-Identifier: MIT
 *
 * The first serial port of a PC, a 16550: its registers and their bits, by the
 * names of the PC16550D's data sheet (section 8). For C and assembly.
 *
 * Nobody writes the FIFO control register: whether that turns the FIFO on or
 * off, QEMU drops what has come in already, which with input from a pipe is the
 * beginning of the input.
 */
#ifndef LIB_X86_UART_H
#define LIB_X86_UART_H

#define UART_COM1 0x3f8
#define UART_PIN 4 /* of the I/O APIC */

#define UART_DATA (UART_COM1 + 0) /* divisor low when UART_LCR_DLAB */
#define UART_IER (UART_COM1 + 1)  /* divisor high when UART_LCR_DLAB */
#define UART_LCR (UART_COM1 + 3)
#define UART_MCR (UART_COM1 + 4)
#define UART_LSR (UART_COM1 + 5)

#define UART_IER_RECEIVED 0x01
#define UART_LCR_8N1 0x03
#define UART_LCR_DLAB 0x80
#define UART_MCR_DTR_RTS_OUT2 0x0b /* OUT2 gates the interrupt line */
#define UART_LSR_DATA_READY 0x01
#define UART_LSR_THR_EMPTY 0x20

#endif
