# SPDX-License-Identifier: MIT

HV_SRC := \
    hypervisor/base/console.c \
    hypervisor/base/console_filter.c \
    $(if $(filter 1,$(DEBUG)),hypervisor/base/lock_order.c) \
    hypervisor/base/log.c \
    hypervisor/base/log_ring.c \
    hypervisor/base/panic.c \
    hypervisor/base/spinlock.c \
    hypervisor/base/symbols.c \
    hypervisor/base/time.c \
    hypervisor/base/turn_lock.c \
    hypervisor/boot/boot.S \
    hypervisor/boot/contain.c \
    hypervisor/boot/contain_try.S \
    hypervisor/boot/features.c \
    hypervisor/boot/main.c \
    hypervisor/boot/options.c \
    hypervisor/boot/percpu.c \
    hypervisor/boot/smp.c \
    hypervisor/boot/start_info.c \
    hypervisor/build/boot_services.c \
    hypervisor/build/bundle.c \
    hypervisor/build/bundle_domain.c \
    hypervisor/build/bundle_node.c \
    hypervisor/build/domain_build.c \
    hypervisor/core/clock.c \
    hypervisor/core/device.c \
    hypervisor/core/domain.c \
    hypervisor/core/domain_create.c \
    hypervisor/core/domain_destroy.c \
    hypervisor/core/domain_end.c \
    hypervisor/core/domain_life.c \
    hypervisor/core/domain_teardown.c \
    hypervisor/core/event.c \
    hypervisor/core/event_port.c \
    hypervisor/core/grant_call.c \
    hypervisor/core/grant_end.c \
    hypervisor/core/guest_access.c \
    $(sort $(wildcard hypervisor/core/hc_*.c)) \
    hypervisor/core/hypercall.c \
    hypervisor/core/log_domain.c \
    hypervisor/core/memory.c \
    hypervisor/core/meter.c \
    hypervisor/core/pirq.c \
    hypervisor/core/port.c \
    hypervisor/core/timers.c \
    $(sort $(filter-out %/asm_offsets.c,$(wildcard hypervisor/engine/*.[cS]))) \
    hypervisor/mm/audit.c \
    hypervisor/mm/audit_device.c \
    hypervisor/mm/audit_grant.c \
    hypervisor/mm/audit_machine.c \
    hypervisor/mm/device_page.c \
    hypervisor/mm/frame.c \
    hypervisor/mm/grant.c \
    hypervisor/mm/grant_handle.c \
    hypervisor/mm/m2p.c \
    hypervisor/mm/owner_release.c \
    hypervisor/mm/owner_root.c \
    hypervisor/mm/paging.c \
    hypervisor/mm/table.c \
    hypervisor/mm/tlb.c \
    hypervisor/mm/type.c \
    $(sort $(wildcard hypervisor/sched/*.c)) \
    hypervisor/x86/apic.c \
    hypervisor/x86/decode.c \
    hypervisor/x86/decode_maps.c \
    hypervisor/x86/idt.c \
    hypervisor/x86/uart.c
