/* SPDX-License-Identifier: MIT
 *
 * The audit of what an owner lends, by its records, and of what it has of
 * others, by its handles. Knows the rules of docs/GRANTS.md, and none of the
 * code of mm/grant.c. What guests write, as the entries of a table of grants,
 * it does not look at.
 */
#include "hypervisor/mm/audit_count.h"
#include "hypervisor/mm/table.h"

#define RECORDS GRANT_RECORDS_PER_FRAME
#define MAPPINGS GRANT_MAPPINGS_PER_FRAME

/* ---- what it lends ---- */

/* A frame that it has no more is looked after by who has it. */
static bool is_left(const struct audit *a, mfn_t mfn)
{
    uint64_t state;

    if (!audit_is_own(a, mfn))
        return false;
    state = frame_state(frame_info(mfn));
    return state_type(state) == TYPE_LEFT;
}

static void count_record(struct audit *a, const struct grant_record *r)
{
    uint64_t uses = (uint64_t)r->readers + r->writers;

    if (uses == 0 || is_left(a, r->mfn))
        return;
    if (!audit_is_own(a, r->mfn)) {
        audit_expect(a, r->mfn, "lent by who has it", true, false);
        return;
    }
    frame_info(r->mfn)->audit_references += (uint32_t)uses;
    if (r->writers == 0)
        return;
    frame_info(r->mfn)->audit_count += r->writers;
    audit_expect(a, r->mfn, "type of a frame that others write to",
                 TYPE_WRITABLE, state_type(frame_state(frame_info(r->mfn))));
}

void audit_count_lent(struct audit *a)
{
    const struct grant_table *t = &a->m->grants;
    uint64_t nr = t->nr_entries / RECORDS;

    audit_expect(a, 0, "entries of grants that fill no frame", 0,
                 t->nr_entries % RECORDS);
    for (uint64_t i = 0; i < PARAPET_MAX_GRANT_FRAMES; i++) {
        audit_expect(a, i, "frame of the table of grants", i < nr,
                     t->entries[i] != NULL);
        audit_expect(a, i, "frame of records", i < nr, t->records[i] != NULL);
        for (uint64_t j = 0; t->records[i] && j < RECORDS; j++)
            count_record(a, &t->records[i][j]);
    }
}

/* ---- what it has of others ---- */

/* What a reference to another's frame keeps as it is. */
static void check_lent(struct audit *a, const struct grant_mapping *g)
{
    uint64_t state;

    if (g->mfn >= nr_frame_infos) {
        audit_expect(a, g->mfn, "lent frame of the machine", true, false);
        return;
    }
    state = frame_state(frame_info(g->mfn));
    audit_expect(a, g->mfn, "lent frame of somebody, with references", true,
                 (state & STATE_OWNER) && (state & STATE_REFERENCES));
    if (g->writable)
        audit_expect(
            a, g->mfn, "lent to write: writable memory, with a count", true,
            (state & STATE_COUNT) && (state_type(state) == TYPE_WRITABLE ||
                                      state_type(state) == TYPE_LEFT));
}

/* It keeps the table of its entry one. */
static uint64_t count_mapping(struct audit *a, const struct grant_mapping *g)
{
    mfn_t table = g->pte >> PAGE_SHIFT;

    audit_count(a, table, table, true, TYPE_L1);
    return audit_foreign(g->pte, g->mfn, g->writable);
}

/* The handles after the first one of a run are for the entries after its. How
 * many there are. */
static uint64_t check_chain(struct audit *a, const struct grant_mapping *first)
{
    const struct grant_mapping *g = first;

    audit_expect(a, first->handle, "length of a run", true,
                 first->nr >= 1 && first->nr <= PARAPET_MAX_GRANT_RUN);
    for (uint32_t i = 1; i < first->nr && i < PARAPET_MAX_GRANT_RUN; i++) {
        g = g->next;
        audit_expect(a, first->handle, "run of holds", true,
                     g->kind == GRANT_IN_RUN && g->lender == first->lender &&
                         g->ref == first->ref + i &&
                         g->writable == first->writable);
        if (g->kind != GRANT_IN_RUN)
            return i - 1;
    }
    return first->nr - 1ul;
}

static uint64_t nr_free_handles(const struct audit *a, uint64_t limit)
{
    uint64_t nr = 0;

    for (const struct grant_mapping *g = a->m->handles.free; g && nr <= limit;
         g = g->next) {
        if (g->kind != GRANT_FREE)
            break;
        nr++;
    }
    return nr;
}

void audit_count_mappings(struct audit *a)
{
    const struct grant_handles *h = &a->m->handles;
    uint64_t nr = (uint64_t)h->nr_frames * MAPPINGS;
    uint64_t nr_maps = 0, nr_holds = 0, sum = 0;
    uint64_t nr_in_runs = 0, nr_of_runs = 0;
    bool ends = h->next != 0; /* the holds of a run go one by one */

    for (uint64_t i = 0; i < nr; i++) {
        const struct grant_mapping *g = &h->frames[i / MAPPINGS][i % MAPPINGS];

        audit_expect(a, i, "handle's number", i, g->handle);
        if (g->kind == GRANT_FREE)
            continue;
        check_lent(a, g);
        if (g->kind == GRANT_MAP) {
            sum += count_mapping(a, g);
            nr_maps++;
            continue;
        }
        audit_expect(a, i, "handle's kind", true,
                     g->kind >= GRANT_HOLD && g->kind <= GRANT_IN_RUN);
        nr_holds++;
        nr_in_runs += g->kind == GRANT_IN_RUN;
        if (g->kind == GRANT_RUN && !ends)
            nr_of_runs += check_chain(a, g);
    }
    audit_expect(a, 0, "handles in runs", ends ? nr_in_runs : nr_of_runs,
                 nr_in_runs);
    audit_expect(a, 0, "handles in use", nr_maps + nr_holds, h->nr_used);
    audit_expect(a, 0, "free handles", nr - h->nr_used, nr_free_handles(a, nr));
    audit_expect(a, 0, "entries that map frames of others", nr_maps,
                 a->nr_foreign);
    audit_expect(a, 0, "what these entries and the mappings say", sum,
                 a->foreign);
}
