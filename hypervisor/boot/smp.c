/* SPDX-License-Identifier: MIT
 *
 * The other CPUs start in real mode at TRAMPOLINE_PADDR (boot.S), on the boot
 * page tables, with the stack of their own per-CPU block.
 */
#include "hypervisor/boot/smp.h"

#include "hypervisor/base/log.h"
#include "hypervisor/base/time.h"
#include "hypervisor/boot/features.h"
#include "hypervisor/boot/options.h"
#include "hypervisor/boot/percpu.h"
#include "hypervisor/core/meter.h"
#include "hypervisor/mm/paging.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"
#include "lib/string.h"

#define STARTUP_TIMEOUT_US 200000

extern char trampoline[];
extern char trampoline_end[];
extern char early_idt[];
extern char early_idt_end[];
extern uint64_t boot_pml4[512];
extern uint64_t ap_stack;

_Noreturn void percpu_enter_guest(void *stack_top);

static bool released;

void smp_setup_this_cpu(unsigned int cpu)
{
    struct cpu_info *info = percpu_info(cpu);

    percpu_load(info);
    features_enable();
    apic_start();
    if (options.poison)
        info->exit_work |= WORK_POISON;
    if (meter_enabled)
        meter_start_cpu(info);
}

static bool is_released(void)
{
    return __atomic_load_n(&released, __ATOMIC_ACQUIRE);
}

/* One that comes after STARTUP_TIMEOUT_US is not counted any more, and has no
 * run queue: it sleeps for good, whenever that is. */
_Noreturn void smp_ap_main(void)
{
    struct cpu_info *info = this_cpu();

    write_cr3(frame_paddr(paging_root()));
    if (is_released())
        cpu_halt_forever();
    smp_setup_this_cpu(info->id);
    __atomic_store_n(&info->online, true, __ATOMIC_RELEASE);
    while (!is_released())
        cpu_relax();
    if (!info->queue)
        cpu_halt_forever();
    percpu_enter_guest(info);
}

/* And what a CPU takes for its interrupt table after an INIT: address 0. */
static void place_trampoline(void)
{
    memcpy(paddr_to_vaddr(TRAMPOLINE_PADDR), trampoline,
           (size_t)(trampoline_end - trampoline));
    memcpy(paddr_to_vaddr(0), early_idt, (size_t)(early_idt_end - early_idt));
}

static bool start_one(unsigned int cpu)
{
    struct cpu_info *info = percpu_info(cpu);

    percpu_create(cpu, cpu);
    /* The new CPU switches stacks while still on the boot page tables. */
    boot_pml4[(PERCPU_BASE >> 39) & 511] =
        ((uint64_t *)frame_vaddr(paging_root()))[(PERCPU_BASE >> 39) & 511];
    __atomic_store_n(&ap_stack, (uint64_t)(guest_regs_of(info)),
                     __ATOMIC_SEQ_CST);
    apic_send_init(cpu);
    time_delay_us(200);
    apic_send_startup(cpu, TRAMPOLINE_PADDR);
    for (int us = 0; us < STARTUP_TIMEOUT_US; us += 10) {
        if (__atomic_load_n(&info->online, __ATOMIC_ACQUIRE)) {
            sched_init_cpu(cpu);
            return true;
        }
        time_delay_us(10);
    }
    return false;
}

unsigned int smp_start(unsigned int nr_cpus)
{
    unsigned int n = 1;

    place_trampoline();
    while (n < nr_cpus && n < MAX_CPUS && start_one(n))
        n++;
    if (n < nr_cpus)
        log_warn("%u of %u CPUs started (at most %u can be)", n, nr_cpus,
                 MAX_CPUS);
    return n;
}

void smp_release(void)
{
    __atomic_store_n(&released, true, __ATOMIC_RELEASE);
}
