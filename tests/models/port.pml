/* SPDX-License-Identifier: MIT
 *
 * A port's word (hypervisor/core/port.h) with all that happens to it at once:
 * sends, which take no lock, while the port and its other end are closed, bound
 * anew and moved to another vCPU, and one of the two domains ends.
 *
 * WHAT IS MODELLED. Domain A, whose port 0 is bound to port 1 of domain B. One
 * CPU of A sends, another one closes and binds; one of B does that, too, and one
 * moves B's port between B's two vCPUs; the control domain makes ports in B; B
 * ends. The vCPUs of both handle their events. Each access to memory that is
 * shared is a step of its own, and in the order of the code. Words, bits and
 * bytes are changed by atomic instructions, which x86 does not let pass each
 * other: so there is no other order.
 *
 * WHAT IS NOT. What a vCPU is told by is one step (the order of its bytes is in
 * docs/ABI.md, and tests/unit/test_sched.c has it); masks; a number is used again for the same two ports only; that
 * nobody touches what was freed is in teardown.pml.
 *
 * WHAT IS CLAIMED.
 *   pairs        while nobody holds the locks, two ports are bound to each other
 *                or neither is
 *   no event is lost: when all is quiet, no port in use is pending
 *   an owner whose other end was closed has been told, and has seen it
 *   a domain that has ended and been closed has no port, and no port names it
 *   nobody waits for ever
 *
 * Each BUG_ macro seeds a mistake, with which one of them fails:
 *   BUG_VCPU_EARLY      send looks up the vCPU before it sets the pending bit
 *   BUG_MOVE_SILENT     a move tells the new vCPU nothing
 *   BUG_MOVE_EARLY      a move looks at the pending bit before it changes the
 *                       word
 *   BUG_CLEARED_EARLY   who makes a port clears its bit, and then sets the word
 *   BUG_NOT_TOLD        close does not raise the other end
 *   BUG_TOLD_EARLY      close raises the other end, and then changes its word
 *   BUG_ONE_LOCK        close takes the lock of its own domain alone
 *   BUG_OWN_LOCK_FIRST  the locks are taken the own one first
 *   BUG_ENDED_UNLOCKED  whoever makes a port looks at `ended` without the lock
 */
#define A 0
#define B 1

/* The vCPU of a port that is made: B's other one, while a free port's is 0. */
#define MADE_FOR d

mtype = { FREE, UNBOUND, BOUND };

/* The word of each domain's port. */
mtype kind[2] = BOUND;
byte vcpu[2];

bit pending[2];
bool locked[2];
bool ended[2];

/* What A's vCPU and B's two are told; two places for each domain. */
bit told[4];
#define PLACE(d, v) (2 * (d) + (v))

/* What a guest knows of itself: the vCPU that it has for its port. */
byte handler[2];

/* No part of the code. An owner is to see that its port was unbound. */
bool owed[2];
bool closed_for_good; /* B's ports, at its end */
byte nr_of_b = 2;     /* CPUs that run B */

/* ---- locks ---- */

inline lock(d)
{
    atomic { !locked[d] -> locked[d] = true }
}

inline unlock(d)
{
    locked[d] = false
}

inline lock_both(d)
{
#ifdef BUG_OWN_LOCK_FIRST
    lock(d);
    lock(1 - d)
#else
    lock(A);
    lock(B)
#endif
}

inline unlock_both()
{
    d_step {
        assert((kind[A] == BOUND) == (kind[B] == BOUND));
        locked[B] = false;
        locked[A] = false
    }
}

/* ---- event.h ---- */

/* event_notify(), as one step. */
inline notify(d, v)
{
    told[PLACE(d, v)] = 1
}

/* event_raise() */
inline raise(d, was, v)
{
#ifdef BUG_VCPU_EARLY
    v = vcpu[d];
#endif
    d_step {
        was = pending[d];
        pending[d] = 1
    }
    if
    :: was
    :: else ->
#ifndef BUG_VCPU_EARLY
        v = vcpu[d];
#endif
        notify(d, v)
    fi;
    d_step {
        was = 0;
        v = 0
    }
}

/* ---- event_port.c ---- */

/* A port that was free gets its word. Events are off. */
inline make(d, new_kind)
{
#ifdef BUG_CLEARED_EARLY
    pending[d] = 0;
#endif
    d_step {
        kind[d] = new_kind;
        vcpu[d] = MADE_FOR;
        handler[d] = MADE_FOR;
        owed[d] = false
    }
#ifndef BUG_CLEARED_EARLY
    ;
    pending[d] = 0
#endif
}

inline bind(d, was, v)
{
    lock_both(d);
    if
    :: !ended[A] && !ended[B] && kind[d] == FREE && kind[1 - d] == UNBOUND ->
        make(d, BOUND);
        d_step {
            kind[1 - d] = BOUND;
            owed[1 - d] = false
        }
        raise(d, was, v)
    :: else
    fi;
    unlock_both()
}

inline unbind(d, was, v)
{
#ifdef BUG_TOLD_EARLY
    raise(d, was, v);
#endif
    d_step {
        kind[d] = UNBOUND;
        owed[d] = true
    }
#ifndef BUG_TOLD_EARLY
#ifndef BUG_NOT_TOLD
    ;
    raise(d, was, v)
#endif
#endif
}

inline close(d, word, was, v)
{
#ifdef BUG_ONE_LOCK
    lock(d);
#else
    lock_both(d);
#endif
    d_step {
        word = kind[d];
        kind[d] = FREE;
        vcpu[d] = 0;
        owed[d] = false
    }
    if
    :: word == FREE
    :: word != FREE ->
        pending[d] = 0;
        if
        :: word == BOUND -> unbind(1 - d, was, v)
        :: else
        fi
    fi;
    word = FREE;
#ifdef BUG_ONE_LOCK
    unlock(d)
#else
    unlock_both()
#endif
}

/* The guest says first who handles the port from now on. */
inline move(d, new_vcpu, was)
{
    lock(d);
    if
    :: kind[d] != FREE ->
        handler[d] = new_vcpu;
#ifdef BUG_MOVE_EARLY
        was = pending[d];
#endif
        vcpu[d] = new_vcpu;
#ifndef BUG_MOVE_EARLY
        was = pending[d];
#endif
#ifndef BUG_MOVE_SILENT
        if
        :: was -> notify(d, new_vcpu)
        :: else
        fi
#endif
    :: else
    fi;
    was = 0;
    unlock(d)
}

/* ---- who does what ---- */

/* hc_evtchn_send() */
proctype a_sends()
{
    bit was;
    byte v;

    if
    :: kind[A] == BOUND -> raise(B, was, v)
    :: kind[A] != BOUND
    fi
}

proctype a_changes()
{
    mtype word = FREE;
    bit was;
    byte v;

    if
    :: close(A, word, was, v)
    :: skip
    fi;
    bind(A, was, v)
}

proctype b_changes()
{
    mtype word = FREE;
    bit was;
    byte v;

    if
    :: close(B, word, was, v)
    :: skip
    fi;
    if
    :: bind(B, was, v)
    :: skip
    fi;
    nr_of_b--
}

/* hc_evtchn_move() */
proctype b_moves()
{
    bit was;
    byte to;

    to = 1 - vcpu[B];
    move(B, to, was);
    nr_of_b--
}

/* event_alloc_unbound() */
proctype control()
{
#ifdef BUG_ENDED_UNLOCKED
    bool lives = !ended[B];
    lock(B);
#else
    bool lives;
    lock(B);
    lives = !ended[B];
#endif
    if
    :: lives && kind[B] == FREE -> make(B, UNBOUND)
    :: else
    fi;
    unlock(B)
}

/* domain_end(), and event_close_share() once all vCPUs have left. */
proctype b_ends()
{
    mtype word = FREE;
    bit was;
    byte v;

    lock(B);
    ended[B] = true;
    unlock(B);
    nr_of_b == 0;
    close(B, word, was, v);
    closed_for_good = true
}

/* The upcall. */
proctype handles(byte d; byte v)
{
end:
    do
    :: told[PLACE(d, v)] ->
        told[PLACE(d, v)] = 0;
        if
        :: handler[d] == v && pending[d] ->
            pending[d] = 0;
            /* Now it looks what there is. */
            if
            :: kind[d] == UNBOUND -> owed[d] = false
            :: kind[d] != UNBOUND
            fi
        :: handler[d] != v || !pending[d]
        fi
    od
}

/* When nobody can go on. */
proctype judge()
{
    timeout;
    assert(!locked[A] && !locked[B]);
    assert(kind[A] == FREE || !pending[A]);
    assert(kind[B] == FREE || !pending[B]);
    assert(!owed[A] && !owed[B]);
    if
    :: closed_for_good -> assert(kind[B] == FREE && kind[A] != BOUND)
    :: else
    fi
}

/* All of it at once would be too much: each choice leaves some out. */
init
{
    atomic {
        run handles(A, 0);
        run handles(B, 0);
        run handles(B, 1);
        run a_sends();
        run judge();
        if
        :: run a_changes();
           run b_changes()
        :: run b_changes();
           run b_moves()
        :: run b_changes();
           nr_of_b--;
           run control();
           run b_ends()
        :: run a_changes();
           run b_moves();
           nr_of_b--;
           run control();
           run b_ends()
        fi
    }
}
