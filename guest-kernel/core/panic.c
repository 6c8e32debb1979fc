/* SPDX-License-Identifier: MIT
 *
 * Reports of faults and panics. Careful code: it runs when things are broken,
 * follows no pointer that it has not checked, and a fault inside a report ends
 * the kernel at once.
 */
#include "guest-kernel/core/panic.h"

#include <stdbool.h>

#include "guest-kernel/core/exception.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/x86/trap.h"

#define MAX_BACKTRACE 24
#define GUARD_SIZE 0x1000u /* what is not mapped below a stack: one page */

/* What a C function with a frame pointer leaves where rbp points. */
struct stack_frame {
    const struct stack_frame *caller;
    uint64_t return_vaddr;
};

/* Interrupts off for good. A report that makes a fault is not repeated. */
static void begin_report(void)
{
    static unsigned int nr_reports;

    privops_irq_disable();
    privops_console_last_words();
    nr_reports++;
    if (nr_reports == 2)
        kprintf("\nguest: another fault, in the report of the first\n");
    if (nr_reports >= 2)
        privops_shutdown(PRIVOPS_CRASH);
}

static bool frame_is_readable(const struct stack_frame *frame)
{
    const struct panic_thread thread = thread_for_panic();
    uint64_t vaddr = (uint64_t)frame;

    return vaddr % sizeof(uint64_t) == 0 && vaddr >= thread.stack_low &&
           vaddr < thread.stack_high &&
           thread.stack_high - vaddr >= sizeof(*frame);
}

/* Frames only ever lead up the stack, so the walk ends. */
static void print_backtrace(uint64_t rip, uint64_t rbp)
{
    const struct stack_frame *frame = (const struct stack_frame *)rbp;
    unsigned int i;

    kprintf("guest: backtrace: %016lx\n", rip);
    for (i = 0; frame_is_readable(frame) && frame->return_vaddr != 0; i++) {
        if (i == MAX_BACKTRACE) {
            kprintf("                  and so on\n");
            return;
        }
        kprintf("                  %016lx\n", frame->return_vaddr);
        if (frame->caller <= frame)
            return;
        frame = frame->caller;
    }
}

static void print_registers(const struct trap_regs *regs)
{
    const struct parapet_frame *frame = &regs->frame;

    kprintf("  rax %016lx  rbx %016lx  rcx %016lx\n", frame->rax, regs->rbx,
            frame->rcx);
    kprintf("  rdx %016lx  rsi %016lx  rdi %016lx\n", regs->rdx, regs->rsi,
            regs->rdi);
    kprintf("  rbp %016lx  r8  %016lx  r9  %016lx\n", regs->rbp, regs->r8,
            regs->r9);
    kprintf("  r10 %016lx  r11 %016lx  r12 %016lx\n", regs->r10, frame->r11,
            regs->r12);
    kprintf("  r13 %016lx  r14 %016lx  r15 %016lx\n", regs->r13, regs->r14,
            regs->r15);
    kprintf("  rip %016lx  rsp %016lx  rflags %08lx\n", frame->rip, frame->rsp,
            frame->rflags);
}

/* Where the access went, and whether that is below the thread's stack. */
static void print_fault_vaddr(const struct trap_regs *regs)
{
    const struct panic_thread thread = thread_for_panic();
    uint64_t vaddr = privops_fault_vaddr();
    uint64_t error = regs->frame.error;

    if (regs->vector == TRAP_PAGE_FAULT)
        kprintf("guest: %s address 0x%lx: %s\n", exception_access(error), vaddr,
                error & 0x1 ? "not allowed" : "nothing is mapped there");
    if (vaddr < thread.stack_low && vaddr >= thread.stack_low - GUARD_SIZE)
        kprintf("guest: the stack has overflowed into its guard page\n");
}

_Noreturn void panic_exception(const struct trap_regs *regs)
{
    const struct panic_thread thread = thread_for_panic();

    begin_report();
    kprintf("\nguest: crash: %s (vector %lu, error 0x%lx) at %016lx, "
            "thread %u \"%s\"\n",
            exception_name(regs->vector), regs->vector, regs->frame.error,
            regs->frame.rip, thread.id, thread.name);
    if (regs->vector == TRAP_PAGE_FAULT || regs->vector == TRAP_DOUBLE_FAULT)
        print_fault_vaddr(regs);
    print_registers(regs);
    print_backtrace(regs->frame.rip, regs->rbp);
    privops_shutdown(PRIVOPS_CRASH);
}

_Noreturn void panic(const char *format, ...)
{
    const struct stack_frame *frame = __builtin_frame_address(0);
    va_list args;

    begin_report();
    kprintf("\nguest: panic: ");
    va_start(args, format);
    kvprintf(format, args);
    va_end(args);
    kprintf("\n");
    print_backtrace(frame->return_vaddr, (uint64_t)frame->caller);
    privops_shutdown(PRIVOPS_CRASH);
}
