/* SPDX-License-Identifier: MIT
 *
 * A vCPU that goes to sleep, and wakes by an event or by its timer, while it is
 * moved from one CPU to another (hypervisor/sched/sched_move.c).
 *
 * WHAT IS MODELLED. One vCPU and two CPUs, each with its queue's lock. Each CPU
 * by turns takes its kick, has its timers go off, picks the vCPU if it waits
 * there, and moves it to the other one when it does not run. The vCPU sets its
 * timer, and sleeps when nothing is pending. A sender on a third CPU, which
 * could be any, sets pending, and wakes the vCPU. Each access to memory that is
 * shared is a step of its own, in the order of the code; under a lock what only
 * its holders touch is one step.
 *
 * WHAT IS NOT. The policy (who waits is picked), slices, several vCPUs: how two
 * of them share a queue is in tests/unit/test_sched.c. Affinity: a CPU moves the
 * vCPU whenever it likes, and no more than MOVES times.
 *
 * WHAT IS CLAIMED.
 *   a vCPU runs on one CPU at a time, the one that it belongs to, and is in no
 *   other's queue
 *   only that CPU has its timer
 *   when all is quiet, no event waits for a vCPU that sleeps, and its timer has
 *   gone off
 *   nobody waits for ever
 *
 * Each BUG_ macro seeds a mistake, with which one of them fails:
 *   BUG_ONE_READ      the sender does not look at the vCPU's CPU again under the
 *                     lock
 *   BUG_TIMER_STAYS   a move leaves the timer in the old CPU's heap
 *   BUG_NOT_ADOPTED   the new CPU does not take the timer in
 *   BUG_NO_KICK       who moves the vCPU does not kick the new CPU
 *   BUG_ONE_LOCK      who moves it has its own lock alone
 *   BUG_RUNS          a CPU moves what it runs
 *   BUG_NO_LOOK       who goes to sleep does not look at pending once more
 */
#define MOVES 2

mtype = { RUNNABLE, BLOCKED };

byte cpu;           /* vcpu.sched.cpu */
mtype state = RUNNABLE;
bool waits[2];      /* it is in this CPU's queue */
bool current[2];    /* cpu_info.current */
bool kicked[2];
bool heap[2];       /* its timer is set here */
bool arrived[2];    /* it is in the list of those whose timer is to be set */
bool locked[2];
bit pending;

/* No part of the code. */
byte moves;
bool timer_set;  /* and has not gone off */
byte sent, seen; /* events */

inline lock(q)
{
    atomic { !locked[q] -> locked[q] = true }
}

inline unlock(q)
{
    locked[q] = false
}

/* make_runnable(), under the lock of q. */
inline wake(q)
{
    d_step {
        if
        :: state == BLOCKED ->
            state = RUNNABLE;
            if
            :: current[q]
            :: else -> waits[q] = true
            fi
        :: else
        fi
    }
}

/* event_notify() with notify_with_kick(), from anywhere. */
inline send(was, q)
{
    d_step {
        was = pending;
        pending = 1;
        sent = 1
    };
    if
    :: was
    :: else ->
        do
        :: q = cpu;
           lock(q);
#ifndef BUG_ONE_READ
           if
           :: cpu != q -> unlock(q)
           :: else -> break
           fi
#else
           break
#endif
        od;
        wake(q);
        unlock(q);
        kicked[q] = true
    fi
}

proctype sender()
{
    bit was;
    byte q;

    send(was, q)
}

inline lock_both(me)
{
#ifdef BUG_ONE_LOCK
    lock(me)
#else
    lock(0);
    lock(1)
#endif
}

inline unlock_both(me)
{
#ifdef BUG_ONE_LOCK
    unlock(me)
#else
    d_step {
        locked[0] = false;
        locked[1] = false
    }
#endif
}

/* sched_move(): from this CPU to the other one. */
inline move(me)
{
    lock_both(me);
    if
#ifdef BUG_RUNS
    :: cpu == me ->
#else
    :: cpu == me && !current[me] ->
#endif
        moves++;
#ifndef BUG_TIMER_STAYS
        d_step {
            if
            :: heap[me] || arrived[me] ->
                heap[me] = false;
                arrived[me] = false;
                arrived[1 - me] = true
            :: else
            fi
        };
#endif
        /* Who holds no lock sees these one after the other. */
        waits[me] = false;
        cpu = 1 - me;
        if
        :: state == RUNNABLE -> waits[1 - me] = true
        :: else
        fi;
        unlock_both(me);
#ifndef BUG_NO_KICK
        kicked[1 - me] = true
#endif
    :: else -> unlock_both(me)
    fi
}

/* The timer's list, of sched_adopt() and of pick(). */
inline adopt(me)
{
    lock(me);
#ifndef BUG_NOT_ADOPTED
    d_step {
        if
        :: arrived[me] ->
            arrived[me] = false;
            heap[me] = true
        :: else
        fi
    };
#endif
    unlock(me)
}

/* What the vCPU does while it runs here, until it sleeps or is put off. */
inline go(me)
{
    assert(cpu == me && !current[1 - me] && state == RUNNABLE);
    /* It sees its events. */
    if
    :: pending ->
        d_step {
            pending = 0;
            seen = sent
        }
    :: else
    fi;
    if
    :: !timer_set && moves < MOVES ->
        d_step {
            assert(!heap[1 - me] && !arrived[0] && !arrived[1]);
            heap[me] = true;
            timer_set = true
        }
    :: true
    fi;
    if
    :: true -> /* sched_block() */
        lock(me);
        state = BLOCKED;
        unlock(me);
#ifndef BUG_NO_LOOK
        if
        :: pending ->
            lock(me);
            wake(me);
            unlock(me)
        :: else
        fi
#endif
    :: moves < MOVES /* its turn is over */
    fi;
#ifdef BUG_RUNS
    if
    :: moves < MOVES -> move(me)
    :: true
    fi;
#endif
    /* pick(), with another one that runs for a moment. */
    lock(me);
    d_step {
        current[me] = false;
        if
        :: state == RUNNABLE -> waits[me] = true
        :: else
        fi
    };
    unlock(me)
}

proctype runs(byte me)
{
    bit was;
    byte q;

end:
    do
    :: kicked[me] ->
        kicked[me] = false;
        adopt(me)
    :: heap[me] -> /* run_timers() */
        atomic {
            heap[me] = false;
            timer_set = false
        };
        assert(cpu == me);
        send(was, q)
    :: cpu == me && moves < MOVES -> move(me)
    :: waits[me] ->
        lock(me);
        if
        :: waits[me] ->
            d_step {
                waits[me] = false;
                current[me] = true;
#ifndef BUG_NOT_ADOPTED
                heap[me] = heap[me] || arrived[me];
                arrived[me] = false
#endif
            };
            unlock(me);
            go(me)
        :: else -> unlock(me)
        fi
    od
}

/* When nobody can go on. */
proctype judge()
{
    timeout;
    assert(!locked[0] && !locked[1]);
    assert(state == BLOCKED && !current[0] && !current[1]);
    assert(!waits[0] && !waits[1]);
    assert(!pending && seen == sent);
    assert(!timer_set && !heap[0] && !heap[1] && !arrived[0] && !arrived[1])
}

init
{
    atomic {
        waits[0] = true;
        run runs(0);
        run runs(1);
        run sender();
        run judge()
    }
}
