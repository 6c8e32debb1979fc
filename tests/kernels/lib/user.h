/* SPDX-License-Identifier: MIT
 *
 * User mode: an address space for it, and a way in and out. One for all of a
 * test; on vCPU 0 only.
 *
 *   400000  the image's text, so that each MG_SNIPPET can run in user mode
 *   800000  MG_USER_PAGES pages of data
 *
 * The kernel root has the same lower half.
 */
#ifndef KERNELS_USER_H
#define KERNELS_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/kernels/lib/trap.h"

#define MG_USER_TEXT 0x400000ul
#define MG_USER_DATA 0x800000ul
#define MG_USER_PAGES 4
#define MG_USER_STACK_TOP (MG_USER_DATA + MG_USER_PAGES * 4096)

/* In the direct map, for tests that do more with them. */
struct mg_user_space {
    uint64_t *root; /* pinned, and the vCPU's user root */
    uint64_t *l3, *l2, *text_l1, *data_l1;
    uint64_t *data; /* MG_USER_PAGES pages */
};

/*
 * Makes the address space, a kernel stack for entries from it, and registers
 * the runtime's entry for system calls. A refusal ends the test as an error.
 */
const struct mg_user_space *mg_user_init(void);

/* Where user mode finds a function of the image. */
uint64_t mg_user_address(void (*fn)(void *));

/*
 * Runs fn in user mode, with rdi and rsp as given and events as flags say (0
 * or PARAPET_RFLAGS_IF), until it is ended by what *fault describes: an
 * exception, or MG_SYSCALL. What a hook takes is not the end.
 */
void mg_user_run(void (*fn)(void *), uint64_t rdi, uint64_t rflags,
                 struct mg_fault *fault);

/* The same for any frame; not for one that the hypervisor will not take. */
void mg_user_enter(const struct parapet_frame *frame, uint64_t rdi,
                   struct mg_fault *fault);

/* A failure of the test unless fn in user mode is ended by this, from there. */
bool mg_user_expect(const char *what, void (*fn)(void *), uint64_t rdi,
                    uint64_t vector, struct mg_fault *fault);

#endif
