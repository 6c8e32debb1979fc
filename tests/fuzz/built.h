/* SPDX-License-Identifier: MIT
 *
 * A domain in the host's memory for lib/builder/build.c: it answers what the
 * builder asks for, and what was built is looked through from the root, as the
 * CPU and the guest see it. Aborts, with a line, when anything in it is not as
 * lib/builder/build.h and abi/abi.h say.
 */
#ifndef TESTS_FUZZ_BUILT_H
#define TESTS_FUZZ_BUILT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/builder/build.h"

#define BUILT_PAGE 4096u
#define BUILT_PORT(n) (4 + 5 * (n)) /* the n-th that is made */

enum built_call {
    BUILT_POPULATE,
    BUILT_WRITE,
    BUILT_HYPERCALL_PAGE,
    BUILT_VCPU_CREATE,
    BUILT_ALLOC_UNBOUND,
    BUILT_VCPU_START,
    BUILT_NR_CALLS
};

/* A frame's mfn is far from that of the next one. */
struct built_frame {
    uint64_t gfn;
    unsigned int nr_writes;
    bool hypercall_page;
    uint8_t *bytes;
};

struct built {
    struct build_plan plan;
    uint8_t *bytes; /* of all frames */
    struct built_frame *frames;
    uint64_t nr_frames; /* that have been given */
    uint64_t *mfns;     /* by gfn; 0: none */
    uint32_t nr_ports;
    bool started;
    struct parapet_vcpu_start start;

    /* Set by the test: the call with this number (from 0) fails. */
    uint64_t fail_at;
    int error[BUILT_NR_CALLS]; /* by its kind */

    /* What was asked. */
    uint64_t nr_calls;
    enum built_call last;
    char why[200];
};

#define BUILT_NEVER UINT64_MAX

/*
 * Plans and builds the description as the domain with this id; what the plan
 * or the builder returned. All is freed by built_free(), whatever came of it.
 */
int built_make(struct built *b, const struct build_description *description,
               uint32_t id, uint64_t fail_at);
void built_free(struct built *b);

/* Of one that was built: everything in it. */
void built_check(const struct built *b, uint32_t id);

/* The frame with this mfn; aborts when the domain has none. */
const struct built_frame *built_frame(const struct built *b, uint64_t mfn);

/*
 * Any bytes as a kernel, with memory, vCPUs and a RAM disk as its last bytes
 * say: true when a domain was built of it, and has been checked.
 */
bool built_explore(const void *image, size_t size);

/* A line for a person, and the end. */
_Noreturn void built_wrong(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#define BUILT_CHECK(condition)                                                 \
    do {                                                                       \
        if (!(condition))                                                      \
            built_wrong("%s:%d: expected %s", __FILE__, __LINE__, #condition); \
    } while (0)

#endif
