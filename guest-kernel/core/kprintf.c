/* SPDX-License-Identifier: MIT
 *
 * Gathers the pieces that the formatter makes: under the hypervisor each write
 * is a hypercall.
 */
#include "guest-kernel/core/kprintf.h"

#include "guest-kernel/privops/privops.h"
#include "lib/printf.h"
#include "lib/string.h"

struct output {
    size_t used;
    char text[256];
};

static void flush(struct output *output)
{
    privops_console_write(output->text, output->used);
    output->used = 0;
}

static void put(void *ctx, const char *text, size_t size)
{
    struct output *output = ctx;

    if (size > sizeof(output->text) - output->used)
        flush(output);
    if (size > sizeof(output->text)) {
        privops_console_write(text, size);
        return;
    }
    memcpy(output->text + output->used, text, size);
    output->used += size;
}

void kvprintf(const char *format, va_list args)
{
    struct output output;
    bool irq_on = privops_irq_save();

    output.used = 0;
    format_to(put, &output, format, args);
    flush(&output);
    privops_irq_restore(irq_on);
}

void kprintf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    kvprintf(format, args);
    va_end(args);
}
