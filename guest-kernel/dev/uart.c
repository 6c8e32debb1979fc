/* SPDX-License-Identifier: MIT
 *
 * The 16550A (its data sheet's names for registers and bits). The FIFO control
 * register is never written: whether it turns the FIFO on or off, QEMU then
 * drops what has come in already, which with input from a pipe is the
 * beginning of the input.
 */
#include "guest-kernel/dev/uart.h"
#include "lib/x86/port.h"

#include <stdint.h>

#define PORT 0x3f8
#define REG_DATA (PORT + 0)
#define REG_IER (PORT + 1) /* interrupt enable */
#define REG_LCR (PORT + 3) /* line control */
#define REG_MCR (PORT + 4) /* modem control */
#define REG_LSR (PORT + 5) /* line status */

#define IER_RECEIVED 0x01
#define LCR_8N1 0x03
#define MCR_DTR_RTS_OUT2 0x0b /* OUT2 lets the interrupt through, on PCs */
#define LSR_DATA_READY 0x01
#define LSR_TRANSMIT_EMPTY 0x20

void uart_init(void)
{
    outb(REG_IER, 0);
    outb(REG_LCR, LCR_8N1);
    outb(REG_MCR, MCR_DTR_RTS_OUT2);
}

void uart_enable_interrupt(void)
{
    outb(REG_IER, IER_RECEIVED);
}

static void put(char c)
{
    while ((inb(REG_LSR) & LSR_TRANSMIT_EMPTY) == 0)
        ;
    outb(REG_DATA, (uint8_t)c);
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

    while (got < size && (inb(REG_LSR) & LSR_DATA_READY) != 0)
        buffer[got++] = (char)inb(REG_DATA);
    return got;
}
