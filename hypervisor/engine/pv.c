/* SPDX-License-Identifier: MIT
 *
 * The pv engine: the guest kernel runs in ring 3, knows it, and calls. This
 * file is its table and what moves a vCPU onto a CPU and off it.
 */
#include "hypervisor/engine/pv.h"

#include "abi/exits.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/engine/direct_access.h"
#include "hypervisor/mm/audit.h"
#include "hypervisor/mm/table.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"
#include "lib/builder/elf.h"
#include "lib/string.h"

#define XSAVE_ALL (XCR0_X87 | XCR0_SSE | XCR0_AVX)
#define MXCSR_DEFAULT 0x1f80u
#define X87_CONTROL_DEFAULT 0x37fu

/* Offsets in the xsave area (APM 2, 11.5.3). */
#define XSAVE_FCW 0
#define XSAVE_MXCSR 24

void pv_vcpu_start(struct vcpu *v, uint64_t entry, uint64_t stack,
                   uint64_t argument)
{
    uint32_t mxcsr = MXCSR_DEFAULT;
    uint16_t fcw = X87_CONTROL_DEFAULT;

    memset(&v->regs, 0, sizeof(v->regs));
    v->regs.rip = entry;
    v->regs.rsp = stack;
    v->regs.rdi = argument;
    v->regs.cs = PARAPET_CS_USER; /* CPL 3: what the CPU sees */
    v->regs.ss = PARAPET_SS;
    v->regs.rflags = RFLAGS_IF | RFLAGS_ALWAYS;
    pv_vcpu(v)->dr6 = DR6_RESET;
    pv_vcpu(v)->user_mode = false;
    pv_vcpu(v)->cpu = MAX_CPUS;
    memset(&v->segments, 0, sizeof(v->segments));
    v->segments.gs_base = PARAPET_VCPU_PAGE((uint64_t)v->id);
    memset(v->xsave, 0, PAGE_SIZE);
    memcpy((uint8_t *)v->xsave + XSAVE_FCW, &fcw, sizeof(fcw));
    memcpy((uint8_t *)v->xsave + XSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
    /* Both components present, so that MXCSR and FCW are loaded. */
    *(uint64_t *)((uint8_t *)v->xsave + 512) = XCR0_X87 | XCR0_SSE;
}

/* The two roots. */
static size_t pv_audit_holds(struct vcpu *v, struct audit_hold *holds)
{
    const struct pv_vcpu *pv = pv_vcpu(v);
    size_t nr = 0;

    if (pv->kernel_root != 0)
        holds[nr++] = (struct audit_hold){pv->kernel_root, TYPE_L4};
    if (pv->user_root != 0)
        holds[nr++] = (struct audit_hold){pv->user_root, TYPE_USER_ROOT};
    return nr;
}

static void pv_domain_unload(struct domain *d)
{
    for (unsigned int i = 0; i < d->nr_vcpus; i++) {
        struct pv_vcpu *pv = pv_vcpu(d->vcpus[i]);

        if (pv->kernel_root != 0)
            table_put(&d->memory, pv->kernel_root);
        if (pv->user_root != 0)
            table_put(&d->memory, pv->user_root);
        pv->kernel_root = 0;
        pv->user_root = 0;
    }
}

/* Nothing of it is in this CPU's TLB any more. Not inlined: the bench looks
 * where another domain comes (tools/bench_lib/disks.py). */
__attribute__((noinline)) void pv_leave_owner(struct memory_owner *old,
                                              uint64_t bit)
{
    __atomic_fetch_and(&old->tlb_cpus, ~bit, __ATOMIC_SEQ_CST);
}

/*
 * The bit of the new domain is set before its root is loaded, and that of the
 * old one cleared when its translations are gone: so a flush that goes by these
 * bits leaves out no CPU.
 *
 * A vCPU that comes from another CPU may have flushed there what this one still
 * has of the same root, by itself or by another vCPU that ran here. And one
 * that starts was flushed nowhere while it was down.
 */
static void load_root(struct cpu_info *cpu, struct memory_owner *m,
                      uint64_t root, bool comes)
{
    struct memory_owner *old = cpu->tlb_owner;
    uint64_t bit = 1ul << cpu->id;

    __atomic_fetch_or(&m->tlb_cpus, bit, __ATOMIC_SEQ_CST);
    if (comes || read_cr3() != root)
        write_cr3(root);
    cpu->tlb_owner = m;
    if (old && old != m)
        pv_leave_owner(old, bit);
}

static void pv_switch_in(struct vcpu *v)
{
    const struct vcpu_segments *s = &v->segments;
    struct cpu_info *cpu = this_cpu();

    /* Loading a selector changes the base, so the bases come after. */
    write_ds(s->ds);
    write_es(s->es);
    write_fs(s->fs);
    write_gs(s->gs);
    write_fs_base(s->fs_base);
    write_gs_base(s->gs_base);
    wrmsr(MSR_KERNEL_GS_BASE, s->gs_user_base);
    /*
     * Without an exception pending, some CPUs neither save nor load the x87
     * unit's pointers to the last instruction and operand (APM 2, 11.4.4.2;
     * QEMU never does): fninit makes them 0, whosever they were.
     */
    __asm__ volatile("fninit\n"
                     "xrstor64 (%0)"
                     :
                     : "r"(v->xsave), "a"((uint32_t)XSAVE_ALL), "d"(0)
                     : "memory");
    pv_cpu(cpu)->kernel_cr3 = frame_paddr(pv_vcpu(v)->kernel_root);
    pv_cpu(cpu)->user_cr3 = frame_paddr(pv_vcpu(v)->user_root);
    pv_cpu(cpu)->user_mode = pv_vcpu(v)->user_mode;
    pv_cpu(cpu)->syscall_entry = pv_vcpu(v)->syscall_entry;
    load_root(cpu, &v->domain->memory,
              pv_cpu(cpu)->user_mode ? pv_cpu(cpu)->user_cr3
                                     : pv_cpu(cpu)->kernel_cr3,
              pv_vcpu(v)->cpu != cpu->id);
    pv_vcpu(v)->cpu = cpu->id;
}

static void pv_switch_out(struct vcpu *v)
{
    struct vcpu_segments *s = &v->segments;

    pv_vcpu(v)->user_mode = pv_cpu(this_cpu())->user_mode;
    s->ds = read_ds();
    s->es = read_es();
    s->fs = read_fs();
    s->gs = read_gs();
    s->fs_base = read_fs_base();
    s->gs_base = read_gs_base();
    s->gs_user_base = rdmsr(MSR_KERNEL_GS_BASE);
    __asm__ volatile("xsave64 (%0)"
                     :
                     : "r"(v->xsave), "a"((uint32_t)XSAVE_ALL), "d"(0)
                     : "memory");
}

const struct engine engine_pv = {
    .name = "pv",
    .vcpu_size = sizeof(struct pv_vcpu),
    .dispatch = hypercall_table,
    .dispatch_control = hypercall_table_control,
    .kernel_read = elf_kernel_read,
    .hypercall_page = pv_hypercall_page,
    .vcpu_set_start = pv_vcpu_set_start,
    .domain_unload = pv_domain_unload,
    .copy_from_guest = direct_copy_from_guest,
    .copy_to_guest = direct_copy_to_guest,
    .fetch_code = direct_fetch_code,
    .audit_holds = pv_audit_holds,
    .vcpu_start = pv_vcpu_start,
    .switch_in = pv_switch_in,
    .switch_out = pv_switch_out,
    .exception = pv_exception,
    .trap = pv_trap,
    .deliver_event = pv_deliver_event,
};
