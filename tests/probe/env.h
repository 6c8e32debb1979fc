/* SPDX-License-Identifier: MIT
 *
 * What an environment of the probe provides: parapet/env.c in a domain,
 * native/env.c on the bare machine.
 */
#ifndef PROBE_ENV_H
#define PROBE_ENV_H

#include <stddef.h>

#include "tests/probe/probe.h"

/* How often the hypervisor was entered, by reason; all 0 where there is none.
 */
struct env_exits {
    uint64_t emulated;
    uint64_t reflected;
    uint64_t exception; /* handed to the guest's handler; page faults too */
    uint64_t hypercall; /* without iret, by which handlers return */
};

void env_write(const char *text, size_t size);

/* Everything that a row may have changed, back to where it was: interrupts
 * off, control registers, segments, timer. */
void env_reset(void);

/* Runs the deed in the ring that is under study. */
struct probe_outcome env_run(probe_deed_t *deed, struct probe_io *io);

/* Runs the deed in the kernel's own ring, for setups and views. */
struct probe_outcome env_attempt(probe_deed_t *deed, struct probe_io *io);

/* The environment's own way to mask and unmask interrupts before a deed, and
 * to tell how the deed left them. */
void env_irq_set(bool on);
bool env_irq_is_on(void);

/* The ring in which the deed ended. */
uint64_t env_final_ring(void);

/* A periodic timer interrupt, and how many came since the start. */
void env_timer_start(void);
uint64_t env_timer_ticks(void);

/*
 * A kernel's own entry for syscall and sysenter: notes that it was reached,
 * and goes on at rcx with rsp = r10. 0 where the kernel cannot have one.
 */
uint64_t env_entry_vaddr(void);
bool env_entry_reached(void);

void env_exits_read(struct env_exits *exits);

#endif
