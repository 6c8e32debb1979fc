/* SPDX-License-Identifier: MIT */
#include "tests/unit/grant_model.h"

#include <string.h>

#include "abi/errors.h"
#include "abi/grant.h"
#include "lib/macros.h"
#include "tests/unit/memory_model_state.h"

const struct model_ref model_refs[MODEL_REFS] = {
    {0, 0}, {1, 2}, {4, 4}, {128, 8}, {136, 11}, {255, 14}};

/* Word 0 of an entry. */
#define FLAGS 0xfffful
#define ZERO 0xffff0000ul
#define DOMAIN_SHIFT 32
#define IN_USE (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)

static struct model_use *const uses = model.uses;

void model_lender_create(unsigned int domain, uint32_t id, mfn_t table)
{
    model.lenders[domain] =
        (struct model_lender){.id = id, .nr_tables = 1, .tables = {table}};
}

uint32_t model_id(unsigned int domain)
{
    return model.lenders[domain].id;
}

bool model_ends(unsigned int domain)
{
    return model.lenders[domain].ends;
}

unsigned int model_nr_tables(unsigned int domain)
{
    return model.lenders[domain].nr_tables;
}

mfn_t model_table(unsigned int domain, unsigned int nr)
{
    return model.lenders[domain].tables[nr];
}

/* ---- the list ---- */

struct model_use *model_use(unsigned int nr)
{
    return nr < MODEL_USES && uses[nr].kind != USE_NONE ? &uses[nr] : NULL;
}

struct model_use *model_handle(unsigned int domain, uint32_t handle)
{
    for (unsigned int i = 0; i < MODEL_USES; i++) {
        if (uses[i].kind >= USE_HOLD && uses[i].user == domain &&
            uses[i].handle == handle)
            return &uses[i];
    }
    return NULL;
}

static struct model_use *free_use(void)
{
    for (unsigned int i = 0; i < MODEL_USES; i++) {
        if (uses[i].kind == USE_NONE)
            return &uses[i];
    }
    return NULL;
}

bool model_has_room(unsigned int nr)
{
    unsigned int nr_free = 0;

    for (unsigned int i = 0; i < MODEL_USES; i++)
        nr_free += uses[i].kind == USE_NONE;
    return nr_free >= nr;
}

static void refer_by(const struct model_use *use)
{
    unsigned int nr = (unsigned int)(use - uses);

    model_refer(FROM_USE, nr, use->mfn,
                use->writable ? TYPE_WRITABLE : TYPE_NONE);
    if (use->kind == USE_MAP)
        model_refer(FROM_USE, nr, use->table, TYPE_L1);
}

void model_look_at_uses(void)
{
    for (unsigned int i = 0; i < MODEL_USES; i++) {
        if (uses[i].kind != USE_NONE)
            refer_by(&uses[i]);
    }
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        const struct model_lender *l = &model.lenders[d];

        for (unsigned int i = 0; i < l->nr_tables; i++) {
            if (model_is_owned(d, l->tables[i]))
                model_refer(FROM_HOLD, i, l->tables[i], TYPE_WRITABLE);
        }
    }
}

static bool is_of(const struct model_use *use, unsigned int lender,
                  uint32_t ref)
{
    return use->kind != USE_NONE && use->lender == lender &&
           use->lender_id == model.lenders[lender].id && use->ref == ref;
}

static const struct model_use *any_use(unsigned int lender, uint32_t ref)
{
    for (unsigned int i = 0; i < MODEL_USES; i++) {
        if (is_of(&uses[i], lender, ref))
            return &uses[i];
    }
    return NULL;
}

unsigned int model_nr_uses(unsigned int lender, uint32_t ref, bool writable)
{
    unsigned int nr = 0;

    for (unsigned int i = 0; i < MODEL_USES; i++)
        nr += is_of(&uses[i], lender, ref) && uses[i].writable == writable;
    return nr;
}

mfn_t model_used_frame(unsigned int lender, uint32_t ref)
{
    const struct model_use *use = any_use(lender, ref);

    return use ? use->mfn : 0;
}

bool model_may_translate(unsigned int domain, mfn_t mfn, bool writable)
{
    for (unsigned int i = 0; i < MODEL_USES; i++) {
        if (uses[i].kind == USE_MAP && uses[i].user == domain &&
            uses[i].mfn == mfn && (uses[i].writable || !writable))
            return true;
    }
    return false;
}

static bool is_used(mfn_t mfn)
{
    for (unsigned int i = 0; i < MODEL_USES; i++) {
        if (uses[i].kind != USE_NONE && uses[i].mfn == mfn)
            return true;
    }
    return false;
}

/* ---- what may be taken ---- */

/* The two words of an entry; NULL: the table has none of this number. */
static uint64_t *entry_of(unsigned int lender, uint32_t ref)
{
    const struct model_lender *l = &model.lenders[lender];
    unsigned int nr = ref / PARAPET_GRANTS_PER_FRAME;

    for (unsigned int i = 0; i < MODEL_REFS && nr < l->nr_tables; i++) {
        if (model_refs[i].ref == ref % PARAPET_GRANTS_PER_FRAME)
            return &model.frames[l->tables[nr]].values[model_refs[i].slot];
    }
    return NULL;
}

static bool is_lent(uint64_t word, uint32_t id, bool writable)
{
    if (!(word & PARAPET_GRANT_LEND) || (word & ZERO) ||
        word >> DOMAIN_SHIFT != id)
        return false;
    if (word & FLAGS &
        ~(uint64_t)(PARAPET_GRANT_LEND | PARAPET_GRANT_READONLY | IN_USE))
        return false;
    return !writable || !(word & PARAPET_GRANT_READONLY);
}

bool model_is_lent(unsigned int lender, uint32_t ref, unsigned int other)
{
    const uint64_t *entry = entry_of(lender, ref);

    return entry && is_lent(entry[0], model.lenders[other].id, false);
}

/* Why a frame of the lender's cannot be referred to. */
static uint64_t refuse_frame(unsigned int lender, mfn_t mfn, bool writable)
{
    enum frame_type in_use;

    if (!model_is_owned(lender, mfn))
        return REASON(PARAPET_EPERM);
    in_use = model_type_in_use(mfn);
    if (in_use != TYPE_NONE && in_use != TYPE_WRITABLE)
        return REASON(PARAPET_EBUSY);
    return writable && model_is_half(mfn) ? REASON(PARAPET_EAGAIN) : 0;
}

static uint64_t refuse_take(unsigned int user, unsigned int lender,
                            uint32_t ref, bool writable)
{
    const struct model_use *other = any_use(lender, ref);
    const uint64_t *entry;
    uint64_t reasons = 0;

    if (model.lenders[lender].ends)
        return REASON(PARAPET_ENOENT);
    entry = entry_of(lender, ref);
    if (!entry)
        return REASON(PARAPET_EPERM);
    if (other && other->user != user)
        reasons |= REASON(PARAPET_EBUSY);
    if (!is_lent(entry[0], model.lenders[user].id, writable))
        reasons |= REASON(PARAPET_EPERM);
    return reasons |
           refuse_frame(lender, other ? other->mfn : entry[1], writable);
}

uint64_t model_word(unsigned int lender, uint32_t ref)
{
    const uint64_t *entry = entry_of(lender, ref);

    return entry ? entry[0] : 0;
}

void model_may_clear(unsigned int lender, uint32_t ref, uint64_t word)
{
    uint64_t *entry = entry_of(lender, ref), is, made_up = 0;
    const uint64_t *table;

    if (!entry)
        return;
    table = table_entries(model_table(lender, ref / PARAPET_GRANTS_PER_FRAME));
    is = table[2 * (ref % PARAPET_GRANTS_PER_FRAME)];
    if (model_nr_uses(lender, ref, true) == 0)
        made_up |= PARAPET_GRANT_WRITING;
    if (!any_use(lender, ref))
        made_up |= PARAPET_GRANT_READING;
    if (is == word || is == (word & ~made_up))
        entry[0] = is;
}

void model_let_go(unsigned int domain, uint32_t ref)
{
    mfn_t mfn = model_used_frame(domain, ref);

    model_release(mfn ? mfn : entry_of(domain, ref)[1]);
}

uint64_t model_take(unsigned int user, unsigned int lender, uint32_t ref,
                    bool writable, struct model_use **made)
{
    uint64_t reasons = refuse_take(user, lender, ref, writable);
    mfn_t mfn = model_used_frame(lender, ref);
    uint64_t *entry = entry_of(lender, ref);

    if (reasons)
        return reasons;
    *made = free_use();
    **made = (struct model_use){.kind = USE_TAKEN,
                                .user = user,
                                .lender = lender,
                                .lender_id = model.lenders[lender].id,
                                .ref = ref,
                                .writable = writable,
                                .mfn = mfn ? mfn : entry[1]};
    entry[0] |= PARAPET_GRANT_READING;
    if (writable)
        entry[0] |= PARAPET_GRANT_WRITING;
    refer_by(*made);
    return 0;
}

/* The last use of a lender's entry clears its bits there. */
static void clear_bits(const struct model_use *gone)
{
    uint64_t *entry = entry_of(gone->lender, gone->ref);
    unsigned int nr_writers = model_nr_uses(gone->lender, gone->ref, true);
    unsigned int nr_readers = model_nr_uses(gone->lender, gone->ref, false);

    if (nr_writers + nr_readers == 0)
        entry[0] &= ~(uint64_t)IN_USE;
    else if (gone->writable && nr_writers == 0)
        entry[0] &= ~(uint64_t)PARAPET_GRANT_WRITING;
}

void model_put(struct model_use *use)
{
    unsigned int nr = (unsigned int)(use - uses);
    struct model_use gone = *use;

    use->kind = USE_NONE;
    if (gone.kind == USE_MAP) {
        model.frames[gone.table].values[gone.slot] = 0;
        model_drop(FROM_USE, nr, gone.table);
    }
    model_drop(FROM_USE, nr, gone.mfn);
    if (gone.lender_id == model.lenders[gone.lender].id &&
        !model.lenders[gone.lender].ends)
        clear_bits(&gone);
    if (model.frames[gone.mfn].owner == LEFT_BEHIND && !is_used(gone.mfn))
        model_free(gone.mfn);
}

void model_hold(struct model_use *use)
{
    use->kind = USE_HOLD;
}

void model_run(struct model_use *const *of_run, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++) {
        of_run[i]->kind = i == 0 ? USE_RUN : USE_IN_RUN;
        of_run[i]->run = of_run[0]->handle;
    }
}

void model_put_run(const struct model_use *first)
{
    const struct model_use run = *first;

    for (unsigned int i = 0; i < MODEL_USES; i++) {
        if (uses[i].kind >= USE_RUN && uses[i].user == run.user &&
            uses[i].run == run.run)
            model_put(&uses[i]);
    }
}

/* ---- mappings ---- */

static unsigned int slot_of(unsigned int index)
{
    unsigned int slot = 0;

    while (model_slots[slot] != index)
        slot++;
    return slot;
}

uint64_t model_refuse_map(unsigned int user, uint64_t pte, uint64_t bits)
{
    mfn_t table = pte / PAGE_SIZE;
    uint64_t reasons = 0;

    if (pte % 8 != 0 || (bits & ~MODEL_MAP_BITS))
        reasons |= REASON(PARAPET_EINVAL);
    if (!model_is_owned(user, table))
        reasons |= REASON(PARAPET_EPERM);
    else if (model_type_in_use(table) != TYPE_L1)
        reasons |= REASON(PARAPET_ENOENT);
    else if (model.frames[table].values[slot_of(pte % PAGE_SIZE / 8)] != 0)
        reasons |= REASON(PARAPET_EBUSY);
    return reasons;
}

uint64_t model_map(struct model_use *use, uint64_t pte, uint64_t bits)
{
    uint64_t reasons = model_refuse_map(use->user, pte, bits);

    if (reasons)
        return reasons;
    use->kind = USE_MAP;
    use->table = pte / PAGE_SIZE;
    use->slot = slot_of(pte % PAGE_SIZE / 8);
    model.frames[use->table].values[use->slot] =
        frame_paddr(use->mfn) | bits | PARAPET_PTE_P | PARAPET_PTE_FOREIGN;
    model_refer(FROM_USE, (unsigned int)(use - uses), use->table, TYPE_L1);
    return 0;
}

/* ---- tables ---- */

uint64_t model_grow(unsigned int domain, mfn_t mfn)
{
    struct model_lender *l = &model.lenders[domain];
    int error;

    for (unsigned int i = 0; i < l->nr_tables; i++) {
        if (l->tables[i] == mfn)
            return REASON(PARAPET_EBUSY);
    }
    error = model_get_writable(domain, mfn);
    if (error)
        return REASON(-error);
    model_refer(FROM_HOLD, l->nr_tables, mfn, TYPE_WRITABLE);
    l->tables[l->nr_tables++] = mfn;
    return 0;
}

/* ---- ends ---- */

void model_end(unsigned int domain)
{
    model.lenders[domain].ends = true;
    for (unsigned int r = 0; r < MODEL_ROOTS; r++)
        model.roots[domain][r] = 0;
}

static const char *follow_frame(mfn_t mfn)
{
    struct model_frame *f = &model.frames[mfn];
    uint64_t state = frame_state(frame_info(mfn));

    f->pinned = state & STATE_PINNED;
    if ((state & STATE_OWNER) == 0) {
        model_free(mfn);
        return is_used(mfn) ? "a frame went back that somebody has" : NULL;
    }
    if (state_type(state) == TYPE_LEFT) {
        f->owner = LEFT_BEHIND;
        f->tag = state & STATE_OWNER;
        return is_used(mfn) ? NULL : "a frame is left behind that nobody has";
    }
    return NULL;
}

const char *model_follow(unsigned int domain)
{
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        const char *wrong = NULL;

        if (model.frames[mfn].owner == domain)
            wrong = follow_frame(mfn);
        if (wrong)
            return wrong;
    }
    return NULL;
}
