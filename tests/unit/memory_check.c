/* SPDX-License-Identifier: MIT */
#include "tests/unit/memory_check.h"

#include "tests/unit/memory_model.h"
#include "tests/unit/mmu.h"

static const char *audit(void)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        struct audit_hold holds[MODEL_ROOTS];
        size_t nr = 0;

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

/* What a CPU finds below the tables of one level: bit n for type n. */
static const char *check_below(unsigned int domain, uint8_t *found,
                               enum frame_type type)
{
    for (mfn_t table = 0; table < MMU_FRAMES; table++) {
        if (!(found[table] & 1 << type))
            continue;
        for (unsigned int i = 0; i < MODEL_SLOTS; i++) {
            uint64_t entry = table_entries(table)[model_slots[i]];
            mfn_t mfn = (entry & PARAPET_PTE_ADDRESS) >> PAGE_SHIFT;

            if (!(entry & PARAPET_PTE_P) ||
                (type >= TYPE_L4 && i >= 8 && i <= 10))
                continue;
            if (mfn >= MMU_FRAMES || (frame_state(frame_info(mfn)) &
                                      STATE_OWNER) != mmu_domains[domain].owner)
                return "a table in use refers to somebody else's frame";
            if (type != TYPE_L1)
                found[mfn] |=
                    (uint8_t)(1 << (type == TYPE_USER_ROOT ? 3 : type - 1));
            else if (entry & PARAPET_PTE_W)
                found[mfn] |= 1 << TYPE_WRITABLE;
        }
    }
    return NULL;
}

/* The invariant itself, from what is pinned and what vCPUs are on. */
static const char *check_invariant(unsigned int domain)
{
    uint8_t found[MMU_FRAMES] = {0};

    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        uint64_t state = frame_state(frame_info(mfn));

        if ((state & STATE_OWNER) == mmu_domains[domain].owner &&
            (state & STATE_PINNED))
            found[mfn] = (uint8_t)(1 << state_type(state));
    }
    for (unsigned int r = 0; r < MODEL_ROOTS; r++) {
        mfn_t mfn = model_root(domain, r);

        if (mfn != 0)
            found[mfn] |=
                (uint8_t)(1 << state_type(frame_state(frame_info(mfn))));
    }
    for (int type = TYPE_USER_ROOT; type >= TYPE_L1; type--) {
        const char *wrong = check_below(domain, found, (enum frame_type)type);

        if (wrong)
            return wrong;
    }
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        if (found[mfn] & (found[mfn] - 1))
            return "a frame in use has two types";
    }
    return NULL;
}

const char *memory_check(void)
{
    const char *wrong = mmu_check_caches();

    if (!wrong)
        wrong = check_invariant(0);
    if (!wrong)
        wrong = check_invariant(1);
    return wrong ? wrong : audit();
}
