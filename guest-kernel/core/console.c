/* SPDX-License-Identifier: MIT
 *
 * A ring of input bytes between the console interrupt and the thread that
 * reads. head and tail only count up; head - tail bytes wait.
 *
 * When the ring is full the handler leaves the rest where it is, and no
 * further interrupt need come for it (the line stays raised, the event is not
 * sent twice). So whoever has emptied the ring looks for it himself.
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
/* Input may wait in the device for which no interrupt will come; at first what
 * came before there was a handler. */
static bool left_over = true;
static struct wait_queue readers = WAIT_QUEUE_INIT(readers);

/* As much as there is, or as there is room for. Interrupts are disabled. */
static void fill(void)
{
    unsigned int at, room;
    size_t got;

    left_over = true;
    while (head - tail < INPUT_SIZE) {
        at = head % INPUT_SIZE;
        room = MIN(INPUT_SIZE - at, INPUT_SIZE - (head - tail));
        got = privops_console_read(input + at, room);
        head += (unsigned int)got;
        if (got < room) {
            left_over = false;
            return;
        }
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
        if (left_over)
            fill();
        else
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
