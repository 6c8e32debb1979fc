/* SPDX-License-Identifier: MIT
 *
 * Never linked: compiled to assembly, from which the build reads the offsets
 * of C structures, and numbers that only C has, for the assembly sources
 * (asm_offsets.h).
 */
#include <stddef.h>

#include "abi/errors.h"
#include "abi/exits.h"
#include "abi/hypercall.h"
#include "abi/shared.h"
#include "hypervisor/engine/pv.h"
#include "hypervisor/x86/percpu.h"
#include "hypervisor/x86/regs.h"

#define DEFINE(name, value)                                                    \
    __asm__ volatile("\n#->" #name " %c0" : : "i"((long)(value)))
#define REGS(name, field) DEFINE(REGS_##name, offsetof(struct cpu_regs, field))
/* From the start of the registers, which lie right below cpu_info. */
#define CPU(name, field)                                                       \
    DEFINE(CPU_##name,                                                         \
           sizeof(struct cpu_regs) + offsetof(struct cpu_info, field))
#define PV_CPU(name, field)                                                    \
    DEFINE(CPU_##name, sizeof(struct cpu_regs) +                               \
                           offsetof(struct cpu_info, engine) +                 \
                           offsetof(struct pv_cpu, field))

void asm_offsets(void);

void asm_offsets(void)
{
    REGS(RBX, rbx);
    REGS(R9, r9);
    REGS(R8, r8);
    REGS(R10, r10);
    REGS(RDX, rdx);
    REGS(RSI, rsi);
    REGS(RDI, rdi);
    REGS(RCX, rcx);
    REGS(R11, r11);
    REGS(RAX, rax);
    REGS(ERROR, error);
    REGS(VECTOR, vector);
    REGS(RIP, rip);
    REGS(CS, cs);
    REGS(RFLAGS, rflags);
    REGS(RSP, rsp);
    REGS(SS, ss);
    DEFINE(REGS_SIZE, sizeof(struct cpu_regs));
    CPU(DISPATCH, dispatch);
    CPU(COUNTERS, counters);
    CPU(VCPU_PAGE, vcpu_page);
    CPU(EXCEPTION, exception);
    CPU(EXIT_WORK, exit_work);
    CPU(UNTIL_SAMPLE, until_sample);
    PV_CPU(KERNEL_CR3, kernel_cr3);
    PV_CPU(USER_CR3, user_cr3);
    PV_CPU(SYSCALL_ENTRY, syscall_entry);
    PV_CPU(USER_MODE, user_mode);
    CPU(METER_START, meter_start);
    CPU(METER_NUMBER, meter_number);
    CPU(METER_VECTOR, meter_vector);
    DEFINE(PARAPET_ENOSYS, PARAPET_ENOSYS);
    DEFINE(RFLAGS_GUEST, RFLAGS_GUEST);
    DEFINE(VECTOR_HYPERCALL, VECTOR_HYPERCALL);
    DEFINE(WORK_EVENT, WORK_EVENT);
    DEFINE(WORK_LOW_RIP, WORK_LOW_RIP);
    DEFINE(COUNTERS_UNKNOWN,
           offsetof(struct parapet_counters, unknown_hypercalls));
    DEFINE(COUNTERS_SYSTEM_CALL, offsetof(struct parapet_counters, exits) +
                                     8 * PARAPET_EXIT_system_call);
}
