/* SPDX-License-Identifier: MIT
 *
 * What front-ends and back-ends ask of the kernel that they are in. Each kernel
 * that links them provides these functions; the unit tests provide them on the
 * host (tests/unit/env_host.h). So nothing in pvdrivers/ knows which kernel it
 * is in, nor makes a hypercall itself.
 *
 * Errors are -PARAPET_E* (abi/errors.def). A domain is named by its id. What is
 * called from a handler of a port may not wait; only env_bell_wait(),
 * env_thread_start() and what allocates, reserves or maps do.
 */
#ifndef PVDRIVERS_ENV_H
#define PVDRIVERS_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/grant.h"

#define ENV_PAGE_SIZE 4096u
#define ENV_FOREVER UINT64_MAX

/* ---- pages of one's own ---- */

/* A page of zeros in which nothing else lies, so that it can be lent; NULL:
 * there is none. Whoever frees it has it back from all whom it was lent to. */
void *env_page_alloc(void);
void env_page_free(void *page);

/* Its machine frame, which stays the same until it is freed. */
uint64_t env_page_mfn(const void *page);

/* ---- to lend ---- */

/* Lends a page to a domain. The reference, or -PARAPET_ENOSPC. */
int env_lend(uint32_t domain, const void *page, bool read_only);

/* False: it is in use. The page must be left alone, and stays lent. */
bool env_take_back(uint32_t ref);

/*
 * So many entries in a row of the domain's own grant table, which lend nothing:
 * for who lends frames by their number, many and often, by pvdrivers/lend.h.
 * The first one's reference, or -PARAPET_ENOSPC.
 */
int env_lend_reserve(unsigned int nr, struct parapet_grant_entry **entries);

/* Gives them back, but for those in use, which stay taken. */
void env_lend_unreserve(uint32_t ref, unsigned int nr);

/* ---- to borrow ---- */

/* A page that another domain lends, while it is mapped. */
struct env_loan {
    uint32_t domain; /* the caller sets these three */
    uint32_t ref;
    bool read_only;
    void *page;      /* where it is mapped; NULL: it is not */
    uint32_t handle; /* the kernel's own */
    int status;      /* 0 or the error */
};

/* Bytes between a lent page and memory of one's own. */
struct env_copy {
    uint32_t domain;
    uint32_t ref;
    uint32_t offset; /* in the lent page; offset + length is inside it */
    uint32_t length;
    void *own;   /* within one page, too */
    bool to_own; /* else from there to the lent page */
    int status;  /* 0 or the error */
};

/*
 * Each element has its own status. What would be -PARAPET_EAGAIN is tried again
 * a bounded number of times first. To unmap does nothing where page is NULL.
 */
void env_map(struct env_loan *loans, unsigned int nr);
void env_unmap(struct env_loan *loans, unsigned int nr);
void env_copy(struct env_copy *copies, unsigned int nr);

/*
 * Frames without a mapping, for a device, one by one or by entries in a row:
 * each element has its own status, and when that is 0 its machine address, or
 * those of the run (abi/grant.h). -PARAPET_EAGAIN is told,
 * and not tried again: who asks can do something else meanwhile. To release
 * takes the handles; before, the device is to be done with the frames. At most
 * PARAPET_MAX_GRANT_ELEMENTS at once.
 */
void env_hold(struct parapet_grant_hold *holds, unsigned int nr);
void env_hold_run(struct parapet_grant_run *runs, unsigned int nr);
void env_release(struct parapet_grant_unmap *handles, unsigned int nr);

/* ---- ports ---- */

/*
 * Called for each event of a port, by any thread or in an interrupt: it may
 * send, mask, unmask and ring bells. Not called while the port is masked; an
 * event that came meanwhile is told at the unmask.
 */
typedef void env_handler_t(uint32_t port, void *context);

/* A port that the domain may bind; and one that is bound to a port of its. The
 * port, not masked, or the error. */
int env_port_alloc(uint32_t domain, env_handler_t *handler, void *context);
int env_port_bind(uint32_t domain, uint32_t port, env_handler_t *handler,
                  void *context);

/* The handler of a port that was there from the start. */
void env_port_handle(uint32_t port, env_handler_t *handler, void *context);

/* Nothing happens when there is nobody at the other end. */
void env_port_send(uint32_t port);
void env_port_mask(uint32_t port);
void env_port_unmask(uint32_t port);

/* Once this returns its handler runs nowhere, and is not called again. */
void env_port_close(uint32_t port);

/* ---- threads ---- */

/* Runs it in a thread of its own, which ends when it returns. 0 or the
 * error. */
int env_thread_start(const char *name, void (*run)(void *context),
                     void *context);

/* What a thread sleeps on: a bell that has been rung stays so until one thread
 * has heard it. */
struct env_bell;

struct env_bell *env_bell_make(void); /* NULL: no memory */
void env_bell_free(struct env_bell *bell);
void env_bell_ring(struct env_bell *bell);

/* False: it is deadline_ns, on the clock of env_now(), and nobody has rung.
 * ENV_FOREVER: there is no deadline. */
bool env_bell_wait(struct env_bell *bell, uint64_t deadline_ns);

/* Nanoseconds that only rise. */
uint64_t env_now(void);

/* A line for the log of the kernel, without a line feed. */
void env_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
