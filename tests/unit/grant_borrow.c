/* SPDX-License-Identifier: MIT
 *
 * The steps of who has frames of others: takes them, maps or holds them, and
 * gives them up.
 */
#include "tests/unit/grant_step.h"

#include "abi/errors.h"
#include "lib/macros.h"
#include "tests/unit/grant_calls.h"

static unsigned int number_of(const struct model_use *use)
{
    unsigned int nr = 0;

    while (model_use(nr) != use)
        nr++;
    return nr;
}

/* The number that the next use gets. */
static unsigned int next_number(void)
{
    unsigned int nr = 0;

    while (model_use(nr))
        nr++;
    return nr;
}

/* As if the lender had told which. */
uint32_t grant_decode_lent(const struct grant_step *s, unsigned int lender,
                           uint8_t byte)
{
    unsigned int nr = MODEL_REFS * model_nr_tables(lender);
    uint32_t ref = grant_decode_ref(lender, byte);

    for (unsigned int i = 0; i < nr && s->sane; i++) {
        uint32_t any = model_ref_number((i + byte) % nr);

        if (model_is_lent(lender, any, s->domain))
            return any;
    }
    return ref;
}

const char *grant_take_step(const struct grant_step *s,
                            struct step_counts *counts)
{
    unsigned int lender = !s->domain;
    uint32_t ref = grant_decode_lent(s, lender, s->bytes[1]);
    bool writable = s->bytes[2] & 1;
    unsigned int nr = next_number();
    struct model_use *made;
    uint64_t reasons;
    int error;

    if (!model_has_room(1))
        return NULL;
    if (!grant_begin(s->domain))
        return NULL;
    reasons = model_take(s->domain, lender, ref, writable, &made);
    error = calls_take(nr, s->domain, lender, ref, writable);
    counts->taken += error == 0;
    return grant_result(s->domain, reasons, error, counts);
}

static const char *check_handle(const struct model_use *use, uint32_t handle)
{
    for (unsigned int i = 0; i < MODEL_USES; i++) {
        const struct model_use *other = model_use(i);

        if (other && other != use && other->kind >= USE_HOLD &&
            other->user == use->user && other->handle == handle)
            return "a handle was given twice";
    }
    return NULL;
}

uint64_t grant_decode_bits(const struct grant_step *s, bool writable)
{
    static const uint64_t bits[] = {
        PARAPET_PTE_U, 0, PARAPET_PTE_U | PARAPET_PTE_NX,
        PARAPET_PTE_U | PARAPET_PTE_SOFT, PARAPET_PTE_A | PARAPET_PTE_D};
    static const uint64_t bad[] = {PARAPET_PTE_P, PARAPET_PTE_KERNEL, 0x1000,
                                   PARAPET_PTE_FOREIGN, 0x8};
    uint8_t byte = s->bytes[4];
    uint64_t value = bits[byte % ARRAY_SIZE(bits)];

    if (!s->sane && byte >= 0xc0)
        value |= bad[byte % ARRAY_SIZE(bad)];
    return writable ? value | PARAPET_PTE_W : value;
}

/* Mostly into a table of level 1, if there is one. */
uint64_t grant_decode_pte(const struct grant_step *s, uint8_t byte)
{
    const uint8_t *b = s->bytes;
    mfn_t table = grant_decode_mfn(s->domain, b[2]);
    uint64_t pte;

    for (mfn_t i = 0; i < MMU_FRAMES && b[5] < 0xe0; i++) {
        mfn_t mfn = (i + b[2]) % MMU_FRAMES;

        if (mmu_is_l1(s->domain, mfn)) {
            table = mfn;
            break;
        }
    }
    pte = table_entry_paddr(table, model_slots[byte % MODEL_SLOTS]);
    return b[5] >= 0xfc ? pte + 4 : pte;
}

const char *grant_map_step(const struct grant_step *s,
                           struct step_counts *counts)
{
    struct model_use *use = grant_decode_use(s->domain, USE_TAKEN, s->bytes[1]);
    const char *wrong;
    uint64_t reasons, pte, bits;
    int error;

    if (!use)
        return NULL;
    pte = grant_decode_pte(s, s->bytes[3]);
    bits = grant_decode_bits(s, use->writable);
    if (!grant_begin(s->domain))
        return NULL;
    reasons = model_map(use, pte, bits);
    error = calls_map(number_of(use), pte, bits, &use->handle);
    counts->mapped += error == 0;
    wrong = grant_result(s->domain, reasons, error, counts);
    if (!wrong && error == 0)
        wrong = check_handle(use, use->handle);
    return wrong;
}

const char *grant_hold_step(const struct grant_step *s,
                            struct step_counts *counts)
{
    struct model_use *use = grant_decode_use(s->domain, USE_TAKEN, s->bytes[1]);
    const char *wrong;
    uint64_t maddr = 0;
    int error;

    if (!use)
        return NULL;
    if (!grant_begin(s->domain))
        return NULL;
    model_hold(use);
    error = calls_hold(number_of(use), &use->handle, &maddr);
    counts->held += error == 0;
    wrong = grant_result(s->domain, 0, error, counts);
    if (!wrong && maddr != frame_paddr(use->mfn))
        wrong = "another frame is held than was lent";
    return wrong ? wrong : check_handle(use, use->handle);
}

const char *grant_put_step(const struct grant_step *s,
                           struct step_counts *counts)
{
    struct model_use *use = grant_decode_use(s->domain, USE_TAKEN, s->bytes[1]);

    if (!use)
        return NULL;
    if (!grant_begin(s->domain))
        return NULL;
    calls_put(number_of(use));
    model_put(use);
    return grant_result(s->domain, 0, 0, counts);
}

/* ---- giving up ---- */

static struct dropped {
    unsigned int user;
    unsigned int nr;
    uint32_t handles[CALLS_HANDLES];
    struct model_use *uses[CALLS_HANDLES]; /* NULL: it is refused */
} dropped;

/* In the middle of the flush: nothing may have been dropped yet. */
static const char *wrong_at_flush;

static void look_at_flush(void)
{
    for (unsigned int i = 0; i < dropped.nr; i++) {
        const struct model_use *use = dropped.uses[i];
        uint64_t state;

        if (!use)
            continue;
        state = frame_state(frame_info(use->mfn));
        if ((state & STATE_REFERENCES) == 0 ||
            (use->writable && !(state & STATE_COUNT)))
            wrong_at_flush = "a reference was dropped before the flush";
        if (!model_ends(use->lender) &&
            model_id(use->lender) == use->lender_id &&
            type_take_back(mmu_begin(use->lender, WORK_CALL), use->mfn) == 0)
            wrong_at_flush = "a frame went back before the flush";
    }
    for (unsigned int cpu = 0; cpu < MMU_CPUS; cpu++) {
        if (mmu_cpu_domain(cpu) == dropped.user) {
            for (unsigned int r = 0; r < MODEL_ROOTS; r++)
                mmu_speculate(cpu, model_root(dropped.user, r));
        }
    }
    model_look_at_accessed();
}

static bool is_dropped(const struct model_use *use)
{
    for (unsigned int i = 0; i < dropped.nr; i++) {
        if (dropped.uses[i] == use)
            return true;
    }
    return false;
}

/* Whether the call that is for this kind lets it go. */
static bool is_let_go(const struct model_use *use, enum model_kind kind)
{
    if (kind == USE_MAP)
        return use->kind == USE_MAP;
    return use->kind == USE_HOLD || use->kind == USE_RUN;
}

/* Some handles: mostly the domain's own, of this kind, none of them twice. */
static void decode_handles(const struct grant_step *s, enum model_kind kind)
{
    static const enum model_kind others[] = {
        [USE_HOLD] = USE_MAP, [USE_MAP] = USE_HOLD, [USE_RUN] = USE_IN_RUN};
    unsigned int nr = 1 + s->bytes[1] % CALLS_HANDLES;

    dropped.nr = 0;
    dropped.user = s->domain;
    for (unsigned int i = 0; i < nr; i++) {
        uint8_t byte = s->bytes[2 + i];
        enum model_kind other = others[kind];
        struct model_use *use =
            grant_decode_use(s->domain, byte >= 0xf0 ? other : kind, byte);
        uint32_t handle = byte >= 0xe8 ? byte * 0x1010101u : byte % 8u;

        if (use && (byte < 0xe0 || byte >= 0xf0))
            handle = use->handle;
        use = model_handle(s->domain, handle);
        dropped.handles[i] = handle;
        dropped.uses[i] =
            use && is_let_go(use, kind) && !is_dropped(use) ? use : NULL;
        dropped.nr++;
    }
}

const char *grant_drop_step(const struct grant_step *s, enum model_kind kind,
                            struct step_counts *counts)
{
    int status[CALLS_HANDLES];
    const char *wrong = NULL;

    decode_handles(s, kind);
    if (!grant_begin(s->domain))
        return NULL;
    wrong_at_flush = NULL;
    mmu_at_flush = look_at_flush;
    if (kind == USE_MAP)
        calls_unmap(s->domain, dropped.handles, status, dropped.nr);
    else
        calls_release(s->domain, dropped.handles, status, dropped.nr);
    mmu_at_flush = NULL;
    for (unsigned int i = 0; i < dropped.nr; i++) {
        if (dropped.uses[i] && dropped.uses[i]->kind == USE_RUN)
            model_put_run(dropped.uses[i]);
        else if (dropped.uses[i])
            model_put(dropped.uses[i]);
        counts->dropped += dropped.uses[i] != NULL;
    }
    for (unsigned int i = 0; i < dropped.nr && !wrong; i++)
        wrong = grant_result(s->domain,
                             dropped.uses[i] ? 0 : REASON(PARAPET_ENOENT),
                             status[i], counts);
    return wrong_at_flush ? wrong_at_flush : wrong;
}
