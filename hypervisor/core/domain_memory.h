/* SPDX-License-Identifier: MIT
 *
 * The frames that a domain of any engine has: its memory, and above it the
 * pages that it shares with the hypervisor. By gfn:
 *
 *   0           memory, as much as its description says
 *   nr_frames   shared page, device tree, start stack
 *               for each vCPU: vCPU page, counters, latency
 *   memory.nr_gfns
 *
 * The audit (core/memory.c) knows the pages by what is said here.
 */
#ifndef HYPERVISOR_CORE_DOMAIN_MEMORY_H
#define HYPERVISOR_CORE_DOMAIN_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct domain;

/* How many there are in a domain with nr_frames frames of memory. */
uint64_t domain_memory_nr_gfns(const struct domain *d, uint64_t nr_frames);

/*
 * Makes them the domain's own, and its vCPUs, whose pages are among them. Its
 * memory's are in p2m, which has room for the others: they are put in. False
 * when there is no memory. Boot only, once.
 */
bool domain_memory_give(struct domain *d);

#endif
