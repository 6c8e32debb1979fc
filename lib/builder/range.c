/* SPDX-License-Identifier: MIT
 *
 * See range.h. The map is abi/abi.h's.
 */
#include "lib/builder/range.h"

#include "lib/macros.h"

struct visitor {
    build_visit_t *visit;
    void *context;
    int result;
};

static void visit(struct visitor *v, uint64_t vaddr, uint64_t gfn,
                  uint64_t nr_pages, uint64_t flags)
{
    const struct build_range range = {
        .vaddr = vaddr, .gfn = gfn, .nr_pages = nr_pages, .flags = flags};

    if (!v->result)
        v->result = v->visit(v->context, &range);
}

/* The shared region: each kind of page has a place of its own. */
static void visit_shared(struct visitor *v, const struct build_plan *plan)
{
    const uint64_t nr_vcpus = plan->description->nr_vcpus;
    const uint64_t gfn = plan->vcpu_gfn;

    visit(v, PARAPET_SHARED_PAGE, plan->start_gfn, 1, BUILD_RW);
    for (uint64_t i = 0; i < nr_vcpus; i++)
        visit(v, PARAPET_VCPU_PAGE(i), gfn + i * BUILDER_VCPU_PAGES, 1,
              BUILD_RW);
    for (uint64_t i = 0; i < nr_vcpus; i++)
        visit(v, PARAPET_COUNTERS_PAGE(i), gfn + i * BUILDER_VCPU_PAGES + 1, 1,
              BUILD_RO);
    visit(v, PARAPET_DTB, plan->dtb_gfn, BUILD_PAGES(PARAPET_DTB_MAX),
          BUILD_RO);
    visit(v, PARAPET_GRANT_TABLE, plan->grant_gfn, 1, BUILD_RW);
    visit(v, PARAPET_START_STACK_TOP - PARAPET_START_STACK_SIZE,
          plan->stack_gfn, BUILD_PAGES(PARAPET_START_STACK_SIZE), BUILD_RW);
    for (uint64_t i = 0; i < nr_vcpus; i++)
        visit(v, PARAPET_LATENCY(i), gfn + i * BUILDER_VCPU_PAGES + 2,
              BUILDER_LATENCY_PAGES, BUILD_RO);
}

/* elf_parse() has checked the addresses, elf_check_memory() the frames. */
static void visit_segment(struct visitor *v, const struct build_plan *plan,
                          unsigned int n)
{
    const struct elf_segment *s = build_segment(plan, n);
    const struct build_range range = {
        .vaddr = ALIGN_DOWN(s->vaddr, BUILD_PAGE_SIZE),
        .gfn = s->paddr / BUILD_PAGE_SIZE,
        .nr_pages = build_segment_pages(s),
        .flags = PARAPET_PTE_P | (s->flags & ELF_WRITE ? PARAPET_PTE_W : 0) |
                 (s->flags & ELF_EXECUTE ? 0 : PARAPET_PTE_NX),
        .is_segment = true,
        .first_page = plan->first_page[n],
    };

    if (!v->result)
        v->result = v->visit(v->context, &range);
}

int build_each_range(const struct build_plan *plan, build_visit_t *visit_one,
                     void *context)
{
    struct visitor v = {.visit = visit_one, .context = context};

    visit_shared(&v, plan);
    visit(&v, PARAPET_P2M, plan->p2m_gfn, plan->tables_gfn - plan->p2m_gfn,
          BUILD_RW);
    for (unsigned int i = 0; i < plan->nr_segments; i++)
        visit_segment(&v, plan, i);
    return v.result;
}
