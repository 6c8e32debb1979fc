/* SPDX-License-Identifier: MIT */
#include "user/pctl/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/event.h"
#include "lib/builder/build.h"
#include "user/pctl/calls.h"
#include "user/pctl/disks.h"
#include "user/pctl/domains.h"
#include "user/pctl/files.h"

#define MIB (UINT64_C(1) << 20)

/* A domain on its way. */
struct making {
    struct pctl *p;
    const struct description *d;
    struct mapped_file kernel;
    struct mapped_file ramdisk; /* size 0: none */
    struct elf_image elf;
    struct build_description description;
    struct build_plan plan;
    struct build_made made;
    uint32_t bus_port;     /* the builder asks for it, */
    uint32_t console_port; /* and then for this one */
    int64_t error;         /* the first that a service got */
    char why[CFG_MAX_WHY];
};

/* ---- the builder's services ---- */

static int note(struct making *m, int64_t result)
{
    if (result && !m->error)
        m->error = result;
    return (int)result;
}

static int populate(void *context, uint64_t gfn, uint64_t nr, uint64_t *mfns)
{
    static struct parapet_populate frames[BUILDER_MAX_POPULATE];
    struct making *m = context;
    int64_t result;

    for (uint64_t i = 0; i < nr; i++)
        frames[i].gfn = gfn + i;
    result = calls_populate(m->p->machine, m->made.id, frames, nr);
    for (uint64_t i = 0; i < nr; i++)
        mfns[i] = frames[i].mfn;
    return note(m, result);
}

_Static_assert(sizeof(struct parapet_populate) * BUILDER_MAX_POPULATE <=
                   PARAPET_CONTROL_MAX_BYTES,
               "the device takes them in one call");

static int write_frame(void *context, uint64_t mfn, uint64_t offset,
                       const void *from, uint64_t size)
{
    struct making *m = context;

    return note(m, CALLS_TO_END(call_domain_copy_to(
                       m->p->machine, m->made.id, mfn * DOMAINS_FRAME + offset,
                       from, size)));
}

static int hypercall_page(void *context, uint64_t mfn)
{
    struct making *m = context;

    return note(m, CALLS_TO_END(call_domain_hypercall_page(m->p->machine,
                                                           m->made.id, mfn)));
}

static int vcpu_create(void *context, uint32_t vcpu, uint64_t first_gfn,
                       uint64_t mfns[BUILDER_VCPU_PAGES])
{
    struct making *m = context;

    return note(m, CALLS_TO_END(call_domain_vcpu_create(
                       m->p->machine, m->made.id, vcpu, first_gfn, mfns)));
}

static int alloc_unbound(void *context, uint32_t *port)
{
    struct making *m = context;
    int64_t result = CALLS_TO_END(call_domain_alloc_unbound(
        m->p->machine, m->made.id, PARAPET_DOMAIN_CONTROL));

    if (result < 0)
        return note(m, result);
    m->bus_port = m->console_port;
    *port = m->console_port = (uint32_t)result;
    return 0;
}

static int vcpu_start(void *context, uint32_t vcpu,
                      const struct parapet_vcpu_start *start)
{
    struct making *m = context;

    return note(m, CALLS_TO_END(call_domain_vcpu_start(
                       m->p->machine, m->made.id, vcpu, start)));
}

static const struct builder_services services = {
    .populate = populate,
    .write = write_frame,
    .hypercall_page = hypercall_page,
    .vcpu_create = vcpu_create,
    .alloc_unbound = alloc_unbound,
    .vcpu_start = vcpu_start,
};

/* ---- what it is made of ---- */

static int open_file(struct pctl *p, const char *key, const char *path,
                     struct mapped_file *file)
{
    int error = mapped_file_open(path, file);

    if (error == -ENODATA)
        return pctl_fail(p, PCTL_FAILED,
                         "%s: %s: expected a file that is not "
                         "empty",
                         key, path);
    if (error)
        return pctl_fail(p, PCTL_FAILED, "%s: %s: %s", key, path,
                         strerror(-error));
    return PCTL_DONE;
}

/* What there is to know before the hypervisor is asked for anything. */
static int plan(struct making *m)
{
    const struct description *d = m->d;
    int error =
        elf_kernel_read(m->kernel.bytes, m->kernel.size, d->maxmem * MIB,
                        &m->elf, m->why, sizeof(m->why));

    if (error)
        return pctl_fail(m->p, PCTL_FAILED, "kernel: %s: %s", d->kernel,
                         m->why);
    m->description = (struct build_description){
        .memory_bytes = d->maxmem * MIB,
        .nr_vcpus = d->vcpus,
        .bootargs = d->extra,
        .image = m->kernel.bytes,
        .kernel = &m->elf,
        .ramdisk = m->ramdisk.bytes,
        .ramdisk_size = m->ramdisk.size,
        .ramdisk_name = d->ramdisk,
        .served = true,
    };
    error = build_plan(&m->description, &m->plan, m->why, sizeof(m->why));
    return error ? pctl_fail(m->p, PCTL_FAILED, "%s: %s", d->name, m->why)
                 : PCTL_DONE;
}

/* ---- the domain ---- */

/* What a person can do about it. */
static int failed(struct making *m, int64_t result)
{
    static const struct pctl_reason reasons[] = {
        {PARAPET_EEXIST, "a domain has this name already: give another one, "
                         "as name=demo2, or `pctl destroy` that"},
        {PARAPET_ENOSPC, "there are as many domains as there can be: `pctl "
                         "list` shows those that have ended"},
        {0, NULL},
    };
    struct parapet_machine_info info;

    if (result == -PARAPET_ENOMEM &&
        call_machine_info(m->p->machine, &info) == 0)
        return pctl_fail(m->p, PCTL_FAILED,
                         "%s: expected %llu KiB of free memory, the machine "
                         "has %llu",
                         m->d->name, (unsigned long long)(m->plan.nr_gfns * 4),
                         (unsigned long long)(info.free_frames * 4));
    return pctl_call_failed(m->p, m->d->name, result, reasons);
}

static int create(struct making *m)
{
    const struct description *d = m->d;
    struct parapet_domain_create params = {
        .engine = "pv",
        .max_frames = m->plan.nr_gfns + PARAPET_GRANT_RESERVE,
        .nr_gfns = m->plan.nr_gfns,
        .shared_gfn = m->plan.start_gfn,
        .grant_gfn = m->plan.grant_gfn,
        .nr_vcpus = d->vcpus,
        .weight = d->weight,
        .cap = d->cap,
    };
    int64_t result;

    memcpy(params.name, d->name, strlen(d->name));
    result = call_domain_create(m->p->machine, &params);
    if (result < 0)
        return failed(m, result);
    m->made = (struct build_made){.id = (uint32_t)result,
                                  .shared_mfn = params.shared_mfn,
                                  .grant_mfn = params.grant_mfn};
    return PCTL_DONE;
}

static int fill(struct making *m)
{
    void *scratch = malloc(m->plan.scratch_size);
    int result;

    if (!scratch)
        return pctl_fail(m->p, PCTL_FAILED,
                         "there is no memory for the builder: %llu KiB",
                         (unsigned long long)m->plan.scratch_size / 1024);
    result = build_domain(&m->plan, &services, m, &m->made, scratch, m->why,
                          sizeof(m->why));
    free(scratch);
    if (m->error == -PARAPET_ENOMEM)
        return failed(m, m->error);
    if (m->error)
        return pctl_fail(m->p, PCTL_FAILED, "%s: %s (%s)", m->d->name, m->why,
                         pctl_error_text(m->error));
    return result ? pctl_fail(m->p, PCTL_FAILED, "%s: %s", m->d->name, m->why)
                  : PCTL_DONE;
}

/* ---- where it may run, and what it is to give back ---- */

static const struct pctl_reason cpus_reasons[] = {
    {PARAPET_EINVAL, "cpus: the machine has none of these"},
    {PARAPET_ENOSPC, "cpus: these have no room for another vCPU"},
    {0, NULL},
};

static int set_cpus(struct making *m)
{
    const struct description *d = m->d;
    int64_t result = 0;

    if (!d->is_set[DESCRIPTION_cpus])
        return PCTL_DONE;
    for (uint32_t v = 0; v < d->vcpus && result == 0; v++)
        result = call_vcpu_affinity(m->p->machine, m->made.id, v,
                                    d->cpus[d->nr_cpus == 1 ? 0 : v]);
    return result ? pctl_call_failed(m->p, d->name, result, cpus_reasons)
                  : PCTL_DONE;
}

static int set_target(struct making *m)
{
    const struct description *d = m->d;
    uint64_t less = (d->maxmem - d->memory) * DOMAINS_MIB_FRAMES;
    int64_t result;

    if (less == 0)
        return PCTL_DONE;
    result = call_domain_limits(m->p->machine, m->made.id,
                                m->plan.nr_gfns + PARAPET_GRANT_RESERVE,
                                m->plan.nr_gfns - less);
    return result ? failed(m, result) : PCTL_DONE;
}

/* ---- its console ---- */

static int serve(struct making *m)
{
    const struct parapet_serve serve = {.domain = m->made.id,
                                        .console_port = m->console_port,
                                        .bus_port = m->bus_port};
    int error = m->p->machine->serve(m->p->machine, &serve);

    return error ? pctl_fail(m->p, PCTL_FAILED, "%s: its console: %s",
                             m->d->name, strerror(-error))
                 : PCTL_DONE;
}

/* ---- its disks ---- */

static int attach_disks(struct making *m)
{
    int status = PCTL_DONE;

    for (uint32_t i = 0; i < m->d->nr_disks && status == PCTL_DONE; i++) {
        struct parapet_blk_attach disk = m->d->disks[i];

        disk.domain = m->made.id;
        status = disks_attach(m->p, m->d->name, &disk);
    }
    return status;
}

/* ---- all of it ---- */

static int make(struct making *m)
{
    int status = plan(m);

    if (status == PCTL_DONE)
        status = create(m);
    if (status)
        return status;
    status = fill(m);
    if (status == PCTL_DONE)
        status = set_cpus(m);
    if (status == PCTL_DONE)
        status = set_target(m);
    if (status == PCTL_DONE)
        status = serve(m);
    if (status == PCTL_DONE)
        status = attach_disks(m);
    if (status)
        (void)CALLS_TO_END(call_domain_destroy(m->p->machine, m->made.id));
    return status;
}

int build_make(struct pctl *p, const struct description *d, uint32_t *id)
{
    struct making m = {.p = p, .d = d};
    int status = open_file(p, "kernel", d->kernel, &m.kernel);

    if (status)
        return status;
    if (d->ramdisk[0])
        status = open_file(p, "ramdisk", d->ramdisk, &m.ramdisk);
    if (status == PCTL_DONE) {
        status = make(&m);
        *id = m.made.id;
        if (m.ramdisk.size)
            mapped_file_close(&m.ramdisk);
    }
    mapped_file_close(&m.kernel);
    return status;
}
