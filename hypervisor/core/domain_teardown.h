/* SPDX-License-Identifier: MIT
 *
 * How a domain that has ended is taken apart, in shares that are well below the
 * bound of an exit. The order is enum domain_teardown's (core/domain.h):
 *
 *   LEAVE    A vCPU that runs may be anywhere in the hypervisor. So nothing is
 *            touched before all are off their CPUs, all of them saved.
 *   ORPHANS  Of the control domain alone, when the others outlive it
 *            (dom0_crash=keep): one that is being built or paused would never
 *            run, and the machine never end. So they end.
 *   ROOTS    A CPU that has nothing to run stays on the root that it had. When
 *            the frames of its tables are used anew it must be on another one.
 *   PORTS    Others that have a port to it learn that nobody is there.
 *   DEVICES  Of the control domain alone: each device is reset, and the pages
 * of its registers are mapped no more. A device writes wherever it was told to:
 * into frames that the domain held for it, and into its own. So the next step
 * waits until all have come to rest; the interrupts were masked with the ports.
 *   GRANTS   It drops what it has of others: no CPU translates by its tables
 *            any more. Nobody borrows of it since it has ended.
 *   LOOK     So far it goes by itself. The rest waits for domain_destroy(), so
 *            that the control domain can look at the dead one; unless there is
 *            no control domain that lives.
 *   UNLOAD   Its engine lets go of the roots of its vCPUs.
 *   MEMORY   Pins and tables go, and then all frames, but those that the
 *            hypervisor itself writes to. What others have of them is left
 *            behind (mm/type.c).
 *   GRACE    The domain is out of the table and of the list: nobody finds it
 *            who has not found it before. Who has is in a hypercall or in the
 *            handler of an interrupt. A CPU has left these once it takes the
 *            next interrupt from a guest, or sleeps.
 *   FREE     The rest: nobody knows the domain.
 *
 * One domain is worked at at a time, under a lock that is only tried.
 */
#ifndef HYPERVISOR_CORE_DOMAIN_TEARDOWN_H
#define HYPERVISOR_CORE_DOMAIN_TEARDOWN_H

#include <stdbool.h>
#include <stdint.h>

struct domain;

/* How many dead domains have steps to go that are done without
 * domain_destroy(). Atomic. */
extern uint32_t domain_nr_dead;

/* Says how many CPUs there are. Boot only. */
void domain_teardown_init(unsigned int nr_cpus);

/* d has ended: it is to be taken apart. */
void domain_teardown_begin(struct domain *d);

/*
 * A share of that, for one of those that wait: by a timer (sched_reap()), and
 * when a CPU has nothing to run. False when it could do nothing: another CPU is
 * at it, or all wait for other CPUs. Takes a memory lock and leaf locks.
 */
bool domain_reap(void);

/*
 * The same for the domain with this id, and to its end: nobody is to look at it
 * any more. 0: all is done, and its frames are back. -ERESTART: there is more,
 * or it has not ended, and nothing was done. -ENOENT: there is nothing of it.
 */
int domain_teardown_share(uint32_t id);

/*
 * Of core/domain_end.c, for ORPHANS: ends one domain that nobody can start any
 * more, since it is being built or paused; the machine may end by that. False:
 * there is none.
 */
bool domain_end_orphan(void);

#endif
