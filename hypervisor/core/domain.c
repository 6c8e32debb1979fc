/* SPDX-License-Identifier: MIT
 *
 * Owns the list of domains, and how one begins and ends.
 */
#include "hypervisor/core/domain.h"

#include <stdarg.h>

#include "hypervisor/base/panic.h"
#include "hypervisor/build/bundle.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hc_console.h"
#include "hypervisor/core/log_domain.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/mm/audit.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"
#include "lib/builder/elf.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

struct domain *domains[BUNDLE_MAX_DOMAINS];
unsigned int nr_domains;

static uint32_t nr_ended;
static uint32_t nr_failed;

static void *alloc_pages(size_t size)
{
    mfn_t mfn = frame_alloc_run(ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE);

    return mfn == MFN_NONE ? NULL : frame_vaddr(mfn);
}

static struct vcpu *vcpu_create(struct domain *d, unsigned int id)
{
    struct vcpu *v = alloc_pages(sizeof(*v));

    if (!v)
        return NULL;
    v->page = alloc_pages(PAGE_SIZE);
    v->counters = alloc_pages(PAGE_SIZE);
    v->latency = alloc_pages(sizeof(*v->latency));
    v->xsave = alloc_pages(PAGE_SIZE);
    if (!v->page || !v->counters || !v->latency || !v->xsave)
        return NULL;
    v->domain = d;
    v->id = id;
    v->page->event_mask = 1;
    v->page->self = PARAPET_VCPU_PAGE(id);
    v->page->vcpu_id = id;
    list_init(&v->queue_node);
    return v;
}

struct domain *domain_create(unsigned int id, const char *name,
                             unsigned int nr_vcpus)
{
    struct domain *d = alloc_pages(sizeof(*d));

    if (!d || nr_domains == BUNDLE_MAX_DOMAINS)
        return NULL;
    d->id = id;
    (void)string_copy(d->name, sizeof(d->name), name);
    d->shared = alloc_pages(PAGE_SIZE);
    d->ports = alloc_pages(PARAPET_NR_PORTS * sizeof(*d->ports));
    d->dtb = alloc_pages(PARAPET_DTB_MAX);
    d->start_stack = alloc_pages(PARAPET_START_STACK_SIZE);
    if (!d->shared || !d->ports || !d->dtb || !d->start_stack)
        return NULL;
    d->ports_used[0] = 1; /* port 0 is no port */
    d->nr_vcpus = nr_vcpus;
    for (unsigned int i = 0; i < nr_vcpus; i++) {
        d->vcpus[i] = vcpu_create(d, i);
        if (!d->vcpus[i])
            return NULL;
    }
    domains[nr_domains++] = d;
    return d;
}

static const char *reason_name(uint32_t reason)
{
    switch (reason) {
    case PARAPET_SHUTDOWN_POWEROFF:
        return "powered off";
    case PARAPET_SHUTDOWN_REBOOT:
        return "asked for a reboot, which ends it";
    default:
        return "crashed";
    }
}

static void audit_at_end(struct domain *d)
{
    if (memory_audit(d) != 0)
        panic("the audit of domain %u found differences", d->id);
    log_domain(LOG_INFO, d, "audit: %lu frames, 0 differences",
               d->memory.nr_frames);
}

void domain_end(struct domain *d, uint32_t reason)
{
    this_cpu()->exit_work |= WORK_RESCHEDULE;
    if (__atomic_exchange_n(&d->ended, 1, __ATOMIC_SEQ_CST))
        return;
    d->end_reason = reason;
    if (audit_enabled)
        audit_at_end(d);
    log_domain(LOG_INFO, d, "%s (%s)", reason_name(reason), d->name);
    if (reason != PARAPET_SHUTDOWN_POWEROFF)
        __atomic_fetch_add(&nr_failed, 1, __ATOMIC_SEQ_CST);
    for (unsigned int i = 0; i < d->nr_vcpus; i++)
        sched_kick(d->vcpus[i]);
    if (__atomic_add_fetch(&nr_ended, 1, __ATOMIC_SEQ_CST) < nr_domains) {
        hc_console_domain_ended(d);
        return;
    }
    log_info("no domain is left: the machine ends");
    machine_end(nr_failed ? MACHINE_END_DOMAIN_FAILED : MACHINE_END_SUCCESS);
}

static void report_code(const struct vcpu *v, uint64_t rip)
{
    struct guest_code code;
    char text[3 * sizeof(code.bytes) + 1] = "";
    char symbol[64];
    uint64_t offset;
    size_t n = guest_fetch_code(&code, rip);

    if (elf_symbol(v->domain->kernel, v->domain->kernel_size, rip, symbol,
                   sizeof(symbol), &offset))
        log_vcpu(LOG_ERR, v, "  rip %016lx  %s+0x%lx", rip, symbol, offset);
    else
        log_vcpu(LOG_ERR, v, "  rip %016lx  (no symbol)", rip);
    for (size_t i = 0; i < n; i++)
        (void)string_format(text + 3 * i, sizeof(text) - 3 * i, " %02x",
                            code.bytes[i]);
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
    log_vcpu(LOG_ERR, v, "killed: %s", text);
    report_code(v, regs->rip);
    report_regs(v, regs);
    domain_end(v->domain, PARAPET_SHUTDOWN_CRASH);
}
