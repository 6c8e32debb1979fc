/* SPDX-License-Identifier: MIT
 *
 * Owns how a domain ends: the reports, who is told, and the machine's end.
 */
#include "hypervisor/core/domain_end.h"

#include <stdarg.h>

#include "hypervisor/base/panic.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_life.h"
#include "hypervisor/core/domain_teardown.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hc_console.h"
#include "hypervisor/core/log_domain.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/core/meter.h"
#include "hypervisor/core/schedule.h"
#include "hypervisor/mm/audit.h"
#include "hypervisor/mm/grant.h"
#include "hypervisor/x86/percpu.h"
#include "lib/builder/elf.h"
#include "lib/macros.h"
#include "lib/printf.h"

/*
 * Who is told that a domain has ended, in this order, unless the machine ends.
 * Its vCPUs may still be on their way out of other CPUs; d->ended is set.
 */
static void (*const ended_hooks[])(const struct domain *d) = {
    hc_console_domain_ended,
};

bool domain_end_keep;

static uint32_t nr_failed;

static const char *reason_name(uint32_t reason)
{
    switch (reason) {
    case PARAPET_SHUTDOWN_POWEROFF:
        return "powered off";
    case PARAPET_SHUTDOWN_REBOOT:
        return "asked for a reboot, which ends it";
    case PARAPET_SHUTDOWN_DESTROYED:
        return "was destroyed";
    default:
        return "crashed";
    }
}

static void audit_at_end(struct domain *d)
{
    if (memory_audit(d) != 0)
        panic("the audit of domain %u found differences", d->id);
    log_domain(LOG_INFO, d, "audit: %lu frame%s, 0 differences",
               d->memory.nr_frames, d->memory.nr_frames == 1 ? "" : "s");
}

static _Noreturn void end_machine(bool success)
{
    if (audit_enabled && memory_audit_machine() != 0)
        panic("the audit of the machine found differences");
    if (meter_enabled)
        meter_print();
    machine_end(success ? MACHINE_END_SUCCESS : MACHINE_END_DOMAIN_FAILED);
}

/* One domain fewer lives: ends the machine if that was it. */
static void end_machine_after(const struct domain *d)
{
    uint32_t living =
        __atomic_sub_fetch(&domain_nr_living, 1, __ATOMIC_SEQ_CST);

    if (d->control &&
        !(domain_end_keep && d->end_reason == PARAPET_SHUTDOWN_CRASH)) {
        log_info("the control domain has ended: the machine ends");
        end_machine(d->end_reason == PARAPET_SHUTDOWN_POWEROFF);
    }
    if (living == 0) {
        log_info("no domain is left: the machine ends");
        end_machine(!nr_failed);
    }
}

/* The vCPU that runs here, if it is one of the domain's, does not run on. */
static void leave(const struct domain *d)
{
    struct cpu_info *cpu = this_cpu();

    if (cpu->current && cpu->current->domain == d)
        cpu->exit_work |= WORK_RESCHEDULE;
}

void domain_end(struct domain *d, uint32_t reason)
{
    leave(d);
    if (!domain_set_ended(d, reason))
        return;
    grant_table_close(&d->memory);
    if (d->control)
        log_set_shown(LOG_DEBUG);
    if (audit_enabled)
        audit_at_end(d);
    log_domain(reason == PARAPET_SHUTDOWN_CRASH ? LOG_ERR : LOG_INFO, d,
               "%s (%s)", reason_name(reason), d->name);
    if (reason != PARAPET_SHUTDOWN_POWEROFF)
        __atomic_fetch_add(&nr_failed, 1, __ATOMIC_SEQ_CST);
    for (unsigned int i = 0; i < d->nr_vcpus; i++)
        sched_end(d->vcpus[i]);
    end_machine_after(d);
    for (size_t i = 0; i < ARRAY_SIZE(ended_hooks); i++)
        ended_hooks[i](d);
    domain_tell_control();
    domain_teardown_begin(d);
}

static bool is_orphan(const struct domain *d)
{
    enum domain_state state = __atomic_load_n(&d->state, __ATOMIC_SEQ_CST);

    return state == DOMAIN_BUILDING || state == DOMAIN_PAUSED;
}

bool domain_end_orphan(void)
{
    struct domain *d;

    for_each_domain (d) {
        if (!is_orphan(d))
            continue;
        log_domain(LOG_WARN, d,
                   "does not run, and the control domain, which "
                   "could start it, is gone");
        domain_end(d, PARAPET_SHUTDOWN_DESTROYED);
        return true;
    }
    return false;
}

/* " 0f 0b" and so on; a report is too long for a format for each byte. */
static void show_bytes(char *text, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        *text++ = ' ';
        *text++ = digits[bytes[i] / 16];
        *text++ = digits[bytes[i] % 16];
    }
    *text = '\0';
}

static void report_code(const struct vcpu *v, uint64_t rip)
{
    struct guest_code code;
    char text[3 * sizeof(code.bytes) + 1];
    char symbol[64];
    uint64_t offset;
    size_t n = guest_fetch_code(&code, rip);

    if (elf_symbols_find(&v->domain->symbols, rip, symbol, sizeof(symbol),
                         &offset))
        log_vcpu(LOG_ERR, v, "  rip %016lx  %s+0x%lx", rip, symbol, offset);
    else
        log_vcpu(LOG_ERR, v, "  rip %016lx  (no symbol)", rip);
    show_bytes(text, code.bytes, n);
    log_vcpu(LOG_ERR, v, "  bytes%s", n ? text : " cannot be read");
}

static void report_regs(const struct vcpu *v, const struct cpu_regs *r)
{
    log_vcpu(LOG_ERR, v, "  rax %016lx  rbx %016lx  rcx %016lx", r->rax, r->rbx,
             r->rcx);
    log_vcpu(LOG_ERR, v, "  rdx %016lx  rsi %016lx  rdi %016lx", r->rdx, r->rsi,
             r->rdi);
    log_vcpu(LOG_ERR, v, "  rbp %016lx  rsp %016lx  r8  %016lx", r->rbp, r->rsp,
             r->r8);
    log_vcpu(LOG_ERR, v, "  r9  %016lx  r10 %016lx  r11 %016lx", r->r9, r->r10,
             r->r11);
    log_vcpu(LOG_ERR, v, "  r12 %016lx  r13 %016lx  r14 %016lx", r->r12, r->r13,
             r->r14);
    log_vcpu(LOG_ERR, v, "  r15 %016lx  rfl %016lx", r->r15, r->rflags);
}

void domain_kill(struct vcpu *v, const struct cpu_regs *regs,
                 const char *format, ...)
{
    char text[160];
    va_list args;

    this_cpu()->exit_work |= WORK_RESCHEDULE;
    if (v->domain->ended)
        return;
    va_start(args, format);
    (void)string_vformat(text, sizeof(text), format, args);
    va_end(args);
    meter_report();
    log_vcpu(LOG_ERR, v, "killed: %s", text);
    report_code(v, regs->rip);
    report_regs(v, regs);
    domain_end(v->domain, PARAPET_SHUTDOWN_CRASH);
}
