/* SPDX-License-Identifier: MIT
 *
 * Formatted text on the console, from any context. One call comes out in one
 * piece: no other thread's text gets into the middle. The kernel's own
 * messages start with "guest: ".
 */
#ifndef GUEST_KERNEL_CORE_KPRINTF_H
#define GUEST_KERNEL_CORE_KPRINTF_H

#include <stdarg.h>

void kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void kvprintf(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

#endif
