/* SPDX-License-Identifier: MIT */
#include "hypervisor/x86/uart.h"

#include "hypervisor/x86/cpu.h"
#include "lib/x86/uart.h"

static bool input_enabled;

void uart_start(void)
{
    outb(UART_IER, 0);
    outb(UART_LCR, UART_LCR_DLAB);
    outb(UART_DATA, 1);
    outb(UART_IER, 0);
    outb(UART_LCR, UART_LCR_8N1);
    outb(UART_MCR, UART_MCR_DTR_RTS_OUT2);
}

bool uart_put(uint8_t byte)
{
    if (!(inb(UART_LSR) & UART_LSR_THR_EMPTY))
        return false;
    outb(UART_DATA, byte);
    return true;
}

bool uart_has_input(void)
{
    return inb(UART_LSR) & UART_LSR_DATA_READY;
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
    outb(UART_IER, on ? UART_IER_RECEIVED : 0);
}
