/* SPDX-License-Identifier: MIT
 *
 * User mode of the native build: the syscall instruction (APM 2, section
 * 6.1.1), the x87 and vector registers (APM 2, chapter 11), and the CPU's
 * protections of the kernel from user memory.
 */
#include "abi/abi.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/privops/privops.h"
#include "lib/x86/control.h"
#include "lib/x86/cpuid.h"
#include "lib/x86/msr.h"
#include "lib/x86/rflags.h"

/* privops/native/entry.S */
extern const char native_syscall_entry[];

/* sysret, which is not used, would take its selectors from here plus 8, 16. */
#define STAR_SYSRET ((PARAPET_SS - 8ul) << 48)
#define STAR_SYSCALL ((uint64_t)NATIVE_CS << 32)
/* What a program sets must not be in force in the kernel. */
#define SFMASK_FLAGS                                                           \
    (RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | \
     RFLAGS_AC)

#define XCR0_WANTED (XCR0_X87 | XCR0_SSE | XCR0_AVX)

static void init_syscall(void)
{
    wrmsr(MSR_STAR, STAR_SYSRET | STAR_SYSCALL);
    wrmsr(MSR_LSTAR, (uint64_t)native_syscall_entry);
    wrmsr(MSR_SFMASK, SFMASK_FLAGS);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
}

/* What this CPU has of the protections that the hypervisor insists on. */
static uint64_t protections(void)
{
    struct cpuid_result features = cpuid(CPUID_EXTENDED_FEATURES, 0);
    uint64_t bits = 0;

    if (features.ebx & CPUID_7_EBX_FSGSBASE)
        bits |= CR4_FSGSBASE;
    if (features.ebx & CPUID_7_EBX_SMEP)
        bits |= CR4_SMEP;
    if (features.ebx & CPUID_7_EBX_SMAP)
        bits |= CR4_SMAP;
    if (features.ecx & CPUID_7_ECX_UMIP)
        bits |= CR4_UMIP;
    return bits;
}

void native_user_init(void)
{
    init_syscall();
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE |
              protections());
    xsetbv(0, cpuid(CPUID_XSAVE, 0).eax & XCR0_WANTED);
}

void privops_bases_save(struct privops_bases *bases)
{
    bases->fs = rdmsr(MSR_FS_BASE);
    bases->gs = rdmsr(MSR_GS_BASE);
}

void privops_bases_load(const struct privops_bases *bases,
                        const struct privops_bases *now)
{
    (void)now;
    wrmsr(MSR_FS_BASE, bases->fs);
    wrmsr(MSR_GS_BASE, bases->gs);
}

void privops_kernel_stack(uint64_t top)
{
    native_tss.rsp[0] = top;
}
