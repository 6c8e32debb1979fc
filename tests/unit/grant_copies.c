/* SPDX-License-Identifier: MIT
 *
 * The step of grants that is a copy: from and to own frames and lent ones, as a
 * guest asks for it. All frames are compared after it, byte by byte.
 */
#include "tests/unit/grant_step.h"

#include <string.h>

#include "abi/errors.h"
#include "lib/macros.h"
#include "tests/unit/grant_core.h"

static uint8_t before[MMU_FRAMES][PAGE_SIZE];

/* ---- what the guest asks for ---- */

static uint64_t decode_offset(uint8_t byte)
{
    static const uint64_t offsets[] = {0, 8, 4088, 4095, 4096, 1ul << 32, ~0ul};

    return byte < 0xc0 ? byte * 16u : offsets[byte % ARRAY_SIZE(offsets)];
}

static uint32_t decode_length(uint8_t byte)
{
    static const uint32_t lengths[] = {0, 4096, 4097, 1, UINT32_MAX, 9};

    return byte < 0xa0 ? byte * 8u : lengths[byte % ARRAY_SIZE(lengths)];
}

static struct parapet_grant_end decode_end(const struct grant_step *s,
                                           uint8_t kind, uint8_t where,
                                           uint8_t offset)
{
    unsigned int other = !s->domain;

    if (kind % 3 == 0)
        return (struct parapet_grant_end){
            .domain = PARAPET_DOMAIN_SELF,
            .at = frame_paddr(grant_decode_mfn(s->domain, where)) +
                  decode_offset(offset) % PAGE_SIZE};
    return (struct parapet_grant_end){.domain = model_id(other) +
                                                (kind >= 0xf0 ? 4096 : 0),
                                      .ref = grant_decode_lent(s, other, where),
                                      .at = decode_offset(offset)};
}

/* ---- what is expected ---- */

struct copied {
    mfn_t mfn;
    struct model_use *use; /* NULL: it is an own frame */
};

static bool is_own(const struct parapet_grant_end *e)
{
    return e->domain == PARAPET_DOMAIN_SELF;
}

/* The numbers do not wrap: the length has 32 bits. */
static bool is_in_frame(const struct parapet_grant_end *e, uint64_t length)
{
    uint64_t at = is_own(e) ? e->at % PAGE_SIZE : e->at;

    return at <= PAGE_SIZE && (is_own(e) || at < PAGE_SIZE) &&
           length <= PAGE_SIZE - at;
}

static uint64_t take(const struct grant_step *s,
                     const struct parapet_grant_end *e, bool writable,
                     struct copied *c)
{
    uint64_t reasons;
    int error;

    c->use = NULL;
    if (is_own(e)) {
        c->mfn = e->at / PAGE_SIZE;
        error = writable ? model_get_writable(s->domain, c->mfn)
                         : model_get(s->domain, c->mfn);
        return error ? REASON(-error) : 0;
    }
    if (e->domain != model_id(!s->domain))
        return REASON(PARAPET_ENOENT);
    reasons = model_take(s->domain, !s->domain, e->ref, writable, &c->use);
    if (reasons == 0)
        c->mfn = c->use->mfn;
    return reasons;
}

static uint64_t model_copy(const struct grant_step *s,
                           const struct parapet_grant_copy *e,
                           struct copied *from, struct copied *to)
{
    uint64_t reasons;

    if (!is_in_frame(&e->source, e->length) ||
        !is_in_frame(&e->dest, e->length))
        return REASON(PARAPET_EINVAL);
    reasons = take(s, &e->source, false, from);
    if (reasons)
        return reasons;
    reasons = take(s, &e->dest, true, to);
    if (to->use)
        model_put(to->use);
    if (from->use)
        model_put(from->use);
    return reasons;
}

/* The hypervisor writes there, too: which bits, the model says. */
static bool is_a_table_of_grants(mfn_t mfn)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        for (unsigned int i = 0; i < model_nr_tables(d); i++) {
            if (model_table(d, i) == mfn)
                return true;
        }
    }
    return false;
}

static const char *compare_bytes(const struct parapet_grant_copy *e,
                                 const struct copied *from,
                                 const struct copied *to)
{
    uint64_t at = e->dest.at % PAGE_SIZE;

    if (e->status == 0)
        memmove(before[to->mfn] + at,
                before[from->mfn] + e->source.at % PAGE_SIZE, e->length);
    for (mfn_t mfn = 0; mfn < MMU_FRAMES; mfn++) {
        /* What is nobody's has the hypervisor's own in it. */
        if ((frame_state(frame_info(mfn)) & STATE_OWNER) != 0 &&
            !is_a_table_of_grants(mfn) &&
            (e->status || !is_a_table_of_grants(from->mfn) || mfn != to->mfn) &&
            memcmp(before[mfn], frame_vaddr(mfn), PAGE_SIZE) != 0)
            return "a copy has other bytes";
    }
    return NULL;
}

/* What was copied is what the guest has written; what has come to where the
 * model never looks, it clears. */
static void store(mfn_t mfn)
{
    unsigned int slot = 0;

    for (unsigned int i = 0; i < TABLE_ENTRIES; i++) {
        if (slot < MODEL_SLOTS && model_slots[slot] == i)
            model_store(mfn, slot++, table_entries(mfn)[i]);
        else
            table_entries(mfn)[i] = 0;
    }
}

const char *grant_copy_step(const struct grant_step *s,
                            struct step_counts *counts)
{
    static struct parapet_grant_copy element;
    const uint8_t *b = s->bytes;
    struct copied from = {0}, to = {0};
    const char *wrong;
    uint64_t reasons;

    if (!model_has_room(2) || !grant_begin(s->domain))
        return NULL;
    element = (struct parapet_grant_copy){
        .source = decode_end(s, b[1], b[2], (uint8_t)(b[3] * 5)),
        .dest = decode_end(s, (uint8_t)(b[1] * 7 + b[5]), b[4], b[5]),
        .length = decode_length((uint8_t)(b[7] * 3)),
        .status = 1};
    memcpy(before, table_entries(0), sizeof(before));
    /* What is half let go may take several calls. */
    if (core_copy(s->domain, &element, 1) == -PARAPET_ERESTART)
        return element.status == 0 ? "what was not done has status 0" : NULL;
    reasons = model_copy(s, &element, &from, &to);
    wrong = compare_bytes(&element, &from, &to);
    if (wrong)
        return wrong;
    if (element.status == 0) {
        counts->copied++;
        store(to.mfn);
    }
    return grant_result(s->domain, reasons, element.status, counts);
}
