/* SPDX-License-Identifier: MIT
 *
 * What the builder (build.h) asks of whoever runs it: at boot the hypervisor
 * answers itself, a control domain by hypercalls. Each function returns 0 or
 * -errno, with which the build ends. context is the caller's own.
 *
 * The domain is there already, with its shared page and its grant table, and
 * does not run.
 */
#ifndef LIB_BUILDER_SERVICES_H
#define LIB_BUILDER_SERVICES_H

#include <stdint.h>

#include "abi/domain.h"
#include "abi/memory.h"
#include "abi/shared.h"

/* Of each vCPU, in this order: its page, its counters, its latency. */
#define BUILDER_LATENCY_PAGES ((sizeof(struct parapet_latency) + 4095) / 4096)
#define BUILDER_VCPU_PAGES (2 + BUILDER_LATENCY_PAGES)

/* The most frames that are asked for at once. */
#define BUILDER_MAX_POPULATE 512
_Static_assert(BUILDER_MAX_POPULATE <= PARAPET_MAX_FRAMES,
               "one hypercall can give them");

struct builder_services {
    /*
     * Gives the domain a frame of zeros for each gfn in [gfn, gfn + nr), and
     * says which: mfns has nr entries. nr is 1..BUILDER_MAX_POPULATE.
     */
    int (*populate)(void *context, uint64_t gfn, uint64_t nr, uint64_t *mfns);

    /* Copies size bytes to offset in one of the domain's frames, inside it. */
    int (*write)(void *context, uint64_t mfn, uint64_t offset, const void *from,
                 uint64_t size);

    /* Fills a frame with the entries of hypercalls (abi/note.h). */
    int (*hypercall_page)(void *context, uint64_t mfn);

    /*
     * Makes a vCPU; its pages are the domain's gfns from first_gfn on. Asked
     * once for each, in ascending order.
     */
    int (*vcpu_create)(void *context, uint32_t vcpu, uint64_t first_gfn,
                       uint64_t mfns[BUILDER_VCPU_PAGES]);

    /*
     * Makes a port of vCPU 0 that the control domain can bind. Asked of a
     * domain that is served (build.h) alone: for the bus, then for the console.
     */
    int (*alloc_unbound)(void *context, uint32_t *port);

    /*
     * Where a vCPU starts, asked for vCPU 0 and as the last: the root is
     * checked as every table is, and pinned. The other vCPUs begin in it, too,
     * when the guest starts them.
     */
    int (*vcpu_start)(void *context, uint32_t vcpu,
                      const struct parapet_vcpu_start *start);
};

#endif
