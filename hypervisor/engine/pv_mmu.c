/* SPDX-License-Identifier: MIT
 *
 * The mmu_ hypercalls, which change page tables and roots. What is allowed is
 * decided in mm/table.c; here are arguments, locks, preemption and flushes.
 *
 * All but those that only flush take the domain's memory lock. One that stops
 * with -ERESTART has left everything consistent; what it has done is done.
 */
#include "abi/errors.h"
#include "abi/memory.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/core/memory.h"
#include "hypervisor/engine/pv.h"
#include "hypervisor/mm/table.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/ex_table.h"
#include "lib/macros.h"

/* Reads one entry of the batch in a range that has been checked. */
static inline bool read_update(uint64_t vaddr, uint64_t *pte, uint64_t *value)
{
    uint64_t p, v;

    /* clang-format off */
    __asm__ volatile goto(
        "stac\n"
        MAY_FAULT("mov (%[from]), %[p]")
        MAY_FAULT("mov 8(%[from]), %[v]")
        "clac"
        : [p] "=&r"(p), [v] "=&r"(v)
        : [from] "r"(vaddr)
        : "memory", "cc"
        : fault);
    /* clang-format on */
    /* gcc before 12.4 may else lose the outputs (its bug 113921). */
    __asm__ volatile("");
    *pte = p;
    *value = v;
    return true;
fault:
    __asm__ volatile("clac" : : : "memory");
    return false;
}

/* Of any table, with any mask. */
static int update_any(struct memory_owner *m, uint64_t pte, uint64_t value,
                      uint64_t mask)
{
    int error;

    if (pte % sizeof(uint64_t) != 0)
        return -PARAPET_EINVAL;
    error = table_write(m, pte >> PAGE_SHIFT,
                        (unsigned int)(pte % PAGE_SIZE / sizeof(uint64_t)),
                        value, mask);
    if (error == 0 && m->releasing != FRAME_INFO_NONE && !table_release(m))
        m->work = 0; /* the rest of it, and of the batch, in the next call */
    return error;
}

/*
 * Looked at in between: what is left, since a change of type costs more. A call
 * may go beyond its share by the replacements themselves of so many entries.
 */
#define AT_A_TIME 64u

/* The work of a replacement for each byte of its update. */
#define WORK_BYTE (WORK_REPLACE / sizeof(struct parapet_pte_update))
_Static_assert(WORK_BYTE * sizeof(struct parapet_pte_update) == WORK_REPLACE,
               "it is a whole number");

/* For how many bytes of updates there is work now. */
static inline uint64_t size_at_a_time(const struct memory_owner *m)
{
    const uint64_t size = sizeof(struct parapet_pte_update);

    if (__builtin_expect(m->work >= AT_A_TIME * WORK_REPLACE, 1))
        return AT_A_TIME * size;
    return m->work / WORK_REPLACE * size;
}

/*
 * The short path: whole entries of one table of level 1, with its machine
 * address, from *at to end. Stops without an error at one that is in another.
 */
static inline int update_l1(struct memory_owner *m, uint64_t *at, uint64_t end,
                            uint64_t table)
{
    uint64_t *entries = paddr_to_vaddr(table);
    uint64_t pte, value;
    uint64_t u = *at;
    int error = 0;

    for (; u != end; u += sizeof(struct parapet_pte_update)) {
        if (!read_update(u, &pte, &value)) {
            error = -PARAPET_EFAULT;
            break;
        }
        pte -= table;
        if (pte & ~(PAGE_SIZE - sizeof(uint64_t)))
            break;
        error = table_replace(m, (uint64_t *)((uint8_t *)entries + pte), value);
        if (error) {
            m->failed_entry = table + pte;
            break;
        }
    }
    *at = u;
    return error;
}

/* Updates from *at to end, as far as it gets. */
static int64_t update_all(struct memory_owner *m, uint64_t *at, uint64_t end,
                          uint64_t mask)
{
    const uint64_t size = sizeof(struct parapet_pte_update);
    uint64_t pte, value, start;
    int error = 0;

    while (*at != end && error == 0) {
        if (m->work < WORK_UPDATE)
            return -PARAPET_ERESTART;
        if (!read_update(*at, &pte, &value))
            return -PARAPET_EFAULT;
        if (mask == ~0ul && pte % sizeof(uint64_t) == 0 &&
            table_is_l1(m, pte >> PAGE_SHIFT)) {
            start = *at;
            error =
                update_l1(m, at, start + MIN(end - start, size_at_a_time(m)),
                          ALIGN_DOWN(pte, PAGE_SIZE));
            /* One more, since an entry may have changed between two looks. */
            work_add(&m->work, (uint32_t)((*at - start + size) * WORK_BYTE));
        } else {
            m->work -= WORK_UPDATE;
            error = update_any(m, pte, value, mask);
            *at += error ? 0 : size;
        }
    }
    return error;
}

/*
 * One whole entry, where the way is what it costs. False, with nothing done,
 * when it is not of level 1 or something has to be done first.
 */
static inline bool update_single(uint64_t update, int64_t *result)
{
    struct vcpu *v = vcpu_current();
    struct memory_owner *m = &v->domain->memory;
    uint64_t pte, value;

    if (update % sizeof(uint64_t) != 0 || update < PARAPET_HYPERVISOR_END ||
        update > -sizeof(struct parapet_pte_update) ||
        !read_update(update, &pte, &value) || pte % sizeof(uint64_t) != 0)
        return false;
    if (!memory_lock(m)) {
        *result = hypercall_again(v);
        return true;
    }
    if (m->releasing != FRAME_INFO_NONE || !table_is_l1(m, pte >> PAGE_SHIFT)) {
        memory_unlock(m);
        return false;
    }
    *result = table_replace(m, paddr_to_vaddr(pte), value);
    if (*result) {
        m->failed_entry = pte;
        memory_failed(v, *result, 0);
    }
    memory_unlock(m);
    return true;
}

/* Any number of any entries. */
static __attribute__((noinline)) int64_t
update_many(uint64_t updates, uint64_t nr_updates, uint64_t mask)
{
    struct vcpu *v = vcpu_current();
    struct memory_owner *m = &v->domain->memory;
    uint64_t end = updates + nr_updates * sizeof(struct parapet_pte_update);
    uint64_t at = updates;
    int64_t result = -PARAPET_ERESTART;

    if (nr_updates > PARAPET_MAX_UPDATES)
        return memory_refused(v, -PARAPET_E2BIG);
    if (updates % sizeof(uint64_t) != 0)
        return memory_refused(v, -PARAPET_EINVAL);
    if (!guest_range_ok(updates, end - updates))
        return memory_refused(v, -PARAPET_EFAULT);
    if (!memory_begin(m))
        return hypercall_again(v);
    if (m->releasing == FRAME_INFO_NONE || table_release(m))
        result = update_all(m, &at, end, mask);
    return memory_end(v, result,
                      (at - updates) / sizeof(struct parapet_pte_update));
}

/*
 * mmu_update: in updates[0..nr_updates), in order, the bits of mask in the
 * entry at machine address pte become those of value. EFAULT: an update cannot
 * be read. EINVAL: updates or pte is not aligned to 8, or the entry has a bit
 * that it must not have. E2BIG: more than PARAPET_MAX_UPDATES. EPERM: a frame
 * or slot is not the domain's. ENOENT: pte is in no page table. EBUSY: a frame
 * is in use as another type, or the entry maps one of another domain. ENOSPC:
 * too many references to a frame. On any failure restart_done updates are done;
 * ERESTART: go on after them.
 */
int64_t hc_mmu_update(uint64_t updates, uint64_t nr_updates, uint64_t mask)
{
    int64_t result;

    if (nr_updates == 1 && mask == ~0ul && update_single(updates, &result))
        return result;
    return update_many(updates, nr_updates, mask);
}

static void flush_all(const struct domain *d)
{
    tlb_flush_cpus(__atomic_load_n(&d->memory.tlb_cpus, __ATOMIC_SEQ_CST));
}

/* Flushes one page, or all of them, of the CPUs that flush means. */
static void flush_page(const struct domain *d, uint64_t page, uint32_t flush)
{
    if (flush == PARAPET_FLUSH_LOCAL)
        invlpg(page);
    else if (flush == PARAPET_FLUSH_ALL)
        flush_all(d);
}

/* A page of the guest's own. */
static bool page_ok(uint64_t page)
{
    return page % PAGE_SIZE == 0 && guest_vaddr_ok(page);
}

/*
 * What other calls have left to be let go comes first: with a smaller share,
 * since this may be one of many entries of a multicall, which then stops.
 */
static __attribute__((noinline)) bool release_before(struct memory_owner *m)
{
    m->work = WORK_ENTRY;
    this_cpu()->multicall_stop |= MULTICALL_LONG;
    return table_release(m);
}

/* Tells why, unlocks, and passes it on. */
static __attribute__((noinline)) int64_t
update_va_failed(struct vcpu *v, int64_t result, const uint64_t *entry)
{
    struct memory_owner *m = &v->domain->memory;

    m->failed_entry = entry ? vaddr_to_paddr(entry) : 0;
    memory_failed(v, result, 0);
    memory_unlock(m);
    return result;
}

/*
 * The rest of hc_mmu_update_va() for a domain that has tables to be let go, or
 * entries that map frames of others. m's lock is held, and is released.
 */
static __attribute__((noinline)) int64_t
update_va_detour(struct vcpu *v, uint64_t page, uint64_t value, uint32_t flush)
{
    struct memory_owner *m = &v->domain->memory;
    int64_t result = -PARAPET_EBUSY;
    uint64_t *entry;

    if (m->releasing != FRAME_INFO_NONE && !release_before(m))
        return update_va_failed(v, -PARAPET_ERESTART, NULL);
    if (!table_walk(pv_vcpu(v)->kernel_root, page, &entry))
        return update_va_failed(v, -PARAPET_ENOENT, NULL);
    if (!table_entry_is_foreign(__atomic_load_n(entry, __ATOMIC_RELAXED)))
        result = table_replace(m, entry, value);
    if (result)
        return update_va_failed(v, result, entry);
    memory_unlock(m);
    flush_page(v->domain, page, flush);
    return 0;
}

/*
 * mmu_update_va: the level-1 entry that maps page below the current kernel
 * root becomes value; flush is PARAPET_FLUSH_*. EINVAL: page is no page of the
 * guest's, flush is unknown, or value has a bit that it must not have. ENOENT:
 * there is no table for it. EBUSY: as for mmu_update, or the entry maps a frame
 * of another domain. Others as for mmu_update.
 */
int64_t hc_mmu_update_va(uint64_t page, uint64_t value, uint32_t flush)
{
    struct vcpu *v = vcpu_current();
    struct domain *d = v->domain;
    struct memory_owner *m = &d->memory;
    int64_t result;
    uint64_t *entry;

    if (!page_ok(page) || flush > PARAPET_FLUSH_ALL)
        return -PARAPET_EINVAL;
    if (!memory_lock(m))
        return hypercall_again(v);
    if (m->detours != 0)
        return update_va_detour(v, page, value, flush);
    if (!table_walk(pv_vcpu(v)->kernel_root, page, &entry))
        return update_va_failed(v, -PARAPET_ENOENT, NULL);
    result = table_replace(m, entry, value);
    if (result)
        return update_va_failed(v, result, entry);
    memory_unlock(m);
    flush_page(d, page, flush);
    return 0;
}

/*
 * mmu_pin: table is PARAPET_TABLE_*. EINVAL: no such table, or an entry of it,
 * or below it, has a bit that it must not have. EPERM: the frame, or one that
 * an entry names, is not the domain's, or the slot is not. EBUSY: one of these
 * is in use as another type. EEXIST: it is pinned. ENOSPC: too many references.
 * ERESTART: call again.
 */
int64_t hc_mmu_pin(uint64_t mfn, uint32_t table)
{
    struct vcpu *v = vcpu_current();
    struct memory_owner *m = &v->domain->memory;
    int64_t result = -PARAPET_ERESTART;

    if (table < PARAPET_TABLE_L1 || table > PARAPET_TABLE_USER)
        return -PARAPET_EINVAL;
    if (!memory_begin(m))
        return hypercall_again(v);
    if (table_release(m))
        result = table_pin(m, mfn, (enum frame_type)table);
    return memory_end(v, result, 0);
}

/*
 * mmu_unpin: EPERM: the frame is not the domain's. ENOENT: it is not pinned.
 * ERESTART: call again.
 */
int64_t hc_mmu_unpin(uint64_t mfn)
{
    struct vcpu *v = vcpu_current();
    struct memory_owner *m = &v->domain->memory;
    int64_t result = -PARAPET_ERESTART;

    if (!memory_begin(m))
        return hypercall_again(v);
    if (table_release(m))
        result = table_unpin(m, mfn);
    return memory_end(v, result, 0);
}

/*
 * mmu_invalidate: page is any address in it. EINVAL: the address is not the
 * guest's, or flush is neither PARAPET_FLUSH_LOCAL nor _ALL.
 */
int64_t hc_mmu_invalidate(uint64_t page, uint32_t flush)
{
    if (!guest_vaddr_ok(page) || flush == PARAPET_FLUSH_NONE ||
        flush > PARAPET_FLUSH_ALL)
        return -PARAPET_EINVAL;
    flush_page(vcpu_current()->domain, page, flush);
    return 0;
}

/* mmu_flush: EINVAL: flush is neither PARAPET_FLUSH_LOCAL nor _ALL. */
int64_t hc_mmu_flush(uint32_t flush)
{
    if (flush == PARAPET_FLUSH_LOCAL)
        tlb_flush_local();
    else if (flush == PARAPET_FLUSH_ALL)
        flush_all(vcpu_current()->domain);
    else
        return -PARAPET_EINVAL;
    return 0;
}

/*
 * mmu_set_kernel_root: goes to another address space; the translations of the
 * old one are flushed. EPERM: the frame is not the domain's. ENOENT: it is no
 * kernel root (pin it). ENOSPC: too many references. ERESTART: call again.
 */
int64_t hc_mmu_set_kernel_root(uint64_t mfn)
{
    struct cpu_info *cpu = this_cpu();
    struct vcpu *v = cpu->current;
    struct memory_owner *m = &v->domain->memory;
    mfn_t old = pv_vcpu(v)->kernel_root;
    int64_t result;

    if (!memory_lock(m))
        return hypercall_again(v);
    result = table_get_valid(m, mfn, TYPE_L4);
    if (result == 0) {
        pv_vcpu(v)->kernel_root = mfn;
        pv_cpu(cpu)->kernel_cr3 = frame_paddr(mfn);
        write_cr3(frame_paddr(mfn));
        /* Only now: the CPU must not be on a root that is let go. */
        table_put(m, old);
    }
    memory_unlock(m);
    return result;
}

/*
 * mmu_set_user_root: what user mode runs on from the next return to it; mfn 0
 * is none. EPERM, ENOENT, ENOSPC, ERESTART: as above, of a user root.
 */
int64_t hc_mmu_set_user_root(uint64_t mfn)
{
    struct cpu_info *cpu = this_cpu();
    struct vcpu *v = cpu->current;
    struct memory_owner *m = &v->domain->memory;
    mfn_t old = pv_vcpu(v)->user_root;
    int64_t result = 0;

    if (!memory_lock(m))
        return hypercall_again(v);
    if (mfn != 0)
        result = table_get_valid(m, mfn, TYPE_USER_ROOT);
    if (result == 0) {
        pv_vcpu(v)->user_root = mfn;
        pv_cpu(cpu)->user_cr3 = frame_paddr(mfn);
        if (old != 0)
            table_put(m, old);
    }
    memory_unlock(m);
    return result;
}
