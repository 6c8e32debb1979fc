/* SPDX-License-Identifier: MIT
 *
 * The states of a domain, from its first to its last, and who is told:
 *
 *   building --> running <--> paused
 *       |           |            |
 *       +-----------+------------+--> ended
 *
 * Each change, and that a domain comes or has gone, raises
 * PARAPET_VIRQ_DOMAIN at the control domain.
 */
#ifndef HYPERVISOR_CORE_DOMAIN_LIFE_H
#define HYPERVISOR_CORE_DOMAIN_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/core/domain.h"

/*
 * From one state to another, not to DOMAIN_ENDED; false, with nothing done: it
 * is in a third one. Takes the domain's lock.
 */
bool domain_change_state(struct domain *d, enum domain_state from,
                         enum domain_state to);

/*
 * The first vCPU of a domain that has been built starts; false: it was not
 * being built, or has ended. Its first vCPU has its start state.
 */
bool domain_start(struct domain *d);

/* It ends: false when it has ended before. Takes the domain's lock. */
bool domain_set_ended(struct domain *d, uint32_t reason);

/* The control domain, if there is one that lives, is to look at the others. */
void domain_tell_control(void);

/* It is there and has not ended. */
bool domain_control_lives(void);

#endif
