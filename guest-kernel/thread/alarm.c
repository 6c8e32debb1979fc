/* SPDX-License-Identifier: MIT
 *
 * The list of the alarms that are set. There are few: one for each process that
 * has called setitimer(2), at most.
 */
#include "guest-kernel/thread/alarm.h"

static struct list_node set = LIST_INIT(set);

void alarm_set(struct alarm *alarm, uint64_t deadline_ns,
               alarm_function_t *function)
{
    struct alarm *other;

    alarm->deadline_ns = deadline_ns;
    alarm->function = function;
    list_for_each_entry (other, &set, node)
        if (other->deadline_ns > deadline_ns)
            break;
    /* Past the last entry, &other->node is the list itself. */
    list_insert_before(&other->node, &alarm->node);
}

void alarm_stop(struct alarm *alarm)
{
    if (alarm->deadline_ns != 0)
        list_remove(&alarm->node);
    alarm->deadline_ns = 0;
}

uint64_t alarm_next_ns(void)
{
    if (list_is_empty(&set))
        return UINT64_MAX;
    return list_first_entry(&set, struct alarm, node)->deadline_ns;
}

void alarm_expire(uint64_t now)
{
    struct alarm *alarm;
    uint64_t due_ns;

    while (alarm_next_ns() <= now) {
        alarm = list_first_entry(&set, struct alarm, node);
        due_ns = alarm->deadline_ns;
        alarm_stop(alarm);
        alarm->function(alarm, due_ns, now);
    }
}
