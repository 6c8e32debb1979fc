/* SPDX-License-Identifier: MIT
 *
 * Owns what is the boot's part of making domains: it reads the bundle, has
 * each domain built (lib/builder/build.h), and refuses to go on when anything
 * is wrong.
 */
#include "hypervisor/build/domain_build.h"

#include <stdint.h>

#include "abi/domain.h"
#include "abi/errors.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/build/boot_services.h"
#include "hypervisor/build/bundle.h"
#include "hypervisor/core/clock.h"
#include "hypervisor/core/device.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_create.h"
#include "hypervisor/core/domain_life.h"
#include "hypervisor/core/engine.h"
#include "hypervisor/core/hc_console.h"
#include "hypervisor/core/log_domain.h"
#include "lib/builder/build.h"
#include "lib/builder/elf.h"
#include "lib/macros.h"

_Static_assert(BUNDLE_MAX_DOMAINS <= MAX_DOMAINS,
               "there is a place for each domain of a bundle");

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

/* What the control domain's device tree says of them. */
static const struct dtb_device *told_devices(void)
{
    static struct dtb_device told[MAX_DEVICES];

    for (unsigned int i = 0; i < device_nr(); i++)
        told[i] = (struct dtb_device){.paddr = device_at(i)->paddr,
                                      .size = device_at(i)->size,
                                      .irq = device_at(i)->irq};
    return told;
}

/* What the bundle says, and what its kernel is; all of it fits. */
static void plan_domain(const struct bundle_domain *b,
                        struct build_description *description,
                        struct build_plan *plan)
{
    static struct elf_image kernel;
    char why[200];
    int error;

    if (engine_find(b->engine)->kernel_read(b->kernel.data, b->kernel.size,
                                            b->memory_bytes, &kernel, why,
                                            sizeof(why)))
        boot_refuse("domain %s: kernel %s: %s", b->name, b->kernel.name, why);
    *description = (struct build_description){
        .memory_bytes = b->memory_bytes,
        .nr_vcpus = b->nr_vcpus,
        .bootargs = b->bootargs,
        .image = b->kernel.data,
        .kernel = &kernel,
        .ramdisk = b->ramdisk.data,
        .ramdisk_size = b->ramdisk.size,
        .ramdisk_name = b->ramdisk.name,
        .devices = told_devices(),
        .nr_devices = b->privileged ? device_nr() : 0,
    };
    error = build_plan(description, plan, why, sizeof(why));
    if (error)
        boot_refuse("domain %s: %s%s", b->name, why,
                    error == -PARAPET_ENOSPC ? " (DOMAIN_MEM= is the domain's: "
                                               "try a larger one)"
                                             : "");
}

/* What the builder remembers; used for one domain after the other. */
static void fill_domain(struct domain *d, const struct build_plan *plan)
{
    const struct build_made made = {.id = d->id,
                                    .shared_mfn = frame_of(d->shared),
                                    .grant_mfn =
                                        frame_of(d->memory.grants.entries[0])};
    uint64_t nr_scratch = NR_PAGES(plan->scratch_size);
    mfn_t scratch = MFN_NONE;
    char why[200];

    if (plan->nr_gfns + nr_scratch <= frame_nr_free())
        scratch = frame_alloc_run(nr_scratch);
    if (scratch == MFN_NONE)
        boot_refuse("domain %s: expected at most %lu KiB of memory, which is "
                    "what is free; got %lu KiB (MEM= is the machine's: try a "
                    "larger one)",
                    d->name, frame_nr_free() * PAGE_SIZE / 1024,
                    plan->start_gfn * PAGE_SIZE / 1024);
    if (build_domain(plan, &boot_services, d, &made, frame_vaddr(scratch), why,
                     sizeof(why)))
        boot_refuse("domain %s: %s", d->name, why);
    d->memory.max_frames = d->memory.nr_frames + PARAPET_GRANT_RESERVE;
    for (uint64_t i = 0; i < nr_scratch; i++)
        frame_free(scratch + i);
}

static struct domain *create(const struct bundle_domain *b,
                             const struct build_plan *plan)
{
    const struct domain_settings settings = {
        .name = b->name,
        .engine = engine_find(b->engine),
        .control = b->privileged,
        .nr_vcpus = b->nr_vcpus,
        .memory = {.nr_gfns = plan->nr_gfns,
                   .shared_gfn = plan->start_gfn,
                   .grant_gfn = plan->grant_gfn},
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

static void make_domain(const struct bundle_domain *b)
{
    struct build_description description;
    struct build_plan plan;
    struct domain *d;

    plan_domain(b, &description, &plan);
    d = create(b, &plan);
    /* First, since gigabytes take seconds. */
    log_domain(
        LOG_INFO, d, "%s: engine %s, %lu MiB, %u vCPU%s, kernel %s (%lu KiB)",
        d->name, d->engine->name, b->memory_bytes >> 20, d->max_vcpus,
        d->max_vcpus == 1 ? "" : "s", b->kernel.name, b->kernel.size / 1024);
    fill_domain(d, &plan);
    read_symbols(d, &b->kernel);
}

void build_domains(const void *blob, size_t size)
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
        make_domain(&b);
    }
    hc_console_set_focus(domain_list);
    for_each_domain (d)
        (void)domain_start(d);
}
