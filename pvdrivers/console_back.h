/* SPDX-License-Identifier: MIT
 *
 * A console of another domain: the end of the domain that shows what it writes
 * and passes on what is typed for it. One thread does all calls for it, and may
 * have many consoles; the bell is rung when one of them is to be served.
 *
 * The page is the other domain's, and believed nothing. A domain that writes
 * faster than it may is served later, and so waits; one that sends events for
 * nothing is listened to more and more rarely. Neither costs anybody else
 * anything.
 */
#ifndef PVDRIVERS_CONSOLE_BACK_H
#define PVDRIVERS_CONSOLE_BACK_H

#include <stdbool.h>
#include <stdint.h>

#include "pvdrivers/env.h"
#include "pvdrivers/listen.h"
#include "pvdrivers/stream.h"

/* So many bytes at once, above which `rate` counts. */
#define CONSOLE_BACK_BURST 65536

/* What is shown at once counts as so many bytes at least: each time costs an
 * event and a turn of the thread, however little it is. */
#define CONSOLE_BACK_ROUND 64

/* Whose it is: all are called from console_back_serve(), and room() also from
 * console_back_input(), when it finds the page broken. */
struct console_back_user {
    /* The domain has written this. */
    void (*show)(void *context, const uint8_t *text, uint32_t nr);
    /* There is room again, after console_back_input() took less than it got; or
     * there never will be, since the console is broken. */
    void (*room)(void *context);
};

struct console_back {
    /* The caller sets these. */
    uint32_t domain;
    uint32_t rate; /* bytes in a second; 0: as many as it writes */
    struct env_bell *bell;
    const struct console_back_user *user;
    void *context;

    struct env_loan loan;
    uint32_t port; /* 0: it has not begun, is stopped, or is broken */
    struct stream_reader out;
    struct stream_writer in;
    int64_t allowance; /* bytes; below 0 it has shown too much */
    uint64_t refilled; /* when */
    struct listener listener;
    bool wants_room;
};

/*
 * Maps the page that the domain lends as ref, for as long as this has its
 * console: one that has ended lends nothing any more. If there was a back-end
 * before, it goes on where that one stopped. 0 or the error.
 */
int console_back_map(struct console_back *back, uint32_t ref);

/* Binds the domain's port: the console is to be served from now on. 0 or the
 * error, and then it is as it was; -PV_EIO when there is no page. */
int console_back_begin(struct console_back *back, uint32_t remote_port);

/* Lets go of the port. What the domain writes stays in the page, until the
 * console begins again or is drained. */
void console_back_stop(struct console_back *back);

/* Shows what is in the page, whether it has begun or not; again if there is
 * more then, but at most so often. For a domain that does not run any more. */
void console_back_drain(struct console_back *back, unsigned int times);

/* Lets go of page and port. What was not shown stays in the page. */
void console_back_end(struct console_back *back);

/*
 * Shows what was written, at most a page's worth. When to call it again, if the
 * bell is not rung before: 0 at once, ENV_FOREVER never. A page whose words
 * cannot be true breaks the console, which is let go of, once and for ever.
 */
uint64_t console_back_serve(struct console_back *back);

/* Passes on what was typed: how many bytes there was room for, or -PV_EIO. If
 * it is less than nr, the user is told when there is room. */
int console_back_input(struct console_back *back, const void *text,
                       uint32_t nr);

#endif
