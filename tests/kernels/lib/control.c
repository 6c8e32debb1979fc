/* SPDX-License-Identifier: MIT
 *
 * Owns the kernel of the children, and the memory in which they are planned.
 */
#include "tests/kernels/lib/control.h"

#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernels/lib/canary.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

/* control_kernel.S */
extern const unsigned char mg_child_kernel[], mg_child_kernel_end[];

#define SCRATCH_SIZE (128 << 10)

static struct mg_child_kernel default_kernel;
static uint64_t scratch[SCRATCH_SIZE / sizeof(uint64_t)];

void mg_child_kernel_read(const unsigned char *image, const unsigned char *end,
                          struct mg_child_kernel *kernel)
{
    char why[200] = "";

    kernel->image = image;
    if (elf_kernel_read(image, (uint64_t)(end - image), MG_CHILD_MEMORY,
                        &kernel->elf, why, sizeof(why)))
        mg_error("the kernel of the children: %s", why);
}

void mg_control_init(void)
{
    mg_canary_set();
    mg_child_kernel_read(mg_child_kernel, mg_child_kernel_end, &default_kernel);
}

/* ---- the builder's services ---- */

/* Whether the test lets the builder go on. */
static bool step(struct mg_child *child)
{
    if (child->max_steps && child->nr_steps >= child->max_steps)
        return false;
    child->nr_steps++;
    return true;
}

static int64_t populate_all(uint32_t id, struct parapet_populate *frames,
                            uint64_t nr)
{
    int64_t result;

    while ((result = hypercall_domain_populate(id, frames, nr)) ==
           -PARAPET_ERESTART) {
        frames += mg_vcpu_page()->restart_done;
        nr -= mg_vcpu_page()->restart_done;
    }
    return result;
}

static int populate(void *context, uint64_t gfn, uint64_t nr, uint64_t *mfns)
{
    static struct parapet_populate frames[BUILDER_MAX_POPULATE];
    struct mg_child *child = context;
    int64_t result;

    if (!step(child))
        return -PARAPET_EAGAIN;
    for (uint64_t i = 0; i < nr; i++)
        frames[i].gfn = gfn + i;
    result = populate_all(child->id, frames, nr);
    for (uint64_t i = 0; i < nr; i++)
        mfns[i] = frames[i].mfn;
    return (int)result;
}

static int write_frame(void *context, uint64_t mfn, uint64_t offset,
                       const void *from, uint64_t size)
{
    struct mg_child *child = context;

    if (!step(child))
        return -PARAPET_EAGAIN;
    return (int)mg_copy_to(child->id, mfn * MG_PAGE_SIZE + offset, from, size);
}

static int hypercall_page(void *context, uint64_t mfn)
{
    struct mg_child *child = context;

    if (!step(child))
        return -PARAPET_EAGAIN;
    return (int)HYPERCALL_RESTARTED(
        hypercall_domain_hypercall_page(child->id, mfn));
}

static int vcpu_create(void *context, uint32_t vcpu, uint64_t first_gfn,
                       uint64_t mfns[BUILDER_VCPU_PAGES])
{
    struct mg_child *child = context;
    int64_t result;

    if (!step(child))
        return -PARAPET_EAGAIN;
    result = HYPERCALL_RESTARTED(
        hypercall_domain_vcpu_create(child->id, vcpu, first_gfn, mfns));
    if (result == 0 && vcpu == 0)
        child->vcpu_page_mfn = mfns[0];
    return (int)result;
}

static int alloc_unbound(void *context, uint32_t *port)
{
    struct mg_child *child = context;
    int64_t result;

    if (!step(child))
        return -PARAPET_EAGAIN;
    result = HYPERCALL_RESTARTED(
        hypercall_domain_alloc_unbound(child->id, PARAPET_DOMAIN_CONTROL));
    if (result < 0)
        return (int)result;
    *port = (uint32_t)result;
    child->ports[child->nr_ports++] = *port;
    return 0;
}

static int vcpu_start(void *context, uint32_t vcpu,
                      const struct parapet_vcpu_start *start)
{
    struct mg_child *child = context;

    if (!step(child))
        return -PARAPET_EAGAIN;
    child->start = *start;
    if (child->keep_start)
        return 0;
    return (int)HYPERCALL_RESTARTED(
        hypercall_domain_vcpu_start(child->id, vcpu, &child->start));
}

static const struct builder_services services = {
    .populate = populate,
    .write = write_frame,
    .hypercall_page = hypercall_page,
    .vcpu_create = vcpu_create,
    .alloc_unbound = alloc_unbound,
    .vcpu_start = vcpu_start,
};

/* ---- a child ---- */

static int64_t domain_of(const struct mg_child_wish *wish,
                         struct mg_child *child)
{
    static unsigned int nr_made;
    struct parapet_domain_create params = {
        .engine = "pv",
        .max_frames = child->plan.nr_gfns + PARAPET_GRANT_RESERVE,
        .nr_gfns = child->plan.nr_gfns,
        .shared_gfn = child->plan.start_gfn,
        .grant_gfn = child->plan.grant_gfn,
        .nr_vcpus = child->description.nr_vcpus,
        .weight = PARAPET_DEFAULT_WEIGHT,
    };
    int64_t id;

    if (wish->name)
        (void)string_copy(params.name, sizeof(params.name), wish->name);
    else
        (void)string_format(params.name, sizeof(params.name), "child%u",
                            nr_made++);
    id = hypercall_domain_create(&params);
    if (id < 0)
        return id;
    child->id = (uint32_t)id;
    child->shared_mfn = params.shared_mfn;
    child->grant_mfn = params.grant_mfn;
    return 0;
}

int64_t mg_child_make(const struct mg_child_wish *wish, struct mg_child *child)
{
    const struct mg_child_kernel *kernel =
        wish->kernel ? wish->kernel : &default_kernel;
    char why[200] = "";

    memset(child, 0, sizeof(*child));
    child->description = (struct build_description){
        .memory_bytes = wish->memory ? wish->memory : MG_CHILD_MEMORY,
        .nr_vcpus = wish->nr_vcpus ? wish->nr_vcpus : 1,
        .bootargs = wish->bootargs ? wish->bootargs : "",
        .image = kernel->image,
        .kernel = &kernel->elf,
        .served = wish->served,
    };
    if (build_plan(&child->description, &child->plan, why, sizeof(why)))
        mg_error("the plan of a child: %s", why);
    if (child->plan.scratch_size > sizeof(scratch))
        mg_error("a child of %lu bytes is too large for control.c",
                 child->description.memory_bytes);
    return domain_of(wish, child);
}

int64_t mg_child_build(struct mg_child *child)
{
    const struct build_made made = {
        .id = child->id,
        .shared_mfn = child->shared_mfn,
        .grant_mfn = child->grant_mfn,
    };
    char why[200] = "";

    /* The caller may have copied the child since it was made: then the plan's
     * pointer still leads to the first one's description. */
    child->plan.description = &child->description;
    return build_domain(&child->plan, &services, child, &made, scratch, why,
                        sizeof(why));
}

void mg_child_create(const struct mg_child_wish *wish, struct mg_child *child)
{
    int64_t result = mg_child_make(wish, child);

    if (result == 0)
        result = mg_child_build(child);
    if (result)
        mg_error("a child cannot be made: %ld", result);
}

void mg_child_run(const char *bootargs, struct mg_child *child)
{
    const struct mg_child_wish wish = {.bootargs = bootargs};

    mg_child_create(&wish, child);
    MG_CHECK_EQ(mg_domain_unpause(child->id), 0);
}

/* ---- what there is ---- */

struct parapet_domain_info mg_domain_info(uint32_t id)
{
    struct parapet_domain_info info = {.id = 0};
    int64_t result = hypercall_domain_info(id, &info);

    if (result)
        mg_error("domain %u: domain_info gives %ld", id, result);
    return info;
}

struct parapet_machine_info mg_machine_info(void)
{
    struct parapet_machine_info info = {.free_frames = 0};

    MG_CHECK_EQ(hypercall_machine_info(&info), 0);
    return info;
}

bool mg_domain_wait(uint32_t id, uint32_t state)
{
    uint64_t end = mg_clock_ns() + MG_PATIENCE;

    while (mg_domain_info(id).state != state) {
        if (mg_clock_ns() > end) {
            mg_failure("domain %u: expected state %u, it stays %u", id, state,
                       mg_domain_info(id).state);
            return false;
        }
        (void)hypercall_yield();
    }
    return true;
}

/* ---- calls that may stop half way ---- */

int64_t mg_copy_to(uint32_t id, uint64_t maddr, const void *from,
                   uint64_t length)
{
    return HYPERCALL_RESTARTED(
        hypercall_domain_copy_to(id, maddr, from, length));
}

int64_t mg_copy_from(uint32_t id, uint64_t maddr, void *to, uint64_t length)
{
    return HYPERCALL_RESTARTED(
        hypercall_domain_copy_from(id, maddr, to, length));
}

int64_t mg_domain_pause(uint32_t id)
{
    return HYPERCALL_RESTARTED(hypercall_domain_pause(id));
}

int64_t mg_domain_unpause(uint32_t id)
{
    return HYPERCALL_RESTARTED(hypercall_domain_unpause(id));
}

int64_t mg_domain_destroy(uint32_t id)
{
    return HYPERCALL_RESTARTED(hypercall_domain_destroy(id));
}

uint64_t mg_child_word(const struct mg_child *child, unsigned int word)
{
    uint64_t maddr =
        child->vcpu_page_mfn * MG_PAGE_SIZE + PARAPET_VCPU_GUEST + 8 * word;
    uint64_t value = 0;

    MG_CHECK_EQ(mg_copy_from(child->id, maddr, &value, sizeof(value)), 0);
    return value;
}

void mg_domain_audit_at(uint32_t id, const char *file, int line)
{
    int64_t result = hypercall_domain_audit(id);

    if (result != 0)
        mg_failure("%s:%d: audit of domain %u: expected 0 differences, got "
                   "%ld",
                   file, line, id, result);
}
