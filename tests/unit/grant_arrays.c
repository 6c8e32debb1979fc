/* SPDX-License-Identifier: MIT
 *
 * The steps of grants that are a hypercall with some elements, as a guest makes
 * it: what is taken is mapped or held in the same call, which may end at any
 * access to the guest's memory.
 */
#include "tests/unit/grant_step.h"

#include <stdio.h>

#include "abi/errors.h"
#include "lib/macros.h"
#include "tests/unit/grant_core.h"

#define MAX_ELEMENTS 3u

/* One element, whichever call it is for. */
struct element {
    uint32_t domain, ref;
    uint64_t pte, bits;
    int32_t status;
    uint32_t handle;
    uint64_t maddr;
};

static struct element elements[MAX_ELEMENTS];

/* ---- what the guest asks for ---- */

/* Itself, and nobody, among others. */
static uint32_t decode_domain(const struct grant_step *s, uint8_t byte)
{
    if (byte < 0xe0)
        return model_id(!s->domain);
    return byte < 0xf0 ? model_id(s->domain) : model_id(!s->domain) + 4096;
}

static void decode_element(const struct grant_step *s, unsigned int i)
{
    uint8_t byte = (uint8_t)(s->bytes[1 + i] + 0x35 * i);
    bool writable = s->bytes[4] >> i & 1;

    elements[i] = (struct element){
        .domain = decode_domain(s, (uint8_t)(byte * 7)),
        .ref = grant_decode_lent(s, !s->domain, byte),
        .pte = grant_decode_pte(s, (uint8_t)(byte + s->bytes[3])),
        .bits = grant_decode_bits(s, writable),
        .status = 1};
}

/* ---- the calls ---- */

static int64_t map_all(unsigned int domain, unsigned int nr)
{
    static struct parapet_grant_map array[MAX_ELEMENTS];
    int64_t result;

    for (unsigned int i = 0; i < nr; i++)
        array[i] = (struct parapet_grant_map){.domain = elements[i].domain,
                                              .ref = elements[i].ref,
                                              .pte = elements[i].pte,
                                              .bits = elements[i].bits,
                                              .status = 1};
    result = core_map(domain, array, nr);
    for (unsigned int i = 0; i < nr; i++) {
        elements[i].status = array[i].status;
        elements[i].handle = array[i].handle;
    }
    return result;
}

static int64_t hold_all(unsigned int domain, unsigned int nr)
{
    static struct parapet_grant_hold array[MAX_ELEMENTS];
    int64_t result;

    for (unsigned int i = 0; i < nr; i++) {
        bool writable = elements[i].bits & PARAPET_PTE_W;

        array[i] = (struct parapet_grant_hold){
            .domain = elements[i].domain,
            .ref = elements[i].ref,
            .flags = writable ? 0 : PARAPET_GRANT_READONLY,
            .status = 1};
    }
    result = core_hold(domain, array, nr);
    for (unsigned int i = 0; i < nr; i++) {
        elements[i].status = array[i].status;
        elements[i].handle = array[i].handle;
        elements[i].maddr = array[i].maddr;
    }
    return result;
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

static uint64_t model_element(const struct grant_step *s, bool map,
                              const struct element *e)
{
    bool writable = e->bits & PARAPET_PTE_W;
    unsigned int lender = find(e->domain);
    struct model_use *use;
    uint64_t reasons;

    /* Looked at first, before any mark of the lender's changes. */
    if (map && (e->bits & ~MODEL_MAP_BITS))
        return REASON(PARAPET_EINVAL);
    if (lender == MMU_DOMAINS)
        return REASON(PARAPET_ENOENT) | (map ? REASON(PARAPET_EINVAL) : 0);
    reasons = model_take(s->domain, lender, e->ref, writable, &use);
    if (reasons)
        return map ? reasons | model_refuse_map(s->domain, e->pte, e->bits)
                   : reasons;
    if (map)
        reasons = model_map(use, e->pte, e->bits);
    else
        model_hold(use);
    if (reasons)
        model_put(use);
    else
        use->handle = e->handle;
    return reasons;
}

/* Done, and then it could not be told: of marks that the lender has made up
 * nothing is left. */
static void undo_element(const struct grant_step *s, bool map,
                         struct element *e)
{
    uint64_t reasons;

    e->handle = UINT32_MAX;
    reasons = model_element(s, map, e);
    if (reasons == 0)
        model_put(model_handle(s->domain, UINT32_MAX));
    if (reasons == REASON(PARAPET_EAGAIN))
        e->status = -PARAPET_EAGAIN;
}

static const char *compare_element(const struct grant_step *s, bool map,
                                   const struct element *e,
                                   struct step_counts *counts)
{
    const struct model_use *use = model_handle(s->domain, e->handle);
    uint64_t reasons;
    mfn_t mfn;

    if (e->status == 0 && use)
        return "a handle was given twice";
    reasons = model_element(s, map, e);
    if (e->status == 0 ? reasons != 0 : !(reasons & REASON(-e->status)))
        return grant_unexpected(reasons, e->status);
    *(e->status ? &counts->failures : &counts->successes) += 1;
    if (e->status)
        return NULL;
    counts->taken++;
    *(map ? &counts->mapped : &counts->held) += 1;
    mfn = model_handle(s->domain, e->handle)->mfn;
    return map || e->maddr == frame_paddr(mfn) ? NULL : "another frame is held";
}

/* It waits for what its own domain has to let go. */
static void let_go(const struct grant_step *s, const struct element *e)
{
    if (find(e->domain) == s->domain && e->status == -PARAPET_EAGAIN)
        model_let_go(s->domain, e->ref);
}

const char *grant_array_step(const struct grant_step *s, bool map,
                             struct step_counts *counts)
{
    unsigned int nr_all = 1 + s->bytes[5] % MAX_ELEMENTS;
    unsigned int nr = nr_all;
    bool ends = s->bytes[7] < 0x40; /* at an access */
    unsigned int access = s->bytes[7] % (2 * nr);
    const char *wrong = NULL;
    int64_t result;

    if (!model_has_room(nr) || !grant_begin(s->domain))
        return NULL;
    for (unsigned int i = 0; i < nr; i++)
        decode_element(s, i);
    core_access(ends ? access : CORE_ALWAYS);
    result = map ? map_all(s->domain, nr) : hold_all(s->domain, nr);
    /* Each is read and written at least once. */
    if (result != (ends ? -PARAPET_EFAULT : 0))
        return "another result of a call with some elements";
    if (ends)
        nr = core_nr_done();
    for (unsigned int i = 0; i < nr && !wrong; i++)
        wrong = compare_element(s, map, &elements[i], counts);
    if (ends && core_failed_to_write())
        undo_element(s, map, &elements[nr]);
    for (unsigned int i = 0; i < nr_all && !wrong; i++)
        let_go(s, &elements[i]);
    return wrong ? wrong : grant_compare(s->domain, counts);
}
