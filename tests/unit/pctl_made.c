/* SPDX-License-Identifier: MIT
 *
 * See pctl_made.h.
 */
#include "tests/unit/pctl_made.h"

#include "tests/unit/unit.h"

#include <string.h>

#include "abi/errors.h"
#include "abi/hypercall.h"
#include "abi/memory.h"
#include "lib/macros.h"

struct made made;

static const struct built *made_expected;

void made_init(struct fake *f, const struct built *expected)
{
    memset(&made, 0, sizeof(made));
    made_expected = expected;
    f->build = made_build;
}

/* The mfns are those of struct built: it gives them in the same order. */
static uint64_t first_mfn(void)
{
    return made_expected->mfns[made_expected->plan.start_gfn];
}

static uint64_t mfn_step(void)
{
    return made_expected->mfns[made_expected->plan.grant_gfn] - first_mfn();
}

static uint64_t give(uint64_t gfn)
{
    uint64_t n = made.nr_frames++;

    assert_true(n < ARRAY_SIZE(made.gfns));
    made.gfns[n] = gfn;
    return first_mfn() + n * mfn_step();
}

static uint8_t *frame(uint64_t mfn)
{
    uint64_t n = (mfn - first_mfn()) / mfn_step();

    assert_true(n < made.nr_frames);
    return made.bytes[n];
}

static int64_t make_domain(struct fake *f, struct parapet_domain_create *params)
{
    struct parapet_domain_info *info;

    for (size_t i = 0; i < f->nr; i++)
        if (strcmp(f->infos[i].name, params->name) == 0)
            return -PARAPET_EEXIST;
    info = fake_add(f, MADE_ID, params->name);
    info->state = PARAPET_DOMAIN_BUILDING;
    info->nr_vcpus = 0;
    info->max_vcpus = params->nr_vcpus;
    info->max_frames = params->max_frames;
    params->shared_mfn = give(params->shared_gfn);
    params->grant_mfn = give(params->grant_gfn);
    made.params = *params;
    return MADE_ID;
}

/* It stops half way when there are several. */
static int64_t populate(struct parapet_control_call *call)
{
    struct parapet_populate *frames = (struct parapet_populate *)call->args[1];
    uint64_t nr = call->args[2], now = nr > 100 ? 100 : nr;

    for (uint64_t i = 0; i < now; i++)
        frames[i].mfn = give(frames[i].gfn);
    call->done = now;
    return now < nr ? -PARAPET_ERESTART : 0;
}

static int64_t vcpu_create(struct fake *f, const uint64_t *args)
{
    uint64_t *mfns = (uint64_t *)args[3];

    for (uint64_t i = 0; i < BUILDER_VCPU_PAGES; i++)
        mfns[i] = give(args[2] + i);
    fake_find(f, MADE_ID)->nr_vcpus++;
    return 0;
}

int64_t made_build(struct fake *f, struct parapet_control_call *call)
{
    const uint64_t *args = call->args;

    switch (call->number) {
    case PARAPET_HC_domain_create:
        return make_domain(f, (struct parapet_domain_create *)args[0]);
    case PARAPET_HC_domain_populate:
        return populate(call);
    case PARAPET_HC_domain_copy_to:
        assert_true(args[1] % BUILT_PAGE + args[3] <= BUILT_PAGE);
        memcpy(frame(args[1] / BUILT_PAGE) + args[1] % BUILT_PAGE,
               (const void *)args[2], args[3]);
        return 0;
    case PARAPET_HC_domain_hypercall_page:
        made.hypercall_mfn = args[1];
        return 0;
    case PARAPET_HC_domain_vcpu_create:
        return vcpu_create(f, args);
    case PARAPET_HC_domain_alloc_unbound:
        assert_int_equal(args[1], 0);
        return BUILT_PORT(made.nr_ports++);
    case PARAPET_HC_domain_vcpu_start:
        memcpy(&made.start, (const void *)args[2], sizeof(made.start));
        return 0;
    case PARAPET_HC_vcpu_affinity:
        made.affinity[args[1]] = (uint32_t)args[2];
        return 0;
    default:
        fail_msg("call %lu", (unsigned long)call->number);
        return 0;
    }
}

void made_check(void)
{
    assert_int_equal(made.params.nr_gfns, made_expected->plan.nr_gfns);
    assert_int_equal(made.params.max_frames,
                     made_expected->plan.nr_gfns + PARAPET_GRANT_RESERVE);
    assert_string_equal(made.params.engine, "pv");
    assert_int_equal(made.nr_frames, made_expected->nr_frames);
    for (uint64_t n = 0; n < made.nr_frames; n++) {
        assert_int_equal(made.gfns[n], made_expected->frames[n].gfn);
        assert_memory_equal(made.bytes[n], made_expected->frames[n].bytes,
                            BUILT_PAGE);
    }
    assert_true(built_frame(made_expected, made.hypercall_mfn)->hypercall_page);
    assert_int_equal(made.nr_ports, made_expected->nr_ports);
    assert_memory_equal(&made.start, &made_expected->start, sizeof(made.start));
}
