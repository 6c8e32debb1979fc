/* SPDX-License-Identifier: MIT
 *
 * Owns the flush clock. A CPU's own time and whether it was asked to flush are
 * in its struct cpu_info.
 */
#include "hypervisor/mm/tlb.h"

#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"

uint64_t tlb_clock = 1;

void tlb_flush_local(void)
{
    uint64_t now = __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST);

    /* No page is global, so this drops all (APM 2, 5.5.2). */
    write_cr3(read_cr3());
    __atomic_store_n(&this_cpu()->flush_time, now, __ATOMIC_SEQ_CST);
}

void tlb_serve(void)
{
    struct cpu_info *cpu = this_cpu();

    if (__atomic_load_n(&cpu->flush_request, __ATOMIC_ACQUIRE) &&
        __atomic_exchange_n(&cpu->flush_request, 0, __ATOMIC_SEQ_CST)) {
        tlb_leave_root();
        tlb_flush_local();
    }
}

static bool has_flushed(const struct cpu_info *cpu, uint64_t stamp)
{
    return __atomic_load_n(&cpu->flush_time, __ATOMIC_SEQ_CST) > stamp;
}

/* Whether the CPU was asked, and is to be waited for. */
static bool ask(struct cpu_info *cpu, uint64_t stamp)
{
    if (has_flushed(cpu, stamp))
        return false;
    if (cpu == this_cpu()) {
        tlb_flush_local();
        return false;
    }
    __atomic_store_n(&cpu->flush_request, 1, __ATOMIC_SEQ_CST);
    apic_send(cpu->apic_id, VECTOR_FLUSH);
    return true;
}

/*
 * So many CPUs, at some 12 instructions each, are looked at by the entries of a
 * multicall, and then it stops.
 */
#define LOOKS_OF_MULTICALL 384

static void note_looks(unsigned int looks, unsigned int waits)
{
    struct cpu_info *cpu = this_cpu();

    cpu->multicall_stop += looks * MULTICALL_LOOK;
    if (cpu->multicall_stop >= LOOKS_OF_MULTICALL * MULTICALL_LOOK)
        cpu->multicall_stop |= MULTICALL_LONG;
    if (waits)
        cpu->multicall_stop |= MULTICALL_WAITED;
}

unsigned int tlb_flush_later_than(uint64_t stamp, uint64_t cpus)
{
    unsigned int looks = 0, waits = 0;
    uint64_t asked = 0;

    if (PARAPET_DEBUG && cpus != 0)
        lock_order_wait();
    for (uint64_t rest = cpus; rest; rest &= rest - 1) {
        unsigned int cpu = (unsigned int)__builtin_ctzl(rest);

        looks++;
        if (ask(percpu_info(cpu), stamp)) {
            asked |= 1ul << cpu;
            waits++;
        }
    }
    note_looks(looks, waits);
    for (; asked; asked &= asked - 1) {
        while (!has_flushed(percpu_info((unsigned int)__builtin_ctzl(asked)),
                            stamp)) {
            __asm__ volatile("pause");
            tlb_serve();
        }
    }
    return waits;
}

void tlb_flush_cpus(uint64_t cpus)
{
    (void)tlb_flush_later_than(tlb_clock_now(), cpus);
}
