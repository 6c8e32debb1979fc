/* SPDX-License-Identifier: MIT
 *
 * Messages that concern a domain or a vCPU: "d1: ..." and "d1v0: ...". Else as
 * log_line() (base/log.h).
 */
#ifndef HYPERVISOR_CORE_LOG_DOMAIN_H
#define HYPERVISOR_CORE_LOG_DOMAIN_H

#include "hypervisor/base/log.h"

struct domain;
struct vcpu;

void log_domain(enum log_level level, const struct domain *domain,
                const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_vcpu(enum log_level level, const struct vcpu *vcpu, const char *format,
              ...) __attribute__((format(printf, 3, 4)));

#endif
