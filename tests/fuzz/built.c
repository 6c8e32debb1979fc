/* SPDX-License-Identifier: MIT
 *
 * See built.h: the domain, and the answers.
 */
#include "tests/fuzz/built.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errors.h"

/* No two frames are in a row. */
#define FIRST_MFN 0x1234
#define MFN_STEP 3

void built_wrong(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

static void *must(void *memory)
{
    if (!memory)
        built_wrong("no memory for the test");
    return memory;
}

static struct built_frame *frame(const struct built *b, uint64_t mfn)
{
    uint64_t n = (mfn - FIRST_MFN) / MFN_STEP;

    BUILT_CHECK(mfn >= FIRST_MFN && (mfn - FIRST_MFN) % MFN_STEP == 0);
    BUILT_CHECK(n < b->nr_frames);
    return &b->frames[n];
}

const struct built_frame *built_frame(const struct built *b, uint64_t mfn)
{
    return frame(b, mfn);
}

/* No gfn gets a second frame. */
static uint64_t give(struct built *b, uint64_t gfn)
{
    uint64_t n = b->nr_frames++;
    uint64_t mfn = FIRST_MFN + n * MFN_STEP;

    BUILT_CHECK(gfn < b->plan.nr_gfns && b->mfns[gfn] == 0);
    b->mfns[gfn] = mfn;
    b->frames[n].gfn = gfn;
    b->frames[n].bytes = b->bytes + n * BUILT_PAGE;
    return mfn;
}

/* ---- the services ---- */

/* Nothing is asked after an error, nor after the start. */
static int count(struct built *b, enum built_call call)
{
    BUILT_CHECK(!b->started && b->nr_calls <= b->fail_at);
    b->last = call;
    return b->nr_calls++ == b->fail_at ? b->error[call] : 0;
}

static int populate(void *context, uint64_t gfn, uint64_t nr, uint64_t *mfns)
{
    struct built *b = context;
    int error = count(b, BUILT_POPULATE);

    BUILT_CHECK(nr >= 1 && nr <= BUILDER_MAX_POPULATE);
    for (uint64_t i = 0; i < nr && !error; i++)
        mfns[i] = give(b, gfn + i);
    return error;
}

static int write_frame(void *context, uint64_t mfn, uint64_t offset,
                       const void *from, uint64_t size)
{
    struct built *b = context;
    int error = count(b, BUILT_WRITE);
    struct built_frame *f = frame(b, mfn);

    BUILT_CHECK(size >= 1 && size <= BUILT_PAGE && offset <= BUILT_PAGE - size);
    f->nr_writes++;
    if (!error)
        memcpy(f->bytes + offset, from, size);
    return error;
}

static int hypercall_page(void *context, uint64_t mfn)
{
    struct built *b = context;
    int error = count(b, BUILT_HYPERCALL_PAGE);
    struct built_frame *f = frame(b, mfn);

    BUILT_CHECK(!f->hypercall_page);
    f->hypercall_page = true;
    return error;
}

static int vcpu_create(void *context, uint32_t vcpu, uint64_t first_gfn,
                       uint64_t mfns[BUILDER_VCPU_PAGES])
{
    struct built *b = context;
    int error = count(b, BUILT_VCPU_CREATE);

    BUILT_CHECK(first_gfn == b->plan.vcpu_gfn + vcpu * BUILDER_VCPU_PAGES);
    for (uint64_t i = 0; i < BUILDER_VCPU_PAGES && !error; i++)
        mfns[i] = give(b, first_gfn + i);
    return error;
}

/* It is a port of vCPU 0, and there are other ports. */
static int alloc_unbound(void *context, uint32_t *port)
{
    struct built *b = context;
    int error = count(b, BUILT_ALLOC_UNBOUND);

    BUILT_CHECK(b->plan.description->served && b->mfns[b->plan.vcpu_gfn] != 0);
    if (!error)
        *port = BUILT_PORT(b->nr_ports++);
    return error;
}

static int vcpu_start(void *context, uint32_t vcpu,
                      const struct parapet_vcpu_start *start)
{
    struct built *b = context;
    int error = count(b, BUILT_VCPU_START);

    BUILT_CHECK(vcpu == 0);
    b->start = *start;
    b->started = true;
    return error;
}

static const struct builder_services services = {
    .populate = populate,
    .write = write_frame,
    .hypercall_page = hypercall_page,
    .vcpu_create = vcpu_create,
    .alloc_unbound = alloc_unbound,
    .vcpu_start = vcpu_start,
};

/* ---- one domain ---- */

int built_make(struct built *b, const struct build_description *description,
               uint32_t id, uint64_t fail_at)
{
    struct build_made made = {.id = id};
    uint64_t nr;
    void *scratch;
    int error;

    memset(b, 0, sizeof(*b));
    b->fail_at = fail_at;
    b->error[BUILT_POPULATE] = -PARAPET_ENOMEM;
    b->error[BUILT_WRITE] = -PARAPET_EBUSY;
    b->error[BUILT_HYPERCALL_PAGE] = -PARAPET_EPERM;
    b->error[BUILT_VCPU_CREATE] = -PARAPET_ENOSPC;
    b->error[BUILT_ALLOC_UNBOUND] = -PARAPET_ENOENT;
    b->error[BUILT_VCPU_START] = -PARAPET_EINVAL;
    error = build_plan(description, &b->plan, b->why, sizeof(b->why));
    if (error)
        return error;
    nr = b->plan.nr_gfns;
    b->bytes = must(calloc(nr, BUILT_PAGE));
    b->frames = must(calloc(nr, sizeof(*b->frames)));
    b->mfns = must(calloc(nr, sizeof(*b->mfns)));
    /* Of its very size, so that the sanitizer knows its end. */
    scratch = must(malloc(b->plan.scratch_size));
    memset(scratch, 0x5a, b->plan.scratch_size);
    made.shared_mfn = give(b, b->plan.start_gfn);
    made.grant_mfn = give(b, b->plan.grant_gfn);
    error = build_domain(&b->plan, &services, b, &made, scratch, b->why,
                         sizeof(b->why));
    free(scratch);
    return error;
}

void built_free(struct built *b)
{
    free(b->bytes);
    free(b->frames);
    free(b->mfns);
}
