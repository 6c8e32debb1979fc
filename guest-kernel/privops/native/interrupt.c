/* SPDX-License-Identifier: MIT
 *
 * Interrupts of the native build: a vector is a port of irq_raise(). And
 * sleeping until one comes.
 */
#include "guest-kernel/core/irq.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/dev/ioapic.h"
#include "guest-kernel/dev/lapic.h"
#include "guest-kernel/dev/uart.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/privops/privops.h"
#include "lib/x86/pic.h"
#include "lib/x86/uart.h"

void privops_irq_start(void)
{
    pic_mask_all();
    ioapic_route(UART_PIN, VECTOR_UART);
    uart_enable_interrupt();
}

uint32_t privops_timer_port(void)
{
    return VECTOR_TIMER;
}

uint32_t privops_console_port(void)
{
    return VECTOR_UART;
}

/* Acknowledged first: the handler may make the next one come. A device's is
 * acknowledged by its handler, since it would come again before that. */
void privops_interrupt(uint64_t vector)
{
    if (vector == VECTOR_SPURIOUS)
        return; /* APM 2, 16.4.7: no end of interrupt */
    if (vector < VECTOR_DEVICE)
        lapic_end_of_interrupt();
    if (!irq_raise((uint32_t)vector))
        panic("interrupt with vector %lu", vector);
}

/* sti takes effect after hlt has begun: no interrupt can slip between. */
void privops_idle(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}
