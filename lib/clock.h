/* SPDX-License-Identifier: MIT
 *
 * What a kernel that has a time stamp counter, a timer of known frequency (the
 * PIT) and a calendar clock (CMOS) makes of them: how long a tick of the
 * counter is, and what time it is. Pure arithmetic: the caller reads the
 * devices, as often as it likes, and hands over what it read.
 *
 * Each look at a device takes a while, and the machine may be stopped in the
 * middle of it. So a look has a beginning and an end, and what is concluded
 * from it holds wherever in between the device was really read.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_PIT_HZ 1193182ul
#define CLOCK_NS_PER_S 1000000000ul

/* ---- from ticks to nanoseconds ---- */

/* ns = ((ticks * multiplier) >> 32) + offset, modulo 2^64. */
struct clock_line {
    uint64_t multiplier; /* nanoseconds for each tick, 32.32 fixed point */
    uint64_t offset;
};

static inline uint64_t clock_scale(uint64_t ticks, uint64_t multiplier)
{
    return (uint64_t)((unsigned __int128)ticks * multiplier >> 32);
}

static inline uint64_t clock_line_ns(const struct clock_line *line,
                                     uint64_t tsc)
{
    return clock_scale(tsc, line->multiplier) + line->offset;
}

/*
 * The line with another multiplier that goes on where the old one is at tsc:
 * from there on for guard ticks it is not before the old one. So whoever reads
 * the old line up to then, and the new one after that, sees no step back.
 */
struct clock_line clock_line_bend(const struct clock_line *old,
                                  uint64_t multiplier, uint64_t tsc,
                                  uint64_t guard);

/* ---- how long a tick is ---- */

/* One look at counter and PIT at once. */
struct clock_sample {
    uint64_t tsc;   /* in the middle of the look */
    uint64_t width; /* ticks from its beginning to its end */
    uint16_t pit;   /* how far the PIT has counted, modulo 2^16 */
};

/* A sample with the counts of the PIT added up. */
struct clock_mark {
    uint64_t tsc;
    uint64_t counts;
    uint64_t error_ns; /* how far apart the two may really be */
};

struct clock_rate {
    uint64_t multiplier;
    uint64_t first;         /* the multiplier of the start */
    uint64_t error_ppb;     /* how wrong it can be, parts in 10^9 */
    struct clock_mark last; /* the sample before */
    struct clock_mark base; /* from where the rate is measured */
    struct clock_mark next; /* from where it will be, in a while */
};

/* The first sample, with what is known of the multiplier so far. */
void clock_rate_start(struct clock_rate *rate, uint64_t multiplier,
                      uint64_t error_ppb, const struct clock_sample *first);

/*
 * One more sample, at least some milliseconds and at most a minute later.
 * Measuring begins anew when it is so long that the turns of the PIT cannot be
 * told, and when counter and PIT disagree suddenly, as they do when somebody
 * has set one of them. The multiplier stays near that of the start, and is it
 * again when they go on disagreeing. Returns whether it has changed.
 */
bool clock_rate_add(struct clock_rate *rate, const struct clock_sample *sample);

/* Ticks in a second. */
uint64_t clock_rate_hz(const struct clock_rate *rate);

/* ---- what time it is ---- */

struct clock_wall {
    uint64_t offset_ns; /* wall clock minus monotonic time */
    uint64_t ahead_ns;  /* the least by which it was ahead since count was 0 */
    unsigned int count;
};

/*
 * One look at the calendar clock, which showed so many seconds since 1970 at
 * some moment between the two monotonic times. It shows whole ones, so a look
 * just after it has changed says most, and that is when to look: once a second.
 */
void clock_wall_start(struct clock_wall *wall, uint64_t seconds,
                      uint64_t after_ns);

/* Returns whether offset_ns has changed. */
bool clock_wall_add(struct clock_wall *wall, uint64_t seconds,
                    uint64_t before_ns, uint64_t after_ns);

#endif
