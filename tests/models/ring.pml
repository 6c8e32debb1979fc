/* SPDX-License-Identifier: MIT
 *
 * A ring (pvdrivers/ring.h): requests one way, responses the other way, in the
 * same slots, and a notification only when the other end sleeps.
 *
 * WHAT IS MODELLED. A front-end that sends requests and a back-end that answers
 * them, both honest, each in steps of its own: each access to the page is one.
 * How many are told at once, and when an end looks, is anybody's choice. Indices
 * are taken modulo MODULUS, and pass it.
 *
 * WHAT IS NOT. An end that lies (tests/unit/test_ring.c). A slot is one word. A
 * port's own way to a sleeping thread is in port.pml: here it is a bit.
 *
 * THE CPU'S ORDER. x86-64 keeps the order of stores, and that of loads; a plain
 * store can be seen by others after a load that comes after it. So a plain
 * store of an index or event would first go to a buffer, which somebody empties
 * at some time. The code's are locked (xchg), and do not.
 *
 * WHAT IS CLAIMED.
 *   what is taken from a slot is what the other end has put there
 *   nobody waits for ever: all requests are answered, and all responses taken
 *
 * Each BUG_ macro seeds a mistake, with which one of them fails:
 *   BUG_ANSWER_EARLY  a response is put where a request was not copied yet
 *   BUG_CLEARED_LATE  who waits looks again, and then clears the port's bit
 *   BUG_EVENT_FIRST   who tells loads the event before it stores the index
 *   BUG_EVENT_NEXT    who waits asks for the one after the next
 *   BUG_EVENT_PLAIN   the event is stored by a plain store
 *   BUG_INDEX_PLAIN   the index is stored by a plain store
 *   BUG_LAST_ONLY     who tells of several looks at the last one only
 *   BUG_NO_LOOK       who waits does not look again
 *   BUG_NO_WRAP       indices are compared as if they never became 0 again
 *   BUG_ROOM_EARLY    a request is put where a response was not copied yet
 *   BUG_TOLD_EARLY    the index is stored before the slot is written
 */
#define FRONT 0
#define BACK 1

#define NR_SLOTS 2
#define MODULUS 8
#define FIRST 6 /* the third request has number 0 */
#define NR_REQUESTS 4

#define MOD(x) (((x) + MODULUS) % MODULUS)
#define MINUS(a, b) MOD((a) - (b))
#define SLOT(i) slot[(i) % NR_SLOTS]

/* What lies in a slot: number i of that end. */
#define CONTENT(end, i) (1 + (end) * MODULUS + (i))

/* The page. prod[end] is that end's; event[end] is looked at by that end, and
 * written by the other. */
byte prod[2] = FIRST;
byte event[2] = FIRST;
byte slot[NR_SLOTS];

/* The ports: something was sent to that end. */
bool pending[2];

/* Each end's own numbers. */
byte put[2] = FIRST;
byte pushed[2] = FIRST;
byte taken[2] = FIRST;
byte seen[2] = FIRST;

#define LAST MOD(FIRST + NR_REQUESTS)
#define UNTAKEN(end) MINUS(seen[end], taken[end])

/* How many an end may put. */
#ifdef BUG_ROOM_EARLY
#define FRONT_ROOM (NR_SLOTS - MINUS(put[FRONT], seen[FRONT]))
#else
#define FRONT_ROOM (NR_SLOTS - MINUS(put[FRONT], taken[FRONT]))
#endif
#ifdef BUG_ANSWER_EARLY
#define BACK_ROOM MINUS(seen[BACK], put[BACK])
#else
#define BACK_ROOM MINUS(taken[BACK], put[BACK])
#endif

/* ---- plain stores, in a mistake only: one of each end on the way ---- */

#if defined(BUG_INDEX_PLAIN) || defined(BUG_EVENT_PLAIN)
bool late[2];
byte late_value[2];

inline store_later(end, value)
{
    atomic {
        !late[end];
        late_value[end] = value;
        late[end] = true
    }
}

active [2] proctype buffer()
{
    byte end_ = _pid % 2;
end:
    do
    :: late[end_] ->
        d_step {
#ifdef BUG_INDEX_PLAIN
            prod[end_] = late_value[end_];
#else
            event[1 - end_] = late_value[end_];
#endif
            late[end_] = false
        }
    od
}
#endif

inline store_index(end, value)
{
#ifdef BUG_INDEX_PLAIN
    store_later(end, value)
#else
    prod[end] = value
#endif
}

inline store_event(end, value)
{
#ifdef BUG_EVENT_PLAIN
    store_later(end, value)
#else
    event[1 - end] = value
#endif
}

/* ---- ring.h ---- */

inline put_one(end)
{
#ifdef BUG_TOLD_EARLY
    store_index(end, MOD(put[end] + 1));
#endif
    SLOT(put[end]) = CONTENT(end, put[end]);
    put[end] = MOD(put[end] + 1)
}

#if defined(BUG_LAST_ONLY)
#define WAITED_FOR(e, old, new) ((e) == MINUS(new, 1))
#elif defined(BUG_NO_WRAP)
#define WAITED_FOR(e, old, new) ((old) <= (e) && (e) < (new))
#else
#define WAITED_FOR(e, old, new) (MINUS(e, old) < MINUS(new, old))
#endif

inline push(end, e)
{
    if
    :: pushed[end] == put[end]
    :: else ->
#ifdef BUG_EVENT_FIRST
        e = event[end];
#endif
        store_index(end, put[end]);
#ifndef BUG_EVENT_FIRST
        e = event[end];
#endif
        d_step {
            if
            :: WAITED_FOR(e, pushed[end], put[end]) -> pending[1 - end] = true
            :: else
            fi;
            pushed[end] = put[end];
            e = 0
        }
    fi
}

inline look(end)
{
    seen[end] = prod[1 - end]
}

inline take_one(end)
{
    assert(SLOT(taken[end]) == CONTENT(1 - end, taken[end]));
    taken[end] = MOD(taken[end] + 1)
}

/* Until there is something to take. */
inline wait(end)
{
    if
    :: UNTAKEN(end) != 0
    :: else ->
#ifdef BUG_EVENT_NEXT
        store_event(end, MOD(taken[end] + 1));
#else
        store_event(end, taken[end]);
#endif
#ifndef BUG_NO_LOOK
        look(end);
#endif
        if
        :: UNTAKEN(end) != 0
        :: else ->
            /* The thread sleeps. */
#ifdef BUG_CLEARED_LATE
            pending[end] = false;
#endif
            atomic { pending[end] -> pending[end] = false }
        fi
    fi
}

/* ---- the two ends ---- */

inline take_some(end)
{
    do
    :: UNTAKEN(end) != 0 -> take_one(end)
    :: UNTAKEN(end) == 0 ->
        look(end);
        if
        :: UNTAKEN(end) == 0 -> break
        :: else
        fi
    :: break
    od
}

active proctype front()
{
    byte e;

    do
    :: taken[FRONT] == LAST -> break
    :: else ->
        do
        :: put[FRONT] != LAST && FRONT_ROOM != 0 -> put_one(FRONT)
        :: break
        od;
        push(FRONT, e);
        take_some(FRONT);
        if
        :: pushed[FRONT] != taken[FRONT] -> wait(FRONT)
        :: true
        fi
    od
}

active proctype back()
{
    byte e;

    do
    :: put[BACK] == LAST && pushed[BACK] == LAST -> break
    :: else ->
        take_some(BACK);
        do
        :: BACK_ROOM != 0 -> put_one(BACK)
        :: break
        od;
        push(BACK, e);
        if
        :: put[BACK] == taken[BACK] && put[BACK] != LAST -> wait(BACK)
        :: else
        fi
    od
}
