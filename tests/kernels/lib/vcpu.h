/* SPDX-License-Identifier: MIT
 *
 * The virtual CPU that runs: who it is, its page, its virtual interrupt
 * flag; and how to start another one.
 */
#ifndef KERNELS_VCPU_H
#define KERNELS_VCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/stubs.h"

#define MG_MAX_VCPUS PARAPET_MAX_VCPUS

/*
 * Which vCPU this is, told from the stack: tests put anything they like into
 * GS, where a kernel would look. A stack of a test's own counts as vCPU 0.
 */
uint32_t mg_vcpu_id(void);

static inline volatile struct parapet_vcpu_page *mg_vcpu_page_of(uint32_t vcpu)
{
    return (volatile struct parapet_vcpu_page *)PARAPET_VCPU_PAGE(
        (uint64_t)vcpu);
}

static inline volatile struct parapet_vcpu_page *mg_vcpu_page(void)
{
    return mg_vcpu_page_of(mg_vcpu_id());
}

static inline const volatile struct parapet_counters *mg_counters(uint32_t vcpu)
{
    return (const volatile struct parapet_counters *)PARAPET_COUNTERS_PAGE(
        (uint64_t)vcpu);
}

static inline volatile struct parapet_shared_page *mg_shared_page(void)
{
    return (volatile struct parapet_shared_page *)PARAPET_SHARED_PAGE;
}

/* cli: the ABI's one store, here by address instead of by GS. */
static inline void mg_cli(void)
{
    mg_vcpu_page()->event_mask = 1;
    __asm__ volatile("" : : : "memory");
}

/* sti: ask for what came in the meantime. */
static inline void mg_sti(void)
{
    volatile struct parapet_vcpu_page *page = mg_vcpu_page();

    __asm__ volatile("" : : : "memory");
    page->event_mask = 0;
    if (page->event_pending)
        (void)hypercall_event_check();
}

/*
 * Starts a vCPU in fn(argument), with traps and events set up as on vCPU 0
 * and events masked. When fn returns the vCPU sleeps for ever. Returns what
 * the hypercall returned.
 */
int64_t mg_vcpu_start(uint32_t vcpu, void (*fn)(void *), void *argument);

#endif
