/* SPDX-License-Identifier: MIT
 *
 * Guest pointers that no hypercall may follow.
 */
#ifndef KERNELS_HOSTILE_H
#define KERNELS_HOSTILE_H

#include <stddef.h>
#include <stdint.h>

/* What the hypervisor would do with the memory. */
enum mg_access { MG_ACCESS_READ, MG_ACCESS_WRITE };

/* An object that a hypercall takes by its address. */
struct mg_object {
    const char *call; /* its name, for messages */
    enum mg_access access;
    size_t size;      /* larger than alignment */
    size_t alignment; /* that the call insists on: other pointers are EINVAL */
};

/* The last mapped page of the image, writable; what follows is not mapped. */
extern unsigned char mg_edge_page[4096];

/* Makes the hypercall under test with this pointer; returns its result. */
typedef int64_t mg_pointer_call_t(uint64_t vaddr, void *data);

/*
 * Calls with every hostile pointer to such an object, and notes a failure for
 * each result that is not -EFAULT.
 */
void mg_hostile_check(const struct mg_object *object, mg_pointer_call_t *call,
                      void *data);

#endif
