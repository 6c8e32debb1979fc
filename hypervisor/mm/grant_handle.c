/* SPDX-License-Identifier: MIT
 *
 * Owns the frames of handles.
 */
#include "hypervisor/mm/grant_handle.h"

#include "abi/errors.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/mm/frame.h"
#include "hypervisor/mm/work.h"

/* Those of a new frame become free, the first one first. */
static void add_frame(struct grant_handles *h, struct grant_mapping *mappings)
{
    uint32_t first = h->nr_frames * (uint32_t)GRANT_MAPPINGS_PER_FRAME;

    for (uint32_t i = GRANT_MAPPINGS_PER_FRAME; i-- > 0;) {
        mappings[i].handle = first + i;
        mappings[i].next = h->free;
        h->free = &mappings[i];
    }
    h->frames[h->nr_frames++] = mappings;
}

int grant_handles_more(struct memory_owner *m)
{
    mfn_t mfn;

    if (m->handles.nr_frames == GRANT_HANDLE_FRAMES || !owner_may_have(m, 1))
        return -PARAPET_ENOSPC;
    if (!work_take(&m->work, WORK_HANDLES))
        return -PARAPET_ERESTART;
    mfn = frame_alloc_zeroed();
    if (mfn == MFN_NONE)
        return -PARAPET_ENOMEM;
    m->nr_charged++;
    add_frame(&m->handles, frame_vaddr(mfn));
    return 0;
}
