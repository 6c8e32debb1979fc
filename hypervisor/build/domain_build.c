/* SPDX-License-Identifier: MIT
 *
 * Owns how a domain's memory is filled: kernel segments at their physical
 * addresses, the RAM disk at the top, the device tree and the clock in the
 * shared region. Knows nothing of page tables: that is the engine's.
 */
#include "hypervisor/build/domain_build.h"

#include <stdint.h>

#include "abi/errors.h"
#include "abi/note.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/build/bundle.h"
#include "hypervisor/core/clock.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_life.h"
#include "hypervisor/core/domain_memory.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/hc_console.h"
#include "hypervisor/core/log_domain.h"
#include "hypervisor/sched/sched.h"
#include "lib/builder/dtb.h"
#include "lib/builder/elf.h"
#include "lib/macros.h"
#include "lib/string.h"

_Static_assert(BUNDLE_MAX_DOMAINS <= MAX_DOMAINS,
               "there is a place for each domain of a bundle");

static void allocate_memory(struct domain *d, uint64_t memory_bytes)
{
    size_t nr = memory_bytes / PAGE_SIZE;
    mfn_t p2m = MFN_NONE;

    if (nr < frame_nr_free())
        p2m = frame_alloc_run(
            NR_PAGES(domain_memory_nr_gfns(d, nr) * sizeof(*d->p2m)));
    if (p2m == MFN_NONE)
        boot_refuse("domain %s: expected at most %lu KiB of memory, which is "
                    "what is free; got %lu KiB (MEM= is the machine's: try a "
                    "larger one)",
                    d->name, frame_nr_free() * PAGE_SIZE / 1024,
                    memory_bytes / 1024);
    d->p2m = frame_vaddr(p2m);
    for (d->nr_frames = 0; d->nr_frames < nr; d->nr_frames++) {
        mfn_t mfn = frame_alloc_zeroed();

        if (mfn == MFN_NONE)
            boot_refuse("domain %s: the machine's memory is used up (MEM= is "
                        "the machine's: try a larger one)",
                        d->name);
        d->p2m[d->nr_frames] = mfn;
    }
    if (!domain_memory_give(d))
        boot_refuse("domain %s: no memory for its vCPUs", d->name);
}

/* Copies into guest physical memory; the caller has checked the range. */
static void write_memory(const struct domain *d, uint64_t gpa, const void *from,
                         size_t size)
{
    const uint8_t *bytes = from;

    while (size > 0) {
        size_t n = MIN(size, PAGE_SIZE - gpa % PAGE_SIZE);
        uint8_t *page = frame_vaddr(d->p2m[gpa / PAGE_SIZE]);

        memcpy(page + gpa % PAGE_SIZE, bytes, n);
        gpa += n;
        bytes += n;
        size -= n;
    }
}

static void load_kernel(struct domain *d, const struct bundle_image *image,
                        const struct elf_image *elf)
{
    for (unsigned int i = 0; i < elf->nr_segments; i++) {
        const struct elf_segment *s = &elf->segments[i];

        write_memory(d, s->paddr, (const uint8_t *)image->data + s->offset,
                     s->filesz);
    }
}

/* The names of its code, for reports. Domains with one kernel share them. */
static void read_symbols(struct domain *d, const struct bundle_image *image)
{
    size_t size =
        elf_symbols_room(image->data, image->size) * sizeof(*d->symbols.sorted);
    const struct domain *other;
    mfn_t sorted;

    d->kernel = image->data;
    for_each_domain (other) {
        if (other == d || other->kernel != d->kernel)
            continue;
        d->symbols = other->symbols;
        return;
    }
    if (size == 0)
        return;
    sorted = frame_alloc_run(ALIGN_UP(size, PAGE_SIZE) / PAGE_SIZE);
    if (sorted == MFN_NONE)
        boot_refuse("domain %s: no memory for the symbols of its kernel",
                    d->name);
    elf_symbols_read(image->data, image->size, frame_vaddr(sorted),
                     &d->symbols);
}

static uint64_t end_of_kernel(const struct elf_image *elf)
{
    uint64_t end = 0;

    for (unsigned int i = 0; i < elf->nr_segments; i++)
        end = MAX(end, elf->segments[i].paddr + elf->segments[i].memsz);
    return end;
}

/* Returns where the RAM disk starts: page-aligned, at the top of memory. */
static uint64_t load_ramdisk(const struct domain *d,
                             const struct bundle_image *image,
                             const struct elf_image *elf)
{
    uint64_t memory = d->nr_frames * PAGE_SIZE;
    uint64_t start;

    if (image->size > memory ||
        ALIGN_DOWN(memory - image->size, PAGE_SIZE) < end_of_kernel(elf))
        boot_refuse("domain %s: ramdisk %s: expected it to fit above the "
                    "kernel into %lu KiB; got %lu KiB (DOMAIN_MEM= is the "
                    "domain's: try a larger one)",
                    d->name, image->name, memory / 1024, image->size / 1024);
    start = ALIGN_DOWN(memory - image->size, PAGE_SIZE);
    write_memory(d, start, image->data, image->size);
    return start;
}

static void write_device_tree(struct domain *d, const struct bundle_domain *b,
                              uint64_t ramdisk)
{
    struct dtb_info info = {
        .memory_bytes = b->memory_bytes,
        .nr_vcpus = b->nr_vcpus,
        .bootargs = b->bootargs,
        .ramdisk_start = ramdisk,
        .ramdisk_end = ramdisk ? ramdisk + b->ramdisk.size : 0,
        .abi_version = PARAPET_ABI_VERSION,
        .domain_id = d->id,
    };

    if (dtb_build(d->dtb, PARAPET_DTB_MAX, &info) < 0)
        boot_refuse("domain %s: its device tree is over %u bytes", d->name,
                    PARAPET_DTB_MAX);
}

static struct domain *create(const struct bundle_domain *b,
                             const struct engine *engine)
{
    const struct domain_settings settings = {
        .name = b->name,
        .engine = engine,
        .nr_vcpus = b->nr_vcpus,
        .shared_gfn = b->memory_bytes / PAGE_SIZE,
        .weight = b->weight,
        .cap = b->cap,
    };
    struct domain *d;

    switch (domain_create(&settings, &d)) {
    case 0:
        return d;
    case -PARAPET_EEXIST:
        boot_refuse("domain %s: another one has this name", b->name);
    default:
        boot_refuse("domain %s: no memory for its description", b->name);
    }
}

static void build_domain(const struct bundle_domain *b, unsigned int nr_cpus)
{
    static struct elf_image elf;
    const struct engine *engine = engine_find(b->engine);
    char why[200];
    struct domain *d;
    uint64_t ramdisk = 0;

    if (engine->kernel_read(b->kernel.data, b->kernel.size, b->memory_bytes,
                            &elf, why, sizeof(why)))
        boot_refuse("domain %s: kernel %s: %s", b->name, b->kernel.name, why);
    d = create(b, engine);
    /* First, since gigabytes take seconds. */
    log_domain(
        LOG_INFO, d, "%s: engine %s, %lu MiB, %u vCPU%s, kernel %s (%lu KiB)",
        d->name, engine->name, b->memory_bytes >> 20, d->max_vcpus,
        d->max_vcpus == 1 ? "" : "s", b->kernel.name, b->kernel.size / 1024);
    allocate_memory(d, b->memory_bytes);
    load_kernel(d, &b->kernel, &elf);
    read_symbols(d, &b->kernel);
    if (b->ramdisk.data)
        ramdisk = load_ramdisk(d, &b->ramdisk, &elf);
    write_device_tree(d, b, ramdisk);
    clock_fill(d);
    if (!engine->domain_load(d, &elf))
        boot_refuse("domain %s: no memory for its page tables", b->name);
    for (unsigned int i = 0; i < d->nr_vcpus; i++) {
        if (!sched_assign(d->vcpus[i], nr_cpus))
            boot_refuse("domain %s: no memory for its timers", b->name);
    }
}

void build_domains(const void *blob, size_t size, unsigned int nr_cpus)
{
    struct bundle bundle;
    struct bundle_error error;
    struct bundle_domain b;
    struct domain *d;

    if (!blob)
        boot_refuse("no boot bundle (expected: qemu's -initrd bundle.itb)");
    if (bundle_open(blob, size, engine_names, &bundle, &error))
        boot_refuse("%s", error.text);
    for (unsigned int i = 0; i < bundle_nr_domains(&bundle); i++) {
        if (bundle_domain(&bundle, i, &b, &error))
            boot_refuse("%s", error.text);
        build_domain(&b, nr_cpus);
    }
    hc_console_set_focus(domain_list);
    for_each_domain (d)
        (void)domain_start(d);
}
