/* SPDX-License-Identifier: MIT */
#include "tests/unit/grant_steps.h"

#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "abi/grant.h"
#include "lib/macros.h"
#include "tests/unit/grant_calls.h"
#include "tests/unit/grant_ends.h"
#include "tests/unit/grant_step.h"

enum step_kind {
    LEND,
    REVOKE,
    TAKE,
    MAP,
    HOLD,
    PUT,
    UNMAP,
    RELEASE,
    THROUGH,
    GROW,
    END,
    MAPS,
    HOLDS,
    COPY,
    RUNS,
    DROP_RUNS,
};

static const char *const names[] = {
    "lend",    "revoke", "take", "map",  "hold",  "put",  "unmap", "release",
    "through", "grow",   "end",  "maps", "holds", "copy", "runs",  "drop runs"};

/* How often each comes. */
static const uint8_t kinds[64] = {
    LEND,      LEND,    LEND,    LEND,    LEND,    LEND,    LEND,    LEND,
    LEND,      LEND,    LEND,    LEND,    LEND,    REVOKE,  REVOKE,  TAKE,
    TAKE,      TAKE,    TAKE,    TAKE,    TAKE,    TAKE,    TAKE,    MAP,
    MAP,       MAP,     MAP,     MAP,     MAP,     MAP,     HOLD,    HOLD,
    PUT,       PUT,     PUT,     MAPS,    MAPS,    MAPS,    RUNS,    RUNS,
    RUNS,      COPY,    COPY,    COPY,    HOLDS,   HOLDS,   UNMAP,   UNMAP,
    UNMAP,     UNMAP,   UNMAP,   UNMAP,   RELEASE, RELEASE, RELEASE, DROP_RUNS,
    DROP_RUNS, THROUGH, THROUGH, THROUGH, THROUGH, GROW,    GROW,    END};

bool grant_begin(unsigned int domain)
{
    bool released = table_release(mmu_begin(domain, WORK_CALL));

    model_look(domain);
    return released;
}

const char *grant_unexpected(uint64_t reasons, int error)
{
    static char text[100];

    snprintf(text, sizeof(text), "expected %s (errors as bits: %lx), got %d",
             reasons ? "one of some errors" : "success", reasons, error);
    return text;
}

/* As at the end of the hypercalls: what is to be let go, first. */
const char *grant_compare(unsigned int domain, struct step_counts *counts)
{
    if (!table_release(mmu_begin(domain, WORK_CALL)))
        return NULL;
    counts->compared++;
    return model_compare();
}

const char *grant_result(unsigned int domain, uint64_t reasons, int error,
                         struct step_counts *counts)
{
    *(error ? &counts->failures : &counts->successes) += 1;
    if (error == 0 ? reasons != 0 : !(reasons & REASON(-error)))
        return grant_unexpected(reasons, error);
    return grant_compare(domain, counts);
}

/* ---- what the bytes mean ---- */

uint32_t grant_decode_ref(unsigned int lender, uint8_t byte)
{
    unsigned int nr = model_nr_tables(lender);

    if (byte >= 0xfc)
        return byte == 0xff ? UINT32_MAX : nr * PARAPET_GRANTS_PER_FRAME;
    return model_refs[byte % MODEL_REFS].ref +
           (nr ? byte / 64u % nr * PARAPET_GRANTS_PER_FRAME : 0);
}

mfn_t grant_decode_mfn(unsigned int domain, uint8_t byte)
{
    mfn_t mfn;

    if (byte >= 0xf0)
        return byte == 0xff ? (mfn_t)1 << 40 : 1 + (byte - 0xf0u) * 5u;
    mfn = mmu_mfn(domain, byte % (domain == 0 ? STEPS_FIRST : STEPS_SECOND));
    return mfn == MFN_NONE ? 1 + byte % (MMU_FRAMES - 1) : mfn;
}

struct model_use *grant_decode_use(unsigned int domain, enum model_kind kind,
                                   uint8_t byte)
{
    for (unsigned int i = 0; i < MODEL_USES; i++) {
        struct model_use *use = model_use((i + byte) % MODEL_USES);

        if (use && use->user == domain && use->kind == kind)
            return use;
    }
    return NULL;
}

bool grant_steps_entry(unsigned int domain, uint8_t byte, mfn_t *table,
                       unsigned int *slot)
{
    const struct model_use *use = grant_decode_use(domain, USE_MAP, byte);

    if (!use)
        return false;
    *table = use->table;
    *slot = use->slot;
    return true;
}

/* ---- the lender ---- */

/* NULL: the domain has no entry of this number. */
static uint64_t *words_of(unsigned int lender, uint32_t ref)
{
    unsigned int nr = ref / PARAPET_GRANTS_PER_FRAME;

    if (nr >= model_nr_tables(lender))
        return NULL;
    return table_entries(model_table(lender, nr)) +
           2 * (ref % PARAPET_GRANTS_PER_FRAME);
}

static uint64_t lend_word(uint32_t flags, uint32_t domain)
{
    return flags | (uint64_t)domain << 32;
}

/* Word 0 with something in it that lends nothing, or to another. */
static uint64_t bad_word(unsigned int other, uint8_t byte)
{
    const uint32_t id = model_id(other);
    const uint64_t words[] = {
        0,
        lend_word(PARAPET_GRANT_READONLY, id),
        lend_word(PARAPET_GRANT_LEND | 4, id),
        lend_word(PARAPET_GRANT_LEND | 0x8000, id),
        lend_word(PARAPET_GRANT_LEND | 1 << 16, id),
        lend_word(PARAPET_GRANT_LEND, id + 1),
        lend_word(PARAPET_GRANT_LEND, id + 4096),
        lend_word(PARAPET_GRANT_LEND, model_id(!other)),
        lend_word(PARAPET_GRANT_LEND | PARAPET_GRANT_READING, id),
        lend_word(PARAPET_GRANT_LEND | PARAPET_GRANT_WRITING, id),
        lend_word(PARAPET_GRANT_LEND | PARAPET_GRANT_READONLY |
                      PARAPET_GRANT_WRITING,
                  id),
        ~0ul,
    };

    return words[byte % ARRAY_SIZE(words)];
}

/* Whatever it was before, and whether it is in use or not. */
static const char *lend(const struct grant_step *s)
{
    const uint8_t *b = s->bytes;
    uint64_t *words = words_of(s->domain, grant_decode_ref(s->domain, b[1]));

    if (!words)
        return NULL;
    if (s->sane || b[2] < 0x80)
        words[1] = grant_decode_mfn(s->domain, b[3]);
    if (s->sane)
        words[0] = lend_word(PARAPET_GRANT_LEND |
                                 (b[4] < 0x40 ? PARAPET_GRANT_READONLY : 0),
                             model_id(!s->domain));
    else if (b[2] & 1)
        words[0] = bad_word(!s->domain, b[4]);
    return NULL;
}

/* Of others the model knows nothing. */
static bool is_in_model(uint32_t ref)
{
    for (unsigned int i = 0; i < MODEL_REFS; i++)
        if (model_refs[i].ref == ref % PARAPET_GRANTS_PER_FRAME)
            return true;
    return false;
}

void grant_lend_run(const struct grant_step *s, uint32_t ref, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++) {
        uint64_t *words = words_of(!s->domain, ref + i);

        if (!words || !is_in_model(ref + i) || words[0] != 0)
            continue;
        words[1] = grant_decode_mfn(!s->domain, (uint8_t)(s->bytes[2] + i));
        words[0] = lend_word(PARAPET_GRANT_LEND, model_id(s->domain));
    }
}

/* As a guest does that means it well. */
static const char *revoke(const struct grant_step *s)
{
    uint32_t ref = grant_decode_ref(s->domain, s->bytes[1]);
    uint64_t *words = words_of(s->domain, ref);

    if (!words || (words[0] & (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)))
        return NULL;
    words[0] = 0;
    return NULL;
}

static const char *grow(const struct grant_step *s, struct step_counts *counts)
{
    mfn_t mfn = grant_decode_mfn(s->domain, s->bytes[1]);
    uint64_t reasons;
    int64_t result;

    if (model_nr_tables(s->domain) == MODEL_TABLES)
        return NULL;
    model_look(s->domain);
    reasons = model_grow(s->domain, mfn);
    for (unsigned int i = 0; i < 100; i++) {
        (void)mmu_begin(s->domain, WORK_CALL);
        result = -PARAPET_ERESTART;
        if (table_release(&mmu_domains[s->domain]))
            result = calls_grow(s->domain, mfn);
        if (result != -PARAPET_ERESTART)
            break;
    }
    if (result > 0 && result != model_nr_tables(s->domain))
        return "another number of frames of the table";
    return grant_result(s->domain, reasons, result < 0 ? (int)result : 0,
                        counts);
}

/* ---- through a mapping ---- */

/* The guest uses what it has mapped of the other's, by a page table that it
 * has below a root for a moment; the translation stays in the TLB of a CPU. */
static const char *through(const struct grant_step *s)
{
    const struct model_use *use =
        grant_decode_use(s->domain, USE_MAP, s->bytes[1]);
    uint64_t value = s->bytes[4] & 1 ? bad_word(s->domain, s->bytes[4])
                                     : grant_decode_mfn(s->domain, s->bytes[3]);
    unsigned int cpu = s->domain == 0 ? s->bytes[5] & 1 : MMU_CPUS - 1;

    if (!use)
        return NULL;
    mmu_cache(cpu, use->mfn, use->writable ? TYPE_WRITABLE : TYPE_NONE);
    if (use->writable)
        table_entries(use->mfn)[model_slots[s->bytes[2] % MODEL_SLOTS]] = value;
    return NULL;
}

/* ---- a step ---- */

static const char *do_step(enum step_kind kind, const struct grant_step *s,
                           struct step_counts *counts)
{
    switch (kind) {
    case LEND:
        return lend(s);
    case REVOKE:
        return revoke(s);
    case TAKE:
        return grant_take_step(s, counts);
    case MAP:
        return grant_map_step(s, counts);
    case HOLD:
        return grant_hold_step(s, counts);
    case PUT:
        return grant_put_step(s, counts);
    case UNMAP:
        return grant_drop_step(s, USE_MAP, counts);
    case RELEASE:
        return grant_drop_step(s, USE_HOLD, counts);
    case THROUGH:
        return through(s);
    case MAPS:
        return grant_array_step(s, true, counts);
    case HOLDS:
        return grant_array_step(s, false, counts);
    case COPY:
        return grant_copy_step(s, counts);
    case RUNS:
        return grant_run_step(s, counts);
    case DROP_RUNS:
        return grant_drop_step(s, USE_RUN, counts);
    case GROW:
        return grow(s, counts);
    default:
        if (s->bytes[5] >= 0x80)
            return NULL; /* they live too short to have many tables else */
        counts->ends++;
        return grant_ends_begin(s->domain);
    }
}

/* The share of an end. */
static uint32_t end_work(uint8_t byte)
{
    return byte < 0x80 ? WORK_CALL : WORK_LEAST + byte * 8u;
}

const char *grant_steps_step(const uint8_t bytes[STEP_SIZE],
                             struct step_counts *counts, char *text,
                             size_t size)
{
    enum step_kind kind = kinds[bytes[0] % ARRAY_SIZE(kinds)];
    struct grant_step s = {
        .domain = bytes[0] >> 7, .bytes = bytes, .sane = bytes[6] & 0x80};

    snprintf(text, size, "%s: domain %u, bytes %02x %02x %02x %02x %02x, %s",
             names[kind], s.domain, bytes[1], bytes[2], bytes[3], bytes[4],
             bytes[5], s.sane ? "sane" : "hostile");
    if (grant_ends_has_begun(s.domain))
        return grant_ends_share(s.domain, end_work(bytes[7]));
    return do_step(kind, &s, counts);
}
