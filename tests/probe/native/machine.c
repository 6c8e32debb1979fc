/* SPDX-License-Identifier: MIT */
#include "tests/probe/native/machine.h"
#include "lib/x86/debug_exit.h"
#include "lib/x86/lapic.h"
#include "lib/x86/pic.h"
#include "lib/x86/port.h"
#include "lib/x86/uart.h"

#define SPURIOUS_VECTOR 0xff
#define COUNTS_PER_TICK 1000000u /* QEMU's counts at 1 GHz */

/* It is mapped where it is. */
static volatile uint32_t *lapic(uint64_t offset)
{
    return (volatile uint32_t *)(LAPIC_PADDR + offset);
}

void machine_init(void)
{
    pic_mask_all();
    outb(UART_LCR, UART_LCR_8N1);
    *lapic(LAPIC_TASK_PRIORITY) = 0;
    *lapic(LAPIC_LVT_LINT0) = LAPIC_LVT_MASKED;
    *lapic(LAPIC_LVT_LINT1) = LAPIC_LVT_MASKED;
    *lapic(LAPIC_SPURIOUS) = LAPIC_SPURIOUS_ENABLE | SPURIOUS_VECTOR;
    *lapic(LAPIC_TIMER_DIVIDE) = LAPIC_DIVIDE_BY_1;
    machine_timer_stop();
}

void machine_write(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        while (!(inb(UART_LSR) & UART_LSR_THR_EMPTY))
            __builtin_ia32_pause();
        outb(UART_DATA, (uint8_t)text[i]);
    }
}

_Noreturn void machine_end(uint8_t code)
{
    outb(DEBUG_EXIT_PORT, code);
    for (;;)
        __asm__ volatile("cli; hlt");
}

void machine_timer_start(uint8_t vector)
{
    *lapic(LAPIC_LVT_TIMER) = LAPIC_LVT_PERIODIC | vector;
    *lapic(LAPIC_TIMER_INITIAL) = COUNTS_PER_TICK;
}

void machine_timer_stop(void)
{
    *lapic(LAPIC_TIMER_INITIAL) = 0;
    *lapic(LAPIC_LVT_TIMER) = LAPIC_LVT_MASKED;
}

void machine_end_of_interrupt(void)
{
    *lapic(LAPIC_END_OF_INTERRUPT) = 0;
}
