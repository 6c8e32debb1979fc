/* SPDX-License-Identifier: MIT
 *
 * Owns the end of the machine: in order, or with a panic and its report.
 */
#include "hypervisor/base/panic.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/base/console.h"
#include "hypervisor/base/symbols.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/percpu.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"

#define MAX_DEPTH 24

extern char boot_stack[];
extern char boot_stack_top[];

static uint64_t panicking; /* stack_block() of the CPU that does, or 0 */

/* The block of this CPU; during the boot, some address below PERCPU_BASE. */
static uint64_t stack_block(void)
{
    return (uint64_t)__builtin_frame_address(0) & ~(uint64_t)(PERCPU_SIZE - 1);
}

_Noreturn void machine_end(enum machine_end how)
{
    outb(DEBUG_EXIT_PORT, (uint8_t)how);
    /* Not in QEMU, or without its debug-exit device. */
    console_write_line("parapet: the machine may be switched off now",
                       CONSOLE_SHOWN);
    cpu_halt_forever();
}

static void print(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static void print(const char *format, ...)
{
    char line[256];
    va_list args;

    va_start(args, format);
    (void)string_vformat(line, sizeof(line), format, args);
    va_end(args);
    console_write_line(line, CONSOLE_SHOWN);
}

static void print_code_address(const char *what, uint64_t vaddr)
{
    uint64_t offset;
    const char *name = symbols_find(vaddr, &offset);

    if (name)
        print("  %s %016lx  %s+0x%lx", what, vaddr, name, offset);
    else
        print("  %s %016lx", what, vaddr);
}

static void print_regs(const struct cpu_regs *r)
{
    print("  vector %u, error %x, cr2 %016lx, cr3 %016lx", r->vector, r->error,
          read_cr2(), read_cr3());
    print("  rax %016lx  rbx %016lx  rcx %016lx", r->rax, r->rbx, r->rcx);
    print("  rdx %016lx  rsi %016lx  rdi %016lx", r->rdx, r->rsi, r->rdi);
    print("  rbp %016lx  rsp %016lx  r8  %016lx", r->rbp, r->rsp, r->r8);
    print("  r9  %016lx  r10 %016lx  r11 %016lx", r->r9, r->r10, r->r11);
    print("  r12 %016lx  r13 %016lx  r14 %016lx", r->r12, r->r13, r->r14);
    print("  r15 %016lx  rfl %016lx  cs %04lx ss %04lx", r->r15, r->rflags,
          r->cs, r->ss);
}

/* Whether two words at vaddr lie on a stack from start to end. */
static bool on_stack(uint64_t vaddr, uint64_t start, uint64_t end)
{
    return vaddr >= start && vaddr <= end - 16;
}

/* Whether a frame at rbp lies on a stack of this CPU: rbp may be a guest's. */
static bool frame_is_ours(uint64_t rbp)
{
    static const uint32_t ist[] = {PERCPU_NMI_STACK, PERCPU_DF_STACK,
                                   PERCPU_MC_STACK, PERCPU_DB_STACK};
    uint64_t block = stack_block();
    uint64_t stack = block + PERCPU_STACK;

    if (rbp % 8 != 0)
        return false;
    if (on_stack(rbp, (uint64_t)boot_stack, (uint64_t)boot_stack_top))
        return true;
    if (block < PERCPU_BASE)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(ist); i++) {
        if (on_stack(rbp, block + ist[i], block + ist[i] + PERCPU_IST_SIZE))
            return true;
    }
    return on_stack(rbp, stack, stack + PERCPU_STACK_SIZE);
}

/*
 * Follows the frame pointers. A frame lies above the one before it and on a
 * stack of this CPU: anything else ends it.
 */
static void print_backtrace(uint64_t rip, uint64_t rbp)
{
    print_code_address("at", rip);
    for (int depth = 0; depth < MAX_DEPTH; depth++) {
        const uint64_t *frame = (const uint64_t *)rbp;

        if (!frame_is_ours(rbp) || !symbols_find(frame[1], NULL))
            return;
        print_code_address("by", frame[1]);
        if (frame[0] <= rbp)
            return;
        rbp = frame[0];
    }
}

/* The registers as they are now, but rip, rsp and rbp of whoever called the
 * function with the given frame. */
static void capture_regs(struct cpu_regs *r, const uint64_t *frame)
{
    memset(r, 0, sizeof(*r));
#define CAPTURE(reg) __asm__ volatile("mov %%" #reg ", %0" : "=m"(r->reg))
    CAPTURE(rax);
    CAPTURE(rbx);
    CAPTURE(rcx);
    CAPTURE(rdx);
    CAPTURE(rsi);
    CAPTURE(rdi);
    CAPTURE(r8);
    CAPTURE(r9);
    CAPTURE(r10);
    CAPTURE(r11);
    CAPTURE(r12);
    CAPTURE(r13);
    CAPTURE(r14);
    CAPTURE(r15);
#undef CAPTURE
    r->rflags = read_rflags();
    r->rip = frame[1];
    r->rbp = frame[0];
    r->rsp = (uint64_t)&frame[2];
    r->cs = HV_CS;
    r->ss = HV_SS;
}

static _Noreturn void panic_print(const struct cpu_regs *regs,
                                  const char *format, va_list args)
{
    char text[200];

    uint64_t other = 0;

    if (!__atomic_compare_exchange_n(&panicking, &other, stack_block(), false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        /* A panic within a panic: end at least. Another CPU's: leave it. */
        if (other == stack_block())
            machine_end(MACHINE_END_PANIC);
        cpu_halt_forever();
    }
    apic_stop_others();
    console_break_lock();
    (void)string_vformat(text, sizeof(text), format, args);
    print("parapet: panic: %s", text);
    print_regs(regs);
    print_backtrace(regs->rip, regs->rbp);
    machine_end(MACHINE_END_PANIC);
}

void panic_stopped(void)
{
    if (__atomic_load_n(&panicking, __ATOMIC_SEQ_CST))
        cpu_halt_forever();
}

_Noreturn void panic(const char *format, ...)
{
    struct cpu_regs regs;
    va_list args;

    capture_regs(&regs, __builtin_frame_address(0));
    va_start(args, format);
    panic_print(&regs, format, args);
}

_Noreturn void panic_regs(const struct cpu_regs *regs, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    panic_print(regs, format, args);
}

_Noreturn void boot_refuse(const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    (void)string_vformat(text, sizeof(text), format, args);
    print("parapet: cannot boot: %s", text);
    machine_end(MACHINE_END_BOOT_REFUSED);
}

/* libfdt and nothing else is built with stack protection. */
_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
    panic("a stack canary of libfdt was overwritten");
}
