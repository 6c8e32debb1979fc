/* SPDX-License-Identifier: MIT
 *
 * A control domain that makes others: lib/builder's services by hypercalls, and
 * what tests do with a child. Each child runs the micro-guest partners/child,
 * whose boot arguments say what it does. Only in those that are built with the
 * builder (MG_BUILDERS in tests/kernels/objects.mk).
 *
 * What may stop half way is carried on to its end here.
 */
#ifndef KERNELS_CONTROL_H
#define KERNELS_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/domain.h"
#include "lib/builder/build.h"

#define MG_CHILD_MEMORY (UINT64_C(4) << 20)

/* Before all else, once: the canary that libfdt wants. */
void mg_control_init(void);

/* A kernel that children may have instead of partners/child. */
struct mg_child_kernel {
    const unsigned char *image;
    struct elf_image elf;
};

/* From an ELF file in memory, which ends before end; ends the test if it is
 * none. */
void mg_child_kernel_read(const unsigned char *image, const unsigned char *end,
                          struct mg_child_kernel *kernel);

/* What a child is to be. Zeros: one vCPU, MG_CHILD_MEMORY. */
struct mg_child_wish {
    const struct mg_child_kernel *kernel; /* NULL: partners/child */
    const char *name;                     /* NULL: one that no other has */
    const char *bootargs;                 /* see partners/child.c */
    uint32_t nr_vcpus;
    uint64_t memory;
    bool served; /* it has a bus and a console page, lent to this domain */
};

/* A child as far as it is made. */
struct mg_child {
    uint32_t id;
    uint64_t shared_mfn;
    uint64_t grant_mfn;              /* the first frame of its grant table */
    struct parapet_vcpu_start start; /* of vCPU 0; once it is built */
    bool keep_start;                 /* the builder does not set it */
    uint64_t vcpu_page_mfn;          /* of its vCPU 0; once it is made */
    uint32_t nr_ports;               /* that the builder made: */
    uint32_t ports[2];               /* for the bus and the console */
    uint64_t nr_steps;               /* of the builder that were done */
    uint64_t max_steps; /* then the builder is refused the next; 0: none */
    struct build_description description;
    struct build_plan plan;
};

/*
 * Makes the domain, and builds it; it does not run yet. Each is 0 or the error.
 * mg_child_create() does both, and ends the test if either fails.
 */
int64_t mg_child_make(const struct mg_child_wish *wish, struct mg_child *child);
int64_t mg_child_build(struct mg_child *child);
void mg_child_create(const struct mg_child_wish *wish, struct mg_child *child);

/* It is created, and runs. */
void mg_child_run(const char *bootargs, struct mg_child *child);

/* domain_info; ends the test when there is no such domain. */
struct parapet_domain_info mg_domain_info(uint32_t id);
struct parapet_machine_info mg_machine_info(void);

/* Waits until the domain is in the state; a failure when it never is. */
bool mg_domain_wait(uint32_t id, uint32_t state);

/* Carried on until it is done. */
int64_t mg_domain_pause(uint32_t id);
int64_t mg_domain_unpause(uint32_t id);
int64_t mg_domain_destroy(uint32_t id);
int64_t mg_copy_to(uint32_t id, uint64_t maddr, const void *from,
                   uint64_t length);
int64_t mg_copy_from(uint32_t id, uint64_t maddr, void *to, uint64_t length);

/* One word of the child's own, in its vCPU page: see partners/child.c. */
uint64_t mg_child_word(const struct mg_child *child, unsigned int word);

/* A failure unless the audit of the domain finds nothing. */
void mg_domain_audit_at(uint32_t id, const char *file, int line);
#define mg_domain_audit(id) mg_domain_audit_at(id, __FILE__, __LINE__)

#endif
