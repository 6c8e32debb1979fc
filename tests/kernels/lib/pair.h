/* SPDX-License-Identifier: MIT
 *
 * A pair of micro-guests: the test, and a partner that does what it is told,
 * however hostile. So what a partner does is data of the test's. A partner is
 * partners/pair in the bundle (QEMU: partner=partners/pair), whose first boot
 * arguments may be tester=N; or a child with "pair tester=N" (lib/control.h).
 *
 * Each vCPU of a partner has a mailbox: a page that it lends to the test, in
 * which the test writes a program, a few steps that are done in order. What is
 * done by name below is a program of one step, to its end.
 *
 *   test                        mailbox                   vCPU of the partner
 *   writes steps, then turn --> turn ------- event ---->  does the steps
 *   waits                  <--- done <------------------  writes results, done
 */
#ifndef KERNELS_PAIR_H
#define KERNELS_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"

/* The mailbox of vCPU 0 is lent as this reference, and its port; then on. Other
 * references and ports are the test's. */
#define MG_PAIR_REF 0
#define MG_PAIR_PORT 1
#define MG_PAIR_MAX_VCPUS 4

/* Who is who, when tests/kernels/run starts them beside each other. */
#define MG_PAIR_TESTER 1
#define MG_PAIR_ID 2

#define MG_PAIR_STEPS 24
#define MG_PAIR_DATA 1024

/* A step: what is done with args; result is 0 or -errno where nothing else is
 * said, and -EFAULT when it faulted. */
enum mg_pair_op {
    MG_PAIR_CALL,    /* hypercall args[0] (args[1] to args[6]): its result;
                        repeated while that is -ERESTART */
    MG_PAIR_ONCE,    /* the same, not repeated */
    MG_PAIR_LOAD,    /* of the word at args[0]: value */
    MG_PAIR_STORE,   /* there, of args[1] */
    MG_PAIR_CAS,     /* there, of args[2] if there is args[1]: value is what
                        was there; -EBUSY if something else */
    MG_PAIR_TAKE,    /* the same until it is done; -EAGAIN: never */
    MG_PAIR_AWAIT,   /* until the word at args[0] is args[1]; -EAGAIN: never */
    MG_PAIR_PAGE,    /* a new page: value is its place, args[0] its mfn */
    MG_PAIR_TABLE,   /* the page at args[0] becomes a table, pinned as
                        args[1] */
    MG_PAIR_UNTABLE, /* and a page again */
    MG_PAIR_GIVE_BACK, /* the page at args[0], all of whose mappings are the one
                          in the direct map */
    MG_PAIR_POPULATE,  /* the page at args[0] anew: args[1] is its mfn, which is
                          written to args[2] if that is not 0; -EEXIST: it is
                          there */
    MG_PAIR_END,       /* the domain ends, by args[0] (PARAPET_SHUTDOWN_*) */
};

struct mg_pair_step {
    uint64_t op;
    uint64_t args[7];
    int64_t result;
    uint64_t value;
    uint64_t nr_good; /* of a program that is repeated: how often it was 0 */
    uint64_t nr_bad;
};

struct mg_mailbox {
    uint64_t turn;     /* test: the number of the program that is to be done */
    uint64_t times;    /* test: how often all the steps */
    uint64_t stop;     /* test: not 0: not once more */
    uint64_t nr_steps; /* test */
    uint64_t done;     /* partner: the number of the last that was done */
    uint64_t rounds;   /* partner: how often it has done all the steps */
    uint64_t vaddr;    /* partner: where it has the mailbox */
    uint64_t window;   /* partner: where a window of its own is, and the */
    uint64_t pte;      /* machine address of the window's first entry */
    struct mg_pair_step steps[MG_PAIR_STEPS];
    unsigned char data[MG_PAIR_DATA]; /* test: what the steps' pointers may
                                         lead to */
};

/* A vCPU of a partner, as the test has it. */
struct mg_pair {
    uint32_t id;
    uint32_t vcpu;
    uint32_t port;   /* ours */
    uint32_t handle; /* of the mailbox */
    volatile struct mg_mailbox *box;
};

/* A page of the partner's. */
struct mg_pair_page {
    uint64_t vaddr; /* there */
    uint64_t mfn;
};

/* The partner's side: serves all its vCPUs' mailboxes until it is told to end.
 * tester is the domain of the test. */
_Noreturn void mg_pair_serve(uint32_t tester);

/* Waits for a partner's vCPU, and maps its mailbox. */
void mg_pair_init(struct mg_pair *pair, uint32_t id, uint32_t vcpu);

/* Unmaps it. */
void mg_pair_close(struct mg_pair *pair);

/* ---- programs ---- */

/* An empty one; adds a step, which may be looked at when it is done. */
void mg_pair_new(struct mg_pair *pair);
volatile struct mg_pair_step *mg_pair_add(struct mg_pair *pair,
                                          enum mg_pair_op op, uint64_t a,
                                          uint64_t b, uint64_t c);

/* Has it done, so often; does not wait. */
void mg_pair_begin(struct mg_pair *pair, uint64_t times);

/* Whether it is done; and waits for that, which ends the test if it takes too
 * long. Stop does so after the round that is being done. */
bool mg_pair_is_done(const struct mg_pair *pair);
void mg_pair_wait(const struct mg_pair *pair);
void mg_pair_stop(const struct mg_pair *pair);

/* ---- one step, done ---- */

/* All give the step's result, if nothing else is said. */
int64_t mg_pair_do(struct mg_pair *pair, enum mg_pair_op op, uint64_t a,
                   uint64_t b, uint64_t c);

/* The value; a fault ends the test. */
uint64_t mg_pair_load(struct mg_pair *pair, uint64_t vaddr);
int64_t mg_pair_store(struct mg_pair *pair, uint64_t vaddr, uint64_t value);
struct mg_pair_page mg_pair_page(struct mg_pair *pair);

/* A hypercall with up to six arguments. */
int64_t mg_pair_call(struct mg_pair *pair, uint64_t number, uint64_t a,
                     uint64_t b, uint64_t c);

/*
 * A hypercall that takes an array: these bytes are one element, which is there
 * and back again. Gives the call's result.
 */
int64_t mg_pair_call_element(struct mg_pair *pair, uint64_t number,
                             void *element, uint64_t size);

/* The partner lends, and takes back, as mg_grant_lend_mfn() and so on do. */
void mg_pair_write_entry(struct mg_pair *pair, uint32_t ref, uint64_t word,
                         uint64_t frame);
void mg_pair_lend(struct mg_pair *pair, uint32_t ref, uint32_t domain,
                  uint64_t mfn, uint32_t flags);
bool mg_pair_take_back(struct mg_pair *pair, uint32_t ref);
uint64_t mg_pair_read_entry(struct mg_pair *pair, uint32_t ref);
struct parapet_grant_status mg_pair_status(struct mg_pair *pair, uint32_t ref);

/* The partner borrows, as mg_grant_map() and so on do; the entry is of its
 * window. */
int64_t mg_pair_map(struct mg_pair *pair, uint32_t domain, uint32_t ref,
                    uint64_t index, uint64_t bits, uint32_t *handle);
int64_t mg_pair_unmap(struct mg_pair *pair, uint32_t handle);
int64_t mg_pair_hold(struct mg_pair *pair, uint32_t domain, uint32_t ref,
                     uint32_t flags, uint32_t *handle);
int64_t mg_pair_release(struct mg_pair *pair, uint32_t handle);
uint64_t mg_pair_window_at(const struct mg_pair *pair, uint64_t index);

/* Where the partner has what is in the mailbox. */
uint64_t mg_pair_address(const struct mg_pair *pair,
                         const volatile void *place);

/* Its own audit finds nothing, or it is a failure. */
void mg_pair_audit_at(struct mg_pair *pair, const char *file, int line);
#define mg_pair_audit(pair) mg_pair_audit_at(pair, __FILE__, __LINE__)

/* The domain ends, and this waits for that; the mailbox stays mapped. */
void mg_pair_end(struct mg_pair *pair, uint32_t reason);

#endif
