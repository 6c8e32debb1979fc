/* SPDX-License-Identifier: MIT
 *
 * What a memory hypercall may do in one go. Its share is WORK_CALL, and each
 * step takes what it costs at most before it is made: a step for which too
 * little is left is not begun, and the call stops there with -ERESTART. So no
 * call is longer than its share, the way in and out, and what a failure costs,
 * which together are below the 20,000 instructions of docs/ABI.md, section 4.
 * And each call gets ahead: with a fresh share one can go down all levels of a
 * tree and check an entry there.
 *
 * A unit is an instruction of gcc 12's code, as QEMU's -icount counts them,
 * without DEBUG=1. The figures below are what tests/kernels/bound_memory.c
 * showed for the worst that a guest can make of each step, rounded up. Clang
 * 14's code takes up to an eighth more, and there is room for that: 18,700 for
 * the longest call. The test fails where a figure is far too small.
 *
 * The lock of the owner is held.
 */
#ifndef HYPERVISOR_MM_WORK_H
#define HYPERVISOR_MM_WORK_H

#include <stdbool.h>
#include <stdint.h>

#define WORK_CALL 16000u
#define WORK_ENTRY 6000u /* for an entry of a multicall that is not slow */

/* Tables (mm/table.c). */
#define WORK_GROUP 16u   /* a group of empty entries is passed */
#define WORK_CHECK 90u   /* an entry is checked, and its reference taken */
#define WORK_REFER 30u   /* and more for one of an upper level */
#define WORK_TABLE 300u  /* a frame becomes a table, but for its entries */
#define WORK_LET_GO 80u  /* an entry is let go */
#define WORK_RELEASE 90u /* the list of what is to be let go is looked at */

/* Frames (mm/type.c). */
#define WORK_CHANGE 180u    /* one becomes writable memory, with a flush */
#define WORK_NEW 60u        /* a new one does, of an owner that no CPU knows */
#define WORK_CPU 12u        /* a CPU is looked at that may have to flush */
#define WORK_WAIT WORK_CALL /* another CPU is waited for: once at most */

/* DEBUG=1: a frame is filled with a pattern, or compared with it. */
#define WORK_FILL (PARAPET_DEBUG ? 750u : 0u)

/* Lists (engine/pv_mmu.c, core/hc_memory.c). */
#define WORK_REPLACE 80u /* an entry of level 1 is replaced */
#define WORK_UPDATE 230u /* any entry is changed */

/* A frame goes back, with a flush; one is found, zeroed and given. */
#define WORK_GIVE_BACK (350u + WORK_FILL)
#define WORK_POPULATE (1300u + WORK_FILL)

/* Grants (core/hc_grant.c and so on): an element of each call; a mapping or
 * hold goes at the owner's end; a frame of handles is made; another domain's
 * frame becomes writable memory. A copy of a whole frame between two entries
 * that are in use takes 1,081. It is counted as less, so that a batch of 32
 * needs two calls: 16 of these are below the bound all the same. */
#define WORK_GRANT_MAP 320u
#define WORK_GRANT_UNMAP 240u
#define WORK_GRANT_HOLD 352u
#define WORK_GRANT_RELEASE 136u
#define WORK_GRANT_RUN 240u
#define WORK_GRANT_RUN_ENTRY 264u /* taken, and dropped as the run fails */
#define WORK_GRANT_RUN_SHORT 80u  /* the same of one that is as usual */
#define WORK_GRANT_RUN_DROP 48u   /* released, of a lender that has not ended */
#define WORK_GRANT_UNTOLD 1200u   /* an address of it cannot be written */
#define WORK_GRANT_COPY 1000u
#define WORK_GRANT_END 200u
#define WORK_HANDLES (2400u + WORK_FILL)
#define WORK_PREPARE 600u
#define WORK_GROW (1800u + 2 * WORK_FILL)

/* An owner's end (mm/owner_release.c): a frame is looked at; its pin goes; it
 * goes back, with a flush. */
#define WORK_LOOK 24u
#define WORK_UNPIN 90u
#define WORK_FREE (160u + WORK_FILL)

/* With so much any call gets ahead: down all levels, to an entry of the last
 * one whose frame changes its type. */
#define WORK_LEAST                                                             \
    (4 * (WORK_TABLE + WORK_CHECK) + 3 * WORK_REFER + WORK_CHANGE)

_Static_assert(WORK_UPDATE + WORK_LEAST <= WORK_ENTRY &&
                   WORK_ENTRY <= WORK_CALL,
               "a call must get ahead");

/* Takes it from what is left (memory_owner.work); false, and nothing taken,
 * when that is less. */
static inline bool work_take(uint32_t *left, uint32_t work)
{
    if (*left < work)
        return false;
    *left -= work;
    return true;
}

/* What was done and could not be refused. */
static inline void work_add(uint32_t *left, uint32_t work)
{
    *left -= *left < work ? *left : work;
}

#endif
