/* SPDX-License-Identifier: MIT
 *
 * The end of a domain.
 */
#ifndef HYPERVISOR_CORE_DOMAIN_END_H
#define HYPERVISOR_CORE_DOMAIN_END_H

#include <stdint.h>

struct cpu_regs;
struct domain;
struct vcpu;

/*
 * Ends the domain, with PARAPET_SHUTDOWN_*: none of its vCPUs runs again.
 * Only the first call counts; after each the CPU that called, whose vCPU is one
 * of the domain's, takes another at its exit. When it was the last domain, the
 * machine ends and this does not return. Takes run queue locks.
 */
void domain_end(struct domain *domain, uint32_t reason);

/*
 * Tier 2: the guest broke the rules. Reports the domain, the reason, where it
 * was and its registers, and ends it. v runs on this CPU; regs are complete.
 */
void domain_kill(struct vcpu *v, const struct cpu_regs *regs,
                 const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
