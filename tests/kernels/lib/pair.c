/* SPDX-License-Identifier: MIT
 *
 * The test's side of a pair: owns the window in which the mailboxes are.
 */
#include "tests/kernels/lib/pair.h"

#include "abi/event.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/test.h"

static struct mg_window window;
static uint64_t nr_boxes;

/* ---- the beginning and the end ---- */

/* The partner makes its port first, and then lends the mailbox. */
static void map_box(struct mg_pair *pair)
{
    uint32_t ref = MG_PAIR_REF + pair->vcpu;
    uint64_t end = mg_clock_ns() + MG_PATIENCE;
    int64_t result;

    while ((result = mg_grant_map(
                pair->id, ref, mg_window_pte(&window, nr_boxes),
                PARAPET_PTE_W | PARAPET_PTE_NX, &pair->handle)) != 0) {
        if (mg_clock_ns() > end)
            mg_error("the mailbox of domain %u, vCPU %u: %ld", pair->id,
                     pair->vcpu, result);
        (void)hypercall_yield();
    }
    pair->box = (volatile void *)mg_window_at(&window, nr_boxes++);
}

void mg_pair_init(struct mg_pair *pair, uint32_t id, uint32_t vcpu)
{
    if (!window.l1)
        window = mg_window_make();
    pair->id = id;
    pair->vcpu = vcpu;
    map_box(pair);
    pair->port = mg_event_bind_interdomain(id, MG_PAIR_PORT + vcpu, NULL, NULL);
}

void mg_pair_close(struct mg_pair *pair)
{
    mg_event_close(pair->port);
    MG_CHECK_EQ(mg_grant_unmap(pair->handle), 0);
    pair->box = NULL;
}

static bool has_ended(const struct mg_pair *pair)
{
    struct parapet_port_status status = {.kind = 0};

    return hypercall_evtchn_status(pair->port, &status) == 0 &&
           status.kind != PARAPET_PORT_INTERDOMAIN;
}

void mg_pair_end(struct mg_pair *pair, uint32_t reason)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    mg_pair_new(pair);
    (void)mg_pair_add(pair, MG_PAIR_END, reason, 0, 0);
    mg_pair_begin(pair, 1);
    while (!has_ended(pair)) {
        if (mg_clock_ns() > end)
            mg_error("domain %u does not end", pair->id);
        (void)hypercall_yield();
    }
}

/* ---- programs ---- */

void mg_pair_new(struct mg_pair *pair)
{
    if (!mg_pair_is_done(pair))
        mg_error("domain %u has not done its last program", pair->id);
    pair->box->nr_steps = 0;
}

volatile struct mg_pair_step *mg_pair_add(struct mg_pair *pair,
                                          enum mg_pair_op op, uint64_t a,
                                          uint64_t b, uint64_t c)
{
    volatile struct mg_pair_step *step = &pair->box->steps[pair->box->nr_steps];

    if (pair->box->nr_steps == MG_PAIR_STEPS)
        mg_error("a program has more than %d steps", MG_PAIR_STEPS);
    pair->box->nr_steps++;
    memset((void *)step, 0, sizeof(*step));
    step->op = op;
    step->args[0] = a;
    step->args[1] = b;
    step->args[2] = c;
    return step;
}

void mg_pair_begin(struct mg_pair *pair, uint64_t times)
{
    pair->box->times = times;
    pair->box->stop = 0;
    pair->box->rounds = 0;
    __atomic_store_n(&pair->box->turn, pair->box->turn + 1, __ATOMIC_SEQ_CST);
    MG_CHECK_EQ(hypercall_evtchn_send(pair->port), 0);
}

bool mg_pair_is_done(const struct mg_pair *pair)
{
    return __atomic_load_n(&pair->box->done, __ATOMIC_SEQ_CST) ==
           pair->box->turn;
}

void mg_pair_wait(const struct mg_pair *pair)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (!mg_pair_is_done(pair)) {
        if (mg_clock_ns() > end)
            mg_error("domain %u, vCPU %u: a program is not done in time, but "
                     "%lu of %lu rounds",
                     pair->id, pair->vcpu, pair->box->rounds, pair->box->times);
        (void)hypercall_yield();
    }
}

void mg_pair_stop(const struct mg_pair *pair)
{
    pair->box->stop = 1;
    mg_pair_wait(pair);
}

/* ---- one step, done ---- */

static volatile struct mg_pair_step *do_one(struct mg_pair *pair,
                                            enum mg_pair_op op, uint64_t a,
                                            uint64_t b, uint64_t c)
{
    volatile struct mg_pair_step *step;

    mg_pair_new(pair);
    step = mg_pair_add(pair, op, a, b, c);
    mg_pair_begin(pair, 1);
    mg_pair_wait(pair);
    return step;
}

int64_t mg_pair_do(struct mg_pair *pair, enum mg_pair_op op, uint64_t a,
                   uint64_t b, uint64_t c)
{
    return do_one(pair, op, a, b, c)->result;
}

uint64_t mg_pair_load(struct mg_pair *pair, uint64_t vaddr)
{
    volatile struct mg_pair_step *step =
        do_one(pair, MG_PAIR_LOAD, vaddr, 0, 0);

    if (step->result)
        mg_error("domain %u cannot read at %#lx", pair->id, vaddr);
    return step->value;
}

int64_t mg_pair_store(struct mg_pair *pair, uint64_t vaddr, uint64_t value)
{
    return mg_pair_do(pair, MG_PAIR_STORE, vaddr, value, 0);
}

struct mg_pair_page mg_pair_page(struct mg_pair *pair)
{
    volatile struct mg_pair_step *step = do_one(pair, MG_PAIR_PAGE, 0, 0, 0);

    return (struct mg_pair_page){step->value, step->args[0]};
}

int64_t mg_pair_call(struct mg_pair *pair, uint64_t number, uint64_t a,
                     uint64_t b, uint64_t c)
{
    volatile struct mg_pair_step *step;

    mg_pair_new(pair);
    step = mg_pair_add(pair, MG_PAIR_CALL, number, a, b);
    step->args[3] = c;
    mg_pair_begin(pair, 1);
    mg_pair_wait(pair);
    return step->result;
}

uint64_t mg_pair_address(const struct mg_pair *pair, const volatile void *place)
{
    return pair->box->vaddr + ((uint64_t)place - (uint64_t)pair->box);
}

int64_t mg_pair_call_element(struct mg_pair *pair, uint64_t number,
                             void *element, uint64_t size)
{
    void *data = (void *)pair->box->data;
    int64_t result;

    if (size > MG_PAIR_DATA)
        mg_error("an element of %lu bytes is too large", size);
    memcpy(data, element, size);
    result = mg_pair_call(pair, number, mg_pair_address(pair, data), 1, 0);
    memcpy(element, data, size);
    return result;
}

/* ---- the partner lends ---- */

static uint64_t entry_of(uint32_t ref)
{
    return PARAPET_GRANT_TABLE + ref * sizeof(struct parapet_grant_entry);
}

void mg_pair_write_entry(struct mg_pair *pair, uint32_t ref, uint64_t word,
                         uint64_t frame)
{
    mg_pair_new(pair);
    (void)mg_pair_add(pair, MG_PAIR_STORE, entry_of(ref) + 8, frame, 0);
    (void)mg_pair_add(pair, MG_PAIR_STORE, entry_of(ref), word, 0);
    mg_pair_begin(pair, 1);
    mg_pair_wait(pair);
}

void mg_pair_lend(struct mg_pair *pair, uint32_t ref, uint32_t domain,
                  uint64_t mfn, uint32_t flags)
{
    mg_pair_write_entry(pair, ref,
                        mg_grant_word(domain, PARAPET_GRANT_LEND | flags), mfn);
}

uint64_t mg_pair_read_entry(struct mg_pair *pair, uint32_t ref)
{
    return mg_pair_load(pair, entry_of(ref));
}

bool mg_pair_take_back(struct mg_pair *pair, uint32_t ref)
{
    uint64_t word = mg_pair_read_entry(pair, ref);

    return !(word & (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)) &&
           mg_pair_do(pair, MG_PAIR_CAS, entry_of(ref), word, 0) == 0;
}

struct parapet_grant_status mg_pair_status(struct mg_pair *pair, uint32_t ref)
{
    struct parapet_grant_status status;
    int64_t result = mg_pair_call(pair, PARAPET_HC_grant_status, ref,
                                  mg_pair_address(pair, pair->box->data), 0);

    if (result)
        mg_error("domain %u: grant_status of reference %u: %ld", pair->id, ref,
                 result);
    memcpy(&status, (void *)pair->box->data, sizeof(status));
    return status;
}

/* ---- the partner borrows ---- */

int64_t mg_pair_map(struct mg_pair *pair, uint32_t domain, uint32_t ref,
                    uint64_t index, uint64_t bits, uint32_t *handle)
{
    struct parapet_grant_map element = {.domain = domain,
                                        .ref = ref,
                                        .pte = pair->box->pte + 8 * index,
                                        .bits = bits};
    int64_t result = mg_pair_call_element(pair, PARAPET_HC_grant_map, &element,
                                          sizeof(element));

    if (handle)
        *handle = element.handle;
    return result ? result : element.status;
}

static int64_t let_go(struct mg_pair *pair, uint64_t number, uint32_t handle)
{
    struct parapet_grant_unmap element = {.handle = handle};
    int64_t result =
        mg_pair_call_element(pair, number, &element, sizeof(element));

    return result ? result : element.status;
}

int64_t mg_pair_unmap(struct mg_pair *pair, uint32_t handle)
{
    return let_go(pair, PARAPET_HC_grant_unmap, handle);
}

int64_t mg_pair_release(struct mg_pair *pair, uint32_t handle)
{
    return let_go(pair, PARAPET_HC_grant_release, handle);
}

int64_t mg_pair_hold(struct mg_pair *pair, uint32_t domain, uint32_t ref,
                     uint32_t flags, uint32_t *handle)
{
    struct parapet_grant_hold element = {
        .domain = domain, .ref = ref, .flags = flags};
    int64_t result = mg_pair_call_element(pair, PARAPET_HC_grant_hold, &element,
                                          sizeof(element));

    if (handle)
        *handle = element.handle;
    return result ? result : element.status;
}

uint64_t mg_pair_window_at(const struct mg_pair *pair, uint64_t index)
{
    return pair->box->window + index * MG_PAGE_SIZE;
}

void mg_pair_audit_at(struct mg_pair *pair, const char *file, int line)
{
    int64_t result = mg_pair_call(pair, PARAPET_HC_memory_audit, 0, 0, 0);

    if (result != 0)
        mg_failure("%s:%d: audit of domain %u by itself: expected 0 "
                   "differences, got %ld",
                   file, line, pair->id, result);
}
