/* SPDX-License-Identifier: MIT
 *
 * Knows in which order an owner is taken apart:
 *
 *   1 along its list of frames: each pin is dropped, and each table whose check
 *     has stopped half-way is put on the list of those to be let go
 *   2 tables are let go until none is left. Tables refer to lower levels only,
 *     so with pins and roots gone each loses its last reference; that others
 *     map it to read does not keep it
 *   3 along the list again: what nothing refers to goes back, and what others
 *     refer to is left behind (type.c); what is held stays
 *
 * It may stop after any step and keeps its place in the owner. The list does
 * not change meanwhile but by 3 itself, which never takes the frame that is to
 * come next before its turn, and goes along it once.
 *
 * Flushes are where they are for a living owner: what is dropped is stamped,
 * and who takes a frame from its owner has each CPU flush that may still
 * translate. When no CPU may (tlb_cpus is 0), there is none to ask.
 */
#include "hypervisor/mm/owner_release.h"

#include "hypervisor/base/bug.h"
#include "hypervisor/mm/table.h"
#include "hypervisor/mm/work.h"

static void begin_step(struct memory_owner *m, enum release_step step)
{
    m->release_step = step;
    m->release_next = m->frames;
}

/* A table, or what was about to be one; false when the work is used up. */
static bool drop_pin(struct memory_owner *m, mfn_t mfn)
{
    struct frame_info *f = frame_info(mfn);
    uint64_t state = frame_state(f);

    if (!work_take(&m->work, WORK_UNPIN))
        return false;
    if (state & STATE_PINNED)
        BUG_ON(table_unpin(m, mfn) != 0);
    else if (f->nr_valid != 0 && !(state & STATE_COUNT))
        table_release_later(m, mfn);
    return true;
}

static bool drop_pins(struct memory_owner *m)
{
    uint32_t mfn = m->release_next;

    for (; mfn != FRAME_INFO_NONE; mfn = frame_links[mfn].next) {
        const struct frame_info *f = frame_info(mfn);

        if (!work_take(&m->work, WORK_LOOK))
            break;
        /* All but a few are neither. */
        if ((f->nr_valid != 0 ||
             (__atomic_load_n(&f->state, __ATOMIC_RELAXED) & STATE_PINNED)) &&
            !drop_pin(m, mfn))
            break;
    }
    m->release_next = mfn;
    return mfn == FRAME_INFO_NONE;
}

/* All but those that are held; false when the work is used up. */
static bool give_back(struct memory_owner *m)
{
    while (m->release_next != FRAME_INFO_NONE) {
        mfn_t mfn = m->release_next;

        if (!work_take(&m->work, WORK_FREE))
            return false;
        m->release_next = frame_links[mfn].next;
        if (!(frame_state(frame_info(mfn)) & STATE_REFERENCES))
            BUG_ON(type_take_back(m, mfn) != 0);
        else if (!frame_info(mfn)->held)
            type_leave(m, mfn, 0);
    }
    BUG_ON(m->nr_frames != m->nr_held);
    return true;
}

bool owner_release_share(struct memory_owner *m)
{
    if (m->release_step == RELEASE_NOT_BEGUN)
        begin_step(m, RELEASE_PINS);
    if (m->release_step == RELEASE_PINS) {
        if (!drop_pins(m))
            return false;
        m->release_step = RELEASE_TABLES;
    }
    if (!table_release(m))
        return false;
    if (m->release_step == RELEASE_TABLES)
        begin_step(m, RELEASE_FRAMES);
    return give_back(m);
}

void owner_free_held(struct memory_owner *m, mfn_t mfn)
{
    struct frame_info *f = frame_info(mfn);

    BUG_ON(!f->held);
    f->held = 0;
    m->nr_held--;
    type_leave(m, mfn, STATE_USE);
}
