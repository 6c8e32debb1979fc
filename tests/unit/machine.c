/* SPDX-License-Identifier: MIT
 *
 * A CPU is a flow with a stack of its own: machine_run() goes over to it, and
 * it goes back when it pauses. So nothing here is ever done by two at once.
 */
#include "tests/unit/machine.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>

#include "hypervisor/base/panic.h"
#include "hypervisor/base/time.h"
#include "hypervisor/core/clock.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/grant_end.h"
#include "hypervisor/core/hc_console.h"
#include "hypervisor/core/log_domain.h"
#include "hypervisor/core/meter.h"
#include "hypervisor/engine/trap.h"
#include "hypervisor/mm/audit.h"
#include "hypervisor/mm/device_page.h"
#include "hypervisor/mm/frame.h"
#include "hypervisor/mm/grant.h"
#include "hypervisor/mm/owner_release.h"
#include "hypervisor/mm/owner_root.h"
#include "hypervisor/mm/paging.h"
#include "hypervisor/x86/apic.h"
#include "lib/builder/elf.h"
#include "lib/macros.h"
#include "tests/unit/direct_map.h"
#include "tests/unit/flow.h"

/* The local APICs count from another number than the CPUs. */
#define FIRST_APIC_ID 16
/* A deadline further away than this is too far for the timer at once. */
#define LONGEST_TIMER 3000000

static struct machine_cpu {
    uint64_t filler;
    struct cpu_regs regs; /* right below info, as on the stack of a CPU */
    struct cpu_info info;
    struct flow flow;
    enum machine_place place;
    bool kicked;
    bool received;
    uint64_t timer;
    bool timed;  /* it was up, and its interrupt has not been taken */
    bool shared; /* a share of a teardown was done since the last interrupt */
} cpus[MACHINE_MAX_CPUS];

_Static_assert(offsetof(struct machine_cpu, info) ==
                   offsetof(struct machine_cpu, regs) + sizeof(struct cpu_regs),
               "nothing is in between");

uint64_t machine_now;
uint64_t machine_nr_frames;

static struct machine_cpu *running; /* NULL: what calls machine_run() */
static struct flow caller;          /* of machine_run() */
static mfn_t next_frame = 1;

void machine_create(unsigned int nr_cpus, void (*main)(void))
{
    direct_map_reset();
    machine_now = 1;
    for (unsigned int i = 0; i < nr_cpus; i++) {
        cpus[i].info.id = i;
        cpus[i].info.apic_id = FIRST_APIC_ID + i;
        flow_create(&cpus[i].flow, main);
    }
}

void machine_run(unsigned int cpu)
{
    running = &cpus[cpu];
    flow_go(&caller, &running->flow);
    running = NULL;
}

void machine_pause(enum machine_place place)
{
    struct machine_cpu *self = running;

    if (!self)
        return;
    self->place = place;
    flow_go(&self->flow, &caller);
    self->place = MACHINE_IN_HYPERVISOR;
}

enum machine_place machine_place(unsigned int cpu)
{
    return cpus[cpu].place;
}

/* ---- in place of what needs ring 0 ---- */

struct cpu_info *this_cpu(void)
{
    if (!running)
        abort();
    return &running->info;
}

struct cpu_info *percpu_info(unsigned int cpu)
{
    return &cpus[cpu].info;
}

void spin_lock(struct spinlock *lock)
{
    machine_pause(MACHINE_IN_HYPERVISOR);
    while (lock->next != lock->serving) {
        running->info.multicall_stop |= MULTICALL_WAITED;
        machine_pause(MACHINE_IN_HYPERVISOR);
    }
    lock->next++;
}

void spin_unlock(struct spinlock *lock)
{
    lock->serving++;
    machine_pause(MACHINE_IN_HYPERVISOR);
}

/* ---- interrupts and time ---- */

static bool is_due(const struct machine_cpu *cpu)
{
    return cpu->timer != 0 && cpu->timer <= machine_now;
}

void machine_receive(unsigned int cpu)
{
    cpus[cpu].received = true;
}

bool machine_is_interrupted(unsigned int cpu)
{
    return cpus[cpu].kicked || cpus[cpu].received || cpus[cpu].timed ||
           is_due(&cpus[cpu]);
}

uint64_t machine_timer(unsigned int cpu)
{
    return cpus[cpu].timer;
}

uint8_t machine_take_interrupt(void)
{
    running->shared = false;
    if (is_due(running)) {
        running->timer = 0;
        running->timed = true;
    }
    if (running->timed) {
        running->timed = false;
        return VECTOR_TIMER;
    }
    if (running->kicked) {
        running->kicked = false;
        return VECTOR_KICK;
    }
    if (running->received) {
        running->received = false;
        return VECTOR_UART;
    }
    return 0;
}

/* More come to an idle CPU at one moment than there are things to do. */
#define MOST_INTERRUPTS 1000

static _Noreturn void no_end_of_interrupts(void)
{
    fprintf(stderr, "an idle CPU is interrupted for ever: who sets its timer "
                    "to a time that is over?\n");
    abort();
}

void cpu_wait_for_interrupt(void)
{
    struct cpu_regs regs = {0};

    do {
        machine_pause(MACHINE_IDLE);
    } while (!machine_is_interrupted(running->info.id));
    for (unsigned int n = 0; (regs.vector = machine_take_interrupt()) != 0;
         n++) {
        if (n == MOST_INTERRUPTS)
            no_end_of_interrupts();
        interrupt_from_hypervisor(&regs);
    }
}

void apic_send(uint32_t target_apic_id, uint8_t vector)
{
    if (vector != VECTOR_KICK || target_apic_id < FIRST_APIC_ID ||
        target_apic_id >= FIRST_APIC_ID + MACHINE_MAX_CPUS)
        abort();
    cpus[target_apic_id - FIRST_APIC_ID].kicked = true;
}

/* A share is as long as all else that an interrupt does, and another vCPU's
 * turn: so it has an interrupt of its own. */
void apic_end_of_interrupt(void)
{
    if (!running->shared || !(running->info.exit_work & WORK_RESCHEDULE))
        return;
    fprintf(stderr, "an interrupt does a share of a teardown and ends a "
                    "slice: each is long\n");
    abort();
}

bool machine_pin_is_open[IOAPIC_NR_PINS];

void ioapic_route_level(unsigned int pin, uint8_t vector,
                        uint32_t target_apic_id)
{
    if (vector != VECTOR_PIN + pin || target_apic_id != running->info.apic_id)
        abort();
    machine_pin_is_open[pin] = true;
}

void ioapic_mask_level(unsigned int pin, uint8_t vector)
{
    if (vector != VECTOR_PIN + pin)
        abort();
    machine_pin_is_open[pin] = false;
}

uint64_t time_now_ns(void)
{
    return machine_now;
}

/* As on a real one, an interrupt that waits is not taken back by this. */
void time_set_timer(uint64_t deadline_ns)
{
    running->timed |= is_due(running);
    running->timer = MIN(deadline_ns, machine_now + LONGEST_TIMER);
}

/* ---- memory: what is freed may not be touched, and is not given again ---- */

mfn_t frame_alloc_run(size_t nr)
{
    mfn_t mfn = next_frame;

    next_frame += nr;
    machine_nr_frames += nr;
    direct_map_add(frame_paddr(mfn), frame_paddr(next_frame));
    return mfn;
}

mfn_t frame_alloc_zeroed(void)
{
    return frame_alloc_run(1);
}

size_t frame_nr_free(void)
{
    return 0;
}

void frame_free(mfn_t mfn)
{
    machine_nr_frames--;
    ASAN_POISON_MEMORY_REGION(frame_vaddr(mfn), PAGE_SIZE);
}

/* Whose they are is not asked here. */
void type_owner_init(struct memory_owner *m, unsigned int id)
{
    m->owner = (uint64_t)id << STATE_OWNER_SHIFT;
}

void type_give(struct memory_owner *m, mfn_t mfn, uint64_t gfn)
{
    m->nr_frames++;
    (void)mfn;
    (void)gfn;
}

void type_hold(struct memory_owner *m, mfn_t mfn, bool writable)
{
    m->nr_held++;
    (void)mfn;
    (void)writable;
}

/* There are none but those that are held. It takes three shares to see that. */
bool owner_release_share(struct memory_owner *m)
{
    machine_pause(MACHINE_IN_HYPERVISOR);
    running->shared = true;
    if (m->work == 0 || m->nr_frames != m->nr_held)
        abort();
    return ++m->release_next == 3;
}

void owner_free_held(struct memory_owner *m, mfn_t mfn)
{
    m->nr_frames--;
    m->nr_held--;
    frame_free(mfn);
}

/* Nothing is lent here; it takes two shares to see that. */
bool grant_end_share(struct domain *d)
{
    machine_pause(MACHINE_IN_HYPERVISOR);
    running->shared = true;
    if (!d->memory.grants.closed)
        abort();
    return d->memory.handles.next++ != 0;
}

void grant_table_close(struct memory_owner *m)
{
    m->grants.closed = true;
}

uint32_t machine_nr_left[4096];

uint32_t owner_nr_left(unsigned int id)
{
    return machine_nr_left[id];
}

/* No engine here loads a root. */
void owner_leave_roots(struct memory_owner *m)
{
    machine_pause(MACHINE_IN_HYPERVISOR);
    m->leaving = 1;
}

bool owner_has_no_root(const struct memory_owner *m)
{
    return m->leaving == 1 && m->tlb_cpus == 0;
}

/* ---- devices: the registers of all that are announced ---- */

uint32_t machine_device_page[PAGE_SIZE / 4];

volatile void *paging_map_device(uint64_t paddr)
{
    (void)paddr;
    return machine_device_page;
}

bool device_page_add(mfn_t page)
{
    (void)page;
    return true;
}

void device_page_end(struct memory_owner *m)
{
    if (m->handles.next != 0)
        abort(); /* grants come later */
    m->devices.nr = 0;
}

/* ---- what the sources name, and do not use here ---- */

_Noreturn void boot_refuse(const char *format, ...)
{
    (void)format;
    abort();
}

const char hv_ex_table[1];
const char hv_ex_table_end[1];

void panic_stopped(void)
{
}

void log_line(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

void log_set_shown(enum log_level level)
{
    (void)level;
}

void log_domain(enum log_level level, const struct domain *domain,
                const char *format, ...)
{
    (void)domain;
    (void)level;
    (void)format;
}

void hc_console_domain_ended(const struct domain *d)
{
    (void)d;
}

void log_vcpu(enum log_level level, const struct vcpu *vcpu, const char *format,
              ...)
{
    (void)vcpu;
    (void)level;
    (void)format;
}

void meter_audit(uint64_t begin)
{
    (void)begin;
}

bool elf_symbols_find(const struct elf_symbols *symbols, uint64_t vaddr,
                      char *name, size_t name_size, uint64_t *offset)
{
    (void)symbols;
    (void)vaddr;
    (void)name;
    (void)name_size;
    (void)offset;
    return false;
}

bool audit_enabled;

uint64_t audit_machine(struct memory_owner *(*find)(unsigned int id))
{
    (void)find;
    return 0;
}

void tlb_serve(void)
{
}

/* Nor is how long it takes. */
bool meter_enabled;

void meter_name(struct cpu_info *cpu)
{
    (void)cpu;
}

void meter_end(struct cpu_info *cpu)
{
    (void)cpu;
}

void meter_wait(struct cpu_info *cpu)
{
    (void)cpu;
}

void meter_print(void)
{
}

void meter_report(void)
{
}

const struct clock_line *time_line;

void clock_fill(struct domain *d)
{
    (void)d;
}

void clock_interrupt(void)
{
}
