/* SPDX-License-Identifier: MIT
 *
 * User mode of the pv build. The kernel has no use for FS, so the program's
 * base stays in the CPU, and its instructions may be used at any level. The
 * program's GS base is where the hypervisor's swapgs has put it: the hypervisor
 * says on each way out of user mode what it was, and changes it for us, which
 * is rarely needed.
 */
#include "abi/stubs.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "lib/x86/segment.h"

void privops_bases_save(struct privops_bases *bases)
{
    bases->fs = read_fs_base();
    bases->gs = pv_vcpu_page()->user_gs;
}

void privops_bases_load(const struct privops_bases *bases,
                        const struct privops_bases *now)
{
    static const struct privops_bases none = {0, 0};

    write_fs_base(bases->fs);
    if (now->gs == bases->gs)
        return;
    /* QEMU lets a program make it non-canonical. That is refused: it is gone
     * then, and has become 0. */
    if (hypercall_set_segment_base(PARAPET_SEGMENT_GS_USER, bases->gs) != 0) {
        bases = &none;
        pv_check(hypercall_set_segment_base(PARAPET_SEGMENT_GS_USER, 0),
                 "set_segment_base");
    }
    /* For a save before user mode is next entered and left. */
    pv_vcpu_page()->user_gs = bases->gs;
}

void privops_kernel_stack(uint64_t top)
{
    pv_vcpu_page()->kernel_stack = top;
}
