/* SPDX-License-Identifier: MIT
 *
 * The consoles of other domains, which the kernel of the control domain shows:
 * the back-end (pvdrivers/console_back.h) of each, and what it has shown last.
 * One thread serves all. All is protected by disabled interrupts; a system call
 * that does not sleep has it for itself anyhow (thread/thread.h).
 */
#ifndef GUEST_KERNEL_CONTROL_CONSOLE_H
#define GUEST_KERNEL_CONTROL_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "guest-kernel/thread/wait.h"
#include "lib/list.h"
#include "pvdrivers/console_back.h"
#include "pvdrivers/history.h"

struct file;

struct control_console {
    struct list_node node; /* of all */
    uint32_t domain;
    uint32_t port; /* the domain's */
    bool is_ended; /* the domain: nothing comes any more */
    bool is_gone;  /* the domain: this goes with its last reader */
    struct console_back back;
    struct history history;
    struct list_node readers;   /* struct console_reader.node */
    struct wait_queue to_read;  /* who waits for what comes */
    struct wait_queue to_write; /* who waits for room */
};

/* A file that is open for one. */
struct console_reader {
    struct list_node node;
    struct control_console *console;
    uint64_t position; /* in its history */
    bool passes_key;   /* tty/console.h */
};

/* Starts the thread. */
void control_console_init(void);

/* Shows a domain's console from now on: 0, or the error of
 * PARAPET_IOC_SERVE. */
int64_t control_console_serve(uint32_t domain, uint32_t port);

/* Ends the back-ends of all, or begins them again, where they stopped: 0 or
 * -EBUSY. */
int64_t control_console_switch(bool on);

/* False: nothing can be typed now, and room follows. */
bool control_console_is_on(void);

/* Domains have changed: some may have ended. Any context. */
void control_console_look(void);

/* Lets go of all that the domain lends: it is about to be destroyed. What it
 * has written is shown first. Nothing if it is not served. */
void control_console_end(uint64_t domain);

/* NULL: nobody shows it. An id of 64 bits is what a program says, and names
 * nobody if it needs more than 32. */
struct control_console *control_console_find(uint64_t domain);

/* The thread looks again: a reader has read. */
void control_console_read(void);

/* The reader goes; and the console, if that was all that kept it. */
void control_console_leave(struct console_reader *reader);

/* control/console_file.c: the file becomes the console's. 0, or -errno. */
int64_t control_console_open(struct file *file, uint64_t domain);

#endif
