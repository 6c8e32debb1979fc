/* SPDX-License-Identifier: MIT */
#include "tests/probe/views.h"
#include "lib/x86/rflags.h"

#include "tests/probe/env.h"

#define CR0_TS (1u << 3)
#define CR4_PCE (1u << 8)

/* ---- setups ---- */

PROBE_DEED(do_monitor, "mov %rdi, %rax; xor %ecx, %ecx; xor %edx, %edx; "
                       "monitor");
PROBE_DEED(do_uart_scratch, "mov $0x3ff, %dx; mov $0x5a, %al; out %al, %dx");
PROBE_DEED(read_cr0, "mov %cr0, %rax");
PROBE_DEED(read_cr2, "mov %cr2, %rax");
PROBE_DEED(read_cr3, "mov %cr3, %rax");
PROBE_DEED(read_cr4, "mov %cr4, %rax");
PROBE_DEED(read_cr8, "mov %cr8, %rax");
PROBE_DEED(read_dr0, "mov %dr0, %rax");
PROBE_DEED(read_dr7, "mov %dr7, %rax");
PROBE_DEED(read_fs_base, "rdfsbase %rax");
PROBE_DEED(read_gs_base, "rdgsbase %rax");
PROBE_DEED(read_lstar, "mov $0xc0000082, %ecx; rdmsr; shl $32, %rdx; "
                       "or %rdx, %rax");
PROBE_DEED(set_ts, "mov %cr0, %rax; bts $3, %rax; mov %rax, %cr0");
PROBE_DEED(clear_osxsave, "mov %cr4, %rax; btr $18, %rax; mov %rax, %cr4");
PROBE_DEED(set_pke, "mov %cr4, %rax; bts $22, %rax; mov %rax, %cr4");
PROBE_DEED(store_gdt, "sgdt 16(%rdi)");
PROBE_DEED(store_idt, "sidt 16(%rdi)");
/* Type 0xb is a busy task state segment, 9 one that ltr takes. */
PROBE_DEED(clear_busy, "sgdt 16(%rdi); mov 18(%rdi), %rax; xor %ecx, %ecx; "
                       "str %cx; btrq $41, (%rax, %rcx)");
PROBE_DEED(write_bases, "mov $0x1000, %eax; wrfsbase %rax; "
                        "mov $0x2000, %eax; wrgsbase %rax; "
                        "mov $0xc0000102, %ecx; mov $0x3000, %eax; "
                        "xor %edx, %edx; wrmsr");
PROBE_DEED(write_tsc_aux, "mov $0xc0000103, %ecx; mov $0x1234, %eax; "
                          "xor %edx, %edx; wrmsr");
PROBE_DEED(write_lstar, "mov $0xc0000082, %ecx; mov (%rdi), %eax; "
                        "mov 4(%rdi), %edx; wrmsr");
/* Code segment 8, an entry, and a stack, which the entry leaves at once. */
PROBE_DEED(write_sysenter, "mov $0x174, %ecx; mov $8, %eax; xor %edx, %edx; "
                           "wrmsr; mov $0x176, %ecx; mov (%rdi), %eax; "
                           "mov 4(%rdi), %edx; wrmsr; mov $0x175, %ecx; "
                           "mov %rsp, %rdx; mov %esp, %eax; shr $32, %rdx; "
                           "wrmsr");
PROBE_DEED(set_svme, "mov $0xc0000080, %ecx; rdmsr; bts $12, %eax; wrmsr");

/* What the deed leaves in rax; 0 when it could not be executed. */
static uint64_t attempt(probe_deed_t *deed, struct probe_io *io)
{
    struct probe_outcome outcome = env_attempt(deed, io);

    return outcome.returned ? outcome.result : 0;
}

void setup_irq_on(struct probe_io *io)
{
    (void)io;
    env_irq_set(true);
}

void setup_timer(struct probe_io *io)
{
    (void)io;
    env_timer_start();
    env_irq_set(true);
}

void setup_monitor(struct probe_io *io)
{
    (void)attempt(do_monitor, io);
    setup_timer(io);
}

/* A setup that is one attempt, and one that keeps its result. */
#define SETUP(name, deed)                                                      \
    void name(struct probe_io *io)                                             \
    {                                                                          \
        (void)attempt(deed, io);                                               \
    }
#define SETUP_IN(name, deed)                                                   \
    void name(struct probe_io *io)                                             \
    {                                                                          \
        io->in = attempt(deed, io);                                            \
    }
SETUP(setup_uart_scratch, do_uart_scratch)
SETUP_IN(setup_in_cr0, read_cr0)
SETUP_IN(setup_in_cr3, read_cr3)
SETUP_IN(setup_in_cr4, read_cr4)
SETUP_IN(setup_in_lstar, read_lstar)
SETUP(setup_task_switched, set_ts)
SETUP(setup_no_osxsave, clear_osxsave)
SETUP(setup_protection_keys, set_pke)
SETUP(setup_memory_gdt, store_gdt)
SETUP(setup_memory_idt, store_idt)
SETUP(setup_task_available, clear_busy)
SETUP(setup_bases, write_bases)
SETUP(setup_processor_id, write_tsc_aux)
SETUP(setup_svm, set_svme)

void setup_entry_syscall(struct probe_io *io)
{
    io->in = env_entry_vaddr();
    (void)attempt(write_lstar, io);
}

void setup_entry_sysenter(struct probe_io *io)
{
    io->in = env_entry_vaddr();
    (void)attempt(write_sysenter, io);
}

/* ---- views ---- */

/* A view of what the deed left; result and io are in scope. */
#define VIEW(name, text, expression)                                           \
    static uint64_t look_##name(const struct probe_io *io, uint64_t result)    \
    {                                                                          \
        (void)io;                                                              \
        (void)result;                                                          \
        return expression;                                                     \
    }                                                                          \
    const struct probe_view view_##name = {text, look_##name}

const struct probe_view view_nothing = {"", NULL};
VIEW(value, "value", result);
VIEW(irq, "interrupts on", env_irq_is_on());
VIEW(if, "IF", (result & RFLAGS_IF) != 0);
VIEW(iopl, "IOPL", result >> 12 & 3);
VIEW(ac, "AC", (result & RFLAGS_AC) != 0);
VIEW(ring, "ring", env_final_ring());
VIEW(rpl, "RPL", result & 3);
VIEW(woken, "woken by the timer", env_timer_ticks() > 0);
VIEW(entry, "kernel's own entry reached", env_entry_reached());
VIEW(rights, "access rights", result);
VIEW(found, "found", result & 1);
VIEW(limit, "limit", io->memory[0] | (uint64_t)io->memory[1] << 8);
VIEW(advances, "advances", result & 1);
VIEW(osxsave, "OSXSAVE", result >> 27 & 1);
VIEW(arrived, "arrived", result & 1);

VIEW(ts, "TS", (attempt(read_cr0, NULL) & CR0_TS) != 0);
VIEW(cr2, "cr2", attempt(read_cr2, NULL));
VIEW(pce, "PCE", (attempt(read_cr4, NULL) & CR4_PCE) != 0);
VIEW(cr8, "cr8", attempt(read_cr8, NULL));
VIEW(dr0, "dr0", attempt(read_dr0, NULL));
VIEW(dr7, "dr7", attempt(read_dr7, NULL));
VIEW(fs_base, "FS base", attempt(read_fs_base, NULL));
VIEW(gs_base, "GS base", attempt(read_gs_base, NULL));
