/* SPDX-License-Identifier: MIT
 *
 * The entry of the pv build: the hypervisor starts vCPU 0 here, in C, on a
 * stack of its making, with events masked and GS at the vCPU page. Also what
 * else the pv build must say about itself.
 */
#include "abi/stubs.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/early.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"

PARAPET_DEFINE_NOTE;

_Noreturn void guest_main(const void *dtb);

const char *privops_name(void)
{
    return "pv";
}

struct privops_stack privops_boot_stack(void)
{
    struct privops_stack stack;

    stack.low = PARAPET_START_STACK_TOP - PARAPET_START_STACK_SIZE;
    stack.high = PARAPET_START_STACK_TOP;
    return stack;
}

_Noreturn void guest_main(const void *dtb)
{
    static struct boot_info boot;

    kernel_banner();
    pv_traps_init();
    pv_library_init();
    pv_boot_info(dtb, &boot);
    early_init(&boot);
    kernel_main(&boot);
}

void pv_check(int64_t result, const char *what)
{
    if (result < 0)
        panic("%s: the hypervisor says %ld", what, result);
}

uint64_t privops_fault_vaddr(void)
{
    return pv_vcpu_page()->fault_vaddr;
}
