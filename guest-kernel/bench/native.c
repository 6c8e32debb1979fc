/* SPDX-License-Identifier: MIT
 *
 * The operations as the bare machine does them, and quiet around them: the
 * task priority holds all interrupts back (APM 2, section 8.1.7), even while
 * an operation enables them, and an interrupt table of the bench's own leads
 * breakpoint and page fault to the shortest handlers that are right.
 */
#include "guest-kernel/bench/native.h"

#include <stddef.h>

#include "guest-kernel/bench/native_loops.h"
#include "guest-kernel/bench/native_memory.h"
#include "guest-kernel/bench/native_user.h"
#include "guest-kernel/bench/svm.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/x86/trap.h"
#include "lib/string.h"
#include "lib/x86/control.h"
#include "lib/x86/descriptor.h"
#include "lib/x86/tsc.h"

#define HIGHEST_PRIORITY 15ul

static _Alignas(PAGE_SIZE) struct gate idt[TRAP_NR_STUBS];
static struct table_pointer kernel_idt;

void bench_set_entry(unsigned int vector, void (*entry)(void))
{
    gate_set_entry(&idt[vector], (uint64_t)entry);
}

/* The kernel's table with two entries changed. */
void bench_begin(void)
{
    const struct table_pointer pointer = {sizeof(idt) - 1, (uint64_t)idt};

    write_cr8(HIGHEST_PRIORITY);
    sidt(&kernel_idt);
    if (kernel_idt.limit != sizeof(idt) - 1)
        panic("the interrupt table ends at %u, not at %lu", kernel_idt.limit,
              sizeof(idt) - 1);
    memcpy(idt, (const void *)kernel_idt.base, sizeof(idt));
    bench_set_entry(TRAP_BREAKPOINT, bench_breakpoint_entry);
    bench_set_entry(TRAP_PAGE_FAULT, bench_kernel_fault_entry);
    lidt(&pointer);
}

void bench_end(void)
{
    __asm__ volatile("cli" : : : "memory");
    lidt(&kernel_idt);
    write_cr8(0);
}

/* Any base and any multiplier cost the same. */
static bool prepare_clock(void)
{
    bench_tsc_base = rdtsc();
    bench_multiplier = 1ul << 31;
    return true;
}

bench_loop_t *const bench_empty_loop = bench_empty;

/* So many entries twice in an iteration. */
#define PTE_BATCH(count, iterations)                                           \
    {                                                                          \
        "pte_batch_" #count, "native", bench_pte_batch, iterations,            \
            2 * (count), memory_prepare_batch_##count, memory_finish_entries   \
    }

const struct bench_operation bench_operations[] = {
    {"empty_loop", "native", bench_empty, 100000, 1, NULL, NULL},
    {"clock_read", "native", bench_clock, 20000, 1, prepare_clock, NULL},
    {"virtual_cli_sti", "native", bench_cli_sti, 10000, BENCH_UNROLLED, NULL,
     NULL},
    {"virtual_cli", "native", bench_cli, 10000, BENCH_UNROLLED, NULL, NULL},
    {"iret", "native", bench_iret, 20000, 1, NULL, NULL},
    {"breakpoint_roundtrip", "native", bench_breakpoint, 10000, 1, NULL, NULL},
    {"kernel_fault_roundtrip", "native", bench_kernel_fault, 10000, 1, NULL,
     NULL},
    {"cr0_read", "native", bench_cr0_read, 20000, 1, NULL, NULL},
    {"msr_read", "native", bench_msr_read, 20000, 1, NULL, NULL},
    {"pte_update", "native", bench_pte_update, 5000, 2, memory_prepare,
     memory_finish_entries},
    PTE_BATCH(1, 8000),
    PTE_BATCH(2, 4000),
    PTE_BATCH(4, 2000),
    PTE_BATCH(8, 1000),
    PTE_BATCH(16, 500),
    PTE_BATCH(32, 250),
    PTE_BATCH(64, 125),
    PTE_BATCH(128, 64),
    PTE_BATCH(256, 32),
    PTE_BATCH(512, 16),
    {"pte_set_va", "native", bench_pte_set_va, 5000, 2, memory_prepare,
     memory_finish_entries},
    {"root_switch_same", "native", bench_root_switch, 2000, 2,
     memory_prepare_same_root, memory_finish},
    {"root_switch", "native", bench_root_switch, 2000, 2, memory_prepare,
     memory_finish},
    {"invalidate_page", "native", bench_invalidate, 5000, 2, memory_prepare,
     memory_finish},
    {"demand_fault", "native", bench_demand_fault, 5000, 1,
     memory_prepare_fault, memory_finish_fault},
    {"syscall_bounce", "native", bench_user_syscall, 5000, 1, user_prepare,
     user_finish},
    {"user_fault_roundtrip", "native", bench_user_fault, 5000, 1, user_prepare,
     user_finish},
    {"svm_null_exit", "svm", bench_svm_exit, 2000, 1, svm_prepare, svm_finish},
    {.name = NULL},
};
