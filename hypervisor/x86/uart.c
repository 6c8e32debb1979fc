/* SPDX-License-Identifier: MIT
 *
 * Registers: National Semiconductor PC16550D data sheet, section 8.
 */
#include "hypervisor/x86/uart.h"

#include "hypervisor/x86/cpu.h"

#define COM1 0x3f8
#define UART_DATA (COM1 + 0) /* divisor low when LCR_DLAB */
#define UART_IER (COM1 + 1)  /* divisor high when LCR_DLAB */
#define UART_LCR (COM1 + 3)
#define UART_MCR (COM1 + 4)
#define UART_LSR (COM1 + 5)

#define IER_RECEIVED 0x01
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define MCR_DTR_RTS_OUT2 0x0b /* OUT2 gates the interrupt line */
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY 0x20

static bool input_enabled;

void uart_start(void)
{
    outb(UART_IER, 0);
    outb(UART_LCR, LCR_DLAB);
    outb(UART_DATA, 1);
    outb(UART_IER, 0);
    outb(UART_LCR, LCR_8N1);
    outb(UART_MCR, MCR_DTR_RTS_OUT2);
}

void uart_put(uint8_t byte)
{
    while (!(inb(UART_LSR) & LSR_THR_EMPTY))
        cpu_relax();
    outb(UART_DATA, byte);
}

bool uart_has_input(void)
{
    return inb(UART_LSR) & LSR_DATA_READY;
}

uint8_t uart_get(void)
{
    return inb(UART_DATA);
}

void uart_enable_input(bool on)
{
    if (on == input_enabled)
        return;
    input_enabled = on;
    outb(UART_IER, on ? IER_RECEIVED : 0);
}
