/* SPDX-License-Identifier: MIT
 *
 * What the files of the pv engine share.
 */
#ifndef HYPERVISOR_ENGINE_PV_H
#define HYPERVISOR_ENGINE_PV_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_regs;
struct domain;
struct elf_image;
struct vcpu;

/* engine.address_space_create. */
bool pv_address_space_create(struct domain *d, const struct elf_image *kernel);

/*
 * Enters the guest kernel at entry: pushes a frame of regs onto its stack and
 * changes regs. With mask_events, delivery is masked meanwhile. False, with
 * nothing changed, when the frame cannot be pushed.
 */
bool pv_bounce(struct vcpu *v, struct cpu_regs *regs, uint64_t entry,
               bool mask_events);

/*
 * Hands the exception in regs (vector, error) to the guest's handler; ends
 * the domain when it has none or no stack for it. regs are complete.
 */
void pv_reflect(struct vcpu *v, struct cpu_regs *regs);

/*
 * A protection fault of the guest's: emulates the instruction if it is a
 * sensitive one, else reflects the fault. regs are complete.
 */
void pv_emulate(struct vcpu *v, struct cpu_regs *regs);

/* engine.exception and engine.trap. */
bool pv_exception(struct cpu_regs *regs);
void pv_trap(struct vcpu *v, struct cpu_regs *regs);

/* Called by the entry code. */
void pv_iret_slow(struct cpu_regs *regs);
void pv_compat_refused(struct cpu_regs *regs);
int pv_push_frame(uint64_t frame, const struct cpu_regs *regs, uint64_t cs,
                  uint64_t rflags);

#endif
