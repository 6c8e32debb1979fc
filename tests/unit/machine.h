/* SPDX-License-Identifier: MIT
 *
 * Some CPUs for the hypervisor's own sources to run on, on the host and one
 * step at a time. Each CPU has a stack and a flow of its own, and pauses
 * wherever something of the others may come in between: before it takes a
 * lock and after it lets go of one, when it idles, and between two steps of
 * its guest. Which CPU goes on, when an interrupt comes and how time goes by
 * is the test's to choose, so a bad interleaving can be had again.
 *
 * It is included before everything else in the sources that run there, and
 * puts functions of its own in the place of those that need ring 0.
 */
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define this_cpu this_cpu_by_stack
#define percpu_info percpu_info_by_address
#include "hypervisor/x86/percpu.h"
#undef this_cpu
#undef percpu_info
struct cpu_info *this_cpu(void);
struct cpu_info *percpu_info(unsigned int cpu);

#define spin_lock spin_lock_by_ticket
#define spin_unlock spin_unlock_by_ticket
#include "hypervisor/base/spinlock.h"
#undef spin_lock
#undef spin_unlock
void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);

#define cpu_wait_for_interrupt cpu_wait_by_hlt
#include "hypervisor/x86/cpu.h"
#undef cpu_wait_for_interrupt
void cpu_wait_for_interrupt(void);

#define time_now_ns time_now_by_counter
#include "hypervisor/base/time.h"
#undef time_now_ns
uint64_t time_now_ns(void);

#define MACHINE_MAX_CPUS 4

enum machine_place {
    MACHINE_IN_HYPERVISOR,
    MACHINE_IN_GUEST,
    MACHINE_IDLE,
};

/* What time_now_ns() says. */
extern uint64_t machine_now;

/* How many frames are in use. */
extern uint64_t machine_nr_frames;

/* How many frames are left behind, by their owner's number. */
extern uint32_t machine_nr_left[4096];

/* Which pins of the I/O APIC are routed, and not masked. */
extern bool machine_pin_is_open[];

/* Where the registers of devices are. */
extern uint32_t machine_device_page[];

/* Makes the CPUs; each calls main, on its own, when it runs first. */
void machine_create(unsigned int nr_cpus, void (*main)(void));

/* Lets a CPU run until it pauses; where it pauses. Not from a CPU. */
void machine_run(unsigned int cpu);
enum machine_place machine_place(unsigned int cpu);

/* Has a CPU see an interrupt of the UART, which is the one device. */
void machine_receive(unsigned int cpu);

/* Whether an interrupt waits for the CPU, and when its timer is due (0: it is
 * off, or was and waits). */
bool machine_is_interrupted(unsigned int cpu);
uint64_t machine_timer(unsigned int cpu);

/* On a CPU: lets the others run; takes an interrupt's vector, 0 if there is
 * none. */
void machine_pause(enum machine_place place);
uint8_t machine_take_interrupt(void);

#endif
