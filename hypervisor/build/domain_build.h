/* SPDX-License-Identifier: MIT
 *
 * From the boot bundle to domains that are ready to run.
 */
#ifndef HYPERVISOR_BUILD_DOMAIN_BUILD_H
#define HYPERVISOR_BUILD_DOMAIN_BUILD_H

#include <stddef.h>

/*
 * Builds every domain of the bundle and starts its first vCPU. Anything wrong
 * with the bundle ends the boot with a line that says what. Boot only.
 */
void build_domains(const void *bundle, size_t size);

#endif
