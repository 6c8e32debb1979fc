/* SPDX-License-Identifier: MIT
 *
 * Knows the rules of mm/type.c and mm/table.c, and none of their code: what it
 * shares with them are the structures and the numbers. It counts what each
 * frame is referred to by, into the frame's own audit_* fields, and then looks
 * at the frames one by one. What other domains have of them is known from
 * records (audit_grant.c), which do not change while their lock is held. Frames
 * of other domains are not touched, so two domains may be audited at the same
 * time.
 *
 * The audit of a domain takes its list of frames for complete. Whether it is,
 * and what frames of nobody look like, the audit of the machine says.
 */
#include "hypervisor/mm/audit.h"

#include "hypervisor/base/log.h"
#include "hypervisor/mm/audit_count.h"
#include "hypervisor/mm/m2p.h"
#include "hypervisor/mm/paging.h"
#include "hypervisor/mm/table.h"

#define MAX_MESSAGES 20

/* What an entry that was checked may hold. */
#define CHECKED_BITS                                                           \
    (PARAPET_PTE_P | PARAPET_PTE_W | PARAPET_PTE_U | PARAPET_PTE_A |           \
     PARAPET_PTE_D | PARAPET_PTE_SOFT | PARAPET_PTE_KERNEL |                   \
     PARAPET_PTE_ADDRESS | PARAPET_PTE_NX)
/* And what maps a frame of another domain, or a device, which has no other. */
#define FOREIGN_BITS (CHECKED_BITS | PARAPET_PTE_FOREIGN)
#define DEVICE_BITS                                                            \
    (PARAPET_PTE_P | PARAPET_PTE_W | PARAPET_PTE_U | PARAPET_PTE_UNCACHED |    \
     PARAPET_PTE_KERNEL | PARAPET_PTE_FOREIGN | PARAPET_PTE_NX)
#define BITS_OF_CPU (PARAPET_PTE_A | PARAPET_PTE_D)

bool audit_enabled;

void audit_differs(struct audit *a, mfn_t mfn, const char *what,
                   uint64_t expected, uint64_t got)
{
    if (a->nr_wrong++ < MAX_MESSAGES)
        log_err("audit: frame %lx: %s: expected %lx; got %lx", mfn, what,
                expected, got);
}

bool audit_is_own(const struct audit *a, mfn_t mfn)
{
    return mfn < nr_frame_infos &&
           (frame_state(frame_info(mfn)) & STATE_OWNER) == a->m->owner;
}

/* ---- the list ---- */

/* It ends with a frame that is not the domain's, or when it is longer than the
 * machine. */
static void check_links(struct audit *a)
{
    uint32_t previous = FRAME_INFO_NONE;
    uint32_t mfn = a->m->frames;

    for (; mfn != FRAME_INFO_NONE && a->nr_frames < nr_frame_infos;
         a->nr_frames++) {
        if (!audit_is_own(a, mfn)) {
            audit_expect(a, mfn, "frame of the domain among its frames", true,
                         false);
            break;
        }
        audit_expect(a, mfn, "frame before it", previous,
                     frame_links[mfn].previous);
        previous = mfn;
        mfn = frame_links[mfn].next;
    }
    audit_expect(a, 0, "frames of the domain", a->nr_frames, a->m->nr_frames);
}

static void for_each_frame(struct audit *a,
                           void (*look)(struct audit *a, mfn_t mfn))
{
    uint32_t mfn = a->m->frames;

    for (uint64_t i = 0; i < a->nr_frames; i++) {
        look(a, mfn);
        mfn = frame_links[mfn].next;
    }
}

/* ---- counting ---- */

static void clear_counts(struct audit *a, mfn_t mfn)
{
    struct frame_info *f = frame_info(mfn);

    (void)a;
    f->audit_references = f->audit_count = 0;
}

void audit_count(struct audit *a, mfn_t from, mfn_t mfn, bool counted,
                 enum frame_type type)
{
    struct frame_info *f;
    uint64_t state;

    if (!audit_is_own(a, mfn)) {
        audit_expect(a, from, "refers to a frame of the domain's own", true,
                     false);
        return;
    }
    f = frame_info(mfn);
    f->audit_references++;
    if (!counted)
        return;
    f->audit_count++;
    state = frame_state(f);
    audit_expect(a, mfn, "type that is insisted on", type, state_type(state));
    if (type != TYPE_NONE)
        audit_expect(a, mfn, "valid, with a reference", STATE_VALID,
                     state & STATE_VALID);
}

/* A frame of another domain: its mapping refers to this table, and the lender's
 * record to the frame. */
static void count_foreign(struct audit *a, mfn_t table, unsigned int i,
                          uint64_t entry)
{
    a->nr_foreign++;
    a->foreign += audit_foreign(table_entry_paddr(table, i),
                                (entry & PARAPET_PTE_ADDRESS) >> PAGE_SHIFT,
                                entry & PARAPET_PTE_W);
}

/* Of a device: likewise, with the record in the place of a mapping. */
static void count_device(struct audit *a, mfn_t table, unsigned int i,
                         uint64_t entry)
{
    audit_expect(a, table, "bits of an entry that maps a device", DEVICE_BITS,
                 entry & ~(uint64_t)(PARAPET_PTE_ADDRESS | BITS_OF_CPU));
    a->nr_devices++;
    a->devices +=
        audit_foreign(table_entry_paddr(table, i),
                      (entry & PARAPET_PTE_ADDRESS) >> PAGE_SHIFT, true);
}

static bool is_device(enum frame_type type, uint64_t entry)
{
    const uint64_t bits =
        PARAPET_PTE_P | PARAPET_PTE_FOREIGN | PARAPET_PTE_UNCACHED;

    return type == TYPE_L1 && (entry & bits) == bits;
}

/* One entry of a table that is its guest's, and was checked. */
static void count_entry(struct audit *a, mfn_t table, enum frame_type type,
                        unsigned int i)
{
    uint64_t entry = table_entries(table)[i];
    mfn_t mfn = (entry & PARAPET_PTE_ADDRESS) >> PAGE_SHIFT;
    bool foreign = type == TYPE_L1 && (entry & PARAPET_PTE_FOREIGN);

    if (entry == 0)
        return;
    if (is_device(type, entry)) {
        count_device(a, table, i, entry);
        return;
    }

    if (!(entry & PARAPET_PTE_P)) {
        audit_expect(a, table, "address in an entry that is not present", 0,
                     mfn);
        return;
    }
    audit_expect(a, table, "user bit of an entry, and none that is refused",
                 PARAPET_PTE_U,
                 entry & (foreign ? ~(uint64_t)FOREIGN_BITS | PARAPET_PTE_U
                                  : ~(uint64_t)CHECKED_BITS | PARAPET_PTE_U));
    if (type == TYPE_USER_ROOT)
        audit_expect(a, table, "kernel's entry in a user root", 0,
                     entry & PARAPET_PTE_KERNEL);
    if (foreign)
        count_foreign(a, table, i, entry);
    else if (type == TYPE_L1)
        audit_count(a, table, mfn, entry & PARAPET_PTE_W, TYPE_WRITABLE);
    else
        audit_count(a, table, mfn, true,
                    type == TYPE_USER_ROOT ? TYPE_L3
                                           : (enum frame_type)(type - 1));
}

/*
 * A slot of a root that is not its guest's. They are filled when the root
 * becomes valid, and cleared one by one when it is let go; one that failed its
 * check is let go too, and was not filled. The CPU sets accessed bits.
 */
static void check_slot(struct audit *a, mfn_t root, enum frame_type type,
                       unsigned int i)
{
    const struct frame_info *f = frame_info(root);
    uint64_t entry = table_entries(root)[i] & ~(uint64_t)PARAPET_PTE_A;
    uint64_t full = 0;

    if (i < HV_FIRST_SLOT + HV_NR_SLOTS &&
        !(type == TYPE_USER_ROOT && i == HV_FIRST_SLOT))
        full = table_entries(paging_root())[i] & ~(uint64_t)PARAPET_PTE_A;
    if (f->releasing ? entry == 0 : !(frame_state(f) & STATE_VALID))
        full = 0;
    audit_expect(a, root, "slot of the hypervisor", full, entry);
}

static bool slot_is_guests(enum frame_type type, unsigned int i)
{
    if (i < HV_FIRST_SLOT || type < TYPE_L4)
        return true;
    return type == TYPE_L4 && i >= HV_FIRST_SLOT + HV_NR_SLOTS;
}

static void count_table(struct audit *a, mfn_t mfn)
{
    const struct frame_info *f = frame_info(mfn);
    uint64_t state = frame_state(f);
    enum frame_type type = state_type(state);
    unsigned int limit = state_is_table(state) ? TABLE_ENTRIES : 0;
    uint64_t before = a->nr_foreign + a->nr_devices;

    if (f->nr_valid > limit)
        audit_expect(a, mfn, "entries at most that hold something", limit,
                     f->nr_valid);
    for (unsigned int i = 0; i < f->nr_valid && i < limit; i++) {
        if (slot_is_guests(type, i))
            count_entry(a, mfn, type, i);
        else
            check_slot(a, mfn, type, i);
    }
    audit_expect(a, mfn, "its entries that map what is not the domain's own",
                 a->nr_foreign + a->nr_devices - before, f->nr_foreign);
    audit_expect(a, mfn, "mark of a table with such entries",
                 f->nr_foreign != 0, (state & STATE_FOREIGN) != 0);
}

static void count_frame(struct audit *a, mfn_t mfn)
{
    uint64_t state = frame_state(frame_info(mfn));

    count_table(a, mfn);
    if (state & STATE_PINNED)
        audit_count(a, mfn, mfn, true, state_type(state));
}

/* ---- comparing ---- */

static void check_table(struct audit *a, mfn_t mfn)
{
    const struct frame_info *f = frame_info(mfn);
    uint64_t state = frame_state(f);

    audit_expect(a, mfn, "table valid, with or without references",
                 (state & STATE_COUNT) != 0, (state & STATE_VALID) != 0);
    /* One that was just let go still holds all its entries. */
    if (!f->releasing)
        audit_expect(a, mfn, "all entries checked if, and only if, valid",
                     (state & STATE_VALID) != 0, f->nr_valid == TABLE_ENTRIES);
}

static void check_frame(struct audit *a, mfn_t mfn)
{
    const struct frame_info *f = frame_info(mfn);
    uint64_t state = frame_state(f);

    audit_expect(a, mfn, "references", f->audit_references,
                 state & STATE_REFERENCES);
    audit_expect(a, mfn, "type count", f->audit_count,
                 (state & STATE_COUNT) >> STATE_COUNT_SHIFT);
    audit_expect(a, mfn, "a known type", true,
                 state_type(state) <= TYPE_WRITABLE);
    if (state_is_table(state))
        check_table(a, mfn);
    else
        audit_expect(a, mfn, "pin of what is no table", 0,
                     state & STATE_PINNED);
    audit_expect(a, mfn, "stamp of the past", true,
                 f->stamp <= tlb_clock_now());
    audit_expect(a, mfn, "gfn in the M2P", true, m2p[mfn] != PARAPET_NO_GFN);
    a->nr_held += f->held;
    if (f->releasing)
        a->nr_releasing++;
    else
        audit_expect(a, mfn, "link while in no list", FRAME_INFO_NONE, f->next);
}

/* The list of tables to let go has those that say so, once each. */
static void check_releasing(struct audit *a)
{
    uint64_t nr_releasing = a->nr_releasing;
    uint64_t nr = 0;

    for (mfn_t mfn = a->m->releasing;
         mfn != FRAME_INFO_NONE && nr <= nr_releasing; nr++) {
        if (!audit_is_own(a, mfn)) {
            audit_expect(a, mfn, "frame of the domain in its list", true,
                         false);
            return;
        }
        audit_expect(a, mfn, "mark of a table in the list", true,
                     frame_info(mfn)->releasing);
        audit_expect(a, mfn, "type count of a table in the list", 0,
                     frame_state(frame_info(mfn)) & STATE_COUNT);
        mfn = frame_info(mfn)->next;
    }
    audit_expect(a, 0, "tables in the list", nr_releasing, nr);
}

/* Roots of vCPUs are not marked, and the hypervisor's own are. */
static uint64_t count_hold(struct audit *a, const struct audit_hold *hold)
{
    audit_count(a, hold->mfn, hold->mfn, true, hold->type);
    if (hold->type != TYPE_NONE && hold->type != TYPE_WRITABLE)
        return 0;
    if (audit_is_own(a, hold->mfn))
        audit_expect(a, hold->mfn, "mark of a frame that is held", true,
                     frame_info(hold->mfn)->held);
    return 1;
}

static void check_numbers(struct audit *a, uint64_t nr_held)
{
    const struct memory_owner *m = a->m;
    uint64_t nr_tables = m->grants.nr_entries / PARAPET_GRANTS_PER_FRAME;

    audit_expect(a, 0, "frames that are held", nr_held, m->nr_held);
    audit_expect(a, 0, "frames marked as held", nr_held, a->nr_held);
    audit_expect(a, 0, "detours",
                 a->nr_releasing + a->nr_foreign + a->nr_devices, m->detours);
    /* The first frame of records is not the domain's to pay. */
    audit_expect(a, 0, "frames charged to the domain",
                 m->handles.nr_frames + (nr_tables > 0 ? nr_tables - 1 : 0),
                 m->nr_charged);
}

uint64_t audit_memory(struct memory_owner *m, const struct audit_hold *holds,
                      size_t nr_holds)
{
    struct audit a = {.m = m};
    uint64_t nr_held = 0;

    spin_lock(&m->grants.lock);
    check_links(&a);
    for_each_frame(&a, clear_counts);
    for_each_frame(&a, count_frame);
    for (size_t i = 0; i < nr_holds; i++)
        nr_held += count_hold(&a, &holds[i]);
    audit_count_lent(&a);
    audit_count_mappings(&a);
    audit_count_devices(&a);
    for_each_frame(&a, check_frame);
    check_releasing(&a);
    check_numbers(&a, nr_held);
    spin_unlock(&m->grants.lock);
    return a.nr_wrong;
}
