/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/env.h in the guest kernel: threads, bells, the clock and the log.
 */
#include "guest-kernel/pvenv/bell.h"

#include "abi/errors.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/thread/sched.h"
#include "guest-kernel/thread/wait.h"
#include "lib/printf.h"
#include "pvdrivers/env.h"

struct env_bell {
    struct wait_queue sleepers;
    bool is_rung;
    void (*function)(void); /* NULL: none */
};

struct env_bell *env_bell_make(void)
{
    struct env_bell *bell = kzalloc(sizeof(*bell));

    if (bell != NULL)
        wait_queue_init(&bell->sleepers);
    return bell;
}

void env_bell_free(struct env_bell *bell)
{
    kfree(bell);
}

void bell_call(struct env_bell *bell, void (*function)(void))
{
    bell->function = function;
}

void env_bell_ring(struct env_bell *bell)
{
    bool irq_on = privops_irq_save();

    if (bell->function != NULL) {
        bell->function();
    } else {
        bell->is_rung = true;
        wait_queue_wake_one(&bell->sleepers);
    }
    privops_irq_restore(irq_on);
}

/* No signal ends it: the threads of drivers are the kernel's own. */
bool env_bell_wait(struct env_bell *bell, uint64_t deadline_ns)
{
    bool irq_on = privops_irq_save(), is_rung;

    while (!bell->is_rung && privops_clock_ns() < deadline_ns) {
        list_add_last(&bell->sleepers.threads, &thread_current()->node);
        sched_block(THREAD_BLOCKED, deadline_ns);
    }
    is_rung = bell->is_rung;
    bell->is_rung = false;
    privops_irq_restore(irq_on);
    return is_rung;
}

int env_thread_start(const char *name, void (*run)(void *context),
                     void *context)
{
    return thread_create(name, run, context) != NULL ? 0 : -PARAPET_ENOMEM;
}

uint64_t env_now(void)
{
    return privops_clock_ns();
}

void env_say(const char *format, ...)
{
    char line[160];
    va_list args;

    va_start(args, format);
    (void)string_vformat(line, sizeof(line), format, args);
    va_end(args);
    kprintf("guest: %s\n", line);
}
