/* SPDX-License-Identifier: MIT
 *
 * The rate is measured over as long a time as there is, up to a minute: then
 * the jitter of two looks is a part in 10^8. It is a minute and not for ever,
 * since the host's clock, which the PIT follows, may be corrected.
 */
#include "lib/clock.h"

#include "lib/macros.h"

#define PPB 1000000000ul
#define PIT_TICK_NS (CLOCK_NS_PER_S / CLOCK_PIT_HZ + 1)

#define PIT_TURN_NS ((CLOCK_NS_PER_S << 16) / CLOCK_PIT_HZ)

/* Longer ago is too long. */
#define LONGEST_NS (60 * CLOCK_NS_PER_S)
/* From where the rate is measured: at least this old, at most twice that. */
#define WINDOW_NS (32 * CLOCK_NS_PER_S)
/* A look that took longer is none. */
#define WIDEST_NS CLOCK_NS_PER_S
/* Shorter times tell nothing. */
#define SHORTEST_NS 1000000ul
/* What can contradict an older measurement. */
#define EXACT_PPB 20000ul
/* Two looks may disagree by this, beyond what their errors explain, and be
 * averaged; else one of the two clocks was set. */
#define SLACK_NS 20000ul
/* After that the rate is as good as it was, but may no longer be. A host whose
 * clock is being corrected is at most this wrong (adjtimex: 500 ppm). */
#define DOUBT_PPB 1000000ul
/* When it happens again and again, nothing was right. */
#define MOST_DOUBT_PPB 15000000ul

static uint64_t counts_to_ns(uint64_t counts)
{
    return counts * CLOCK_NS_PER_S / CLOCK_PIT_HZ;
}

static uint64_t difference(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

struct clock_line clock_line_bend(const struct clock_line *old,
                                  uint64_t multiplier, uint64_t tsc,
                                  uint64_t guard)
{
    struct clock_line line = {.multiplier = multiplier};

    /* Two lines meet once: a slower one must not be behind at the end. */
    if (multiplier < old->multiplier)
        tsc += guard;
    /* One more, since both are rounded down. */
    line.offset = clock_line_ns(old, tsc) - clock_scale(tsc, multiplier) + 1;
    return line;
}

static void start_over(struct clock_rate *rate, const struct clock_mark *mark)
{
    rate->last = *mark;
    rate->base = *mark;
    rate->next = *mark;
}

static uint64_t error_of(const struct clock_rate *rate,
                         const struct clock_sample *sample)
{
    uint64_t width_ns = clock_scale(sample->width, rate->multiplier);

    width_ns = MIN(width_ns, WIDEST_NS);
    /* The multiplier that these came from is wrong itself, by 1/64 at most. */
    return width_ns / 2 + width_ns / 128 + PIT_TICK_NS;
}

void clock_rate_start(struct clock_rate *rate, uint64_t multiplier,
                      uint64_t error_ppb, const struct clock_sample *first)
{
    struct clock_mark mark = {.tsc = first->tsc, .counts = first->pit};

    rate->multiplier = multiplier;
    rate->first = multiplier;
    rate->error_ppb = error_ppb;
    mark.error_ns = error_of(rate, first);
    start_over(rate, &mark);
}

/* How long ago the last mark was, and how wrong that can be. */
static uint64_t since_last(const struct clock_rate *rate,
                           const struct clock_mark *mark, uint64_t *error_ns)
{
    uint64_t ns = clock_scale(mark->tsc - rate->last.tsc, rate->multiplier);

    ns = MIN(ns, LONGEST_NS);
    *error_ns = mark->error_ns + rate->last.error_ns +
                ns * rate->error_ppb / PPB + SLACK_NS;
    return ns;
}

/*
 * Adds up the PIT's counts: of all numbers with these 16 bits the one that is
 * next to what the time stamps let expect. False: it cannot be told which.
 */
static bool make_mark(const struct clock_rate *rate,
                      const struct clock_sample *sample,
                      struct clock_mark *mark)
{
    uint64_t expected, error_ns, ns;

    mark->tsc = sample->tsc;
    mark->counts = sample->pit;
    mark->error_ns = error_of(rate, sample);
    ns = since_last(rate, mark, &error_ns);
    if (sample->tsc < rate->last.tsc || ns == LONGEST_NS ||
        error_ns >= PIT_TURN_NS / 2)
        return false;
    expected = rate->last.counts + ns * CLOCK_PIT_HZ / CLOCK_NS_PER_S;
    mark->counts = expected + (uint64_t)(int64_t)(int16_t)(sample->pit -
                                                           (uint16_t)expected);
    return true;
}

/* Whether counter and PIT have gone on together since the last mark. */
static bool agrees(const struct clock_rate *rate, const struct clock_mark *mark)
{
    uint64_t error_ns, ns = since_last(rate, mark, &error_ns), counts = 0;

    if (mark->counts > rate->last.counts)
        counts = mark->counts - rate->last.counts;
    return difference(counts_to_ns(counts), ns) <= error_ns;
}

/* What the time from one mark to another says. */
struct estimate {
    uint64_t error_ppb;
    uint64_t multiplier;
    uint64_t change_ppb; /* from the multiplier so far */
};

/* False when it says nothing: too little time, or too much of a change. */
static bool measure(const struct clock_rate *rate,
                    const struct clock_mark *from, const struct clock_mark *to,
                    struct estimate *estimate)
{
    uint64_t ns = counts_to_ns(to->counts - from->counts);
    uint64_t told = clock_scale(to->tsc - from->tsc, rate->multiplier);
    uint64_t wrong = difference(ns, told), change;
    uint64_t error_ns = from->error_ns + to->error_ns;

    if (to->counts <= from->counts || ns < SHORTEST_NS || told < SHORTEST_NS ||
        wrong > told / 64 || error_ns > ns / 2)
        return false;
    estimate->error_ppb = error_ns * PPB / (ns - error_ns) + 1;
    estimate->change_ppb = wrong * PPB / told;
    change = clock_scale(rate->multiplier, (wrong << 32) / told);
    estimate->multiplier =
        ns > told ? rate->multiplier + change : rate->multiplier - change;
    /* Else, step by step, it could get so far away that all is too much. */
    return difference(estimate->multiplier, rate->first) <= rate->first / 64;
}

/*
 * Counter and PIT disagree. When nothing that was measured has helped, the
 * counter may be again what it was at the start.
 */
static bool doubt(struct clock_rate *rate)
{
    bool changes =
        rate->error_ppb == MOST_DOUBT_PPB && rate->multiplier != rate->first;

    if (changes)
        rate->multiplier = rate->first;
    rate->error_ppb = MIN(MAX(2 * rate->error_ppb, DOUBT_PPB), MOST_DOUBT_PPB);
    return changes;
}

/* A base that is old makes room for the next one, once that is old enough. */
static void move_base(struct clock_rate *rate, const struct clock_mark *mark)
{
    uint64_t age = counts_to_ns(mark->counts - rate->base.counts);
    uint64_t next_age = counts_to_ns(mark->counts - rate->next.counts);

    if (age >= 2 * WINDOW_NS && next_age >= WINDOW_NS) {
        rate->base = rate->next;
        rate->next = *mark;
    } else if (rate->next.tsc == rate->base.tsc ||
               mark->error_ns < rate->next.error_ns / 2) {
        rate->next = *mark;
    }
}

/* Better by far than what there is; or exact, and in contradiction to it. */
static bool is_news(const struct clock_rate *rate,
                    const struct estimate *estimate)
{
    if (estimate->error_ppb <= rate->error_ppb / 2)
        return true;
    return estimate->error_ppb <= EXACT_PPB &&
           estimate->change_ppb > estimate->error_ppb + rate->error_ppb;
}

bool clock_rate_add(struct clock_rate *rate, const struct clock_sample *sample)
{
    struct clock_mark mark;
    struct estimate best, other;
    bool valid;

    if (clock_scale(sample->width, rate->multiplier) > WIDEST_NS)
        return false;
    if (!make_mark(rate, sample, &mark)) {
        start_over(rate, &mark);
        return false;
    }
    if (!agrees(rate, &mark)) {
        start_over(rate, &mark);
        return doubt(rate);
    }
    rate->last = mark;
    valid = measure(rate, &rate->base, &mark, &best);
    /* A base that was read badly is worth less than a younger one. */
    if (valid && measure(rate, &rate->next, &mark, &other) &&
        other.error_ppb < best.error_ppb) {
        best = other;
        rate->base = rate->next;
    }
    move_base(rate, &mark);
    if (!valid || !is_news(rate, &best))
        return false;
    rate->multiplier = best.multiplier;
    rate->error_ppb = best.error_ppb;
    return true;
}

uint64_t clock_rate_hz(const struct clock_rate *rate)
{
    return (CLOCK_NS_PER_S << 32) / rate->multiplier;
}
