/* SPDX-License-Identifier: MIT
 *
 * The probe on the bare machine: all rows in ring 0, which is what a kernel
 * is used to, and then all in ring 3, which shows what of it traps there: what
 * is privileged. The kernel itself is in ring 0 both times.
 */
#include "tests/probe/env.h"

#include "lib/printf.h"
#include "lib/string.h"
#include "lib/x86/control.h"
#include "lib/x86/debug.h"
#include "lib/x86/debug_exit.h"
#include "lib/x86/msr.h"
#include "lib/x86/rflags.h"
#include "lib/x86/segment.h"
#include "tests/probe/native/machine.h"
#include "tests/probe/native/native.h"

/* UMIP, TSD, SMEP and SMAP stay off: the plain machine. */
#define NATIVE_CR4                                                             \
    (CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE | CR4_OSXSAVE)

static bool in_call;
static struct native_regs last; /* how the last call ended */
static uint64_t deed_ring;
static bool irq_on;          /* for the next deed */
static uint64_t final_flags; /* of the last deed under study */
static uint64_t final_cs;
static volatile uint64_t ticks;
static uint64_t first_cr0, first_efer;

void env_write(const char *text, size_t size)
{
    machine_write(text, size);
}

static _Noreturn void unexpected(const struct native_regs *regs)
{
    char text[128];
    int length =
        string_format(text, sizeof(text), "unexpected vector %lu at rip %#lx\n",
                      regs->vector, regs->rip);

    env_write(text, (size_t)length);
    machine_end(DEBUG_EXIT_FAILED);
}

void native_trap(struct native_regs *regs)
{
    if (regs->vector == NATIVE_VECTOR_TIMER) {
        ticks++;
        machine_end_of_interrupt();
        return;
    }
    if (!in_call)
        unexpected(regs);
    last = *regs;
    regs->rip = (uint64_t)native_call_end;
    regs->cs = NATIVE_CS;
    regs->rflags = RFLAGS_ALWAYS;
    regs->rsp = native_saved_rsp;
    regs->ss = NATIVE_SS;
}

static struct probe_outcome call(probe_deed_t *deed, struct probe_io *io,
                                 uint64_t ring, uint64_t rflags)
{
    in_call = true;
    if (ring == 0)
        native_call(deed, io, NATIVE_CS, NATIVE_SS, rflags);
    else
        native_call(deed, io, NATIVE_CS_USER, NATIVE_SS_USER, rflags);
    in_call = false;
    return (struct probe_outcome){
        .returned = last.vector == NATIVE_VECTOR_RETURN,
        .vector = last.vector,
        .error = last.error,
        .result = last.rax,
    };
}

struct probe_outcome env_run(probe_deed_t *deed, struct probe_io *io)
{
    uint64_t rflags = RFLAGS_ALWAYS | (irq_on ? RFLAGS_IF : 0);
    struct probe_outcome outcome = call(deed, io, deed_ring, rflags);

    final_flags = last.rflags;
    final_cs = last.cs;
    return outcome;
}

struct probe_outcome env_attempt(probe_deed_t *deed, struct probe_io *io)
{
    return call(deed, io, 0, RFLAGS_ALWAYS);
}

void env_irq_set(bool on)
{
    irq_on = on;
}

bool env_irq_is_on(void)
{
    return final_flags & RFLAGS_IF;
}

uint64_t env_final_ring(void)
{
    return final_cs & 3;
}

void env_timer_start(void)
{
    ticks = 0;
    machine_timer_start(NATIVE_VECTOR_TIMER);
}

uint64_t env_timer_ticks(void)
{
    return ticks;
}

uint64_t env_entry_vaddr(void)
{
    return (uint64_t)native_syscall_entry;
}

bool env_entry_reached(void)
{
    return native_entry_reached;
}

void env_exits_read(struct env_exits *exits)
{
    memset(exits, 0, sizeof(*exits));
}

static void load_null_selectors(void)
{
    write_ds(0);
    write_es(0);
    write_fs(0);
    write_gs(0);
}

void env_reset(void)
{
    irq_on = false;
    native_entry_reached = 0;
    machine_timer_stop();
    write_cr0(first_cr0);
    write_cr4(NATIVE_CR4);
    write_cr8(0);
    write_dr7(DR7_RESET);
    write_dr0(0);
    load_null_selectors();
    wrmsr(MSR_EFER, first_efer);
    wrmsr(MSR_FS_BASE, 0);
    wrmsr(MSR_GS_BASE, 0);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
    wrmsr(MSR_SYSENTER_CS, 0);
    wrmsr(MSR_TSC_AUX, 0);
}

static void study(uint64_t ring, const char *pass)
{
    deed_ring = ring;
    probe_run(pass);
}

_Noreturn void native_main(void)
{
    first_cr0 = read_cr0();
    first_efer = rdmsr(MSR_EFER);
    machine_init();
    native_tables_init();
    write_cr4(NATIVE_CR4);
    xsetbv(0, XCR0_X87 | XCR0_SSE | XCR0_AVX);
    study(0, "ring0");
    study(3, "ring3");
    machine_end(DEBUG_EXIT_SUCCESS);
}
