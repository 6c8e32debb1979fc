/* SPDX-License-Identifier: MIT
 *
 * A frame that is lent to another domain (docs/GRANTS.md), with all that
 * happens to it at once: it is mapped, held, unmapped by two CPUs, taken back
 * and made a page table, and one of the domains ends, or both.
 *
 * WHAT IS MODELLED. A lender with two frames, F and G, and one entry in its
 * grant table; a mapper with one entry of a level-1 table, and one handle. Each
 * has two CPUs. One of the lender's lends, takes back by compare-and-exchange,
 * and then makes F a table or gives it back; the other one writes through a
 * mapping of its own, or changes which frame the entry names, though it is in
 * use. The mapper's CPUs map, unmap, and hold without a mapping; a third domain
 * has F, too, by another entry. TLBs of the mapper's fill themselves at any
 * time from what is mapped, and each CPU flushes when it likes; to flush a CPU
 * is to ask it and to wait. Each access to memory that is shared is a step of
 * its own, and in the order of the code. What the hypervisor does for its
 * guests is in grant_steps.inc; who begins it, and both ends, here.
 *
 * WHAT IS NOT. A reference for reading is a hold's, and one for writing a
 * mapping's, and the two in-use bits are one. There is one entry, one mapper
 * and one element in a call. The type count of the mapper's own table is left
 * out. Nobody who waits for a memory lock gives up. A lender that changes its
 * flags otherwise than by compare-and-exchange deceives itself alone.
 *
 * WHAT IS CLAIMED.
 *   no CPU has a translation to a frame that is a table or that is somebody
 *     else's, and what is held is nobody else's
 *   of a lender that has ended nothing more is taken
 *   while nobody holds the grant lock: with a record the entry lends and its
 *     in-use bit is set, and without one that is not set
 *   while nobody holds the lender's memory lock either (as its audit does), the
 *     record has all references of the mapper
 *   who has taken an entry back, and then has its own memory lock, finds no
 *     reference of another domain
 *   what was freed is not touched: neither a frame's place in the lender's
 *     list, nor the lender's records; and a frame is freed once
 *   when all is quiet no lock is held, no reference and no frame of a domain
 *     that is gone is left, and its place is free: nobody waits for ever
 *
 * Each BUG_ macro seeds a mistake, with which one of them fails:
 *   taking
 *   BUG_TAKE_PLAIN        the in-use bit is set by a store, and not where the
 *                         entry was seen to lend
 *   BUG_BITS_LATE         the reference is taken before the in-use bit is set
 *   BUG_ENTRY_TWICE       the frame is read twice: for reference and record
 *   BUG_ENTRY_AGAIN       who shares an entry in use takes the frame that it
 *                         names now, and not the record's
 *   BUG_UNDO_BITS         a take that fails clears the bit that another one set
 *   BUG_SLOW_UNCHECKED    after a change of the type the entry is not looked at
 *                         again
 *   BUG_SLOW_LOCKED       the lender's memory lock is taken with the grant lock
 *   BUG_MAP_OVER          a map writes over an entry that is in use
 *   BUG_UNDO_UNFLUSHED    a mapping that is undone is not flushed
 *   dropping
 *   BUG_NO_FLUSH          nobody flushes
 *   BUG_FLUSH_LATE        the reference goes before the flush
 *   BUG_FLUSH_FIRST       the flush comes before the entry is cleared
 *   BUG_CLOCK_EARLY       the clock is read before the entry is cleared
 *   BUG_FLUSH_ONE         only the CPU that unmaps flushes
 *   BUG_BITS_FIRST        the in-use bit is cleared before the reference goes
 *   BUG_BITS_ALWAYS       the in-use bit is cleared while there are others
 *   BUG_TWO_UNMAPS        the handle is looked up without the memory lock
 *   BUG_DROP_UNLOCKED     the record changes without the grant lock
 *   types
 *   BUG_TYPE_UNFLUSHED    a frame becomes a table, and nobody flushes
 *   ends
 *   BUG_END_EARLY         the mappings go before all CPUs have left the roots
 *   BUG_LEFT_PLAIN        a frame is marked as left behind by a store
 *   BUG_LISTED_LATE       it is marked, and then taken out of the list
 *   BUG_NOT_CLOSED        grants are taken of a lender that has ended
 *   BUG_NO_GRACE          the records go while somebody may know the lender
 *   BUG_PUT_TWICE         who drops a reference looks afterwards what is left
 *   BUG_COUNTED_OFF_EARLY a left frame is counted off before it is nobody's
 *   BUG_PLACE_EARLY       the lender's place is given to a new domain, while
 *                         left frames have its tag
 */
#define F 0
#define G 1

#define L 0
#define M 1

/* A frame that is CLAIMED is to be something else, once all have flushed. */
mtype = { UNTYPED, WRITABLE, CLAIMED, TABLE, LEFT, FREE };

/* The words of both frames. */
mtype type[2] = WRITABLE;
byte refs[2]; /* of any kind */
byte nr_left;

/* The entry, and the hypervisor's record of it. */
bit lends;
bit in_use;
byte names = F;
byte taken;
byte taken_frame;

bit grant_lock;
bit memory_lock[2];

/* The mapper's entry and its handle: 0, or the frame + 1. */
byte pte;
byte handle;

/* Of the CPUs. A TLB has what the entry had. */
byte tlb[2];
bit flushed[2] = 1; /* later than the clock was read */
bit in_call[2];

/* The lender's own mapping of F, and the TLBs of its CPUs. */
bit own_pte;
bit own_tlb[2];

bit lender_ended;
bit on_roots = 1; /* the mapper's CPUs */
bit closed;
bit linked = 1;      /* the lender can be found */
bit records = 1;     /* what the hypervisor has of it */
bit place_is_free;

/* No part of the code. */
byte foreign[2];  /* of the references, the mapper's */
byte nr_calls[2]; /* CPUs that still make calls */

#define touch_records() assert(records)
#define touch_links(f) assert(type[f] != FREE)

#include "grant_steps.inc"

/* ---- ends ---- */

/* A frame of a lender that has ended: owner_release_share(). */
inline release(f, good)
{
    good = refs[f] > 0;
    if
    :: type[f] == FREE
    :: type[f] != FREE && good ->
        nr_left++;
#ifndef BUG_LISTED_LATE
        touch_links(f);
#endif
#ifdef BUG_LEFT_PLAIN
        type[f] = LEFT;
#else
        d_step {
            good = refs[f] > 0;
            type[f] = (good -> LEFT : CLAIMED)
        };
        if
        :: !good ->
            nr_left--;
            to_free(f)
        :: else
        fi;
#endif
#ifdef BUG_LISTED_LATE
        touch_links(f)
#endif
    :: type[f] != FREE && !good ->
        touch_links(f);
        to_free(f)
    fi;
    good = 0
}

proctype lender_ends()
{
    bit good;

    lender_ended = 1;
    lock(grant_lock);
    closed = 1;
    unlock(grant_lock);
    nr_calls[L] == 0;
    flush_lender(); /* its CPUs leave its roots */
    lock(memory_lock[L]);
    if
    :: own_pte ->
        d_step {
            own_pte = 0;
            refs[F]--
        }
    :: else
    fi;
    release(F, good);
    release(G, good);
    unlock(memory_lock[L]);
    linked = 0;
#ifndef BUG_NO_GRACE
    !in_call[0];
    !in_call[1];
#endif
    records = 0;
end:
    atomic {
#ifndef BUG_PLACE_EARLY
        nr_left == 0;
#endif
        assert(type[F] != LEFT && type[G] != LEFT);
        place_is_free = 1
    }
}

inline leave_roots()
{
    d_step {
        on_roots = 0;
        tlb[0] = 0;
        tlb[1] = 0
    }
}

proctype mapper_ends()
{
    byte f;
    bit good, was;

    nr_calls[M] == 0;
#ifndef BUG_END_EARLY
    leave_roots();
#endif
    begin_call(0);
    lock(memory_lock[M]);
    if
    :: handle > 0 ->
        f = handle - 1;
        drop(f, good, was);
        d_step {
            pte = 0;
            handle = 0
        }
    :: else
    fi;
    unlock(memory_lock[M]);
    end_call(0);
    leave_roots()
}

/* ---- who does what ---- */

/* The guest's accesses, in the hypervisor's calls too, and its flushes. */
proctype mapper_cpu(byte cpu)
{
end:
    do
    :: atomic { on_roots && pte != 0 && tlb[cpu] != pte -> tlb[cpu] = pte }
    :: atomic {
           on_roots && !flushed[cpu] -> tlb[cpu] = 0;
           flushed[cpu] = 1
       }
    od
}

proctype lender_cpu(byte cpu)
{
end:
    do
    :: atomic { own_pte && !own_tlb[cpu] && !lender_ended -> own_tlb[cpu] = 1 }
    od
}

proctype maps(byte cpu)
{
    byte f;
    bit good, was;

    map(cpu, f, good, was);
    if
    :: cpu == 0 -> unmap(cpu, f, good, was)
    :: skip
    fi;
    nr_calls[M]--
}

proctype unmaps(byte cpu)
{
    byte f;
    bit good, was;

    unmap(cpu, f, good, was);
    nr_calls[M]--
}

/* A third domain has F, by another entry of the lender's. */
proctype another()
{
    bit last;

    put_foreign(F, 0, last)
}

proctype holds(byte cpu)
{
    byte f;
    bit good, was;

    hold(cpu, f, good, was);
    let_go(cpu, f, good, was);
    nr_calls[M]--
}

/* F becomes a table, or goes back to the machine, when nothing else uses it.
 * With the lender's memory lock. */
inline use_anew(f, good)
{
    d_step {
        good = refs[f] == 0 && (type[f] == WRITABLE || type[f] == UNTYPED);
        if
        :: good -> type[f] = CLAIMED
        :: else
        fi
    };
    if
    :: good ->
#ifndef BUG_TYPE_UNFLUSHED
        flush_lender();
#endif
        if
        :: type[f] = TABLE
        :: to_free(f)
        fi
    :: else
    fi
}

inline take_back(good)
{
    d_step {
        good = lends && !in_use;
        lends = lends && in_use
    };
    if
    :: good ->
        lock(memory_lock[L]);
        assert(foreign[F] == 0 && foreign[G] == 0);
        if
        :: own_pte ->
            d_step {
                own_pte = 0;
                refs[F]--
            }
        :: else
        fi;
        use_anew(F, good);
        unlock(memory_lock[L]);
        good = 0
    :: else
    fi
}

/* A table is let go, and the frame lent. */
inline lend()
{
    if
    :: !lends ->
        lock(memory_lock[L]);
        if
        :: type[F] == TABLE -> type[F] = UNTYPED
        :: else
        fi;
        unlock(memory_lock[L]);
        lends = 1
    :: else
    fi
}

proctype takes_back()
{
    bit good;

    take_back(good);
    lend();
    nr_calls[L]--
}

proctype renames()
{
    names = G;
    nr_calls[L]--
}

/* ---- claims ---- */

#define is_lost(f) (type[f] == TABLE || type[f] == FREE)
#define translates_to(f)                                                       \
    (tlb[0] == f + 1 || tlb[1] == f + 1 ||                                     \
     (f == F && (own_tlb[0] || own_tlb[1])))
#define bits_are_right (taken > 0 -> in_use && lends : !in_use)
#define record_is_right                                                        \
    (foreign[F] + foreign[G] == taken && foreign[taken_frame] == taken)

proctype always()
{
end:
    atomic {
        (is_lost(F) && translates_to(F)) || (is_lost(G) && translates_to(G)) ||
            (!grant_lock && !closed && !bits_are_right) ||
            (!grant_lock && !memory_lock[L] && linked && !record_is_right) ->
        assert(false)
    }
}

/* When nobody can go on. */
proctype judge()
{
    timeout;
    assert(!grant_lock && !memory_lock[L] && !memory_lock[M]);
    assert(foreign[F] + foreign[G] == (handle > 0 -> 1 : 0));
    assert(handle == pte && (handle == 0 || foreign[handle - 1] == 1));
    if
    :: linked -> assert(taken == foreign[F] + foreign[G])
    :: else ->
        assert(foreign[F] > 0 || type[F] == FREE);
        assert(foreign[G] > 0 || type[G] == FREE);
        assert(place_is_free == (handle == 0))
    fi
}

inline begin_mapped()
{
    pte = F + 1;
    handle = F + 1;
    in_use = 1;
    taken = 1;
    refs[F]++;
    foreign[F]++
}

/* All of it at once would be too much: each choice leaves some out. */
init
{
    atomic {
        lends = 1;
        if
        :: begin_mapped()
        :: own_pte = 1;
           refs[F]++
        :: begin_mapped();
           own_pte = 1;
           refs[F]++
        :: type[F] = UNTYPED
        fi;
        run always();
        run judge();
        run mapper_cpu(0);
        run mapper_cpu(1);
        run lender_cpu(0);
        run lender_cpu(1);
        nr_calls[M] = 2;
        if
        :: handle > 0 -> run unmaps(0)
        :: run maps(0)
        fi;
        if
        :: run unmaps(1)
        :: run holds(1)
        :: run maps(1)
        fi;
        if
        :: run takes_back();
           run renames();
           nr_calls[L] = 2
        :: run takes_back();
           run mapper_ends();
           nr_calls[L] = 1
        :: run lender_ends();
           refs[F]++;
           run another()
        :: run lender_ends();
           run mapper_ends()
        fi
    }
}
