/* SPDX-License-Identifier: MIT
 *
 * User mode of the pv build. The kernel has no use for FS, so the program's
 * base stays in the CPU, and its instructions may be used at any level. The
 * program's GS base waits where the hypervisor's swapgs has put it: it takes
 * an exit to read it, and another one to change it, which is rarely needed.
 */
#include "abi/stubs.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"

#define MSR_KERNEL_GS_BASE 0xc0000102u

void privops_bases_save(struct privops_bases *bases)
{
    uint32_t low, high;

    __asm__ volatile("rdfsbase %0" : "=r"(bases->fs));
    /* Emulated by the hypervisor (docs/ABI.md, section 7). */
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_KERNEL_GS_BASE));
    bases->gs = (uint64_t)high << 32 | low;
}

void privops_bases_load(const struct privops_bases *bases,
                        const struct privops_bases *now)
{
    __asm__ volatile("wrfsbase %0" : : "r"(bases->fs));
    if (now == NULL || now->gs != bases->gs)
        pv_check(hypercall_set_segment_base(PARAPET_SEGMENT_GS_USER, bases->gs),
                 "set_segment_base");
}

void privops_kernel_stack(uint64_t top)
{
    pv_vcpu_page()->kernel_stack = top;
}
