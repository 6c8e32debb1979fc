/* SPDX-License-Identifier: MIT
 *
 * Everything the kernel does that an ordinary program could not: the only
 * place where its two builds differ. privops/pv asks the hypervisor,
 * privops/native asks the machine; a build links one of the two directories,
 * and nothing outside them knows which (not by #ifdef either).
 *
 * The interrupt flag is touched too often for a call: "irqflag.h" is inline,
 * and the build takes it from privops/pv or privops/native by its include
 * path. It declares
 *
 *   void privops_irq_disable(void)
 *   void privops_irq_enable(void)
 *   bool privops_irq_save(void)           disable; returns whether they were on
 *   void privops_irq_restore(bool on)     enable if on
 *   bool privops_irq_enabled(void)
 *
 * Each of them orders memory accesses for the compiler. On the kernel's one
 * CPU, "interrupts disabled" is the lock of all shared data.
 *
 * A build also defines, in assembly, trap_stubs and trap_return (see
 * x86/trap_entry.S), and the entry from the boot loader: it fills struct
 * boot_info and calls kernel_main() with interrupts disabled.
 */
#ifndef GUEST_KERNEL_PRIVOPS_PRIVOPS_H
#define GUEST_KERNEL_PRIVOPS_PRIVOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest-kernel/privops/latency.h"
#include "irqflag.h"

struct boot_info;

/* The first line on the console: before anything that can go wrong. Provided,
 * as the next one, by boot/main.c. */
void kernel_banner(void);

/*
 * Where the kernel begins, once the build's own start is done: on the boot
 * stack, with interrupts disabled, exceptions handled, and early_init() done.
 * boot is kept.
 */
_Noreturn void kernel_main(const struct boot_info *boot);

/* "pv" or "native". */
const char *privops_name(void);

/* The stack that kernel_main() was called on: low is the lowest byte. */
struct privops_stack {
    uint64_t low;
    uint64_t high;
};
struct privops_stack privops_boot_stack(void);

/*
 * Connects the timer and the console to irq_raise() (core/irq.h): their ports
 * are known from then on. Interrupts are disabled, and stay so until both are
 * bound.
 */
void privops_irq_start(void);
uint32_t privops_timer_port(void);
uint32_t privops_console_port(void);

/* Registers the devices that this build alone has (fs/device.h). Interrupts are
 * disabled; after privops_irq_start(). */
void privops_devices_init(void);

/*
 * A device that the boot announced: its registers, which no other shares a
 * byte with, and its interrupt, which is raised as long as the device asks.
 */
struct privops_device {
    uint64_t paddr;
    uint32_t size;
    uint32_t irq;
};

/* All of them, by ascending address: how many. */
unsigned int privops_devices(const struct privops_device **list);

/* The registers of the device with that address, uncached, for ever. NULL: it
 * was not announced, or there is no memory. Interrupts are disabled. */
volatile void *privops_device_map(uint64_t paddr);

/*
 * The port of a device's interrupt, for irq_bind(), which is called before
 * interrupts are enabled. Or -ENODEV: not announced; -EBUSY: somebody has it.
 * Its handler lets the device be content, and then, before it returns, calls
 * privops_device_irq_done(): until then the interrupt does not come again.
 * Interrupts are disabled for both.
 */
int64_t privops_device_irq(uint32_t irq);
void privops_device_irq_done(uint32_t port);

/* The machine address of memory, by which a device reaches it: memory of
 * mm/page.h or mm/slab.h, and only as far as its page. */
uint64_t privops_machine(const void *memory);

/* From now on this build does what it is asked to from outside. Interrupts are
 * disabled; after sched_init(). */
void privops_requests_init(void);

/*
 * An interrupt or event has arrived, with the vector of its stub: finds out
 * which ports it stands for, acknowledges it and calls irq_raise() for each.
 * Interrupts are disabled.
 */
void privops_interrupt(uint64_t vector);

/*
 * Sleeps until an interrupt has been handled: one that arrived before, while
 * they were disabled, counts. Called and returns with interrupts disabled.
 */
void privops_idle(void);

/* The address whose access caused the page fault that is being handled. */
uint64_t privops_fault_vaddr(void);

/* Nanoseconds that never go backward; and nanoseconds since 1970, UTC. */
uint64_t privops_clock_ns(void);
uint64_t privops_wall_ns(void);

/* For how long this CPU could have run and others had it; 0 on a machine of its
 * own. */
uint64_t privops_stolen_ns(void);

/* How many ticks of the time stamp counter are taken for a second, now. */
uint64_t privops_tick_hz(void);

/*
 * After privops_irq_start(): lets these clocks get better than they were
 * measured at the boot, as the machine's others show. The wall clock may be set
 * by that.
 */
void privops_clock_follow(void);

/*
 * Raises the timer's port once when the clock has reached deadline_ns, or
 * earlier (a timer may be unable to count that far). The last call counts.
 */
void privops_timer_set(uint64_t deadline_ns);

/*
 * Writes all of it; any interrupt state. Who reads the console may be slow: it
 * is waited for, but not for ever.
 */
void privops_console_write(const char *text, size_t size);

/*
 * Writes as much as there is room for, and returns how much. If that is not
 * all, the console's port is raised when there may be room. Any interrupt
 * state.
 */
size_t privops_console_write_some(const char *text, size_t size);

/* The kernel is about to die: what it writes from now on must not depend on
 * anybody who reads it. */
void privops_console_last_words(void);

/*
 * Takes at most size bytes of waiting input, and nothing more from the device:
 * what stays there is not lost. Returns how many, 0 when none waits. Interrupts
 * are disabled.
 */
size_t privops_console_read(char *buffer, size_t size);

/*
 * How often this CPU left for the hypervisor for one reason, and how long some
 * of these exits took: they are a sample, evenly spread.
 */
struct privops_counter {
    const char *kind; /* "hypercall" or "exit" */
    const char *name;
    uint64_t count;
    uint64_t tick_hz; /* of the histogram's ticks, how many in a second */
    struct latency latency;
};

/*
 * Calls put for each counter that is not zero, kind by kind. Returns false
 * when there is no hypervisor.
 */
bool privops_counters(void (*put)(const struct privops_counter *counter));

/*
 * What user mode leaves in the CPU besides the registers of struct trap_regs
 * and the x87 and vector ones: where FS and GS begin. The program may change
 * both without being noticed. Interrupts are disabled.
 */
struct privops_bases {
    uint64_t fs;
    uint64_t gs;
};
void privops_bases_save(struct privops_bases *bases);

/* now: what privops_bases_save() has just said, since what is right already
 * needs no change. */
void privops_bases_load(const struct privops_bases *bases,
                        const struct privops_bases *now);

/* Entries from user mode put their frame below top. Interrupts are disabled;
 * costs no exit. */
void privops_kernel_stack(uint64_t top);

enum privops_end {
    PRIVOPS_POWEROFF,
    PRIVOPS_REBOOT,
    PRIVOPS_CRASH,
};
_Noreturn void privops_shutdown(enum privops_end end);

#endif
