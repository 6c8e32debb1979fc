/* SPDX-License-Identifier: MIT
 *
 * The audit of the machine: what the audits of domains take for granted, and
 * frames that are left behind by owners that have ended.
 */
#include "hypervisor/mm/audit.h"
#include "hypervisor/mm/audit_count.h"
#include "hypervisor/mm/m2p.h"
#include "lib/string.h"

#define MAX_OWNERS ((STATE_OWNER >> STATE_OWNER_SHIFT) + 1)

/* Domains take and give frames meanwhile: the state is set before the
 * M2P, and cleared after it. */
static void check_free(struct audit *a, mfn_t mfn)
{
    uint64_t before = frame_state(frame_info(mfn));
    uint64_t gfn = __atomic_load_n(&m2p[mfn], __ATOMIC_ACQUIRE);
    uint64_t after = frame_state(frame_info(mfn));

    /* One may take it and give it back meanwhile: look again. */
    for (int i = 0;
         i < 3 && !((before | after) & STATE_OWNER) && gfn != PARAPET_NO_GFN;
         i++) {
        gfn = __atomic_load_n(&m2p[mfn], __ATOMIC_ACQUIRE);
        after = frame_state(frame_info(mfn));
    }
    if ((before | after) & STATE_OWNER)
        return;
    audit_expect(a, mfn, "state of a frame of nobody", 0, before | after);
    audit_expect(a, mfn, "gfn of a frame of nobody", PARAPET_NO_GFN, gfn);
}

/* Free as it should be: check_free() finds nothing, nor is it anybody's to be
 * counted. Most frames are so, and the end of each domain looks at all. */
static bool is_free(mfn_t mfn)
{
    return frame_state(frame_info(mfn)) == 0 &&
           __atomic_load_n(&m2p[mfn], __ATOMIC_RELAXED) == PARAPET_NO_GFN;
}

static bool is_left(uint64_t state)
{
    return state_type(state) == TYPE_LEFT;
}

/* It is in no list, and only others refer to it. */
static bool left_is_right(mfn_t mfn)
{
    const struct frame_info *f = frame_info(mfn);
    uint64_t gfn = __atomic_load_n(&m2p[mfn], __ATOMIC_ACQUIRE);
    uint64_t state = frame_state(f);

    return !is_left(state) ||
           ((state & STATE_OWNER) && (state & STATE_REFERENCES) &&
            !(state & (STATE_PINNED | STATE_FOREIGN)) &&
            gfn == PARAPET_NO_GFN && f->nr_valid == 0 && !f->releasing &&
            !f->held && f->next == FRAME_INFO_NONE);
}

/* Whoever drops a reference, or leaves the frame, may be about to. */
#define LOOKS 100

static void check_left(struct audit *a, mfn_t mfn)
{
    for (int i = 0; i < LOOKS; i++) {
        if (left_is_right(mfn))
            return;
    }
    audit_expect(a, mfn, "frame left behind that only others refer to", true,
                 false);
}

/* Frames that name the owner, left behind or not. */
static uint64_t count_frames(uint64_t owner, bool left)
{
    uint64_t nr = 0;

    for (mfn_t mfn = 0; mfn < nr_frame_infos; mfn++) {
        uint64_t state = frame_state(frame_info(mfn));

        nr += (state & STATE_OWNER) == owner && is_left(state) == left;
    }
    return nr;
}

static void check_nr_left(struct audit *a, unsigned int id)
{
    uint64_t owner = (uint64_t)id << STATE_OWNER_SHIFT;
    uint64_t expected = 0, got = 0;

    for (int i = 0; i < LOOKS; i++) {
        got = count_frames(owner, true);
        expected = owner_nr_left(id);
        if (expected == got)
            return;
    }
    audit_expect(a, id, "frames left behind by this owner", expected, got);
}

/* Again, and exactly: nobody takes or gives a frame of m meanwhile. */
static void check_owner(struct audit *a, struct memory_owner *m)
{
    while (!memory_lock(m))
        ;
    audit_expect(a, 0, "frames that name the owner", m->nr_frames,
                 count_frames(m->owner, false));
    memory_unlock(m);
}

/* How many frames name each owner; how many of them are not held by the
 * hypervisor alone; and how many others are left behind. */
static struct {
    uint32_t nr, nr_not_held, nr_left;
} named[MAX_OWNERS];

static bool is_held(mfn_t mfn)
{
    return frame_info(mfn)->held;
}

static void count_named(mfn_t mfn)
{
    uint64_t state = frame_state(frame_info(mfn));
    uint64_t owner = state >> STATE_OWNER_SHIFT;

    if (is_left(state)) {
        named[owner].nr_left++;
        return;
    }
    named[owner].nr++;
    if (!is_held(mfn))
        named[owner].nr_not_held++;
}

typedef struct memory_owner *find_owner_t(unsigned int id);

/* Again: it may have gone after its frames were counted, and then they are
 * nobody's now; or one that came since has the same id. */
static void check_gone(struct audit *a, unsigned int id, find_owner_t *find)
{
    uint64_t nr = 0;

    for (mfn_t mfn = 0; mfn < nr_frame_infos; mfn++) {
        uint64_t state = frame_state(frame_info(mfn));

        nr += state >> STATE_OWNER_SHIFT == id && !is_held(mfn) &&
              !is_left(state);
    }
    if (!find(id))
        audit_expect(a, id, "frames of an owner that is gone", 0, nr);
}

uint64_t audit_machine(struct memory_owner *(*find)(unsigned int id))
{
    struct audit a = {0};

    memset(named, 0, sizeof(named));
    for (mfn_t mfn = 0; mfn < nr_frame_infos; mfn++) {
        if (is_free(mfn))
            continue;
        count_named(mfn);
        check_free(&a, mfn);
        check_left(&a, mfn);
    }
    for (unsigned int id = 1; id < MAX_OWNERS; id++) {
        struct memory_owner *m = find(id);

        if (m &&
            __atomic_load_n(&m->nr_frames, __ATOMIC_RELAXED) != named[id].nr)
            check_owner(&a, m);
        else if (!m && named[id].nr_not_held != 0)
            check_gone(&a, id, find);
        if (owner_nr_left(id) != named[id].nr_left)
            check_nr_left(&a, id);
    }
    return a.nr_wrong;
}
