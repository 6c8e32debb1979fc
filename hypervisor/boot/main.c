/* SPDX-License-Identifier: MIT
 *
 * The boot of the hypervisor in C, phase by phase, on the boot CPU.
 */
#include "hypervisor/boot/main.h"

#include "abi/abi.h"
#include "hypervisor/base/lock_order.h"
#include "hypervisor/base/log.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/base/time.h"
#include "hypervisor/boot/contain.h"
#include "hypervisor/boot/features.h"
#include "hypervisor/boot/options.h"
#include "hypervisor/boot/percpu.h"
#include "hypervisor/boot/smp.h"
#include "hypervisor/boot/start_info.h"
#include "hypervisor/build/domain_build.h"
#include "hypervisor/core/device.h"
#include "hypervisor/core/domain_end.h"
#include "hypervisor/core/domain_teardown.h"
#include "hypervisor/core/meter.h"
#include "hypervisor/mm/audit.h"
#include "hypervisor/mm/m2p.h"
#include "hypervisor/mm/paging.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/idt.h"
#include "hypervisor/x86/percpu.h"
#include "hypervisor/x86/uart.h"
#include "lib/x86/fw_cfg.h"
#include "lib/x86/ioapic.h"
#include "lib/x86/lapic.h"
#include "lib/x86/uart.h"

_Noreturn void percpu_enter_guest(void *stack_top);
_Noreturn void percpu_switch_stack(void *stack_top, void (*run)(void));

extern char hv_start[];
extern char hv_data_end[];
extern char hv_end[];

/* When each phase of the boot ended, in ticks; told once the rate is known. */
enum phase {
    PHASE_POWER_ON, /* firmware and QEMU, since the counter was 0 */
    PHASE_MEMORY,
    PHASE_CPUS,
    PHASE_DOMAINS,
    NR_PHASES,
};

static uint64_t phase_end[NR_PHASES];

/* libfdt's functions read their stack canary at %fs:0x28. */
static uint64_t canary_block[8];

static void phase_done(enum phase phase)
{
    phase_end[phase] = rdtsc();
}

static uint64_t phase_us(enum phase phase)
{
    uint64_t ticks = phase_end[phase];

    if (phase > 0)
        ticks -= phase_end[phase - 1];
    return ticks / (time_tsc_hz() / 1000000);
}

static void describe_memory(const struct boot_info *info)
{
    uint64_t ram = 0;

    for (size_t i = 0; i < info->nr_ram; i++) {
        log_debug("RAM %012lx..%012lx", info->ram[i].start, info->ram[i].end);
        ram += info->ram[i].end - info->ram[i].start;
    }
    log_info("memory: %lu MiB in %lu range%s, %lu KiB of it the hypervisor's "
             "image",
             ram >> 20, info->nr_ram, info->nr_ram == 1 ? "" : "s",
             (uint64_t)(hv_end - hv_start) / 1024);
}

static void describe_boot(void)
{
    log_info("boot: %lu.%lu ms: start %lu us, memory %lu us, CPUs %lu us, "
             "domains %lu us",
             phase_end[PHASE_DOMAINS] / (time_tsc_hz() / 1000),
             phase_end[PHASE_DOMAINS] / (time_tsc_hz() / 10000) % 10,
             phase_us(PHASE_POWER_ON), phase_us(PHASE_MEMORY),
             phase_us(PHASE_CPUS), phase_us(PHASE_DOMAINS));
}

static void start_boot_cpu(void)
{
    percpu_create(0, 0);
    sched_init_cpu(0);
    smp_setup_this_cpu(0);
    idt_use_ist();
    ioapic_route(UART_PIN, VECTOR_UART, apic_id());
}

/* A function of its own, so that a backtrace has something to show. */
static __attribute__((noinline)) void panic_for_test(void)
{
    panic("asked for by panic=test");
}

static __attribute__((noinline)) void start_machine(struct boot_info *info)
{
    char text[160];

    if (!frame_init(info->ram, info->nr_ram, info->reserved, info->nr_reserved))
        boot_refuse("no RAM below 1 GiB for the frame bitmap");
    paging_init(info->ram, info->nr_ram);
    if (!type_init(frame_limit()) || !m2p_init(frame_limit()))
        boot_refuse("no RAM for the tables of all frames");
    audit_enabled = options.audit;
    domain_end_keep = options.dom0_keep;
    phase_done(PHASE_MEMORY);

    apic_init(paging_map_device(LAPIC_PADDR), paging_map_device(IOAPIC_PADDR));
    apic_start();
    device_begin(info->ram, info->nr_ram);
    time_calibrate_begin();
    start_boot_cpu();
    features_describe(text, sizeof(text));
    describe_memory(info);
    time_calibrate_end();
    log_info("CPU %s", text);
}

static struct boot_info boot_info;

/* The boot CPU on its own main stack, so that this_cpu() is right from here. */
static _Noreturn void boot_on_own_stack(void)
{
    unsigned int nr_cpus;

    if (PARAPET_DEBUG)
        lock_order_begin();
    nr_cpus = smp_start(fw_cfg_nr_cpus());

    log_info("%u CPU%s, time stamp counter %lu MHz", nr_cpus,
             nr_cpus == 1 ? "" : "s", time_tsc_hz() / 1000000);
    contain_check();
    phase_done(PHASE_CPUS);

    domain_teardown_init(nr_cpus);
    write_fs_base((uint64_t)canary_block);
    build_domains(boot_info.bundle, boot_info.bundle_size);
    phase_done(PHASE_DOMAINS);
    describe_boot();
    if (options.panic_test)
        panic_for_test();
    if (options.clock_follow)
        time_follow();
    frame_boot_ends();
    smp_release();
    percpu_enter_guest(percpu_info(0));
}

/* Where the assembly lands: on the boot stack, in the boot page tables. */
_Noreturn void boot_main(uint64_t start_info_paddr)
{
    phase_done(PHASE_POWER_ON);
    uart_start();
    idt_init();
    idt_load();
    log_info("Parapet, ABI %u.%u", PARAPET_ABI_MAJOR, PARAPET_ABI_MINOR);
    start_info_read(start_info_paddr, (uint64_t)hv_end - IMAGE_BASE,
                    &boot_info);
    options_parse(boot_info.cmdline);
    features_check();
    meter_enabled = options.meter;
    if (meter_enabled)
        idt_use_meter();
    start_machine(&boot_info);
    percpu_switch_stack(percpu_info(0), boot_on_own_stack);
}
