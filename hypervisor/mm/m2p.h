/* SPDX-License-Identifier: MIT
 *
 * The machine-to-physical table: for each frame of the machine, the gfn under
 * which its owner has it. Guests read it at PARAPET_M2P; see abi/memory.h.
 */
#ifndef HYPERVISOR_MM_M2P_H
#define HYPERVISOR_MM_M2P_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/memory.h"
#include "hypervisor/mm/frame.h"

/* PML4 slots at the start of the hypervisor's that guests may read. */
#define M2P_NR_SLOTS 1

extern uint64_t *m2p;

/*
 * Makes the table for the frames below nr_frames, all of them nobody's, and
 * maps it for guests under the hypervisor's root. Boot only, before a second
 * root is made; false without memory.
 */
bool m2p_init(uint64_t nr_frames);

/* The frame's owner has it at gfn from now on. Takes no lock. */
static inline void m2p_set(mfn_t mfn, uint64_t gfn)
{
    __atomic_store_n(&m2p[mfn], gfn, __ATOMIC_RELAXED);
}

#endif
