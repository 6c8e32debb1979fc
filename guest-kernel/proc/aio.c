/* SPDX-License-Identifier: MIT
 *
 * Events are in a ring, in which each request that is under way has a place.
 * Handlers add them: interrupts are disabled while they are looked at.
 */
#include "guest-kernel/proc/aio.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/user_page.h"
#include "guest-kernel/thread/wait.h"
#include "lib/macros.h"

struct aio {
    struct list_node node; /* of its process's contexts; by itself at its end */
    uint64_t id;
    uint32_t refs; /* the list's; one for each request; those of aio_get() */
    uint32_t nr_under_way;
    bool is_ended;
    struct wait_queue changed;
    uint32_t max;       /* places */
    uint32_t first, nr; /* events that are there */
    uint32_t wanted;    /* the fewest that somebody waits for */
    struct io_event events[];
};

/* ---- contexts ---- */

static unsigned int count(const struct list_node *contexts)
{
    const struct list_node *node;
    unsigned int nr = 0;

    for (node = contexts->next; node != contexts; node = node->next)
        nr++;
    return nr;
}

int64_t aio_create(struct list_node *contexts, uint64_t id, uint32_t nr)
{
    size_t size = sizeof(struct aio) + nr * sizeof(struct io_event);
    struct aio *aio = NULL;

    if (nr > AIO_MAX_REQUESTS || count(contexts) == AIO_MAX_CONTEXTS)
        return -EAGAIN;
    if (user_page_leaves(size))
        aio = kzalloc(size);
    if (aio == NULL)
        return -ENOMEM;
    aio->id = id;
    aio->refs = 1;
    aio->max = nr;
    aio->wanted = UINT32_MAX;
    wait_queue_init(&aio->changed);
    list_add_first(contexts, &aio->node);
    return 0;
}

struct aio *aio_get(struct list_node *contexts, uint64_t id)
{
    struct aio *aio;
    bool irq_on;

    list_for_each_entry (aio, contexts, node) {
        if (aio->id != id)
            continue;
        irq_on = privops_irq_save();
        aio->refs++;
        privops_irq_restore(irq_on);
        return aio;
    }
    return NULL;
}

void aio_put(struct aio *aio)
{
    bool irq_on = privops_irq_save();

    if (--aio->refs == 0)
        kfree(aio);
    privops_irq_restore(irq_on);
}

void aio_end(struct aio *aio)
{
    bool irq_on = privops_irq_save();

    list_remove(&aio->node);
    aio->is_ended = true;
    wait_queue_wake_all(&aio->changed);
    privops_irq_restore(irq_on);
    aio_put(aio);
}

void aio_drain(struct aio *aio)
{
    wait_event(&aio->changed, aio->nr_under_way == 0);
}

void aio_end_all(struct list_node *contexts)
{
    while (!list_is_empty(contexts))
        aio_end(list_first_entry(contexts, struct aio, node));
}

/* ---- requests ---- */

static void done(struct file_request *request, int64_t result)
{
    aio_done(container_of(request, struct aio_request, request), result);
}

struct aio_request *aio_prepare(struct aio *aio)
{
    struct aio_request *request = NULL;
    bool irq_on = privops_irq_save();

    if (aio->nr + aio->nr_under_way < aio->max)
        request = kmalloc(sizeof(*request));
    if (request != NULL) {
        request->request.done = done;
        request->aio = aio;
        aio->refs++;
        aio->nr_under_way++;
    }
    privops_irq_restore(irq_on);
    return request;
}

/* Interrupts are disabled. */
static void end_request(struct aio_request *request)
{
    struct aio *aio = request->aio;

    kfree(request);
    aio->nr_under_way--;
    if (aio->nr >= aio->wanted || aio->nr_under_way == 0) {
        aio->wanted = UINT32_MAX;
        wait_queue_wake_all(&aio->changed);
    }
    aio_put(aio);
}

void aio_drop(struct aio_request *request)
{
    bool irq_on = privops_irq_save();

    end_request(request);
    privops_irq_restore(irq_on);
}

void aio_done(struct aio_request *request, int64_t result)
{
    struct aio *aio = request->aio;
    bool irq_on = privops_irq_save();

    aio->events[(aio->first + aio->nr++) % aio->max] = (struct io_event){
        .data = request->data,
        .iocb = request->iocb,
        .result = result,
    };
    end_request(request);
    privops_irq_restore(irq_on);
}

/* ---- events ---- */

const struct io_event *aio_first(const struct aio *aio)
{
    return aio->nr > 0 ? &aio->events[aio->first] : NULL;
}

void aio_take(struct aio *aio)
{
    bool irq_on = privops_irq_save();

    aio->first = (aio->first + 1) % aio->max;
    aio->nr--;
    privops_irq_restore(irq_on);
}

int64_t aio_wait(struct aio *aio, uint64_t nr, uint64_t deadline_ns)
{
    bool irq_on = privops_irq_save();
    uint32_t wanted = (uint32_t)MIN(nr, (uint64_t)aio->max);
    int64_t result = 0;

    while (aio->nr < wanted && !aio->is_ended && result == 0) {
        aio->wanted = MIN(aio->wanted, wanted);
        result = wait_queue_sleep_until(&aio->changed, deadline_ns);
    }
    if (aio->is_ended)
        result = -EINVAL;
    privops_irq_restore(irq_on);
    return result;
}
