/* SPDX-License-Identifier: MIT
 *
 * The end of a domain.
 */
#ifndef HYPERVISOR_CORE_DOMAIN_END_H
#define HYPERVISOR_CORE_DOMAIN_END_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_regs;
struct domain;
struct vcpu;

/*
 * Ends the domain, with PARAPET_SHUTDOWN_*: none of its vCPUs runs again. It
 * may be in any state, and the caller anybody. Only the first call counts;
 * after each the CPU that called takes another vCPU at its exit, if its own is
 * one of the domain's. When it was the last domain, or the control domain, the
 * machine ends and this does not return. Takes the domain's lock and those of
 * run queues.
 */
void domain_end(struct domain *domain, uint32_t reason);

/* Set once, at boot: the machine runs on when the control domain has crashed
 * (dom0_crash=keep). */
extern bool domain_end_keep;

/*
 * Tier 2: the guest broke the rules. Reports the domain, the reason, where it
 * was and its registers, and ends it. v runs on this CPU; regs are complete.
 */
void domain_kill(struct vcpu *v, const struct cpu_regs *regs,
                 const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
