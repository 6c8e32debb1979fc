/* SPDX-License-Identifier: MIT
 *
 * Text for people and for tests/kernels/run, through the console hypercall.
 */
#ifndef KERNELS_CONSOLE_H
#define KERNELS_CONSOLE_H

#include <stdarg.h>
#include <stddef.h>

/* Everything is written, in one go where it fits into 512 bytes. */
void mg_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mg_vprintf(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/* All of the text, however often the hypervisor takes only a part. */
void mg_write(const char *text, size_t size);

#endif
