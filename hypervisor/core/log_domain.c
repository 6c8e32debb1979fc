/* SPDX-License-Identifier: MIT
 *
 * Owns how domains and vCPUs are named in the log.
 */
#include "hypervisor/core/log_domain.h"

#include "hypervisor/core/domain.h"
#include "lib/printf.h"

void log_domain(enum log_level level, const struct domain *domain,
                const char *format, ...)
{
    char who[16];
    va_list args;

    if (!log_is_on(level))
        return;
    (void)string_format(who, sizeof(who), "d%u", domain->id);
    va_start(args, format);
    log_write(level, who, format, args);
    va_end(args);
}

void log_vcpu(enum log_level level, const struct vcpu *vcpu, const char *format,
              ...)
{
    char who[24];
    va_list args;

    if (!log_is_on(level))
        return;
    (void)string_format(who, sizeof(who), "d%uv%u", vcpu->domain->id, vcpu->id);
    va_start(args, format);
    log_write(level, who, format, args);
    va_end(args);
}
