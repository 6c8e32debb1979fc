/* SPDX-License-Identifier: MIT
 *
 * The devices of QEMU's microvm and q35 that the native probe needs: serial
 * line, local APIC timer, and the one that ends QEMU.
 */
#ifndef PROBE_NATIVE_MACHINE_H
#define PROBE_NATIVE_MACHINE_H

#include <stddef.h>
#include <stdint.h>

void machine_init(void);
void machine_write(const char *text, size_t size);
_Noreturn void machine_end(uint8_t code);

/* A periodic interrupt, about each millisecond. */
void machine_timer_start(uint8_t vector);
void machine_timer_stop(void);
void machine_end_of_interrupt(void);

#endif
