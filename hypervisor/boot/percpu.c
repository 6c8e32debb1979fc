/* SPDX-License-Identifier: MIT
 *
 * Makes the per-CPU blocks: stacks with guards, descriptor table, task state
 * segment and the system call stubs.
 */
#include "hypervisor/boot/percpu.h"

#include "abi/abi.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/core/meter.h"
#include "hypervisor/mm/paging.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/idt.h"
#include "hypervisor/x86/percpu.h"
#include "lib/string.h"

/* Where the stubs of the system call entries lie in their page. */
#define STUB_SYSCALL 0
#define STUB_COMPAT 64

extern char pv_syscall_entry[];
extern char pv_compat_entry[];
extern char pv_metered_syscall[];
extern char pv_metered_compat[];

static void map_range(unsigned int cpu, uint64_t offset, uint64_t size)
{
    for (uint64_t o = offset; o < offset + size; o += PAGE_SIZE) {
        mfn_t mfn = frame_alloc_zeroed();

        BUG_ON(mfn == MFN_NONE);
        BUG_ON(!paging_map(paging_root(), percpu_block(cpu) + o, mfn,
                           PTE_P | PTE_W | PTE_NX));
    }
}

static uint8_t *put_relative(uint8_t *code, uint64_t here, uint64_t target)
{
    int64_t distance = (int64_t)(target - (here + 4));
    int32_t displacement = (int32_t)distance;

    BUG_ON(distance != displacement);
    memcpy(code, &displacement, sizeof(displacement));
    return code + 4;
}

/*
 * A stub: the only code that runs with the guest's stack pointer. page is
 * where we write it, vaddr where it will run.
 *   mov %rsp, regs.rsp(%rip); lea regs.rcx(%rip), %rsp; jmp entry
 */
static void write_stub(uint8_t *page, uint64_t vaddr, struct cpu_regs *regs,
                       const char *entry)
{
    static const uint8_t mov[] = {0x48, 0x89, 0x25};
    static const uint8_t lea[] = {0x48, 0x8d, 0x25};
    uint8_t *code = page;
#define HERE (vaddr + (uint64_t)(code - page))

    memcpy(code, mov, sizeof(mov));
    code += sizeof(mov);
    code = put_relative(code, HERE, (uint64_t)&regs->rsp);
    memcpy(code, lea, sizeof(lea));
    code += sizeof(lea);
    code = put_relative(code, HERE, (uint64_t)&regs->rcx);
    *code++ = 0xe9;
    (void)put_relative(code, HERE, (uint64_t)entry);
#undef HERE
}

static void create_stubs(unsigned int cpu, struct cpu_regs *regs)
{
    mfn_t mfn = frame_alloc_zeroed();
    uint64_t vaddr = percpu_block(cpu) + PERCPU_STUBS;
    uint8_t *page = frame_vaddr(mfn);

    BUG_ON(mfn == MFN_NONE);
    memset(page, 0xcc, PAGE_SIZE);
    write_stub(page + STUB_SYSCALL, vaddr + STUB_SYSCALL, regs,
               meter_enabled ? pv_metered_syscall : pv_syscall_entry);
    write_stub(page + STUB_COMPAT, vaddr + STUB_COMPAT, regs,
               meter_enabled ? pv_metered_compat : pv_compat_entry);
    BUG_ON(!paging_map(paging_root(), vaddr, mfn, PTE_P));
}

static uint64_t ist_top(unsigned int cpu, uint64_t offset)
{
    return percpu_block(cpu) + offset + PERCPU_IST_SIZE;
}

static void fill_descriptors(struct cpu_info *info)
{
    info->gdt[HV_CS / 8] = DESCRIPTOR_CODE;
    info->gdt[HV_SS / 8] = DESCRIPTOR_DATA;
    info->gdt[PARAPET_SS / 8] = DESCRIPTOR_DATA_USER;
    info->gdt[PARAPET_CS_KERNEL / 8] = DESCRIPTOR_CODE_USER;
    descriptor_set_tss(&info->gdt[HV_TSS / 8], &info->tss);
    info->tss.rsp[0] = (uint64_t)info;
    info->tss.ist[IST_NMI - 1] = ist_top(info->id, PERCPU_NMI_STACK);
    info->tss.ist[IST_DF - 1] = ist_top(info->id, PERCPU_DF_STACK);
    info->tss.ist[IST_MC - 1] = ist_top(info->id, PERCPU_MC_STACK);
    info->tss.ist[IST_DB - 1] = ist_top(info->id, PERCPU_DB_STACK);
    /* No I/O permission bitmap: every port access of a guest traps. */
    info->tss.iomap_base = sizeof(struct tss);
}

void percpu_create(unsigned int cpu, uint32_t apic_id)
{
    struct cpu_info *info = percpu_info(cpu);
    struct cpu_regs *regs = guest_regs_of(info);

    map_range(cpu, PERCPU_NMI_STACK, PERCPU_IST_SIZE);
    map_range(cpu, PERCPU_DF_STACK, PERCPU_IST_SIZE);
    map_range(cpu, PERCPU_MC_STACK, PERCPU_IST_SIZE);
    map_range(cpu, PERCPU_DB_STACK, PERCPU_IST_SIZE);
    map_range(cpu, PERCPU_STACK, PERCPU_STACK_SIZE);
    map_range(cpu, PERCPU_INFO, PAGE_SIZE);
    info->id = cpu;
    info->apic_id = apic_id;
    regs->cs = PARAPET_CS_USER;
    regs->ss = PARAPET_SS;
    fill_descriptors(info);
    create_stubs(cpu, regs);
}

void percpu_load(struct cpu_info *cpu)
{
    const struct table_pointer gdtr = {sizeof(cpu->gdt) - 1,
                                       (uint64_t)cpu->gdt};
    uint64_t stubs = percpu_block(cpu->id) + PERCPU_STUBS;

    lgdt(&gdtr);
    ltr(HV_TSS);
    /*
     * After a reset LDTR is valid, with base 0 and 64 KiB (APM 2, 14.1.3): a
     * guest could write descriptors there and load selectors of that table.
     */
    lldt(0);
    idt_load();
    wrmsr(MSR_STAR, (uint64_t)STAR_SYSRET << 48 | (uint64_t)HV_CS << 32);
    wrmsr(MSR_LSTAR, stubs + STUB_SYSCALL);
    wrmsr(MSR_CSTAR, stubs + STUB_COMPAT);
    wrmsr(MSR_SFMASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL |
                          RFLAGS_NT | RFLAGS_RF | RFLAGS_AC);
    /* A null SYSENTER_CS makes sysenter fault (APM 2, 6.1.2). */
    wrmsr(MSR_SYSENTER_CS, 0);
    wrmsr(MSR_SYSENTER_ESP, 0);
    wrmsr(MSR_SYSENTER_EIP, 0);
}
