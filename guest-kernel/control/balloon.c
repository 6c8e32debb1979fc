/* SPDX-License-Identifier: MIT
 *
 * The balloon: a list of pages that are without a frame of the machine. To give
 * memory back, free pages go to the list; to get it again, they come off it.
 *
 *   free pages --give_back()--> the list, not mapped, no mfn in the P2M
 *              <--populate()---
 *
 * There is no thread of its own: an alarm makes one short step, sets itself
 * again, and lets the machine do other things in between. A free page is in no
 * table but the direct map whenever an interrupt may come, since what frees
 * pages has made the changes of tables before (mm/table_change.c). So a step
 * may come at any time.
 */
#include "guest-kernel/control/balloon.h"

#include "abi/stubs.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/fs/ramfs.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/user_page.h"
#include "guest-kernel/privops/mmu.h"
#include "guest-kernel/privops/privops.h"
#include "guest-kernel/privops/pv/pv.h"
#include "guest-kernel/thread/alarm.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"

/* Frames in one step: interrupts are disabled for so long. */
#define STEP MMU_BATCH_SIZE
#define STEP_NS 1000000ul     /* from one step to the next */
#define AGAIN_NS 1000000000ul /* until what did not work is tried again */
/* Pages that stay free: what is running has to go on. */
#define RESERVE 256ul
#define KIB (PAGE_SIZE / 1024ul)

static struct list_node pages = LIST_INIT(pages); /* those without a frame */

/* Of one step. */
static struct page *taken[STEP];
static uint64_t mfns[STEP];

static uint64_t *p2m_entry(const struct page *page)
{
    uint64_t paddr = direct_map_paddr(page_vaddr(page));

    return (uint64_t *)PARAPET_P2M + (paddr >> PAGE_SHIFT);
}

/* taken[first..end) have the frames in mfns: they are mapped, and free. */
static void put_back(uint64_t first, uint64_t end)
{
    struct mmu_batch batch;
    uint64_t i;

    mmu_batch_init(&batch);
    for (i = first; i < end; i++) {
        *p2m_entry(taken[i]) = mfns[i];
        mmu_batch_make_plain(&batch, page_vaddr(taken[i]));
    }
    mmu_batch_flush(&batch);
    for (i = first; i < end; i++)
        page_put_back(taken[i]);
}

static void keep_out(uint64_t first, uint64_t end)
{
    for (; first < end; first++)
        list_add_first(&pages, &taken[first]->node);
}

/* ---- less ---- */

/* Takes free pages out of the direct map: how many. What the CPU remembers of
 * them must go, since their addresses will have other frames. */
static uint64_t unmap(uint64_t nr)
{
    struct mmu_batch batch;
    uint64_t i;

    mmu_batch_init(&batch);
    for (i = 0; i < nr && (taken[i] = page_take_out()) != NULL; i++) {
        mfns[i] = *p2m_entry(taken[i]);
        *p2m_entry(taken[i]) = PARAPET_NO_MFN;
        pv_batch_unmap(&batch, page_vaddr(taken[i]));
    }
    mmu_batch_flush(&batch);
    mmu_invalidate_kernel();
    return i;
}

/* NULL, or why not all of nr went. */
static const char *give_back(uint64_t nr)
{
    uint64_t nr_free, may, done = 0;
    int64_t result;

    /* What is kept of disks goes first. */
    (void)user_page_leaves((nr + RESERVE) * PAGE_SIZE);
    nr_free = page_nr_free();
    may = unmap(nr_free > RESERVE ? MIN(nr, nr_free - RESERVE) : 0);
    do {
        result = hypercall_memory_give_back(mfns + done, may - done);
        done = result == 0 ? may : done + pv_vcpu_page()->restart_done;
    } while (result == -PARAPET_ERESTART);
    keep_out(0, done);
    put_back(done, may);
    return done == nr ? NULL : "the rest is in use";
}

/* ---- more ---- */

/* As many of nr as there are pages for: taken, and named in frames. */
static uint64_t choose(struct parapet_populate *frames, uint64_t nr)
{
    struct list_node *node;
    uint64_t i;

    for (i = 0; i < nr && (node = list_take_first(&pages)) != NULL; i++) {
        taken[i] = list_entry(node, struct page, node);
        frames[i].gfn = direct_map_paddr(page_vaddr(taken[i])) >> PAGE_SHIFT;
    }
    return i;
}

/* NULL, or why not all of nr came. */
static const char *populate(uint64_t nr)
{
    static struct parapet_populate frames[STEP];
    uint64_t may = choose(frames, nr), done = 0, i;
    int64_t result;

    do {
        result = hypercall_memory_populate(frames + done, may - done);
        done = result == 0 ? may : done + pv_vcpu_page()->restart_done;
    } while (result == -PARAPET_ERESTART);
    for (i = 0; i < done; i++)
        mfns[i] = frames[i].mfn;
    put_back(0, done);
    keep_out(done, may);
    if (done == nr)
        return NULL;
    return result == -PARAPET_ENOMEM   ? "the machine has no more"
           : result == -PARAPET_ENOSPC ? "it may not have more"
                                       : "it had no more at the start";
}

/* ---- the target ---- */

static struct alarm alarm;
static uint64_t target; /* the last that was seen */
static bool is_told;    /* what came of it */

/* Once, and then again when it has been reached after all. */
static void tell(uint64_t nr_frames, const char *why)
{
    if (why == NULL)
        kprintf("guest: has %lu KiB of memory, as asked for\n",
                nr_frames * KIB);
    else if (!is_told)
        kprintf("guest: has %lu KiB of memory, asked for are %lu: %s\n",
                nr_frames * KIB, MIN(target, UINT64_MAX / KIB) * KIB, why);
    is_told = true;
}

static uint64_t nr_frames(void)
{
    struct parapet_memory_limits limits;

    pv_check(hypercall_memory_limits(&limits), "memory_limits");
    return limits.nr_frames;
}

static void step(struct alarm *unused, uint64_t due_ns, uint64_t now)
{
    uint64_t have = nr_frames();
    const char *why;

    (void)unused;
    (void)due_ns;
    if (target == 0 || have == target)
        return;
    why = have > target ? give_back(MIN(have - target, STEP))
                        : populate(MIN(target - have, STEP));
    ramfs_follow_memory();
    have = nr_frames();
    if (why != NULL || have == target)
        tell(have, why);
    if (have == target)
        return;
    alarm_set(&alarm, now + (why == NULL ? STEP_NS : AGAIN_NS), step);
    sched_timer_changed();
}

void balloon_look(void)
{
    uint64_t now =
        __atomic_load_n(&pv_shared_page()->memory_target, __ATOMIC_RELAXED);

    if (now == target)
        return;
    target = now;
    is_told = false;
    alarm_stop(&alarm);
    step(&alarm, 0, privops_clock_ns());
}
