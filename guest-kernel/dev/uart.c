/* SPDX-License-Identifier: MIT */
#include "guest-kernel/dev/uart.h"
#include "lib/x86/port.h"
#include "lib/x86/uart.h"

#include <stdint.h>

void uart_init(void)
{
    outb(UART_IER, 0);
    outb(UART_LCR, UART_LCR_8N1);
    outb(UART_MCR, UART_MCR_DTR_RTS_OUT2);
}

void uart_enable_interrupt(void)
{
    outb(UART_IER, UART_IER_RECEIVED);
}

static void put(char c)
{
    while ((inb(UART_LSR) & UART_LSR_THR_EMPTY) == 0)
        ;
    outb(UART_DATA, (uint8_t)c);
}

void uart_write(const char *text, size_t size)
{
    for (; size > 0; size--, text++) {
        if (*text == '\n')
            put('\r');
        put(*text);
    }
}

size_t uart_read(char *buffer, size_t size)
{
    size_t got = 0;

    while (got < size && (inb(UART_LSR) & UART_LSR_DATA_READY) != 0)
        buffer[got++] = (char)inb(UART_DATA);
    return got;
}
