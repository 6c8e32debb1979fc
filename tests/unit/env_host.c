/* SPDX-License-Identifier: MIT
 *
 * Pages, grants, ports and what is said; threads and bells are in
 * env_host_thread.c. One lock for all of it. A handler is called without it, by
 * whoever sent or unmasked, one at a time for each port.
 */
#include "tests/unit/env_host.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"

#define NR_PAGES 64
#define NR_GRANTS 32
#define NR_PORTS 32
#define FIRST_MFN 0x4000

struct page {
    void *bytes; /* NULL: free */
    uint32_t owner;
};

struct grant {
    bool lent;
    bool read_only;
    uint32_t to;
    uint64_t mfn;
    unsigned int uses;
};

struct port {
    enum { FREE, UNBOUND, BOUND } kind;
    uint32_t remote;
    uint32_t remote_port;
    env_handler_t *handler;
    void *context;
    bool masked;
    bool pending;
    bool running;
    pthread_t runner;
};

struct domain {
    struct grant grants[NR_GRANTS];
    struct port ports[NR_PORTS]; /* port 0 is never used */
    unsigned int mapped;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct page pages[NR_PAGES];
static struct domain domains[ENV_HOST_DOMAINS];
static bool refuses;
static unsigned int refuses_after;
static char said[160];
static _Thread_local uint32_t self;

static void take(void)
{
    pthread_mutex_lock(&lock);
}

static void give(void)
{
    pthread_mutex_unlock(&lock);
}

static struct domain *own(void)
{
    return &domains[self];
}

/* Whether the test has this one refused. */
static bool refused(void)
{
    if (!refuses || refuses_after-- > 0)
        return false;
    refuses = false;
    return true;
}

bool env_host_refuses(void)
{
    bool result;

    take();
    result = refused();
    give();
    return result;
}

void env_host_refuse_after(unsigned int nr)
{
    take();
    refuses = true;
    refuses_after = nr;
    give();
}

void env_host_be(uint32_t domain)
{
    self = domain;
}

uint32_t env_host_is(void)
{
    return self;
}

void env_host_reset(void)
{
    env_host_join();
    take();
    for (unsigned int i = 0; i < NR_PAGES; i++)
        free(pages[i].bytes);
    memset(pages, 0, sizeof(pages));
    memset(domains, 0, sizeof(domains));
    said[0] = '\0';
    refuses = false;
    give();
}

/* ---- pages ---- */

void *env_page_alloc(void)
{
    void *bytes = NULL;

    take();
    for (unsigned int i = 0; i < NR_PAGES && !bytes; i++) {
        if (pages[i].bytes)
            continue;
        if (refused())
            break;
        bytes = aligned_alloc(ENV_PAGE_SIZE, ENV_PAGE_SIZE);
        memset(bytes, 0, ENV_PAGE_SIZE);
        pages[i] = (struct page){bytes, self};
    }
    give();
    return bytes;
}

static unsigned int index_of(const void *page)
{
    for (unsigned int i = 0; i < NR_PAGES; i++)
        if (pages[i].bytes == page)
            return i;
    fprintf(stderr, "env_host: %p is no page of anybody's\n", page);
    abort();
}

void env_page_free(void *page)
{
    unsigned int i;

    take();
    i = index_of(page);
    for (unsigned int ref = 0; ref < NR_GRANTS; ref++)
        if (own()->grants[ref].lent &&
            own()->grants[ref].mfn == FIRST_MFN + i) {
            fprintf(stderr, "env_host: a page that is lent is freed\n");
            abort();
        }
    free(page);
    pages[i].bytes = NULL;
    give();
}

uint64_t env_page_mfn(const void *page)
{
    uint64_t mfn;

    take();
    mfn = FIRST_MFN + index_of(page);
    give();
    return mfn;
}

/* ---- grants ---- */

int env_lend(uint32_t domain, const void *page, bool read_only)
{
    int ref = -PARAPET_ENOSPC;

    take();
    for (unsigned int i = 0; i < NR_GRANTS && ref < 0; i++) {
        if (own()->grants[i].lent)
            continue;
        if (refused())
            break;
        own()->grants[i] = (struct grant){.lent = true,
                                          .read_only = read_only,
                                          .to = domain,
                                          .mfn = FIRST_MFN + index_of(page)};
        ref = (int)i;
    }
    give();
    return ref;
}

bool env_take_back(uint32_t ref)
{
    bool free_now;

    take();
    free_now = own()->grants[ref].uses == 0;
    if (free_now)
        own()->grants[ref].lent = false;
    give();
    return free_now;
}

/* The entry, or NULL with the error. */
static struct grant *entry_of(uint32_t domain, uint32_t ref, bool read_only,
                              int *status)
{
    struct grant *grant;

    *status = -PARAPET_ENOENT;
    if (domain >= ENV_HOST_DOMAINS)
        return NULL;
    *status = -PARAPET_EPERM;
    if (ref >= NR_GRANTS)
        return NULL;
    grant = &domains[domain].grants[ref];
    if (!grant->lent || grant->to != self || (grant->read_only && !read_only) ||
        pages[grant->mfn - FIRST_MFN].owner != domain)
        return NULL;
    *status = 0;
    return grant;
}

void env_map(struct env_loan *loans, unsigned int nr)
{
    take();
    for (unsigned int i = 0; i < nr; i++) {
        struct env_loan *loan = &loans[i];
        struct grant *grant =
            entry_of(loan->domain, loan->ref, loan->read_only, &loan->status);

        loan->page = NULL;
        if (grant && refused())
            loan->status = -PARAPET_ENOSPC;
        else if (grant) {
            grant->uses++;
            own()->mapped++;
            loan->page = pages[grant->mfn - FIRST_MFN].bytes;
        }
    }
    give();
}

void env_unmap(struct env_loan *loans, unsigned int nr)
{
    take();
    for (unsigned int i = 0; i < nr; i++) {
        if (!loans[i].page)
            continue;
        domains[loans[i].domain].grants[loans[i].ref].uses--;
        own()->mapped--;
        loans[i].page = NULL;
        loans[i].status = 0;
    }
    give();
}

static void copy_one(struct env_copy *copy)
{
    struct grant *grant =
        entry_of(copy->domain, copy->ref, copy->to_own, &copy->status);
    uint8_t *lent;

    if (!grant)
        return;
    if (copy->length > ENV_PAGE_SIZE ||
        copy->offset > ENV_PAGE_SIZE - copy->length) {
        copy->status = -PARAPET_EINVAL;
        return;
    }
    lent = (uint8_t *)pages[grant->mfn - FIRST_MFN].bytes + copy->offset;
    if (copy->to_own)
        memcpy(copy->own, lent, copy->length);
    else
        memcpy(lent, copy->own, copy->length);
}

void env_copy(struct env_copy *copies, unsigned int nr)
{
    take();
    for (unsigned int i = 0; i < nr; i++)
        copy_one(&copies[i]);
    give();
}

/* ---- ports ---- */

/* A free one gets a handler; 0: there is none. */
static uint32_t make_port(uint32_t domain, env_handler_t *handler,
                          void *context)
{
    for (uint32_t i = 1; i < NR_PORTS; i++)
        if (own()->ports[i].kind == FREE) {
            if (refused())
                return 0;
            own()->ports[i] = (struct port){.kind = UNBOUND,
                                            .remote = domain,
                                            .handler = handler,
                                            .context = context};
            return i;
        }
    return 0;
}

/* With the lock, which is let go meanwhile. */
static void deliver(uint32_t domain, uint32_t number)
{
    struct port *port = &domains[domain].ports[number];
    uint32_t sender = self;

    while (port->pending && !port->masked && port->handler && !port->running) {
        env_handler_t *handler = port->handler;
        void *context = port->context;

        port->pending = false;
        port->running = true;
        port->runner = pthread_self();
        give();
        self = domain;
        handler(number, context);
        self = sender;
        take();
        port->running = false;
        pthread_cond_broadcast(&changed);
    }
}

static void raise_port(uint32_t domain, uint32_t number)
{
    domains[domain].ports[number].pending = true;
    deliver(domain, number);
}

int env_port_alloc(uint32_t domain, env_handler_t *handler, void *context)
{
    uint32_t port;

    take();
    port = make_port(domain, handler, context);
    give();
    return port ? (int)port : -PARAPET_ENOSPC;
}

int env_port_bind(uint32_t domain, uint32_t port, env_handler_t *handler,
                  void *context)
{
    struct port *other;
    uint32_t made = 0;
    int result = -PARAPET_ENOENT;

    take();
    if (domain < ENV_HOST_DOMAINS && port > 0 && port < NR_PORTS) {
        other = &domains[domain].ports[port];
        if (other->kind == UNBOUND && other->remote == self) {
            made = make_port(domain, handler, context);
            result = made ? (int)made : -PARAPET_ENOSPC;
        }
    }
    if (made) {
        own()->ports[made].kind = BOUND;
        own()->ports[made].remote_port = port;
        other->kind = BOUND;
        other->remote_port = made;
        raise_port(self, made);
    }
    give();
    return result;
}

void env_port_handle(uint32_t port, env_handler_t *handler, void *context)
{
    take();
    own()->ports[port].handler = handler;
    own()->ports[port].context = context;
    deliver(self, port);
    give();
}

void env_port_send(uint32_t port)
{
    struct port *from;

    take();
    from = &own()->ports[port];
    if (from->kind == BOUND)
        raise_port(from->remote, from->remote_port);
    give();
}

void env_port_mask(uint32_t port)
{
    take();
    own()->ports[port].masked = true;
    give();
}

void env_port_unmask(uint32_t port)
{
    take();
    own()->ports[port].masked = false;
    deliver(self, port);
    give();
}

static void close_port(uint32_t domain, uint32_t number)
{
    struct port *port = &domains[domain].ports[number];
    struct port was = *port;

    *port = (struct port){.running = was.running, .runner = was.runner};
    if (was.kind == BOUND) {
        domains[was.remote].ports[was.remote_port].kind = UNBOUND;
        raise_port(was.remote, was.remote_port);
    }
}

void env_port_close(uint32_t port)
{
    struct port *closed;

    take();
    close_port(self, port);
    closed = &own()->ports[port];
    while (closed->running && !pthread_equal(closed->runner, pthread_self()))
        pthread_cond_wait(&changed, &lock);
    give();
}

/* ---- what is said ---- */

void env_say(const char *format, ...)
{
    va_list args;
    int length;

    take();
    length = snprintf(said, sizeof(said), "d%u: ", self);
    va_start(args, format);
    (void)vsnprintf(said + length, sizeof(said) - (size_t)length, format, args);
    va_end(args);
    give();
}

const char *env_host_said(void)
{
    return said;
}

/* ---- for tests ---- */

struct env_host_use env_host_use(uint32_t domain)
{
    struct env_host_use use = {.pages = 0};

    take();
    use.mapped = domains[domain].mapped;
    for (unsigned int i = 0; i < NR_PAGES; i++)
        use.pages += pages[i].bytes && pages[i].owner == domain;
    for (unsigned int i = 0; i < NR_GRANTS; i++) {
        use.lent += domains[domain].grants[i].lent;
        use.in_use += domains[domain].grants[i].uses;
    }
    for (unsigned int i = 0; i < NR_PORTS; i++)
        use.ports += domains[domain].ports[i].kind != FREE;
    give();
    return use;
}
