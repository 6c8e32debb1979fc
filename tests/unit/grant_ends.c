/* SPDX-License-Identifier: MIT */
#include "tests/unit/grant_ends.h"

#include "hypervisor/mm/owner_release.h"
#include "lib/macros.h"
#include "tests/unit/grant_calls.h"
#include "tests/unit/grant_model.h"
#include "tests/unit/memory_check.h"
#include "tests/unit/memory_model.h"
#include "tests/unit/memory_steps.h"

#define MAX_SHARES 400u

static struct place {
    enum { LIVES, GIVES_UP, RELEASES, IS_DEAD } stage;
    uint32_t nr_ends;
    unsigned int nr_shares;
} places[MMU_DOMAINS];

/* The places that an id may be given: one that has frames left is taken. */
static const uint16_t tags[MMU_DOMAINS][3] = {{MMU_FIRST_ID, 2, 3},
                                              {MMU_SECOND_ID, 4094, 4093}};

static unsigned int nr_first_frames(unsigned int domain)
{
    return domain == 0 ? STEPS_FIRST : STEPS_SECOND;
}

/* It is found by an id that nobody had before, in a place of the past. */
static void be_born(unsigned int domain, uint16_t tag)
{
    mfn_t table = mmu_mfn(domain, nr_first_frames(domain) - 1);
    uint32_t id = tag | places[domain].nr_ends << 12;

    calls_create(domain, id, table);
    model_lender_create(domain, id, table);
}

void grant_ends_reset(void)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        places[d] = (struct place){.stage = LIVES};
        be_born(d, tags[d][0]);
    }
}

bool grant_ends_has_begun(unsigned int domain)
{
    return places[domain].stage != LIVES;
}

/* ---- the end ---- */

/* Its calls come to their ends, and its CPUs leave. */
static void stop(unsigned int domain)
{
    struct memory_owner *m = mmu_begin(domain, WORK_CALL);

    for (unsigned int i = 0; i < MODEL_USES; i++) {
        struct model_use *use = model_use(i);

        if (use && use->user == domain && use->kind == USE_TAKEN) {
            calls_put(i);
            model_put(use);
        }
    }
    for (unsigned int r = 0; r < MODEL_ROOTS; r++) {
        if (model_root(domain, r) != 0)
            table_put(m, model_root(domain, r));
    }
    (void)tlb_flush_later_than(tlb_clock_now(), m->tlb_cpus);
    m->tlb_cpus = 0;
}

const char *grant_ends_begin(unsigned int domain)
{
    places[domain].stage = GIVES_UP;
    places[domain].nr_shares = 0;
    model_look(domain);
    stop(domain);
    calls_close(domain);
    model_end(domain);
    return NULL;
}

/* The model has dropped what the code has. */
static void follow_uses(unsigned int domain)
{
    for (unsigned int i = 0; i < MODEL_USES; i++) {
        struct model_use *use = model_use(i);

        if (use && use->user == domain &&
            !calls_has_handle(domain, use->handle))
            model_put(use);
    }
}

static const char *give_up(unsigned int domain)
{
    bool done = calls_end_share(domain);

    follow_uses(domain);
    if (!done)
        return NULL;
    places[domain].stage = RELEASES;
    for (unsigned int i = 0; i < MODEL_USES; i++) {
        if (model_use(i) && model_use(i)->user == domain)
            return "one that has ended still has something of another's";
    }
    return NULL;
}

static const char *release(unsigned int domain)
{
    struct memory_owner *m = &mmu_domains[domain];
    bool done = owner_release_share(m);
    const char *wrong = model_follow(domain);

    if (wrong || !done)
        return wrong;
    calls_free(domain);
    wrong = model_follow(domain);
    if (!wrong && m->nr_frames != 0)
        wrong = "one that has ended still has frames";
    mmu_end_domain(domain);
    places[domain].stage = IS_DEAD;
    places[domain].nr_ends++;
    return wrong;
}

static const char *next_domain(unsigned int domain)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(tags[domain]); i++) {
        uint16_t tag = tags[domain][i];

        if (owner_nr_left(tag) != 0)
            continue;
        mmu_create_domain(domain, tag, nr_first_frames(domain));
        for (unsigned int gfn = 0; gfn < nr_first_frames(domain); gfn++)
            model_give(domain, mmu_mfn(domain, gfn));
        be_born(domain, tag);
        places[domain].stage = LIVES;
        return NULL;
    }
    return NULL;
}

const char *grant_ends_share(unsigned int domain, uint32_t work)
{
    if (places[domain].stage == IS_DEAD)
        return next_domain(domain);
    if (places[domain].nr_shares++ > MAX_SHARES)
        return "a domain's end never comes";
    (void)mmu_begin(domain, work);
    model_look(domain);
    if (places[domain].stage == GIVES_UP)
        return give_up(domain);
    return release(domain);
}

const char *grant_ends_all(uint32_t work)
{
    for (unsigned int d = 0; d < MMU_DOMAINS; d++) {
        const char *wrong = NULL;

        if (places[d].stage == LIVES)
            wrong = grant_ends_begin(d);
        while (!wrong && places[d].stage != IS_DEAD) {
            wrong = grant_ends_share(d, work);
            if (!wrong)
                wrong = memory_check();
        }
        if (wrong)
            return wrong;
    }
    return NULL;
}
