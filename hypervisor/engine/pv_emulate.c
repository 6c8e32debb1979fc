/* SPDX-License-Identifier: MIT
 *
 * Trap and emulate: a guest kernel in ring 3 that executes a privileged
 * instruction gets #GP from the CPU, and here it is given what the
 * instruction does to a virtual CPU.
 *
 *   cli, sti                 the event mask of the vCPU page
 *   sti; hlt                 taken together: see emulate_sti()
 *   hlt                      sleep until an event is pending, mask as it is
 *   mov from cr0, cr4, smsw  fixed values: what the hypervisor has set
 *   mov to cr0, cr4, lmsw    accepted when nothing changes
 *   mov from/to cr2          fault_vaddr of the vCPU page
 *   mov from dr6             the last debug exception; dr7 reads as reset
 *   clts, wbinvd, invd       nothing to do
 *   invlpg                   done, for the guest's own addresses
 *   rdmsr, wrmsr             EFER (read only), FS, GS and user GS base
 *
 * Everything else is refused, and so is what cannot be decoded or read: the
 * guest gets its #GP, or ends when it has no handler. Instructions that do
 * not trap in ring 3 (popf, pushf, ...) never come here.
 */
#include "abi/exits.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/engine/direct_access.h"
#include "hypervisor/engine/pv.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/decode.h"
#include "hypervisor/x86/percpu.h"

#define OPCODE_HLT 0xf4
#define DR7_RESET 0x400ul

uint64_t *pv_reg(struct cpu_regs *regs, unsigned int number)
{
    static const uint8_t offsets[16] = {
        offsetof(struct cpu_regs, rax), offsetof(struct cpu_regs, rcx),
        offsetof(struct cpu_regs, rdx), offsetof(struct cpu_regs, rbx),
        offsetof(struct cpu_regs, rsp), offsetof(struct cpu_regs, rbp),
        offsetof(struct cpu_regs, rsi), offsetof(struct cpu_regs, rdi),
        offsetof(struct cpu_regs, r8),  offsetof(struct cpu_regs, r9),
        offsetof(struct cpu_regs, r10), offsetof(struct cpu_regs, r11),
        offsetof(struct cpu_regs, r12), offsetof(struct cpu_regs, r13),
        offsetof(struct cpu_regs, r14), offsetof(struct cpu_regs, r15),
    };

    return (uint64_t *)((uint8_t *)regs + offsets[number & 15]);
}

void pv_gprs(struct cpu_regs *regs, uint64_t gprs[16])
{
    for (unsigned int i = 0; i < 16; i++)
        gprs[i] = *pv_reg(regs, i);
}

static uint64_t effective_vaddr(struct cpu_regs *regs, const struct insn *insn)
{
    uint64_t gprs[16];

    pv_gprs(regs, gprs);
    return insn_effective_vaddr(insn, gprs, regs->rip, read_fs_base(),
                                read_gs_base());
}

static bool mov_from_cr(struct vcpu *v, const struct insn *insn, uint64_t *reg)
{
    switch (insn->special) {
    case 0:
        *reg = read_cr0();
        return true;
    case 2:
        *reg = v->page->fault_vaddr;
        return true;
    case 4:
        *reg = read_cr4();
        return true;
    default:
        return false;
    }
}

static bool mov_to_cr(struct vcpu *v, const struct insn *insn, uint64_t value)
{
    switch (insn->special) {
    case 0:
        return value == read_cr0();
    case 2:
        v->page->fault_vaddr = value;
        return true;
    case 4:
        return value == read_cr4();
    default:
        return false;
    }
}

static bool mov_from_dr(struct vcpu *v, const struct insn *insn, uint64_t *reg)
{
    switch (insn->special) {
    case 6:
        *reg = pv_vcpu(v)->dr6;
        return true;
    case 7:
        *reg = DR7_RESET;
        return true;
    default:
        if (insn->special > 3)
            return false;
        *reg = 0;
        return true;
    }
}

/* No breakpoint can be armed: an address would have to be checked against the
 * hypervisor's range, and the registers be switched. */
static bool mov_to_dr(struct vcpu *v, const struct insn *insn, uint64_t value)
{
    switch (insn->special) {
    case 6:
        pv_vcpu(v)->dr6 = (value & 0xe00ful) | DR6_RESET;
        return true;
    case 7:
        return value == DR7_RESET;
    default:
        return false;
    }
}

static bool emulate_rdmsr(struct cpu_regs *regs)
{
    uint64_t value;

    switch ((uint32_t)regs->rcx) {
    case MSR_EFER:
        value = rdmsr(MSR_EFER);
        break;
    case MSR_FS_BASE:
        value = read_fs_base();
        break;
    case MSR_GS_BASE:
        value = read_gs_base();
        break;
    case MSR_KERNEL_GS_BASE:
        value = rdmsr(MSR_KERNEL_GS_BASE);
        break;
    default:
        return false;
    }
    regs->rax = (uint32_t)value;
    regs->rdx = value >> 32;
    return true;
}

static bool emulate_wrmsr(const struct cpu_regs *regs)
{
    uint64_t value = regs->rdx << 32 | (uint32_t)regs->rax;

    switch ((uint32_t)regs->rcx) {
    case MSR_EFER:
        return value == rdmsr(MSR_EFER);
    case MSR_FS_BASE:
        return hc_set_segment_base(PARAPET_SEGMENT_FS, value) == 0;
    case MSR_GS_BASE:
        return hc_set_segment_base(PARAPET_SEGMENT_GS, value) == 0;
    case MSR_KERNEL_GS_BASE:
        return hc_set_segment_base(PARAPET_SEGMENT_GS_USER, value) == 0;
    default:
        return false;
    }
}

static __attribute__((noinline)) bool emulate_invlpg(struct cpu_regs *regs,
                                                     const struct insn *insn)
{
    uint64_t vaddr = effective_vaddr(regs, insn);

    if (guest_vaddr_ok(vaddr))
        invlpg(vaddr);
    return true;
}

/* smsw to a register; to memory it is refused, as nobody needs it. */
static bool emulate_smsw(struct cpu_regs *regs, const struct insn *insn)
{
    uint64_t *reg;
    uint64_t mask;

    if (insn->has_memory)
        return false;
    reg = pv_reg(regs, insn->reg);
    mask = insn->operand_size == 2 ? 0xffff : ~0ul;
    *reg = (*reg & ~mask) | (read_cr0() & mask);
    return true;
}

/* lmsw sets the low four bits of cr0, and cannot clear PE. */
static bool emulate_lmsw(struct cpu_regs *regs, const struct insn *insn)
{
    if (insn->has_memory)
        return false;
    return (*pv_reg(regs, insn->reg) & 0xf) == (read_cr0() & 0xf);
}

/*
 * The CPU holds interrupts off for one instruction after sti, so that an idle
 * loop's `sti; hlt` cannot sleep on what came in between. So a hlt after it
 * is done with it, but in single steps, each of which is reported; before any
 * other instruction an event may come at once.
 */
static __attribute__((noinline)) bool
emulate_sti(struct vcpu *v, struct cpu_regs *regs, const struct insn *insn)
{
    struct guest_code code;

    (void)hc_cpu_irq_enable();
    if (!(regs->rflags & RFLAGS_TF) &&
        direct_fetch_code(&code, regs->rip + insn->length) > 0 &&
        code.bytes[0] == OPCODE_HLT) {
        sched_block(v);
        regs->rip++;
    }
    return true;
}

/* Does what insn says; false when it is not allowed, with nothing changed. */
static bool emulate(struct vcpu *v, struct cpu_regs *regs,
                    const struct insn *insn)
{
    switch (insn->op) {
    case INSN_CLI:
        v->page->event_mask = 1;
        return true;
    case INSN_STI:
        return emulate_sti(v, regs, insn);
    case INSN_HLT:
        return (sched_block(v), true);
    case INSN_MOV_FROM_CR:
        return mov_from_cr(v, insn, pv_reg(regs, insn->reg));
    case INSN_MOV_TO_CR:
        return mov_to_cr(v, insn, *pv_reg(regs, insn->reg));
    case INSN_MOV_FROM_DR:
        return mov_from_dr(v, insn, pv_reg(regs, insn->reg));
    case INSN_MOV_TO_DR:
        return mov_to_dr(v, insn, *pv_reg(regs, insn->reg));
    case INSN_SMSW:
        return emulate_smsw(regs, insn);
    case INSN_LMSW:
        return emulate_lmsw(regs, insn);
    case INSN_RDMSR:
        return emulate_rdmsr(regs);
    case INSN_WRMSR:
        return emulate_wrmsr(regs);
    case INSN_INVLPG:
        return emulate_invlpg(regs, insn);
    case INSN_CLTS:
    case INSN_INVD:
    case INSN_WBINVD:
        return true;
    default:
        return false;
    }
}

void pv_emulate(struct vcpu *v, struct cpu_regs *regs)
{
    struct guest_code code;
    struct insn insn;
    size_t n = direct_fetch_code(&code, regs->rip);

    if (n == 0 || !insn_decode(code.bytes, n, &insn) ||
        insn.op == INSN_UNKNOWN || !emulate(v, regs, &insn)) {
        v->counters->exits[PARAPET_EXIT_reflected]++;
        pv_reflect(v, regs);
        return;
    }
    v->counters->exits[PARAPET_EXIT_emulated]++;
    pv_end_instruction(v, regs, insn.length);
}
