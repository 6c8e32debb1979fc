/* SPDX-License-Identifier: MIT
 *
 * A virtual machine that does nothing but VMMCALL (APM 2, chapter 15): it has
 * the kernel's own page tables, below them nested ones that map each guest
 * physical address to itself, and no devices. What it costs to get in and out
 * is the floor below every hypercall of a hypervisor that uses SVM.
 */
#include "guest-kernel/bench/svm.h"

#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/bench/native_loops.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/layout.h"
#include "lib/string.h"
#include "lib/x86/control.h"
#include "lib/x86/cpuid.h"
#include "lib/x86/msr.h"
#include "lib/x86/rflags.h"

/* CPUID (APM 3, appendix E.4) and the MSRs of section 15.30. */
#define CPUID_EXTENDED_ECX_SVM (1u << 2)
#define CPUID_SVM 0x8000000a
#define SVM_EDX_NESTED_PAGING 1u
#define MSR_VM_CR 0xc0010114
#define VM_CR_SVMDIS (1ul << 4)
#define MSR_VM_HSAVE_PA 0xc0010117

#define INTERCEPT_VMRUN 1u /* VMRUN demands it (15.5.1) */
#define INTERCEPT_VMMCALL 2u
#define EXIT_VMMCALL 0x81
#define NESTED_PAGING 1ul
#define GUEST_ASID 1
#define PAT_AFTER_RESET 0x0007040600070406

/* Attributes: bits 40 to 47 and 52 to 55 of a descriptor (15.5.1). */
#define CODE_64BIT 0x29b
#define DATA 0x093

/* Present, writable, user: nested accesses count as the user's (15.25.5). */
#define NPT_TABLE 0x7ul
#define NPT_LARGE 0x87ul
#define LARGE_SIZE 0x200000ul
#define NR_ENTRIES 512
#define NR_GIB 4

struct vmcb_segment {
    uint16_t selector;
    uint16_t attributes;
    uint32_t limit;
    uint64_t base;
};

/* What is used of the VMCB (appendix B). The rest stays zero. */
struct vmcb {
    uint8_t reserved0[0x10];
    uint32_t intercepts; /* of VMRUN and its kin */
    uint8_t reserved1[0x58 - 0x14];
    uint32_t asid;
    uint8_t reserved2[0x70 - 0x5c];
    uint64_t exit_code;
    uint8_t reserved3[0x90 - 0x78];
    uint64_t nested_paging;
    uint8_t reserved4[0xb0 - 0x98];
    uint64_t nested_cr3;
    uint8_t reserved5[0x400 - 0xb8];
    struct vmcb_segment es, cs, ss, ds;
    uint8_t reserved6[0x4d0 - 0x440];
    uint64_t efer;
    uint8_t reserved7[0x548 - 0x4d8];
    uint64_t cr4;
    uint64_t cr3;
    uint64_t cr0;
    uint8_t reserved8[0x570 - 0x560];
    uint64_t rflags;
    uint64_t rip;
    uint8_t reserved9[0x5d8 - 0x580];
    uint64_t rsp;
    uint8_t reserved10[0x668 - 0x5e0];
    uint64_t pat;
    uint8_t reserved11[PAGE_SIZE - 0x670];
};

_Static_assert(offsetof(struct vmcb, intercepts) == 0x10, "appendix B");
_Static_assert(offsetof(struct vmcb, asid) == 0x58, "appendix B");
_Static_assert(offsetof(struct vmcb, exit_code) == 0x70, "appendix B");
_Static_assert(offsetof(struct vmcb, nested_paging) == 0x90, "appendix B");
_Static_assert(offsetof(struct vmcb, nested_cr3) == 0xb0, "appendix B");
_Static_assert(offsetof(struct vmcb, es) == 0x400, "appendix B");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "appendix B");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "appendix B");
_Static_assert(offsetof(struct vmcb, rflags) == 0x570, "appendix B");
_Static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "appendix B");
_Static_assert(offsetof(struct vmcb, pat) == 0x668, "appendix B");
_Static_assert(sizeof(struct vmcb) == PAGE_SIZE, "appendix B");

static _Alignas(PAGE_SIZE) struct vmcb vmcb;
static _Alignas(PAGE_SIZE) uint8_t host_save[PAGE_SIZE];
static _Alignas(PAGE_SIZE) uint8_t guest_stack[PAGE_SIZE];
static _Alignas(PAGE_SIZE) uint64_t npt_root[NR_ENTRIES];
static _Alignas(PAGE_SIZE) uint64_t npt_gib[NR_ENTRIES];
static _Alignas(PAGE_SIZE) uint64_t npt_large[NR_GIB * NR_ENTRIES];

static bool is_available(void)
{
    return (cpuid(CPUID_EXTENDED, 0).ecx & CPUID_EXTENDED_ECX_SVM) != 0 &&
           (cpuid(CPUID_SVM, 0).edx & SVM_EDX_NESTED_PAGING) != 0 &&
           (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS) == 0;
}

/* The first NR_GIB, which hold the image and its page tables. */
static void make_nested_tables(void)
{
    uint64_t i;

    for (i = 0; i < NR_GIB * NR_ENTRIES; i++)
        npt_large[i] = i * LARGE_SIZE | NPT_LARGE;
    for (i = 0; i < NR_GIB; i++)
        npt_gib[i] = image_paddr(&npt_large[i * NR_ENTRIES]) | NPT_TABLE;
    npt_root[0] = image_paddr(npt_gib) | NPT_TABLE;
}

static void make_vmcb(void)
{
    const struct vmcb_segment data = {.attributes = DATA, .limit = UINT32_MAX};

    memset(&vmcb, 0, sizeof(vmcb));
    vmcb.intercepts = INTERCEPT_VMRUN | INTERCEPT_VMMCALL;
    vmcb.asid = GUEST_ASID;
    vmcb.nested_paging = NESTED_PAGING;
    vmcb.nested_cr3 = image_paddr(npt_root);
    vmcb.es = vmcb.ss = vmcb.ds = data;
    vmcb.cs = data;
    vmcb.cs.attributes = CODE_64BIT;
    vmcb.efer = rdmsr(MSR_EFER);
    vmcb.cr4 = read_cr4();
    vmcb.cr3 = read_cr3();
    vmcb.cr0 = read_cr0();
    vmcb.rflags = RFLAGS_ALWAYS;
    vmcb.rip = (uint64_t)bench_svm_guest;
    vmcb.rsp = (uint64_t)guest_stack + sizeof(guest_stack);
    vmcb.pat = PAT_AFTER_RESET;
}

bool svm_prepare(void)
{
    if (!is_available())
        return false;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    wrmsr(MSR_VM_HSAVE_PA, image_paddr(host_save));
    make_nested_tables();
    make_vmcb();
    bench_vmcb_paddr = image_paddr(&vmcb);
    return true;
}

void svm_finish(void)
{
    if (vmcb.exit_code != EXIT_VMMCALL || vmcb.rip != (uint64_t)bench_svm_guest)
        panic("the virtual machine exited with code 0x%lx at 0x%lx, not 0x%x",
              vmcb.exit_code, vmcb.rip, EXIT_VMMCALL);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~EFER_SVME);
}
