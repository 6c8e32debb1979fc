/* SPDX-License-Identifier: MIT
 *
 * A look at the calendar clock can be late and never early. So a wall clock
 * that is behind what it shows is behind, and is set at once: the machine was
 * stopped, or this look is the first one that was quick. One that is ahead may
 * be so because the look was late, and is set back only when it was ahead in
 * many looks, or is in the next second already.
 */
#include "lib/clock.h"

#include "lib/macros.h"

/* What is not worth a step forward. */
#define BEHIND_NS 1000000
/* And back: more, since looks on a busy host are all late. */
#define AHEAD_NS 5000000ul
#define NR_LOOKS 64

static void set(struct clock_wall *wall, uint64_t offset_ns)
{
    wall->offset_ns = offset_ns;
    wall->ahead_ns = UINT64_MAX;
    wall->count = 0;
}

void clock_wall_start(struct clock_wall *wall, uint64_t seconds,
                      uint64_t after_ns)
{
    set(wall, seconds * CLOCK_NS_PER_S - after_ns);
}

bool clock_wall_add(struct clock_wall *wall, uint64_t seconds,
                    uint64_t before_ns, uint64_t after_ns)
{
    /* The true offset is not below low, and below high. */
    uint64_t low = seconds * CLOCK_NS_PER_S - after_ns;
    uint64_t high = (seconds + 1) * CLOCK_NS_PER_S - before_ns;
    int64_t ahead = (int64_t)(wall->offset_ns - low);

    if (ahead < -BEHIND_NS || (int64_t)(wall->offset_ns - high) >= 0) {
        set(wall, low);
        return true;
    }
    wall->ahead_ns = MIN(wall->ahead_ns, (uint64_t)MAX(ahead, INT64_C(0)));
    if (++wall->count < NR_LOOKS)
        return false;
    if (wall->ahead_ns <= AHEAD_NS) {
        set(wall, wall->offset_ns);
        return false;
    }
    set(wall, wall->offset_ns - wall->ahead_ns);
    return true;
}
