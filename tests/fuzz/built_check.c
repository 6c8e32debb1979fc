/* SPDX-License-Identifier: MIT
 *
 * See built.h: what must be true of a domain that was built. Written from
 * abi/abi.h: each vaddr that is mapped is asked what should be there.
 */
#include "tests/fuzz/built.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "abi/abi.h"
#include "abi/grant.h"
#include "abi/memory.h"
#include "abi/shared.h"
#include "lib/macros.h"

#define P UINT64_C(1)
#define W UINT64_C(2)
#define NX (UINT64_C(1) << 63)
#define PAGE UINT64_C(4096)
#define PAGES(bytes) (((bytes) + PAGE - 1) / PAGE)
#define LATENCY_SLOT (PARAPET_LATENCY(1) - PARAPET_LATENCY(0))

struct walk {
    const struct built *b;
    uint64_t nr_tables;
    uint64_t nr_pages;
};

/* ---- what should be at a vaddr ---- */

struct page {
    uint64_t gfn;
    uint64_t flags;
};

/* Its page number in a range of so many; false: it is not inside. */
static bool inside(uint64_t vaddr, uint64_t start, uint64_t nr_pages,
                   uint64_t *page)
{
    *page = (vaddr - start) / PAGE;
    return vaddr >= start && *page < nr_pages;
}

static bool is_table(const struct built *b, uint64_t gfn)
{
    return gfn >= b->plan.tables_gfn &&
           gfn < b->plan.tables_gfn + b->plan.nr_tables;
}

static struct page direct_page(const struct built *b, uint64_t gfn)
{
    const struct build_plan *p = &b->plan;
    bool is_vcpu = gfn >= p->vcpu_gfn && gfn < p->p2m_gfn;
    bool is_counted = is_vcpu && (gfn - p->vcpu_gfn) % BUILDER_VCPU_PAGES != 0;

    return (struct page){gfn,
                         is_table(b, gfn) || is_counted ? P | NX : P | W | NX};
}

static struct page vcpu_page(const struct built *b, uint64_t vcpu, uint64_t n,
                             uint64_t flags)
{
    return (struct page){b->plan.vcpu_gfn + vcpu * BUILDER_VCPU_PAGES + n,
                         flags};
}

static bool segment_page(const struct built *b, uint64_t vaddr,
                         struct page *page)
{
    const struct elf_image *kernel = b->plan.description->kernel;

    for (unsigned int i = 0; i < kernel->nr_segments; i++) {
        const struct elf_segment *s = &kernel->segments[i];

        if (vaddr + PAGE <= s->vaddr || vaddr >= s->vaddr + s->memsz)
            continue;
        page->gfn = s->paddr / PAGE + vaddr / PAGE - s->vaddr / PAGE;
        page->flags = P | (s->flags & ELF_WRITE ? W : 0) |
                      (s->flags & ELF_EXECUTE ? 0 : NX);
        return true;
    }
    return false;
}

static bool shared_page(const struct built *b, uint64_t vaddr,
                        struct page *page)
{
    const struct build_plan *p = &b->plan;
    const uint64_t nr_vcpus = p->description->nr_vcpus;
    uint64_t latency = (vaddr - PARAPET_LATENCY(0)) % LATENCY_SLOT / PAGE;
    uint64_t n;

    if (vaddr == PARAPET_SHARED_PAGE)
        *page = (struct page){p->start_gfn, P | W | NX};
    else if (vaddr == PARAPET_GRANT_TABLE)
        *page = (struct page){p->grant_gfn, P | W | NX};
    else if (inside(vaddr, PARAPET_VCPU_PAGE(0), nr_vcpus, &n))
        *page = vcpu_page(b, n, 0, P | W | NX);
    else if (inside(vaddr, PARAPET_COUNTERS_PAGE(0), nr_vcpus, &n))
        *page = vcpu_page(b, n, 1, P | NX);
    else if (inside(vaddr, PARAPET_DTB, PARAPET_DTB_MAX / PAGE, &n))
        *page = (struct page){p->dtb_gfn + n, P | NX};
    else if (inside(vaddr, PARAPET_START_STACK_TOP - PARAPET_START_STACK_SIZE,
                    PARAPET_START_STACK_SIZE / PAGE, &n))
        *page = (struct page){p->stack_gfn + n, P | W | NX};
    else if (inside(vaddr, PARAPET_LATENCY(0), nr_vcpus * LATENCY_SLOT / PAGE,
                    &n) &&
             latency < PAGES(sizeof(struct parapet_latency)))
        *page = vcpu_page(b, n * PAGE / LATENCY_SLOT, 2 + latency, P | NX);
    else
        return false;
    return true;
}

static bool expected_page(const struct built *b, uint64_t vaddr,
                          struct page *page)
{
    uint64_t n;

    if (inside(vaddr, PARAPET_DIRECT_MAP, b->plan.nr_gfns, &n)) {
        *page = direct_page(b, n);
        return true;
    }
    if (inside(vaddr, PARAPET_P2M, PAGES(b->plan.nr_gfns * sizeof(uint64_t)),
               &n)) {
        *page = (struct page){b->plan.p2m_gfn + n, P | W | NX};
        return true;
    }
    return shared_page(b, vaddr, page) || segment_page(b, vaddr, page);
}

static uint64_t expected_pages(const struct built *b)
{
    const struct elf_image *kernel = b->plan.description->kernel;
    uint64_t nr = b->plan.nr_gfns + PAGES(b->plan.nr_gfns * sizeof(uint64_t)) +
                  2 + PAGES(PARAPET_DTB_MAX) + PAGES(PARAPET_START_STACK_SIZE) +
                  b->plan.description->nr_vcpus *
                      (2 + PAGES(sizeof(struct parapet_latency)));

    for (unsigned int i = 0; i < kernel->nr_segments; i++)
        nr +=
            PAGES(kernel->segments[i].vaddr % PAGE + kernel->segments[i].memsz);
    return nr;
}

/* ---- what is there ---- */

static void check_page(struct walk *walk, uint64_t vaddr, uint64_t entry)
{
    const struct built *b = walk->b;
    struct page page;

    walk->nr_pages++;
    if (!expected_page(b, vaddr, &page))
        built_wrong("expected nothing at vaddr %lx, got %lx", vaddr, entry);
    if (entry != (b->mfns[page.gfn] * PAGE | page.flags))
        built_wrong("expected gfn %lx with %lx at vaddr %lx, got %lx", page.gfn,
                    page.flags, vaddr, entry);
    BUILT_CHECK(!(entry & W) || (entry & NX));
    BUILT_CHECK(!(entry & W) || !is_table(b, page.gfn));
}

/* Each table is one in the plan, was written at once, and is found once: by
 * their number no two entries lead to one. */
static void check_table(struct walk *walk, uint64_t mfn, unsigned int level,
                        uint64_t vaddr)
{
    const struct built_frame *f = built_frame(walk->b, mfn);
    const uint64_t *entries = (const uint64_t *)(const void *)f->bytes;

    walk->nr_tables++;
    BUILT_CHECK(is_table(walk->b, f->gfn) && f->nr_writes == 1);
    BUILT_CHECK(walk->nr_tables <= walk->b->plan.nr_tables);
    for (uint64_t i = 0; i < 512; i++) {
        uint64_t at = vaddr | i << (12 + 9 * (level - 1));

        if (level == 4 && i >= 256)
            at |= UINT64_C(0xffff) << 48;
        if (entries[i] == 0)
            continue;
        if (level == 1) {
            check_page(walk, at, entries[i]);
            continue;
        }
        BUILT_CHECK((entries[i] & ~(uint64_t)PARAPET_PTE_ADDRESS) == (P | W));
        check_table(walk, (entries[i] & PARAPET_PTE_ADDRESS) / PAGE, level - 1,
                    at);
    }
}

static void check_tables(const struct built *b)
{
    struct walk walk = {.b = b};

    BUILT_CHECK(b->start.root_mfn == b->mfns[b->plan.tables_gfn]);
    check_table(&walk, b->start.root_mfn, 4, 0);
    BUILT_CHECK(walk.nr_tables == b->plan.nr_tables);
    BUILT_CHECK(walk.nr_pages == expected_pages(b));
}

static void check_p2m(const struct built *b)
{
    uint64_t nr = PAGES(b->plan.nr_gfns * sizeof(uint64_t)) * 512;

    for (uint64_t gfn = 0; gfn < nr; gfn++) {
        const struct built_frame *page =
            built_frame(b, b->mfns[b->plan.p2m_gfn + gfn / 512]);
        uint64_t mfn = ((const uint64_t *)(const void *)page->bytes)[gfn % 512];

        BUILT_CHECK(mfn ==
                    (gfn < b->plan.nr_gfns ? b->mfns[gfn] : PARAPET_NO_MFN));
        BUILT_CHECK(mfn != 0 && page->nr_writes == 1);
    }
}

/* ---- contents ---- */

/* The kernel and the RAM disk, and zeros. */
static void check_memory(const struct built *b)
{
    const struct build_description *d = b->plan.description;
    uint8_t *memory = calloc(d->memory_bytes, 1);
    unsigned int nr_hypercall_pages = 0;

    BUILT_CHECK(memory);
    for (unsigned int i = 0; i < d->kernel->nr_segments; i++) {
        const struct elf_segment *s = &d->kernel->segments[i];

        memcpy(memory + s->paddr, (const uint8_t *)d->image + s->offset,
               s->filesz);
    }
    if (d->ramdisk)
        memcpy(memory + b->plan.ramdisk_paddr, d->ramdisk, d->ramdisk_size);
    for (uint64_t gfn = 0; gfn < d->memory_bytes / PAGE; gfn++) {
        const struct built_frame *f = built_frame(b, b->mfns[gfn]);

        BUILT_CHECK(memcmp(f->bytes, memory + gfn * PAGE, PAGE) == 0);
        nr_hypercall_pages += f->hypercall_page;
    }
    BUILT_CHECK(nr_hypercall_pages == 1);
    free(memory);
}

static void check_hypercall_page(const struct built *b)
{
    struct page page = {0, 0};

    BUILT_CHECK(
        segment_page(b, b->plan.description->kernel->hypercall_page, &page));
    BUILT_CHECK(built_frame(b, b->mfns[page.gfn])->hypercall_page);
    BUILT_CHECK(page.flags == P);
}

static uint32_t number_of(const void *tree, const char *path, const char *name)
{
    int size;
    const void *value =
        fdt_getprop(tree, fdt_path_offset(tree, path), name, &size);

    BUILT_CHECK(value && size == sizeof(fdt32_t));
    return fdt32_ld(value);
}

static void check_device_tree(const struct built *b, uint32_t id)
{
    static uint64_t tree[PARAPET_DTB_MAX / sizeof(uint64_t)];
    const struct build_description *d = b->plan.description;
    const char *bootargs;

    for (uint64_t n = 0; n < PARAPET_DTB_MAX / PAGE; n++)
        memcpy((uint8_t *)tree + n * PAGE,
               built_frame(b, b->mfns[b->plan.dtb_gfn + n])->bytes, PAGE);
    BUILT_CHECK(fdt_check_full(tree, sizeof(tree)) == 0);
    BUILT_CHECK(number_of(tree, "/hypervisor", "domain-id") == id);
    BUILT_CHECK(fdt_path_offset(tree, "/cpus/cpu@0") >= 0);
    bootargs =
        fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "bootargs", NULL);
    BUILT_CHECK(bootargs && strcmp(bootargs, d->bootargs) == 0);
    BUILT_CHECK(!d->ramdisk == !fdt_getprop(tree,
                                            fdt_path_offset(tree, "/chosen"),
                                            "linux,initrd-start", NULL));
}

/* It lends nothing: a frame of zeros, which nobody has written to. */
static void check_not_served(const struct built *b,
                             const struct built_frame *shared,
                             const struct parapet_shared_page *page)
{
    BUILT_CHECK(built_frame(b, b->mfns[b->plan.grant_gfn])->nr_writes == 0);
    BUILT_CHECK(shared->nr_writes == 1 && b->nr_ports == 0);
    BUILT_CHECK(page->bus_gfn == 0 && page->console_gfn == 0 &&
                page->bus_port == 0 && page->console_port == 0);
}

/* A page of zeros of its own, lent to the control domain to be written to. */
static void check_lent(const struct built *b, uint64_t gfn, unsigned int ref)
{
    static const uint8_t zeros[PAGE];
    const struct built_frame *f = built_frame(b, b->mfns[gfn]);
    const struct built_frame *table =
        built_frame(b, b->mfns[b->plan.grant_gfn]);
    const struct parapet_grant_entry *entry =
        (const struct parapet_grant_entry *)(const void *)table->bytes + ref;

    BUILT_CHECK(memcmp(f->bytes, zeros, PAGE) == 0 && f->nr_writes == 0);
    BUILT_CHECK(direct_page(b, gfn).flags == (P | W | NX));
    BUILT_CHECK(gfn >= b->plan.start_gfn && gfn < b->plan.nr_gfns);
    BUILT_CHECK(entry->flags == PARAPET_GRANT_LEND && entry->zero == 0);
    BUILT_CHECK(entry->domain == 0 && entry->frame == b->mfns[gfn]);
}

static void check_served(const struct built *b,
                         const struct built_frame *shared,
                         const struct parapet_shared_page *page)
{
    static const uint8_t zeros[PAGE];
    const struct built_frame *table =
        built_frame(b, b->mfns[b->plan.grant_gfn]);
    uint64_t used = 2 * sizeof(struct parapet_grant_entry);

    BUILT_CHECK(page->bus_gfn != page->console_gfn);
    check_lent(b, page->bus_gfn, 0);
    check_lent(b, page->console_gfn, 1);
    BUILT_CHECK(memcmp(table->bytes + used, zeros, PAGE - used) == 0);
    BUILT_CHECK(page->bus_port == BUILT_PORT(0) &&
                page->console_port == BUILT_PORT(1));
    BUILT_CHECK(shared->nr_writes == 2 && table->nr_writes == 1 &&
                b->nr_ports == 2);
}

static void check_start(const struct built *b)
{
    const struct built_frame *shared =
        built_frame(b, b->mfns[b->plan.start_gfn]);
    const struct parapet_shared_page *page = (const void *)shared->bytes;

    BUILT_CHECK(b->started && b->nr_frames == b->plan.nr_gfns);
    BUILT_CHECK(b->start.entry == b->plan.description->kernel->entry);
    BUILT_CHECK(b->start.stack == PARAPET_START_STACK_TOP - 8);
    BUILT_CHECK(b->start.argument == PARAPET_DTB);
    BUILT_CHECK(page->nr_gfns == b->plan.nr_gfns);
    BUILT_CHECK(page->root_gfn == b->plan.tables_gfn);
    BUILT_CHECK(page->start_gfn == b->plan.description->memory_bytes / PAGE);
    BUILT_CHECK(b->plan.grant_gfn >= page->start_gfn);
    /* The hypervisor has written there before, and its words stay. */
    BUILT_CHECK(page->clock.seq == 0 && page->memory_target == 0 &&
                page->request == 0);
    if (b->plan.description->served)
        check_served(b, shared, page);
    else
        check_not_served(b, shared, page);
}

void built_check(const struct built *b, uint32_t id)
{
    check_start(b);
    check_p2m(b);
    check_tables(b);
    check_memory(b);
    check_hypercall_page(b);
    check_device_tree(b, id);
}

/* ---- any bytes ---- */

bool built_explore(const void *image, size_t size)
{
    static const uint8_t ramdisk[3 * 4096 + 1] = {1, 2, 3};
    struct elf_image kernel;
    struct build_description d = {.bootargs = "monitor",
                                  .nr_vcpus = 1,
                                  .image = image,
                                  .kernel = &kernel,
                                  .ramdisk_name = "disk"};
    uint8_t numbers[3] = {0};
    struct built b;
    char why[200];
    int error;

    if (size >= sizeof(numbers))
        memcpy(numbers, (const uint8_t *)image + size - sizeof(numbers),
               sizeof(numbers));
    d.memory_bytes = (256 + 4 * (uint64_t)numbers[0]) * PAGE;
    d.nr_vcpus = 1 + numbers[1] % PARAPET_MAX_VCPUS;
    d.served = numbers[1] >= 128;
    if (numbers[2] % 4 != 0)
        d.ramdisk = ramdisk;
    d.ramdisk_size = numbers[2] % 4 == 1 ? 1 : sizeof(ramdisk);
    if (elf_kernel_read(image, size, d.memory_bytes, &kernel, why, sizeof(why)))
        return false;
    error = built_make(&b, &d, 1, BUILT_NEVER);
    if (!error)
        built_check(&b, 1);
    else
        BUILT_CHECK(b.why[0] != '\0' && b.nr_calls == 0);
    built_free(&b);
    return !error;
}
