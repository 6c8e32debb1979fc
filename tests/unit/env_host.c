/* SPDX-License-Identifier: MIT
 *
 * Pages, ports and what is said; grants are in env_host_grant.c, threads and
 * bells in env_host_thread.c. One lock for all but the last two. A handler is
 * called without it, by whoever sent or unmasked, one at a time for each port.
 */
#include "tests/unit/env_host.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"
#include "tests/unit/env_host_parts.h"

#define NR_PAGES 256
#define NR_PORTS 32
#define FIRST_MFN 0x4000

struct page {
    void *bytes; /* NULL: free */
    uint32_t owner;
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
    struct port ports[NR_PORTS]; /* port 0 is never used */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct page pages[NR_PAGES];
static struct domain domains[ENV_HOST_DOMAINS];
static bool refuses;
static unsigned int refuses_after;
static char said[160];
static _Thread_local uint32_t self;

void env_host_take(void)
{
    pthread_mutex_lock(&lock);
}

void env_host_give(void)
{
    pthread_mutex_unlock(&lock);
}

static struct domain *own(void)
{
    return &domains[self];
}

bool env_host_refused(void)
{
    if (!refuses || refuses_after-- > 0)
        return false;
    refuses = false;
    return true;
}

bool env_host_refuses(void)
{
    bool result;

    env_host_take();
    result = env_host_refused();
    env_host_give();
    return result;
}

void env_host_refuse_after(unsigned int nr)
{
    env_host_take();
    refuses = true;
    refuses_after = nr;
    env_host_give();
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
    env_host_take();
    for (unsigned int i = 0; i < NR_PAGES; i++)
        free(pages[i].bytes);
    memset(pages, 0, sizeof(pages));
    memset(domains, 0, sizeof(domains));
    env_host_reset_grants();
    said[0] = '\0';
    refuses = false;
    env_host_give();
}

/* ---- pages ---- */

void *env_page_alloc(void)
{
    void *bytes = NULL;

    env_host_take();
    for (unsigned int i = 0; i < NR_PAGES && !bytes; i++) {
        if (pages[i].bytes)
            continue;
        if (env_host_refused())
            break;
        bytes = aligned_alloc(ENV_PAGE_SIZE, ENV_PAGE_SIZE);
        memset(bytes, 0, ENV_PAGE_SIZE);
        pages[i] = (struct page){bytes, self};
    }
    env_host_give();
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

    env_host_take();
    i = index_of(page);
    if (env_host_is_lent(self, FIRST_MFN + i)) {
        fprintf(stderr, "env_host: a page that is lent is freed\n");
        abort();
    }
    free(page);
    pages[i].bytes = NULL;
    env_host_give();
}

uint64_t env_host_mfn_of(const void *page)
{
    return FIRST_MFN + index_of(page);
}

uint64_t env_page_mfn(const void *page)
{
    uint64_t mfn;

    env_host_take();
    mfn = env_host_mfn_of(page);
    env_host_give();
    return mfn;
}

void *env_host_bytes(uint32_t owner, uint64_t mfn)
{
    uint64_t i = mfn - FIRST_MFN;

    return i < NR_PAGES &&
                   (owner == ENV_HOST_DOMAINS || owner == pages[i].owner)
               ? pages[i].bytes
               : NULL;
}

void *env_host_frame(uint64_t maddr)
{
    uint8_t *bytes;

    env_host_take();
    bytes = env_host_bytes(ENV_HOST_DOMAINS, maddr / ENV_PAGE_SIZE);
    env_host_give();
    if (!bytes) {
        fprintf(stderr, "env_host: no page has this machine address\n");
        abort();
    }
    return bytes + maddr % ENV_PAGE_SIZE;
}

/* ---- ports ---- */

/* A free one gets a handler; 0: there is none. */
static uint32_t make_port(uint32_t domain, env_handler_t *handler,
                          void *context)
{
    for (uint32_t i = 1; i < NR_PORTS; i++)
        if (own()->ports[i].kind == FREE) {
            if (env_host_refused())
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
        env_host_give();
        self = domain;
        handler(number, context);
        self = sender;
        env_host_take();
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

    env_host_take();
    port = make_port(domain, handler, context);
    env_host_give();
    return port ? (int)port : -PARAPET_ENOSPC;
}

int env_port_bind(uint32_t domain, uint32_t port, env_handler_t *handler,
                  void *context)
{
    struct port *other;
    uint32_t made = 0;
    int result = -PARAPET_ENOENT;

    env_host_take();
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
    env_host_give();
    return result;
}

void env_port_handle(uint32_t port, env_handler_t *handler, void *context)
{
    env_host_take();
    own()->ports[port].handler = handler;
    own()->ports[port].context = context;
    deliver(self, port);
    env_host_give();
}

void env_port_send(uint32_t port)
{
    struct port *from;

    env_host_take();
    from = &own()->ports[port];
    if (from->kind == BOUND)
        raise_port(from->remote, from->remote_port);
    env_host_give();
}

void env_port_mask(uint32_t port)
{
    env_host_take();
    own()->ports[port].masked = true;
    env_host_give();
}

void env_port_unmask(uint32_t port)
{
    env_host_take();
    own()->ports[port].masked = false;
    deliver(self, port);
    env_host_give();
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

    env_host_take();
    close_port(self, port);
    closed = &own()->ports[port];
    while (closed->running && !pthread_equal(closed->runner, pthread_self()))
        pthread_cond_wait(&changed, &lock);
    env_host_give();
}

/* ---- what is said ---- */

void env_say(const char *format, ...)
{
    va_list args;
    int length;

    env_host_take();
    length = snprintf(said, sizeof(said), "d%u: ", self);
    va_start(args, format);
    (void)vsnprintf(said + length, sizeof(said) - (size_t)length, format, args);
    va_end(args);
    env_host_give();
}

const char *env_host_said(void)
{
    return said;
}

/* ---- for tests ---- */

struct env_host_use env_host_use(uint32_t domain)
{
    struct env_host_use use = {.pages = 0};

    env_host_take();
    env_host_count_grants(domain, &use);
    for (unsigned int i = 0; i < NR_PAGES; i++)
        use.pages += pages[i].bytes && pages[i].owner == domain;
    for (unsigned int i = 0; i < NR_PORTS; i++)
        use.ports += domains[domain].ports[i].kind != FREE;
    env_host_give();
    return use;
}
