/* SPDX-License-Identifier: MIT
 *
 * The step of grants that holds the frames of entries in a row, by a hypercall
 * with some elements. The entries of the model that are in a row are the last
 * one of a frame of the table and the first two of the next.
 */
#include "tests/unit/grant_step.h"

#include "abi/errors.h"
#include "lib/macros.h"
#include "tests/unit/grant_calls.h"
#include "tests/unit/grant_core.h"

#define MAX_ELEMENTS 2u
#define MAX_RUN 3u

static struct parapet_grant_run runs[MAX_ELEMENTS];
static uint64_t maddrs[MAX_ELEMENTS][MAX_RUN];

/* ---- what the guest asks for ---- */

static uint32_t decode_domain(const struct grant_step *s, uint8_t byte)
{
    if (byte < 0xe0)
        return model_id(!s->domain);
    return byte < 0xf0 ? model_id(s->domain) : model_id(!s->domain) + 4096;
}

/* Mostly one after which there is another one. */
static uint32_t decode_ref(const struct grant_step *s, uint8_t byte)
{
    unsigned int nr = model_nr_tables(!s->domain);
    uint32_t first = (nr ? byte / 4u % nr : 0) * PARAPET_GRANTS_PER_FRAME;

    if (byte % 4 == 0)
        return grant_decode_lent(s, !s->domain, byte);
    return byte % 4 == 1 ? first + PARAPET_GRANTS_PER_FRAME - 1 : first;
}

static void decode_element(const struct grant_step *s, unsigned int i)
{
    uint8_t byte = (uint8_t)(s->bytes[1 + i] + 0x35 * i);

    runs[i] = (struct parapet_grant_run){
        .domain = decode_domain(s, (uint8_t)(byte * 7)),
        .ref = decode_ref(s, byte),
        .flags = s->bytes[4] >> i & 1 ? 0 : PARAPET_GRANT_READONLY,
        .nr = s->bytes[3] >= 0xf8 ? s->bytes[3] * 0x1010101u
                                  : 1 + (s->bytes[3] >> (4 * i) & 15) % MAX_RUN,
        .maddrs = (uint64_t)maddrs[i],
        .status = 1};
}

/* ---- what is expected ---- */

/* The domain with this id; MMU_DOMAINS: there is none. */
static unsigned int find(uint32_t id)
{
    unsigned int d = 0;

    while (d < MMU_DOMAINS && model_id(d) != id)
        d++;
    return d;
}

/* Before any entry is looked at. */
static uint64_t refuse(const struct parapet_grant_run *run)
{
    unsigned int lender = find(run->domain);

    if (run->nr == 0 || run->nr > PARAPET_MAX_GRANT_RUN)
        return REASON(PARAPET_EINVAL);
    if (lender == MMU_DOMAINS || model_ends(lender))
        return REASON(PARAPET_ENOENT);
    if ((uint64_t)run->ref + run->nr >
        (uint64_t)model_nr_tables(lender) * PARAPET_GRANTS_PER_FRAME)
        return REASON(PARAPET_EPERM);
    return 0;
}

/* Takes all, or none. */
static uint64_t model_element(const struct grant_step *s,
                              const struct parapet_grant_run *run,
                              struct model_use *uses[MAX_RUN])
{
    unsigned int lender = find(run->domain);
    uint64_t reasons = refuse(run);
    uint64_t words[MAX_RUN];
    uint32_t nr = 0;

    for (uint32_t i = 0; i < run->nr && !reasons; i++)
        words[i] = model_word(lender, run->ref + i);
    while (!reasons && nr < run->nr) {
        reasons = model_take(s->domain, lender, run->ref + nr, run->flags == 0,
                             &uses[nr]);
        nr += reasons == 0;
    }
    if (reasons == 0 || refuse(run))
        return reasons;
    /* It waits for what its own domain has to let go. */
    if (lender == s->domain && run->status == -PARAPET_EAGAIN)
        model_let_go(lender, run->ref + nr);
    while (nr > 0)
        model_put(uses[--nr]);
    for (uint32_t i = 0; i < run->nr; i++)
        model_may_clear(lender, run->ref + i, words[i]);
    return reasons;
}

/* Each has a handle of its own. */
static const char *follow_run(const struct grant_step *s,
                              const struct parapet_grant_run *run,
                              struct model_use *uses[MAX_RUN])
{
    uint32_t handle = run->handle;

    for (uint32_t i = 0; i < run->nr; i++) {
        if (i > 0)
            handle = calls_next_of_run(s->domain, handle);
        if (model_handle(s->domain, handle))
            return "a handle was given twice";
        uses[i]->handle = handle;
        if (((const uint64_t *)run->maddrs)[i] != frame_paddr(uses[i]->mfn))
            return "another frame is held";
        model_run(uses, i + 1);
    }
    return NULL;
}

static const char *compare_element(const struct grant_step *s,
                                   const struct parapet_grant_run *run,
                                   struct step_counts *counts)
{
    struct model_use *uses[MAX_RUN];
    uint64_t reasons = model_element(s, run, uses);

    if (run->status == 0 ? reasons != 0 : !(reasons & REASON(-run->status)))
        return grant_unexpected(reasons, run->status);
    *(run->status ? &counts->failures : &counts->successes) += 1;
    if (run->status)
        return NULL;
    counts->taken += run->nr;
    counts->held += run->nr;
    counts->runs += run->nr > 1;
    return follow_run(s, run, uses);
}

const char *grant_run_step(const struct grant_step *s,
                           struct step_counts *counts)
{
    unsigned int nr = 1 + s->bytes[5] % MAX_ELEMENTS;
    const char *wrong = NULL;

    for (unsigned int i = 0; i < nr; i++)
        decode_element(s, i);
    if (s->sane && runs[0].nr <= MAX_RUN && !model_ends(!s->domain))
        grant_lend_run(s, runs[0].ref, runs[0].nr);
    if (!model_has_room(nr * MAX_RUN) || !grant_begin(s->domain))
        return NULL;
    if (core_hold_run(s->domain, runs, nr) != 0)
        return "another result of a call with some elements";
    for (unsigned int i = 0; i < nr && !wrong; i++)
        wrong = compare_element(s, &runs[i], counts);
    return wrong ? wrong : grant_compare(s->domain, counts);
}
