/* SPDX-License-Identifier: MIT
 *
 * A domain is destroyed by another one.
 */
#ifndef HYPERVISOR_CORE_DOMAIN_DESTROY_H
#define HYPERVISOR_CORE_DOMAIN_DESTROY_H

#include <stdint.h>

/*
 * Ends the domain, if it has not ended, and takes it apart, a share at a time.
 * 0: all is done, and its frames are back. -ERESTART: call again. -ENOENT:
 * there is no such domain, or nothing of it is left. It is not the caller's.
 * Takes what domain_end() and domain_reap() take.
 */
int domain_destroy(uint32_t id);

#endif
