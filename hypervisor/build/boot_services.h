/* SPDX-License-Identifier: MIT
 *
 * What the builder asks for (lib/builder/services.h), at boot: answered here,
 * with no hypercall in between.
 */
#ifndef HYPERVISOR_BUILD_BOOT_SERVICES_H
#define HYPERVISOR_BUILD_BOOT_SERVICES_H

#include "lib/builder/services.h"

/* The context is the struct domain. */
extern const struct builder_services boot_services;

#endif
