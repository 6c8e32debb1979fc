/* SPDX-License-Identifier: MIT
 *
 * The console by hypercall.
 */
#include "abi/stubs.h"
#include "guest-kernel/privops/privops.h"

/* An error here cannot be told to anybody; the text is dropped. */
void privops_console_write(const char *text, size_t size)
{
    int64_t written;

    for (; size > 0; text += written, size -= (size_t)written) {
        written = HYPERCALL_RESTARTED(hypercall_console_write(text, size));
        if (written <= 0)
            return;
    }
}

size_t privops_console_read(char *buffer, size_t size)
{
    int64_t got = hypercall_console_read(buffer, size);

    return got > 0 ? (size_t)got : 0; /* -EAGAIN: nothing waits */
}
