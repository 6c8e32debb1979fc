/* SPDX-License-Identifier: MIT
 *
 * Owns memory_owner.leaving. A CPU that has nothing to run stays on the root
 * that it had. When the frame becomes another owner's root, load_root() of an
 * engine finds the right number in CR3, and would leave the old translations.
 * So the CPU must be on another root before that.
 */
#include "hypervisor/mm/owner_root.h"

#include "hypervisor/mm/paging.h"
#include "hypervisor/mm/tlb.h"
#include "hypervisor/mm/type.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"

void tlb_leave_root(void)
{
    struct cpu_info *cpu = this_cpu();
    struct memory_owner *m = cpu->tlb_owner;

    if (!m || !__atomic_load_n(&m->leaving, __ATOMIC_SEQ_CST))
        return;
    write_cr3(frame_paddr(paging_root()));
    cpu->tlb_owner = NULL;
    /* The last that this CPU knows of m. */
    __atomic_fetch_and(&m->tlb_cpus, ~(1ul << cpu->id), __ATOMIC_SEQ_CST);
}

static void ask(struct cpu_info *cpu)
{
    __atomic_store_n(&cpu->flush_request, 1, __ATOMIC_SEQ_CST);
    apic_send(cpu->apic_id, VECTOR_FLUSH);
}

void owner_leave_roots(struct memory_owner *m)
{
    uint64_t cpus;

    __atomic_store_n(&m->leaving, 1, __ATOMIC_SEQ_CST);
    tlb_leave_root();
    cpus = __atomic_load_n(&m->tlb_cpus, __ATOMIC_SEQ_CST);
    for (; cpus; cpus &= cpus - 1)
        ask(percpu_info((unsigned int)__builtin_ctzl(cpus)));
}

bool owner_has_no_root(const struct memory_owner *m)
{
    return __atomic_load_n(&m->tlb_cpus, __ATOMIC_SEQ_CST) == 0;
}
