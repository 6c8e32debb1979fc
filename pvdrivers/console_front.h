/* SPDX-License-Identifier: MIT
 *
 * A console that another domain shows: the end of the domain that writes and
 * is typed for. Page and port are there from the domain's start
 * (abi/console.h).
 *
 * One thread at a time writes, and one reads or waits; they may be two. What is
 * in the page while nobody shows it stays there, and its writer waits as long
 * as it likes.
 */
#ifndef PVDRIVERS_CONSOLE_FRONT_H
#define PVDRIVERS_CONSOLE_FRONT_H

#include <stdint.h>

#include "abi/console.h"
#include "pvdrivers/stream.h"

struct env_bell;

struct console_front {
    uint32_t port;
    struct stream_writer out;
    struct stream_reader in;
    struct env_bell *room; /* rung at each event; who waits looks again */
    struct env_bell *input;
};

/* 0, or -PARAPET_ENOMEM. */
int console_front_begin(struct console_front *front,
                        struct parapet_console *page, uint32_t port);

/*
 * Writes the text, and sleeps while there is no room. How many bytes it has
 * written: fewer than nr when it was deadline_ns by then. -PV_EIO: the page is
 * of no use any more, and nothing was written.
 */
int console_front_write(struct console_front *front, const void *text,
                        uint32_t nr, uint64_t deadline_ns);

/* What was typed, at most nr bytes: how many, 0 when there are none, or
 * -PV_EIO. Does not sleep. */
int console_front_read(struct console_front *front, void *text, uint32_t nr);

/* Sleeps until something was typed: 1; 0 at deadline_ns; or -PV_EIO. */
int console_front_wait(struct console_front *front, uint64_t deadline_ns);

#endif
