/* SPDX-License-Identifier: MIT
 *
 * How a vCPU is run. The shared code (core, sched, mm) knows an engine only
 * by this table; which one a domain has is said in its description.
 */
#ifndef HYPERVISOR_CORE_ENGINE_H
#define HYPERVISOR_CORE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct audit_hold;
struct cpu_regs;
struct domain;
struct elf_image;
struct guest_code;
struct vcpu;

/* A hypercall handler as the dispatch sees it: six arguments, one result. */
typedef int64_t hypercall_handler_t(uint64_t, uint64_t, uint64_t, uint64_t,
                                    uint64_t, uint64_t);

#define ENGINE_MAX_HOLDS 2

/*
 * An engine has all of these. Only one that runs no instruction of its guests
 * may leave out what nothing else leads to: the dispatch, the way to memory,
 * vcpu_start, exception and trap.
 */
struct engine {
    const char *name;

    /* Of its structure for a vCPU, which begins with struct vcpu: at most a
     * page. */
    size_t vcpu_size;

    /* What its guests can call, and what the control domain can:
     * PARAPET_NR_HYPERCALLS entries. */
    hypercall_handler_t *const *dispatch;
    hypercall_handler_t *const *dispatch_control;

    /*
     * Reads a kernel, and says whether the engine can run it in so much memory:
     * its segments must fit, for they are copied next. 0, or -PARAPET_EINVAL
     * with a line in why (lib/builder/elf.h).
     */
    int (*kernel_read)(const void *image, size_t size, uint64_t memory_bytes,
                       struct elf_image *kernel, char *why, size_t why_size);

    /* Writes the entries of hypercalls into a page (abi/note.h). */
    void (*hypercall_page)(void *page);

    /*
     * Where a vCPU of a domain that is being built starts: all that the domain
     * begins with is in its memory (lib/builder/build.h), and root is its page
     * table. The domain's other vCPUs get the root, too. 0, -EINVAL (such a
     * place cannot be run, or not all vCPUs are made), what a root that is
     * checked can lead to (mm/table.h), or -ERESTART. The domain's memory lock
     * is held, and its share of work is fresh.
     */
    int (*vcpu_set_start)(struct vcpu *v, uint64_t entry, uint64_t stack,
                          uint64_t argument, uint64_t root);

    /*
     * The domain has ended, and no CPU knows its memory: drops what its vCPUs
     * hold of its frames, which is what audit_holds says. Its memory lock is
     * held.
     */
    void (*domain_unload)(struct domain *d);

    /*
     * The way to the memory of the vCPU that runs: see core/guest_access.h,
     * which goes it.
     */
    int (*copy_from_guest)(void *to, uint64_t from, size_t nr_bytes);
    int (*copy_to_guest)(uint64_t to, const void *from, size_t nr_bytes);
    size_t (*fetch_code)(struct guest_code *code, uint64_t vaddr);

    /*
     * For the audit: what the vCPU holds of its domain's frames, but for the
     * pages that every vCPU has. At most ENGINE_MAX_HOLDS; returns how many.
     * The domain's memory lock is held.
     */
    size_t (*audit_holds)(struct vcpu *v, struct audit_hold *holds);

    /* Sets the registers with which a vCPU starts. It is not running. */
    void (*vcpu_start)(struct vcpu *v, uint64_t entry, uint64_t stack,
                       uint64_t argument);

    /* The vCPU comes to this CPU, or leaves it: all but the general registers.
     * Interrupts are off. */
    void (*switch_in)(struct vcpu *v);
    void (*switch_out)(struct vcpu *v);

    /*
     * An exception of the vCPU that runs: the quick way, with only the
     * caller-saved registers valid in regs. True when the guest can run on.
     */
    bool (*exception)(struct cpu_regs *regs);

    /* Any exception, with complete registers: handled, or the domain ended. */
    void (*trap)(struct vcpu *v, struct cpu_regs *regs);

    /*
     * Enters the guest's event handler, if an upcall is due. Asked whenever a
     * vCPU runs on by the slow way out. May end the domain.
     */
    void (*deliver_event)(struct vcpu *v, struct cpu_regs *regs);
};

/* Names, ending with NULL, and the table of a name (NULL if there is none). */
extern const char *const engine_names[];
const struct engine *engine_find(const char *name);

#endif
