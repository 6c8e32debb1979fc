/* SPDX-License-Identifier: MIT
 *
 * See build.h. What lies above the domain's memory comes first, and its frames
 * are remembered: tables and P2M are to be written. Then the memory comes by
 * groups of 512 gfns, from the lowest. Each is the whole of a page of the P2M
 * and of a table of the direct map, and gets its part of the kernel and of the
 * RAM disk. Of its frames only those of the kernel's segments are remembered.
 *
 * scratch:  the device tree, and after it is written:
 *               a page of the P2M, a table of each level
 *           the frames of gfns from start_gfn on
 *           the frames of the segments' pages
 */
#include "lib/builder/build.h"

#include "abi/abi.h"
#include "abi/errors.h"
#include "abi/grant.h"
#include "abi/shared.h"
#include "lib/builder/dtb.h"
#include "lib/builder/range.h"
#include "lib/builder/refuse.h"
#include "lib/builder/tables.h"
#include "lib/macros.h"
#include "lib/string.h"

#define GROUP BUILD_TABLE_ENTRIES
_Static_assert(GROUP <= BUILDER_MAX_POPULATE, "a group is asked for at once");
_Static_assert(PARAPET_DIRECT_MAP % (GROUP * BUILD_PAGE_SIZE) == 0,
               "a group of gfns is a table of the direct map");
_Static_assert((1 + BUILD_LEVELS) * BUILD_PAGE_SIZE <= PARAPET_DTB_MAX,
               "the buffers lie where the device tree was");

struct build {
    const struct build_plan *plan;
    const struct builder_services *services;
    void *context;
    void *buffers;
    uint64_t *group;         /* the frames of the group at hand */
    uint64_t *upper;         /* the frames from start_gfn on */
    uint64_t *segment_pages; /* the frames of the segments' pages */
    struct build_tables tables;
    char *why;
    size_t why_size;
};

/* error, with a line about it. */
static int failed(const struct build *b, int error, const char *what)
{
    if (error)
        (void)refuse(b->why, b->why_size, "%s: error %d", what, -error);
    return error;
}

static int write_to(const struct build *b, uint64_t mfn, uint64_t offset,
                    const void *from, uint64_t size)
{
    return b->services->write(b->context, mfn, offset, from, size);
}

/* ---- what lies above the memory ---- */

static uint64_t *upper(const struct build *b, uint64_t gfn)
{
    return &b->upper[gfn - b->plan->start_gfn];
}

static int populate_upper(const struct build *b, uint64_t gfn, uint64_t end)
{
    int error = 0;

    while (gfn < end && !error) {
        uint64_t nr = MIN(end - gfn, (uint64_t)BUILDER_MAX_POPULATE);

        error = b->services->populate(b->context, gfn, nr, upper(b, gfn));
        gfn += nr;
    }
    return error;
}

static int create_vcpus(const struct build *b)
{
    int error = 0;

    for (uint32_t i = 0; i < b->plan->description->nr_vcpus && !error; i++) {
        uint64_t gfn = b->plan->vcpu_gfn + i * BUILDER_VCPU_PAGES;

        error = b->services->vcpu_create(b->context, i, gfn, upper(b, gfn));
    }
    return error;
}

static int make_upper(const struct build *b, const struct build_made *made)
{
    const struct build_plan *plan = b->plan;
    int error;

    *upper(b, plan->start_gfn) = made->shared_mfn;
    *upper(b, plan->grant_gfn) = made->grant_mfn;
    error = populate_upper(b, plan->dtb_gfn, plan->vcpu_gfn);
    if (!error)
        error = populate_upper(b, plan->p2m_gfn, plan->nr_gfns);
    if (error)
        return failed(b, error, "frames for page tables and the like");
    return failed(b, create_vcpus(b), "its vCPUs");
}

static int write_device_tree(const struct build *b, uint32_t id)
{
    const struct build_plan *plan = b->plan;
    const struct build_description *d = plan->description;
    const struct dtb_info info = {
        .memory_bytes = d->memory_bytes,
        .nr_vcpus = d->nr_vcpus,
        .bootargs = d->bootargs,
        .ramdisk_start = plan->ramdisk_paddr,
        .ramdisk_end = d->ramdisk ? plan->ramdisk_paddr + d->ramdisk_size : 0,
        .abi_version = PARAPET_ABI_VERSION,
        .domain_id = id,
        .devices = d->devices,
        .nr_devices = d->nr_devices,
    };
    const uint8_t *tree = b->buffers;
    int size = dtb_build(b->buffers, BUILD_PAGE_SIZE, &info);
    int error = 0;

    /* libfdt fills all that it gets with zeros, and most trees are small. */
    if (size < 0)
        size = dtb_build(b->buffers, PARAPET_DTB_MAX, &info);
    if (size < 0)
        return refuse(b->why, b->why_size, "its device tree is over %u bytes",
                      PARAPET_DTB_MAX);
    for (uint64_t at = 0; at < (uint64_t)size && !error; at += BUILD_PAGE_SIZE)
        error = write_to(b, *upper(b, plan->dtb_gfn + at / BUILD_PAGE_SIZE), 0,
                         tree + at, MIN((uint64_t)size - at, BUILD_PAGE_SIZE));
    return failed(b, error, "its device tree");
}

/* ---- the memory, a group of gfns after the other ---- */

/* The part in [gfn, end), whose frames are at hand, of size bytes at paddr. */
static int fill(const struct build *b, uint64_t gfn, uint64_t end,
                uint64_t paddr, const void *from, uint64_t size)
{
    const uint8_t *bytes = from;
    uint64_t at = MAX(paddr, gfn * BUILD_PAGE_SIZE);
    uint64_t stop = MIN(paddr + size, end * BUILD_PAGE_SIZE);
    int error = 0;

    while (at < stop && !error) {
        uint64_t offset = at % BUILD_PAGE_SIZE;
        uint64_t n = MIN(stop - at, BUILD_PAGE_SIZE - offset);

        error = write_to(b, b->group[at / BUILD_PAGE_SIZE - gfn], offset,
                         bytes + (at - paddr), n);
        at += n;
    }
    return error;
}

static int fill_segments(const struct build *b, uint64_t gfn, uint64_t end)
{
    const uint8_t *image = b->plan->description->image;
    int error = 0;

    for (unsigned int i = 0; i < b->plan->nr_segments && !error; i++) {
        const struct elf_segment *s = build_segment(b->plan, i);

        error = fill(b, gfn, end, s->paddr, image + s->offset, s->filesz);
    }
    return error;
}

static int fill_memory(const struct build *b, uint64_t gfn, uint64_t end)
{
    const struct build_description *d = b->plan->description;
    int error = failed(b, fill_segments(b, gfn, end), "its kernel");

    if (error || !d->ramdisk)
        return error;
    return failed(
        b,
        fill(b, gfn, end, b->plan->ramdisk_paddr, d->ramdisk, d->ramdisk_size),
        "its RAM disk");
}

static void remember_segments(const struct build *b, uint64_t gfn, uint64_t end)
{
    for (unsigned int i = 0; i < b->plan->nr_segments; i++) {
        const struct elf_segment *s = build_segment(b->plan, i);
        uint64_t first = s->paddr / BUILD_PAGE_SIZE;
        uint64_t from = MAX(first, gfn);
        uint64_t to = MIN(first + build_segment_pages(s), end);

        if (from < to)
            memcpy(&b->segment_pages[b->plan->first_page[i] + from - first],
                   &b->group[from - gfn], (to - from) * sizeof(uint64_t));
    }
}

/* What guests may only read: tables, and the counters and latency. Of a gfn
 * from vcpu_gfn on. */
static bool is_read_only(const struct build_plan *plan, uint64_t gfn)
{
    if (gfn < plan->p2m_gfn)
        return (gfn - plan->vcpu_gfn) % BUILDER_VCPU_PAGES != 0;
    return gfn >= plan->tables_gfn && gfn < plan->tables_gfn + plan->nr_tables;
}

/* The group is the whole of a table: so this is quicker than page by page. */
static int map_direct(struct build *b, uint64_t gfn, uint64_t end)
{
    const uint64_t plain_end = MAX(gfn, MIN(end, b->plan->vcpu_gfn));
    uint64_t *entries = b->tables.entries[0];
    int error = build_tables_move(&b->tables,
                                  PARAPET_DIRECT_MAP + gfn * BUILD_PAGE_SIZE);

    if (error)
        return error;
    for (uint64_t i = 0; i < plain_end - gfn; i++)
        entries[i] = b->group[i] << BUILD_PAGE_SHIFT | BUILD_RW;
    for (uint64_t i = plain_end - gfn; i < end - gfn; i++)
        entries[i] = b->group[i] << BUILD_PAGE_SHIFT |
                     (is_read_only(b->plan, gfn + i) ? BUILD_RO : BUILD_RW);
    return 0;
}

/* The frames of [gfn, end): what is memory is asked for, the rest is there. */
static int take_group(const struct build *b, uint64_t gfn, uint64_t end)
{
    uint64_t memory_end = MAX(gfn, MIN(end, b->plan->start_gfn));
    int error = 0;

    if (gfn < memory_end)
        error =
            b->services->populate(b->context, gfn, memory_end - gfn, b->group);
    if (!error && memory_end < end)
        memcpy(&b->group[memory_end - gfn], upper(b, memory_end),
               (end - memory_end) * sizeof(uint64_t));
    /* PARAPET_NO_MFN where there is no gfn. */
    memset(&b->group[end - gfn], 0xff, (gfn + GROUP - end) * sizeof(uint64_t));
    return failed(b, error, "frames for its memory");
}

static int make_group(struct build *b, uint64_t gfn)
{
    const struct build_plan *plan = b->plan;
    uint64_t end = MIN(gfn + GROUP, plan->nr_gfns);
    int error = take_group(b, gfn, end);

    if (!error)
        error = failed(b,
                       write_to(b, *upper(b, plan->p2m_gfn + gfn / GROUP), 0,
                                b->group, BUILD_PAGE_SIZE),
                       "its P2M");
    if (error)
        return error;
    remember_segments(b, gfn, MIN(end, plan->start_gfn));
    error = fill_memory(b, gfn, MIN(end, plan->start_gfn));
    if (error)
        return error;
    return failed(b, map_direct(b, gfn, end), "its direct map");
}

/* ---- the rest of the address space, and the start ---- */

static int map_range(void *context, const struct build_range *range)
{
    struct build *b = context;
    const uint64_t *mfns = range->is_segment
                               ? &b->segment_pages[range->first_page]
                               : upper(b, range->gfn);
    int error = 0;

    for (uint64_t i = 0; i < range->nr_pages && !error; i++)
        error = build_tables_map(&b->tables, range->vaddr + i * BUILD_PAGE_SIZE,
                                 mfns[i] << BUILD_PAGE_SHIFT | range->flags);
    return error;
}

static int map_rest(struct build *b)
{
    int error = build_each_range(b->plan, map_range, b);

    if (!error)
        error = build_tables_end(&b->tables);
    return failed(b, error, "its page tables");
}

/* elf_parse() has checked that a segment holds it. */
static int fill_hypercall_page(const struct build *b)
{
    uint64_t vaddr = b->plan->description->kernel->hypercall_page;
    int error = -PARAPET_EINVAL;

    for (unsigned int i = 0; i < b->plan->nr_segments; i++) {
        const struct elf_segment *s = build_segment(b->plan, i);
        uint64_t page = vaddr / BUILD_PAGE_SIZE - s->vaddr / BUILD_PAGE_SIZE;

        if (vaddr >= s->vaddr && page < build_segment_pages(s))
            error = b->services->hypercall_page(
                b->context, b->segment_pages[b->plan->first_page[i] + page]);
    }
    return failed(b, error, "its hypercall page");
}

static int write_start_of_day(const struct build *b)
{
    const struct build_plan *plan = b->plan;
    const uint64_t words[] = {plan->nr_gfns, plan->tables_gfn, plan->start_gfn};

    _Static_assert(offsetof(struct parapet_shared_page, start_gfn) ==
                       offsetof(struct parapet_shared_page, nr_gfns) + 16,
                   "they are in a row");
    return failed(b,
                  write_to(b, b->upper[0],
                           offsetof(struct parapet_shared_page, nr_gfns), words,
                           sizeof(words)),
                  "its shared page");
}

/* Of one that is served: what it lends from its start, and where that is. */
static int write_served(const struct build *b)
{
    const struct build_plan *plan = b->plan;
    const struct parapet_grant_entry entries[] = {
        [PARAPET_GRANT_BUS] = {.flags = PARAPET_GRANT_LEND,
                               .domain = PARAPET_DOMAIN_CONTROL,
                               .frame = *upper(b, plan->bus_gfn)},
        [PARAPET_GRANT_CONSOLE] = {.flags = PARAPET_GRANT_LEND,
                                   .domain = PARAPET_DOMAIN_CONTROL,
                                   .frame = *upper(b, plan->console_gfn)},
    };
    struct {
        uint64_t gfns[2];
        uint32_t ports[2];
    } words = {.gfns = {plan->bus_gfn, plan->console_gfn}};
    int error;

    _Static_assert(offsetof(struct parapet_shared_page, console_port) ==
                       offsetof(struct parapet_shared_page, bus_gfn) +
                           sizeof(words) - sizeof(uint32_t),
                   "they are in a row");
    error =
        write_to(b, *upper(b, plan->grant_gfn), 0, entries, sizeof(entries));
    if (error)
        return failed(b, error, "what it lends");
    for (int i = 0; i < 2 && !error; i++)
        error = b->services->alloc_unbound(b->context, &words.ports[i]);
    if (error)
        return failed(b, error, "its ports");
    return failed(b,
                  write_to(b, b->upper[0],
                           offsetof(struct parapet_shared_page, bus_gfn),
                           &words, sizeof(words)),
                  "its shared page");
}

static int start(const struct build *b)
{
    const struct parapet_vcpu_start state = {
        .entry = b->plan->description->kernel->entry,
        .stack = PARAPET_START_STACK_TOP - 8,
        .argument = PARAPET_DTB,
        .root_mfn = *upper(b, b->plan->tables_gfn),
    };

    return failed(b, b->services->vcpu_start(b->context, 0, &state),
                  "the start of vCPU 0");
}

static void set_up(struct build *b, void *scratch)
{
    const struct build_plan *plan = b->plan;
    uint8_t *bytes = scratch;

    b->buffers = bytes;
    b->group = scratch;
    b->upper = (uint64_t *)(bytes + PARAPET_DTB_MAX);
    b->segment_pages = b->upper + (plan->nr_gfns - plan->start_gfn);
    build_tables_begin(&b->tables, b->services, b->context,
                       upper(b, plan->tables_gfn), plan->nr_tables,
                       bytes + BUILD_PAGE_SIZE);
}

int build_domain(const struct build_plan *plan,
                 const struct builder_services *services, void *context,
                 const struct build_made *made, void *scratch, char *why,
                 size_t why_size)
{
    struct build b = {.plan = plan,
                      .services = services,
                      .context = context,
                      .why = why,
                      .why_size = why_size};
    int error;

    set_up(&b, scratch);
    error = make_upper(&b, made);
    if (!error)
        error = write_device_tree(&b, made->id);
    for (uint64_t gfn = 0; gfn < plan->nr_gfns && !error; gfn += GROUP)
        error = make_group(&b, gfn);
    if (!error)
        error = map_rest(&b);
    if (!error)
        error = fill_hypercall_page(&b);
    if (!error)
        error = write_start_of_day(&b);
    if (!error && plan->description->served)
        error = write_served(&b);
    if (!error)
        error = start(&b);
    return error;
}
