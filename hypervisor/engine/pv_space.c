/* SPDX-License-Identifier: MIT
 *
 * The first address space of a pv guest (abi/abi.h has the map). Its tables
 * are frames of the domain, filled here in the way a guest would fill them,
 * and then pinned: the check is the one that every table passes.
 *
 * Above the frames that every domain has (core/domain_memory.h) there are
 * further ones, in this order:
 *
 *   the P2M
 *   tables; what is not needed of them is free memory
 */
#include "abi/abi.h"
#include "abi/memory.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/engine/pv.h"
#include "hypervisor/mm/table.h"
#include "lib/builder/elf.h"
#include "lib/macros.h"
#include "lib/string.h"

#define RW (PARAPET_PTE_P | PARAPET_PTE_W | PARAPET_PTE_NX)
#define RO (PARAPET_PTE_P | PARAPET_PTE_NX)
#define TABLE (PARAPET_PTE_P | PARAPET_PTE_W)

struct build {
    struct domain *d;
    mfn_t *p2m;
    uint64_t nr_gfns;      /* given out so far */
    uint64_t next_table;   /* gfn */
    uint64_t tables_start; /* gfn */
    uint64_t tables_end;
    mfn_t root;
};

/* ---- how much there will be ---- */

/* Tables for a range wherever it begins, levels 1 to 3. */
static uint64_t tables_for(uint64_t nr_pages)
{
    uint64_t l1 = nr_pages / 512 + 2;
    uint64_t l2 = l1 / 512 + 2;

    return l1 + l2 + l2 / 512 + 2;
}

/* An upper limit. The shared region has two tables of level 1. */
static uint64_t nr_tables(const struct elf_image *kernel, uint64_t nr_gfns)
{
    uint64_t n = 1 + tables_for(nr_gfns) + tables_for(2 * 512) +
                 tables_for(NR_PAGES(nr_gfns * sizeof(mfn_t)));

    for (unsigned int i = 0; i < kernel->nr_segments; i++)
        n += tables_for(NR_PAGES(kernel->segments[i].memsz));
    return n;
}

/* The tables and the P2M count themselves too. */
static uint64_t count_gfns(const struct domain *d,
                           const struct elf_image *kernel)
{
    uint64_t rest = d->memory.nr_gfns;
    uint64_t nr = rest;

    for (;;) {
        uint64_t need =
            rest + NR_PAGES(nr * sizeof(mfn_t)) + nr_tables(kernel, nr);

        if (need <= nr)
            return nr;
        nr = need;
    }
}

/* ---- frames ---- */

static void give(struct build *b, mfn_t mfn)
{
    type_give(&b->d->memory, mfn, b->nr_gfns);
    b->p2m[b->nr_gfns++] = mfn;
}

static void give_pages(struct build *b, const void *pages, uint64_t nr)
{
    for (uint64_t i = 0; i < nr; i++)
        give(b, frame_of(pages) + i);
}

static bool give_frames(struct build *b, uint64_t nr_gfns)
{
    struct domain *d = b->d;
    uint64_t nr_p2m = NR_PAGES(nr_gfns * sizeof(mfn_t));
    mfn_t p2m = frame_alloc_run(nr_p2m);

    if (p2m == MFN_NONE)
        return false;
    b->p2m = frame_vaddr(p2m);
    memset(b->p2m, 0xff, nr_p2m * PAGE_SIZE); /* PARAPET_NO_MFN */
    b->nr_gfns = d->memory.nr_gfns;
    memcpy(b->p2m, d->p2m, b->nr_gfns * sizeof(mfn_t));
    give_pages(b, b->p2m, nr_p2m);
    b->tables_start = b->next_table = b->nr_gfns;
    b->tables_end = nr_gfns;
    while (b->nr_gfns < nr_gfns) {
        mfn_t mfn = frame_alloc_zeroed();

        if (mfn == MFN_NONE)
            return false;
        give(b, mfn);
    }
    return true;
}

/* ---- tables ---- */

static mfn_t new_table(struct build *b)
{
    BUG_ON(b->next_table == b->tables_end);
    return b->p2m[b->next_table++];
}

/* The level-1 entry for vaddr; makes the tables above it. */
static uint64_t *entry_for(struct build *b, uint64_t vaddr)
{
    mfn_t table = b->root;

    for (unsigned int level = 4; level > 1; level--) {
        uint64_t *entry = &table_entries(table)[table_index(vaddr, level)];

        if (*entry == 0)
            *entry = frame_paddr(new_table(b)) | TABLE;
        table = *entry >> PAGE_SHIFT;
    }
    return &table_entries(table)[table_index(vaddr, 1)];
}

static void map_pages(struct build *b, uint64_t vaddr, const void *pages,
                      uint64_t size, uint64_t flags)
{
    for (uint64_t o = 0; o < size; o += PAGE_SIZE)
        *entry_for(b, vaddr + o) = frame_paddr(frame_of(pages)) + o + flags;
}

static void map_shared(struct build *b)
{
    const struct domain *d = b->d;

    map_pages(b, PARAPET_SHARED_PAGE, d->shared, PAGE_SIZE, RW);
    map_pages(b, PARAPET_DTB, d->dtb, PARAPET_DTB_MAX, RO);
    map_pages(b, PARAPET_START_STACK_TOP - PARAPET_START_STACK_SIZE,
              d->start_stack, PARAPET_START_STACK_SIZE, RW);
    map_pages(b, PARAPET_P2M, b->p2m, b->nr_gfns * sizeof(mfn_t), RW);
    for (uint64_t i = 0; i < d->nr_vcpus; i++) {
        const struct vcpu *v = d->vcpus[i];

        map_pages(b, PARAPET_VCPU_PAGE(i), v->page, PAGE_SIZE, RW);
        map_pages(b, PARAPET_COUNTERS_PAGE(i), v->counters, PAGE_SIZE, RO);
        map_pages(b, PARAPET_LATENCY(i), v->latency, sizeof(*v->latency), RO);
    }
}

/* elf_parse() has checked the addresses, elf_check_memory() the frames. */
static void map_segment(struct build *b, const struct elf_segment *s)
{
    uint64_t first = ALIGN_DOWN(s->vaddr, PAGE_SIZE);
    uint64_t gfn = s->paddr / PAGE_SIZE;
    uint64_t flags = PARAPET_PTE_P |
                     (s->flags & ELF_WRITE ? PARAPET_PTE_W : 0) |
                     (s->flags & ELF_EXECUTE ? 0 : PARAPET_PTE_NX);

    for (uint64_t v = first; v < s->vaddr + s->memsz; v += PAGE_SIZE)
        *entry_for(b, v) = frame_paddr(b->p2m[gfn++]) | flags;
}

/* What guests may only read is held with a type other than writable. */
static bool is_read_only(const struct build *b, uint64_t gfn)
{
    uint64_t state = frame_state(frame_info(b->p2m[gfn]));

    return (gfn >= b->tables_start && gfn < b->next_table) ||
           (state_type(state) == TYPE_NONE && (state & STATE_COUNT));
}

/* Twice, since making the tables for it uses up some. */
static void map_direct(struct build *b)
{
    for (uint64_t gfn = 0; gfn < b->nr_gfns; gfn += 512)
        (void)entry_for(b, PARAPET_DIRECT_MAP + gfn * PAGE_SIZE);
    for (uint64_t gfn = 0; gfn < b->nr_gfns; gfn++)
        *entry_for(b, PARAPET_DIRECT_MAP + gfn * PAGE_SIZE) =
            frame_paddr(b->p2m[gfn]) | (is_read_only(b, gfn) ? RO : RW);
}

/* Pinned by the guest, as it were, and held by each vCPU. */
static void start_on_root(struct build *b)
{
    struct domain *d = b->d;
    struct memory_owner *m = &d->memory;

    m->work = UINT32_MAX;
    BUG_ON(table_pin(m, b->root, TYPE_L4) != 0);
    for (unsigned int i = 0; i < d->nr_vcpus; i++) {
        BUG_ON(table_get_valid(m, b->root, TYPE_L4) != 0);
        pv_vcpu(d->vcpus[i])->kernel_root = b->root;
    }
    m->nr_gfns = b->nr_gfns;
    m->max_frames = m->nr_frames;
    d->shared->nr_gfns = b->nr_gfns;
    d->shared->root_gfn = b->tables_start;
    d->shared->start_gfn = d->nr_frames;
}

bool pv_address_space_create(struct domain *d, const struct elf_image *kernel)
{
    uint64_t nr_built = NR_PAGES(d->memory.nr_gfns * sizeof(mfn_t));
    struct build b = {.d = d};

    if (!give_frames(&b, count_gfns(d, kernel)))
        return false;
    b.root = new_table(&b);
    map_shared(&b);
    for (unsigned int i = 0; i < kernel->nr_segments; i++)
        map_segment(&b, &kernel->segments[i]);
    map_direct(&b);
    start_on_root(&b);
    for (uint64_t i = 0; i < nr_built; i++)
        frame_free(frame_of(d->p2m) + i);
    d->p2m = b.p2m;
    return true;
}
