/* SPDX-License-Identifier: MIT
 *
 * Interrupts of devices, as events of the domain that drives them. They are
 * level-triggered: the pin of the I/O APIC is masked when it interrupts, and
 * unmasked when the domain unmasks the port, which says that it has asked the
 * device. If the device still wants something it interrupts again.
 */
#ifndef HYPERVISOR_CORE_PIRQ_H
#define HYPERVISOR_CORE_PIRQ_H

#include <stdbool.h>
#include <stdint.h>

/*
 * From now on the interrupt raises that port of the domain with this id. The
 * pin is unmasked. False: it is bound already. The domain's lock is held.
 */
bool pirq_bind(uint32_t irq, uint32_t domain, uint32_t port);

/* Masks the pin, for good. The port's domain's lock is held. */
void pirq_unbind(uint32_t irq);

/* Unmasks the pin if the interrupt is that port's. No lock needed. */
void pirq_end(uint32_t irq, uint32_t domain, uint32_t port);

/* It has come to this CPU: masks the pin and raises the port. */
void pirq_interrupt(uint32_t irq);

#endif
