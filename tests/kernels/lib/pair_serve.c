/* SPDX-License-Identifier: MIT
 *
 * The partner's side of a pair: owns the mailboxes, and does the steps.
 */
#include "lib/macros.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/trap.h"
#include "tests/kernels/lib/vcpu.h"

static volatile struct mg_mailbox *boxes[MG_PAIR_MAX_VCPUS];

/* ---- what may fault ---- */

static void load(void *data)
{
    volatile struct mg_pair_step *step = data;

    step->value = *(const volatile uint64_t *)step->args[0];
}

static void store(void *data)
{
    volatile struct mg_pair_step *step = data;

    *(volatile uint64_t *)step->args[0] = step->args[1];
}

static void compare_and_exchange(void *data)
{
    volatile struct mg_pair_step *step = data;
    uint64_t old = step->args[1];

    if (!__atomic_compare_exchange_n((volatile uint64_t *)step->args[0], &old,
                                     step->args[2], false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        step->result = -PARAPET_EBUSY;
    step->value = old;
}

static void take(void *data)
{
    volatile struct mg_pair_step *step = data;
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    do {
        step->result = 0;
        compare_and_exchange(data);
        if (step->result == 0)
            return;
        (void)hypercall_yield();
    } while (mg_clock_ns() < end);
    step->result = -PARAPET_EAGAIN;
}

static void await(void *data)
{
    volatile struct mg_pair_step *step = data;
    const volatile uint64_t *word = (const volatile uint64_t *)step->args[0];
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (*word != step->args[1] && mg_clock_ns() < end)
        (void)hypercall_yield();
    step->result = *word == step->args[1] ? 0 : -PARAPET_EAGAIN;
}

static int64_t attempt(void (*fn)(void *), volatile struct mg_pair_step *step)
{
    step->result = 0;
    return mg_try(fn, (void *)step, NULL) ? -PARAPET_EFAULT : step->result;
}

/* ---- calls and pages ---- */

static int64_t call(volatile struct mg_pair_step *step, bool repeat)
{
    uint64_t args[6];
    int64_t result;

    for (size_t i = 0; i < ARRAY_SIZE(args); i++)
        args[i] = step->args[i + 1];
    do
        result = mg_hypercall(step->args[0], args);
    while (repeat && result == -PARAPET_ERESTART);
    return result;
}

static int64_t make_page(volatile struct mg_pair_step *step)
{
    const uint64_t *page = mg_page();

    step->value = (uint64_t)page;
    step->args[0] = mg_mfn_of(page);
    return 0;
}

static int64_t make_table(uint64_t *page, uint32_t type)
{
    int64_t result = mg_set_writable(page, false);

    return result ? result : mg_pin(page, type);
}

static int64_t unmake_table(uint64_t *page)
{
    int64_t unpinned = mg_unpin(page);
    int64_t result = mg_set_writable(page, true);

    return unpinned ? unpinned : result;
}

/* The mapping comes back when the frame does not go. */
static int64_t give_back(uint64_t *page)
{
    uint64_t mfn = mg_mfn_of(page), entry = mg_pte(page, MG_WRITE);
    int64_t result = mg_set_va((uint64_t)page, 0);

    if (result)
        return result;
    result = HYPERCALL_RESTARTED(hypercall_memory_give_back(&mfn, 1));
    if (result)
        (void)mg_set_va((uint64_t)page, entry);
    else
        *mg_p2m(mg_gfn_of(page)) = PARAPET_NO_MFN;
    return result;
}

static int64_t populate(volatile struct mg_pair_step *step)
{
    uint64_t vaddr = step->args[0];
    struct parapet_populate entry = {mg_gfn_of((void *)vaddr), 0};
    int64_t result;

    if (*mg_p2m(entry.gfn) != PARAPET_NO_MFN)
        return -PARAPET_EEXIST;
    result = HYPERCALL_RESTARTED(hypercall_memory_populate(&entry, 1));
    if (result)
        return result;
    *mg_p2m(entry.gfn) = entry.mfn;
    step->args[1] = entry.mfn;
    if (step->args[2])
        *(volatile uint64_t *)step->args[2] = entry.mfn;
    return mg_set_va(vaddr, entry.mfn * MG_PAGE_SIZE | MG_WRITE);
}

static void end(uint64_t reason)
{
    if (reason == PARAPET_SHUTDOWN_POWEROFF)
        mg_finish(); /* with its verdict */
    (void)hypercall_shutdown((uint32_t)reason);
}

/* ---- steps ---- */

static int64_t do_step(volatile struct mg_pair_step *step)
{
    uint64_t *page = (uint64_t *)step->args[0];

    switch (step->op) {
    case MG_PAIR_CALL:
        return call(step, true);
    case MG_PAIR_ONCE:
        return call(step, false);
    case MG_PAIR_LOAD:
        return attempt(load, step);
    case MG_PAIR_STORE:
        return attempt(store, step);
    case MG_PAIR_CAS:
        return attempt(compare_and_exchange, step);
    case MG_PAIR_TAKE:
        return attempt(take, step);
    case MG_PAIR_AWAIT:
        return attempt(await, step);
    case MG_PAIR_PAGE:
        return make_page(step);
    case MG_PAIR_TABLE:
        return make_table(page, (uint32_t)step->args[1]);
    case MG_PAIR_UNTABLE:
        return unmake_table(page);
    case MG_PAIR_GIVE_BACK:
        return give_back(page);
    case MG_PAIR_POPULATE:
        return populate(step);
    case MG_PAIR_END:
        end(step->args[0]);
        return 0;
    default:
        mg_error("a partner does not know step %lu", step->op);
    }
}

static void do_program(volatile struct mg_mailbox *box)
{
    for (uint64_t time = 0; time < box->times && !box->stop; time++) {
        for (uint64_t i = 0; i < box->nr_steps; i++) {
            volatile struct mg_pair_step *step = &box->steps[i];
            int64_t result = do_step(step);

            step->result = result;
            if (result == 0)
                step->nr_good++;
            else
                step->nr_bad++;
        }
        box->rounds++;
    }
}

/* An event comes with each turn. Masked, none is missed before the block. */
static void serve(void *data)
{
    volatile struct mg_mailbox *box = data;

    for (;;) {
        mg_cli();
        while (box->done == __atomic_load_n(&box->turn, __ATOMIC_SEQ_CST)) {
            (void)hypercall_block();
            mg_cli();
        }
        do_program(box);
        __atomic_store_n(&box->done, box->done + 1, __ATOMIC_SEQ_CST);
    }
}

/* ---- the beginning ---- */

static volatile struct mg_mailbox *make_mailbox(const struct mg_window *window)
{
    uint64_t *page = mg_page();
    volatile struct mg_mailbox *box = (volatile void *)page;

    box->vaddr = (uint64_t)page;
    box->window = window->vaddr;
    box->pte = mg_window_pte(window, 0);
    return box;
}

/* From now on it is found. */
static void open_mailbox(uint32_t vcpu, uint32_t tester,
                         const volatile struct mg_mailbox *box)
{
    uint32_t port = mg_event_alloc_unbound(tester, NULL, NULL);

    if (port != MG_PAIR_PORT + vcpu)
        mg_error("a partner's port: expected %u, got %u", MG_PAIR_PORT + vcpu,
                 port);
    mg_event_move(port, vcpu);
    mg_grant_lend(MG_PAIR_REF + vcpu, tester, box, 0);
}

void mg_pair_serve(uint32_t tester)
{
    struct mg_window window = mg_window_make();
    volatile struct mg_mailbox *first = make_mailbox(&window);

    for (uint32_t vcpu = 1; vcpu < MG_PAIR_MAX_VCPUS; vcpu++) {
        volatile struct mg_mailbox *box = make_mailbox(&window);
        int64_t result = mg_vcpu_start(vcpu, serve, (void *)box);

        if (result == -PARAPET_ENOENT)
            break;
        if (result)
            mg_error("a partner's vCPU %u: %ld", vcpu, result);
        boxes[vcpu] = box;
    }
    /* Ports are numbered in the order in which they are made. */
    boxes[0] = first;
    for (uint32_t vcpu = 0; vcpu < MG_PAIR_MAX_VCPUS && boxes[vcpu]; vcpu++)
        open_mailbox(vcpu, tester, boxes[vcpu]);
    serve((void *)first);
    mg_error("a partner does not serve any more");
}
