/* SPDX-License-Identifier: MIT
 *
 * The two ends of a slot of the bus (pvdrivers/bus.c), by the moves of
 * abi/bus_states.def itself, while back-ends die at any step and others begin
 * in their place, and ends stop and go on.
 *
 * WHAT IS MODELLED. Each word of the slot that matters: both states, which ring
 * the front-end says that it lends, the back-end's number, and one parameter of
 * its, which it sets when it connects. An end that has moved tells the other
 * one, looks again, and sleeps when no move is left. The front-end lends another
 * ring each time; one that was taken back cannot be mapped any more. A back-end
 * dies between any two of its steps; whoever starts the next one has let go of
 * what it had. A front-end begins again, too, and knows nothing of what was.
 * Each access of shared memory is a step of its own, in the order of the code,
 * which has a full barrier between an end's state and its look at the other's.
 *
 * WHAT IS NOT. Requests; an end that is hostile; a ring that cannot be mapped,
 * which breaks the connection.
 *
 * WHAT IS CLAIMED.
 *   what a back-end maps is lent at that moment
 *   a ring that the front-end takes back is mapped by nobody
 *   a back-end that is connected and sees the same has the ring that is lent
 *   a front-end that connects has the parameter as the back-end set it
 *   no end sees the other where it cannot be (PARAPET_BUS_SEES)
 *   when all is quiet both are connected
 *
 * Each BUG_ macro seeds a mistake, with which one of them fails:
 *   BUG_BEGIN_HELD     a back-end begins before the dead one was let go of
 *   BUG_BEGIN_READS    it reads its own word, and goes on from there
 *   BUG_FRONT_CLOSED   a front-end begins in closed
 *   BUG_LATE_RING      the ring is told after wanted
 *   BUG_LET_GO_LATE    a back-end says closing or closed, and then lets go
 *   BUG_LOST_CLOSED    a front-end that lost its back-end waits for no answer
 *   BUG_LOOK_FIRST     an end looks at the other's state before its own is seen
 *   BUG_LIFE_FIRST     a back-end says its number before it says closed
 *   BUG_LIFE_IGNORED   a front-end does not ask who wrote what it reads
 *   BUG_NO_ANSWER      a front-end that stops waits for no answer
 *   BUG_NOT_TOLD       a move is not told
 *   BUG_TOLD_EARLY     it is told before it is made
 *   BUG_WANTED_GOES    a front-end in wanted is closed when there is no back-end
 */
#define closed 1
#define offered 2
#define wanted 4
#define connected 8
#define closing 16
#define any 31

#define NOBODY 0

/* Shared; each word has one writer. */
byte front = closed;
byte back = closed;
byte ring; /* which the front-end says that it lends: 1 or 2 */
byte life; /* the back-end's number, another one for each */
bit parameter;
bit told_front;
bit told_back;

/* What the hypervisor knows. */
byte lent = NOBODY;
byte held = NOBODY;

/* How often it will still happen; init chooses. */
byte deaths;
byte front_begins;
byte front_stops;
byte back_stops;

/* A move is made; `seen` is what the end goes on with. */
inline say(word, told, mine, seen, other)
{
#ifdef BUG_LOOK_FIRST
    seen = other;
#endif
#ifdef BUG_TOLD_EARLY
    told = 1;
#endif
    word = mine;
#ifndef BUG_TOLD_EARLY
#ifndef BUG_NOT_TOLD
    told = 1;
#endif
#endif
#ifndef BUG_LOOK_FIRST
    seen = other
#endif
}

/*
 * By the lists: where the end that is `mine` goes, 0 if nowhere; and that it may
 * see what it sees. To stop is no answer to the other end, but a wish, and is
 * none of these moves.
 */
#define PARAPET_BUS_MOVE(by, in, others, to, text) MOVE_##by(in, others, to)
#define PARAPET_BUS_SEES(by, in, others) SEES_##by(in, others)
#define STOPS(others, to, stop) ((others) == any && to == stop)
#define MOVE(in, others, to)                                                  \
        :: mine == in && (seen & (others)) -> next = to
#define SEES(in, others)                                                      \
        :: mine == in -> assert(seen & (others))

inline front_chooses()
{
    d_step {
        next = 0;
        if
#ifdef BUG_LOST_CLOSED
        :: mine == connected && (seen & (closed | offered)) -> next = closed
#endif
#ifdef BUG_NO_ANSWER
        :: mine == closing && (seen & offered) -> next = closed
#endif
#ifdef BUG_WANTED_GOES
        :: mine == wanted && (seen & closed) -> next = closed
#endif
#define MOVE_front(in, others, to)                                            \
        MOVE(in && !STOPS(others, to, closing), others, to)
#define MOVE_back(in, others, to)
#define SEES_front(in, others)
#define SEES_back(in, others)
#include "../../abi/bus_states.def"
        :: else
        fi;
        if
#undef MOVE_front
#undef SEES_front
#define MOVE_front(in, others, to)
#define SEES_front(in, others) SEES(in, others)
#include "../../abi/bus_states.def"
        fi
    }
}

inline back_chooses()
{
    d_step {
        next = 0;
        if
#undef MOVE_back
#undef SEES_front
#define MOVE_back(in, others, to)                                             \
        MOVE(in && !STOPS(others, to, closed), others, to)
#define SEES_front(in, others)
#include "../../abi/bus_states.def"
        :: else
        fi;
        if
#undef MOVE_back
#undef SEES_back
#define MOVE_back(in, others, to)
#define SEES_back(in, others) SEES(in, others)
#include "../../abi/bus_states.def"
        fi
    }
}

/* ---- the front-end ---- */

inline take_back()
{
    d_step {
        assert(lent == NOBODY || held != lent);
        lent = NOBODY
    }
}

inline lend()
{
    d_step {
        own = 3 - own;
        lent = own
    }
#ifndef BUG_LATE_RING
    ;
    ring = own
#endif
}

/* All of one back-end, which is connected, or else it looks again. */
inline read_parameter()
{
    its_life = life;
    seen = back;
    if
    :: seen != connected -> goto looks
    :: else
    fi;
    has = parameter;
#ifndef BUG_LIFE_IGNORED
    if
    :: life != its_life -> seen = back; goto looks
    :: else
    fi;
#endif
    d_step {
        assert(has == 1);
        has = 0;
        its_life = 0
    }
}

proctype front_end()
{
    byte mine, seen, next, its_life;
    byte own = 1;
    bit has;

begins:
    skip;
    d_step {
        next = 0;
        seen = 0;
        has = 0;
        its_life = 0;
#ifdef BUG_FRONT_CLOSED
        mine = closed
#else
        mine = closing
#endif
    }
    say(front, told_back, mine, seen, back);
looks:
    front_chooses();
    if
    :: next == 0
    :: next != 0 ->
        if
        :: next == closed -> take_back()
        :: next == wanted -> lend()
        :: next == connected -> read_parameter()
        :: else
        fi;
        mine = next;
        say(front, told_back, mine, seen, back);
#ifdef BUG_LATE_RING
        ring = own;
#endif
        goto looks
    fi;
end:
    if
    :: told_front ->
        told_front = 0;
        seen = back;
        goto looks
    :: front_stops > 0 && (mine == wanted || mine == connected) ->
        front_stops--;
        mine = closing;
        say(front, told_back, mine, seen, back);
        goto looks
    :: front_begins > 0 ->
        front_begins--;
        goto begins
    fi
}

/* ---- the back-end ---- */

#define MAY_DIE                                                               \
    if                                                                        \
    :: deaths > 0 -> deaths--; goto begins                                    \
    :: skip                                                                   \
    fi

proctype back_end()
{
    byte mine, seen, next, its;

begins:
    skip;
#ifndef BUG_BEGIN_HELD
    held = NOBODY;
#endif
    d_step {
        mine = closed;
        next = 0;
        its = 0;
        seen = 0
    }
#ifdef BUG_BEGIN_READS
    mine = back;
    seen = front;
#else
#ifdef BUG_LIFE_FIRST
    life++;
    parameter = 0;
#endif
    say(back, told_front, mine, seen, front);
#ifndef BUG_LIFE_FIRST
    life++;
    parameter = 0;
#endif
#endif
#ifdef BUG_BEGIN_HELD
    held = NOBODY;
#endif
looks:
    back_chooses();
    if
    :: mine == connected && seen == connected ->
        /* It works. The other end may stop meanwhile, but not lend anew. */
        assert(held == lent && held != NOBODY)
    :: else
    fi;
    if
    :: next == 0
    :: next != 0 ->
        MAY_DIE;
        if
        :: next == connected ->
            its = ring;
            MAY_DIE;
            d_step {
                assert(its == lent && lent != NOBODY);
                held = its;
                its = 0
            };
            parameter = 1
        :: next == closing ->
#ifndef BUG_LET_GO_LATE
            held = NOBODY
#endif
        :: next == offered
        fi;
        MAY_DIE;
        mine = next;
        say(back, told_front, mine, seen, front);
#ifdef BUG_LET_GO_LATE
        if
        :: mine == closing -> held = NOBODY
        :: else
        fi;
#endif
        goto looks
    fi;
end:
    if
    :: told_back ->
        told_back = 0;
        seen = front;
        goto looks
    :: back_stops > 0 && mine != closed ->
        back_stops--;
        held = NOBODY;
        mine = closed;
        say(back, told_front, mine, seen, front);
        goto looks /* and goes on, as the next one would */
    :: deaths > 0 ->
        deaths--;
        goto begins
    fi
}

/* When nobody can go on. */
proctype judge()
{
    timeout;
    assert(front == connected && back == connected && held == lent)
}

init
{
    atomic {
        select(deaths : 0 .. 2);
        select(front_begins : 0 .. 1);
        select(front_stops : 0 .. 1);
        select(back_stops : 0 .. 1);
        run front_end();
        run back_end();
        run judge()
    }
}
