/* SPDX-License-Identifier: MIT
 *
 * A ring of input bytes between the console interrupt and the thread that
 * reads. head and tail only count up; head - tail bytes wait.
 *
 * When the ring is full the handler leaves the rest where it is, and no
 * further interrupt need come for it (the line stays raised, the event is
 * not sent twice). So the reader looks for itself before it sleeps: it sleeps
 * with an empty ring only after the device had nothing more either.
 */
#include "guest-kernel/core/console.h"

#include "guest-kernel/core/irq.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/proc/wait.h"
#include "lib/macros.h"

#define INPUT_SIZE 4096u /* a power of two */

static char input[INPUT_SIZE];
static unsigned int head;
static unsigned int tail;
static struct wait_queue readers = WAIT_QUEUE_INIT(readers);

/* Interrupts are disabled. */
static void fill(void)
{
    unsigned int at, room;
    size_t got;

    while (head - tail < INPUT_SIZE) {
        at = head % INPUT_SIZE;
        room = MIN(INPUT_SIZE - at, INPUT_SIZE - (head - tail));
        got = privops_console_read(input + at, room);
        if (got == 0)
            return;
        head += (unsigned int)got;
    }
}

static void console_interrupt(void)
{
    fill();
    if (head != tail)
        wait_queue_wake_all(&readers);
}

void console_init(void)
{
    irq_register(IRQ_CONSOLE, console_interrupt);
}

char console_get(void)
{
    bool irq_on = privops_irq_save();
    char c;

    while (head == tail) {
        fill();
        if (head == tail)
            wait_queue_sleep(&readers);
    }
    c = input[tail % INPUT_SIZE];
    tail++;
    privops_irq_restore(irq_on);
    return c;
}

void console_put(const char *text, size_t size)
{
    privops_console_write(text, size);
}
