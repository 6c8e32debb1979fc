/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/env.h on the host: a few domains in one program. Each thread is in
 * one of them, and a handler of a port in the one whose port it is. Frames,
 * grants and ports follow the rules of the hypervisor's; a mapping is the page
 * itself, so what is lent to be read only is not kept from being written to.
 */
#ifndef TESTS_UNIT_ENV_HOST_H
#define TESTS_UNIT_ENV_HOST_H

#include "pvdrivers/env.h"

#define ENV_HOST_DOMAINS 4 /* ids are below */

/* What a domain has, so that a test sees what was left behind. */
struct env_host_use {
    unsigned int pages;
    unsigned int lent;     /* entries of its table */
    unsigned int reserved; /* env_lend_reserve() */
    unsigned int in_use;   /* of its pages, by others */
    unsigned int mapped;   /* pages of others */
    unsigned int held;
    unsigned int ports;
};

/* Forgets all domains. No thread of a domain's may be left. */
void env_host_reset(void);

/* The calling thread is in this domain from now on. */
void env_host_be(uint32_t domain);
uint32_t env_host_is(void);

struct env_host_use env_host_use(uint32_t domain);

/* What is at a machine address: some domain's page. It ends the program when
 * there is none. */
void *env_host_frame(uint64_t maddr);

/* The last line of env_say(), with the domain before it: "d1: ..."; what is
 * said is shown nowhere else. Until the next one. */
const char *env_host_said(void);

/* Waits for the ends of all threads that env_thread_start() has begun. */
void env_host_join(void);

/*
 * Of what can be refused (pages, loans, mappings, ports, threads) the next nr
 * is still given, and the one after them refused, once.
 */
void env_host_refuse_after(unsigned int nr);

/* Whether that is this one: asked by whatever can be refused. */
bool env_host_refuses(void);

#endif
