/* SPDX-License-Identifier: MIT */
#include "tests/unit/memory_check.h"

#include <string.h>

#include "tests/unit/device_steps.h"
#include "tests/unit/grant_calls.h"
#include "tests/unit/grant_model.h"
#include "tests/unit/memory_model.h"
#include "tests/unit/mmu.h"

static size_t add_tables(unsigned int domain, struct audit_hold *holds)
{
    const struct grant_table *t = &mmu_domains[domain].grants;
    size_t nr = 0;

    for (; nr < t->nr_entries / PARAPET_GRANTS_PER_FRAME; nr++) {
        holds[nr].mfn = frame_of(t->entries[nr]);
        holds[nr].type = TYPE_WRITABLE;
    }
    return nr;
}

static const char *audit(void)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        struct audit_hold holds[MODEL_ROOTS + MODEL_TABLES];
        size_t nr = add_tables(d, holds);

        for (unsigned int r = 0; r < MODEL_ROOTS; r++) {
            mfn_t mfn = model_root(d, r);

            if (mfn == 0)
                continue;
            holds[nr].mfn = mfn;
            holds[nr++].type = state_type(frame_state(frame_info(mfn)));
        }
        if (audit_memory(&mmu_domains[d], holds, nr) != 0)
            return "the audit finds differences";
    }
    return mmu_audit_machine() ? "the machine's audit does" : NULL;
}

/* How a frame is used, bit n as type n; by the tables of each domain. */
static uint8_t found[MMU_DOMAINS][MMU_FRAMES];

static bool is_own(unsigned int domain, mfn_t mfn)
{
    return mfn < MMU_FRAMES && (frame_state(frame_info(mfn)) & STATE_OWNER) ==
                                   mmu_domains[domain].owner;
}

/* Whether a table of the domain may have the entry, which is present. */
static bool may_refer(unsigned int domain, enum frame_type type, mfn_t table,
                      unsigned int index)
{
    uint64_t entry = table_entries(table)[index];
    mfn_t mfn = (entry & PARAPET_PTE_ADDRESS) >> PAGE_SHIFT;

    if (type != TYPE_L1 || !(entry & PARAPET_PTE_FOREIGN))
        return is_own(domain, mfn);
    if (entry & PARAPET_PTE_UNCACHED)
        return device_steps_may_have(domain, table, index, entry);
    return model_may_translate(domain, mfn, entry & PARAPET_PTE_W);
}

/* What a CPU finds below the tables of one level. */
static const char *check_below(unsigned int domain, enum frame_type type)
{
    uint8_t *f = found[domain];

    for (mfn_t table = 0; table < MMU_FRAMES; table++) {
        if (!(f[table] & 1 << type))
            continue;
        for (unsigned int i = 0; i < MODEL_SLOTS; i++) {
            uint64_t entry = table_entries(table)[model_slots[i]];
            mfn_t mfn = (entry & PARAPET_PTE_ADDRESS) >> PAGE_SHIFT;

            if (!(entry & PARAPET_PTE_P) ||
                (type >= TYPE_L4 && i >= 8 && i <= 10))
                continue;
            if (!may_refer(domain, type, table, model_slots[i]))
                return "a table in use refers to somebody else's frame";
            if (type != TYPE_L1)
                f[mfn] |=
                    (uint8_t)(1 << (type == TYPE_USER_ROOT ? 3 : type - 1));
            else if ((entry & PARAPET_PTE_W) && !(entry & PARAPET_PTE_UNCACHED))
                f[mfn] |= 1 << TYPE_WRITABLE;
        }
    }
    return NULL;
}

/* Of the domain that is looked at. */
static uint8_t *looked_at;

static void found_table(mfn_t table)
{
    looked_at[table] |= 1 << TYPE_L1;
}

/* From what is pinned, what vCPUs are on, and what is mapped of others. */
static const char *find(unsigned int domain)
{
    uint8_t *f = found[domain];

    memset(f, 0, MMU_FRAMES);
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        uint64_t state = frame_state(frame_info(mfn));

        if (is_own(domain, mfn) && (state & STATE_PINNED))
            f[mfn] = (uint8_t)(1 << state_type(state));
    }
    for (unsigned int r = 0; r < MODEL_ROOTS; r++) {
        mfn_t mfn = model_root(domain, r);

        if (mfn != 0)
            f[mfn] |= (uint8_t)(1 << state_type(frame_state(frame_info(mfn))));
    }
    for (unsigned int i = 0; i < MODEL_USES; i++) {
        const struct model_use *use = model_use(i);

        if (use && use->kind == USE_MAP && use->user == domain)
            f[use->table] |= 1 << TYPE_L1;
    }
    looked_at = f;
    device_steps_tables(domain, found_table);
    for (int type = TYPE_USER_ROOT; type >= TYPE_L1; type--) {
        const char *wrong = check_below(domain, (enum frame_type)type);

        if (wrong)
            return wrong;
    }
    return NULL;
}

/* The invariant itself. */
static const char *check_invariant(void)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        const char *wrong = find(d);

        if (wrong)
            return wrong;
    }
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        uint8_t types = 0;

        for (unsigned int d = 0; d < MMU_DOMAINS; d++)
            types |= found[d][mfn];
        if (types & (types - 1))
            return "a frame in use has two types";
    }
    return NULL;
}

/* That each domain's uses of others, and how its frames are in use by them,
 * are recorded. */
static const char *check_records(void)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        unsigned int nr_refs = MODEL_REFS * model_nr_tables(d);

        for (unsigned int i = 0; i < nr_refs && !model_ends(d); i++) {
            uint32_t ref = model_ref_number(i);
            struct grant_record r = calls_record(d, ref);

            if (r.readers != model_nr_uses(d, ref, false) ||
                r.writers != model_nr_uses(d, ref, true))
                return "how often an entry is in use";
            if (r.readers + r.writers != 0 && r.mfn != model_used_frame(d, ref))
                return "the frame of an entry in use";
        }
    }
    return NULL;
}

const char *memory_check(void)
{
    const char *wrong = mmu_check_caches();

    if (!wrong)
        wrong = check_invariant();
    if (!wrong)
        wrong = check_records();
    return wrong ? wrong : audit();
}
