/* SPDX-License-Identifier: MIT
 *
 * How a domain is taken apart (core/domain_teardown.c) while others look it up,
 * without a lock, and write into its pages.
 *
 * WHAT IS MODELLED. Three CPUs. CPU 0 runs the domain's vCPU, CPU 1 is idle on
 * its root, CPU 2 runs another domain. Each of them, in any order: looks the
 * domain up and writes to it (send), ends it, destroys it, does a share of the
 * teardown as the reaper, takes interrupts, goes idle, runs another guest. When
 * the table's entry is free a new domain gets it. Each access of the table, of
 * what a domain consists of, and of what the grace looks at is a step of its
 * own. On x86 others may see a store late, after later loads of the same CPU.
 * That matters at three places, where the code has an exchange: when the domain
 * is taken out of the table, before the grace begins; and when an interrupt is
 * counted, or says "not idle", before its handler looks anybody up. The mistakes
 * are among the seeded ones.
 *
 * WHAT IS NOT. A share does a whole stage: how much it does at once, and ports
 * and references of frames, which have tests and models of their own, are not
 * here. The table has one entry, a domain one vCPU. Names and lists of domains
 * are left out, and the control domain too: whoever wants does the next share.
 *
 * WHAT IS CLAIMED.
 *   assertions   nobody touches what was freed; nothing is freed twice, and no
 *                root while a CPU is on it; the new domain is left alone
 *   no deadlock  while a dead domain waits each CPU has a reason to go on
 *   ltl ends     a domain that has ended is gone in the end, if each CPU goes on
 *                (weak fairness); no device need interrupt. This is looked at
 *                without sends and without a new domain: nobody waits for them
 *
 * Each BUG_ macro seeds a mistake, with which the claim fails:
 *   BUG_SERVE_COUNTS      to serve a flush in a wait counts for the grace
 *   BUG_GRACE_FIRST       the grace begins before the domain is unlinked (or it
 *                         is unlinked by a plain store, which others see late)
 *   BUG_NO_GRACE          there is none
 *   BUG_HELD_EARLY        the shared pages go with the rest of the memory
 *   BUG_ROOT_STAYS        nobody waits for the idle CPUs that are on its root
 *   BUG_COUNT_PLAIN       an interrupt is counted by a plain store
 *   BUG_IDLE_PLAIN        an interrupt says "not idle" by a plain store
 *   BUG_LEAVING_UNLOCKED  the teardown looks for its domain without its lock
 *   BUG_ID_IGNORED        destroy takes whatever has the entry
 *   BUG_REAP_HOLDING      a share is done by who has looked a domain up
 *   BUG_NO_SLICE          a dead domain wakes no idle CPU, and starts no slice
 */
#define NR_CPUS 3

#define OLD 1 /* the domain that ends */
#define NEW 2 /* the one that gets its entry afterwards */

mtype = { LEAVE, ROOTS, MEMORY, UNLINK, GRACE, FREE, GONE };

#define UNMADE 0
#define MADE 1
#define FREED 2

/* The entry of the table: an id, or 0. */
byte entry = OLD; /* read without a lock */
byte leaving = 0; /* under teardown_lock */

/* What a domain consists of; by id. */
byte structure[3];
byte held[3]; /* frames that the hypervisor writes */
byte tables = MADE;

/* OLD's. */
bool ended;
bool left; /* its vCPU's state is saved, and no CPU has it */
mtype stage = LEAVE;
bit teardown_lock;

/* OLD has ended, and nobody sends: for the formula. */
bool alone = true;

/* Of each CPU. */
bit on_root[NR_CPUS];  /* its CR3 is OLD's */
bit asked[NR_CPUS];    /* a flush interrupt is pending */
bit idle[NR_CPUS];     /* as others see it */
bit passed[NR_CPUS];   /* an interrupt was counted since the grace began */
bit has_vcpu[NR_CPUS]; /* OLD's vCPU runs here */

/* Who does a share. */
#define reaper 0
#define destroyer 1

#define touch(what) assert(what == MADE)

inline free(what)
{
    assert(what == MADE);
    what = FREED
}

/* ---- a flush is served: by the interrupt, and by who waits for a lock ---- */

inline leave_root(cpu)
{
    if
    :: on_root[cpu] && !has_vcpu[cpu] && ended -> on_root[cpu] = 0
    :: else
    fi;
    asked[cpu] = 0
}

/* ---- an interrupt from guest or idle is counted ---- */

#ifdef BUG_COUNT_PLAIN
inline count(cpu)
{
    is_late = 1
}
inline count_late(cpu)
{
    if
    :: atomic { is_late -> is_late = 0; passed[cpu] = 1 }
    :: true
    fi
}
#define COUNT_LATE(cpu) count_late(cpu);
#else
inline count(cpu)
{
    passed[cpu] = 1
}
#define COUNT_LATE(cpu)
#endif

/* ---- send: what any call or interrupt does that looks a domain up ---- */

inline send(cpu)
{
    atomic {
        !alone -> found = (entry == OLD -> OLD : 0)
    };
    COUNT_LATE(cpu)
#ifdef BUG_REAP_HOLDING
    share(cpu, reaper);
#endif
    if
    :: found == 0
    :: atomic {
           found != 0 -> /* waits for some lock, and serves some flush */
           leave_root(cpu);
#ifdef BUG_SERVE_COUNTS
           passed[cpu] = 1
#endif
       }
    :: found != 0
    fi;
    d_step {
        if
        :: found != 0 ->
            touch(structure[OLD]);
            touch(held[OLD]);
            found = 0
        :: else
        fi
    }
}

/* ---- the teardown ---- */

inline stage_roots(cpu)
{
#ifdef BUG_ROOT_STAYS
    stage = MEMORY;
#else
    on_root[cpu] = on_root[cpu] && has_vcpu[cpu];
    asked[0] = asked[0] || on_root[0];
    asked[1] = asked[1] || on_root[1];
    asked[2] = asked[2] || on_root[2];
    if
    :: on_root[0] || on_root[1] || on_root[2]
    :: else -> stage = MEMORY
    fi
#endif
}

inline stage_memory()
{
    assert(!on_root[0] && !on_root[1] && !on_root[2]);
    free(tables);
#ifdef BUG_HELD_EARLY
    free(held[OLD]);
#endif
    stage = UNLINK
}

inline grace_begins()
{
    passed[0] = 0;
    passed[1] = 0;
    passed[2] = 0
}

inline stage_grace(cpu)
{
    passed[cpu] = 1; /* it has no pointer to the domain but this one */
    passed[0] = passed[0] || idle[0];
    passed[1] = passed[1] || idle[1];
    passed[2] = passed[2] || idle[2];
    if
    :: passed[0] && passed[1] && passed[2] -> stage = FREE
    :: else
    fi;
#ifdef BUG_NO_GRACE
    stage = FREE
#endif
}

inline stage_free()
{
#ifndef BUG_HELD_EARLY
    free(held[OLD]);
#endif
    free(structure[OLD]);
    leaving = 0;
    stage = GONE
}

/*
 * What there is to be taken apart is looked for with the lock held: what only
 * leaving leads to has no grace.
 */
inline look(who)
{
    if
    :: leaving != 0 -> dead = leaving
    :: leaving == 0 && entry == OLD && ended -> dead = OLD
#ifdef BUG_ID_IGNORED
    :: leaving == 0 && entry == NEW && who == destroyer -> dead = NEW
#endif
    :: else -> dead = 0
    fi
}

/*
 * One share. Who has the lock is alone with all but what sends and interrupts
 * see. So a stage is one step, but for the one whose order matters to them. Who
 * does not get the lock does nothing (-ERESTART).
 */
inline share(cpu, who)
{
#ifdef BUG_LEAVING_UNLOCKED
    atomic { look(who) };
#endif
    atomic {
        if
        :: teardown_lock -> dead = 0
        :: else ->
#ifndef BUG_LEAVING_UNLOCKED
            look(who);
#endif
            if
            :: dead != 0 ->
                touch(structure[dead]);
                assert(dead == OLD)
            :: else
            fi
        fi;
        if
        :: dead != 0 && stage == UNLINK ->
            teardown_lock = 1;
#ifdef BUG_GRACE_FIRST
            grace_begins();
#else
            leaving = OLD;
            entry = 0;
#endif
        :: else ->
            if
            :: dead == 0 || stage == GONE
            :: dead != 0 && stage == LEAVE ->
                if
                :: left -> stage = ROOTS
                :: else
                fi
            :: dead != 0 && stage == ROOTS -> stage_roots(cpu)
            :: dead != 0 && stage == MEMORY -> stage_memory()
            :: dead != 0 && stage == GRACE -> stage_grace(cpu)
            :: dead != 0 && stage == FREE -> stage_free()
            fi;
            dead = 0
        fi
    };
    if
    :: atomic {
           dead != 0 ->
#ifdef BUG_GRACE_FIRST
           leaving = OLD;
           entry = 0;
#else
           grace_begins();
#endif
           stage = GRACE;
           teardown_lock = 0;
           dead = 0
       }
    :: dead == 0
    fi
}

/* ---- what a CPU does ---- */

inline hypercall(cpu)
{
    if
    :: send(cpu)
    :: atomic {
           !alone && structure[NEW] == UNMADE && entry == 0 && leaving == 0 ->
           structure[NEW] = MADE;
           held[NEW] = MADE;
           entry = NEW
       }
    :: !ended -> ended = true /* domain_end() */
    :: ended -> share(cpu, destroyer)
    fi
}

/*
 * The vCPU of a domain that has ended leaves: all of it is saved before. Then
 * the root is left, if somebody asks for that.
 */
inline leave_vcpu(cpu)
{
    if
    :: has_vcpu[cpu] && ended ->
        touch(held[OLD]);
        has_vcpu[cpu] = 0;
        left = true
    :: else
    fi
}

/* A dead domain that waits has a slice started. */
#ifdef BUG_NO_SLICE
#define slice_is_due false
#else
#define slice_is_due (ended && stage != GONE)
#endif

/* While a dead domain waits nobody relies on interrupts from devices. */
#define interrupt_comes(cpu)                                                   \
    (asked[cpu] || (has_vcpu[cpu] && ended) || slice_is_due || !ended ||       \
     stage == GONE)

/* The rest of an interrupt, which has come. */
inline interrupt(cpu)
{
    if
    :: true
    :: send(cpu)
    fi;
    COUNT_LATE(cpu)
    atomic {
        leave_vcpu(cpu);
        if
        :: asked[cpu] -> leave_root(cpu)
        :: else
        fi
    };
    share(cpu, reaper)
}

/* A CPU that has not got OLD's vCPU loads another domain's root. */
inline guest(cpu)
{
    on_root[cpu] = has_vcpu[cpu];
    if
    :: hypercall(cpu)
    :: true
    fi;
    atomic {
        interrupt_comes(cpu) ->
        if
        :: has_vcpu[cpu] -> touch(tables)
        :: else
        fi;
        count(cpu)
    };
    interrupt(cpu)
}

/* sti; hlt. The root stays what it was. */
inline halt(cpu)
{
    idle[cpu] = 1;
    atomic {
        interrupt_comes(cpu) ->
        count(cpu);
#ifdef BUG_IDLE_PLAIN
        if
        :: true /* others see it at the end of the handler */
        :: idle[cpu] = 0
        fi
#else
        idle[cpu] = 0
#endif
    };
    interrupt(cpu);
#ifdef BUG_IDLE_PLAIN
    idle[cpu] = 0
#endif
}

proctype cpu_runs(byte cpu)
{
    byte found, dead;
#ifdef BUG_COUNT_PLAIN
    bit is_late;
#endif

    do
    :: guest(cpu)
    :: halt(cpu)
    od
}

init
{
    d_step {
        structure[OLD] = MADE;
        held[OLD] = MADE;
        has_vcpu[0] = 1;
        on_root[0] = 1;
        on_root[1] = 1
    };
    atomic {
        if
        :: alone = false
        :: ended = true
        fi;
        run cpu_runs(0);
        run cpu_runs(1);
        run cpu_runs(2)
    }
}

ltl ends { <> (stage == GONE || !alone) }
