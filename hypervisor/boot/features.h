/* SPDX-License-Identifier: MIT
 *
 * What the CPU must have, and the control registers the hypervisor fixes.
 */
#ifndef HYPERVISOR_BOOT_FEATURES_H
#define HYPERVISOR_BOOT_FEATURES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Ends the boot with a message when a needed feature is missing. On the boot
 * CPU, before features_enable().
 */
void features_check(void);

/* Sets CR0, CR4 and XCR0 of the calling CPU for good. */
void features_enable(void);

/* Bytes that xsave needs for what XCR0 enables. */
uint32_t features_xsave_size(void);

/* "vendor, brand" and the features in use, for the log. */
void features_describe(char *text, size_t size);

#endif
