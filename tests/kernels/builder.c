/* SPDX-License-Identifier: MIT
 *
 * lib/builder inside a guest, freestanding and in ring 3, as a control domain
 * uses it: it plans and builds a domain of 8 MiB. The services here only count
 * what they are asked: so what is measured is the builder's own part.
 *
 * QEMU: icount=1
 * METER: nothing in it is the hypervisor's
 */
#include "abi/abi.h"
#include "lib/builder/build.h"
#include "lib/x86/tsc.h"
#include "tests/kernels/lib/canary.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/test.h"

MG_TEST(builder);

#define MEMORY (UINT64_C(8) << 20)
#define SHARED_MFN 0x1000
#define GRANT_MFN 0xfff

/*
 * Instructions, with those that fill its own buffers. They are a part of the
 * 0.8 million that a domain may take from its making to its first instruction.
 */
#define BUDGET_PLAN 3000u
#define BUDGET_BUILD 100000u

/* builder_asm.S */
extern const unsigned char mg_kernel[], mg_kernel_end[];

static uint64_t scratch[(PARAPET_DTB_MAX + 16384) / sizeof(uint64_t)];

/* How often each was asked. */
static struct {
    uint64_t frames, calls, writes, bytes, pages, vcpus, starts;
} nr;

static int populate(void *context, uint64_t gfn, uint64_t count, uint64_t *mfns)
{
    (void)context;
    (void)gfn;
    nr.calls++;
    for (uint64_t i = 0; i < count; i++)
        mfns[i] = SHARED_MFN + ++nr.frames;
    return 0;
}

static int write_frame(void *context, uint64_t mfn, uint64_t offset,
                       const void *from, uint64_t size)
{
    (void)context;
    (void)mfn;
    (void)offset;
    (void)from;
    nr.writes++;
    nr.bytes += size;
    return 0;
}

static int hypercall_page(void *context, uint64_t mfn)
{
    (void)context;
    (void)mfn;
    nr.pages++;
    return 0;
}

static int vcpu_create(void *context, uint32_t vcpu, uint64_t first_gfn,
                       uint64_t mfns[BUILDER_VCPU_PAGES])
{
    (void)vcpu;
    nr.vcpus++;
    nr.calls--;
    return populate(context, first_gfn, BUILDER_VCPU_PAGES, mfns);
}

static int vcpu_start(void *context, uint32_t vcpu,
                      const struct parapet_vcpu_start *start)
{
    (void)context;
    (void)vcpu;
    nr.starts++;
    return MG_CHECK_EQ(start->argument, PARAPET_DTB) ? 0 : -1;
}

static const struct builder_services services = {
    .populate = populate,
    .write = write_frame,
    .hypercall_page = hypercall_page,
    .vcpu_create = vcpu_create,
    .vcpu_start = vcpu_start,
};

static struct elf_image kernel;
static struct build_description description = {
    .memory_bytes = MEMORY,
    .nr_vcpus = 1,
    .bootargs = "one two",
    .image = mg_kernel,
    .kernel = &kernel,
};

static void check_asked(const struct build_plan *plan)
{
    MG_CHECK_EQ(nr.frames + 2, plan->nr_gfns);
    MG_CHECK_EQ(nr.vcpus, 1);
    MG_CHECK_EQ(nr.pages, 1);
    MG_CHECK_EQ(nr.starts, 1);
    /* Batches: four groups, and two above them. */
    MG_CHECK_EQ(nr.calls, 6);
    /* Each table and page of the P2M once, and the contents. */
    MG_CHECK(nr.writes >= plan->nr_tables + plan->tables_gfn - plan->p2m_gfn);
}

void test_main(void)
{
    const uint64_t size = (uint64_t)(mg_kernel_end - mg_kernel);
    const struct build_made made = {
        .id = 1, .shared_mfn = SHARED_MFN, .grant_mfn = GRANT_MFN};
    struct build_plan plan;
    char why[200] = "";
    uint64_t begin, planned, built;

    mg_canary_set();
    if (elf_kernel_read(mg_kernel, size, MEMORY, &kernel, why, sizeof(why)))
        mg_error("the kernel: %s", why);
    begin = rdtsc();
    MG_CHECK_EQ(build_plan(&description, &plan, why, sizeof(why)), 0);
    planned = rdtsc();
    if (!MG_CHECK(plan.scratch_size <= sizeof(scratch)))
        return;
    MG_CHECK_EQ(
        build_domain(&plan, &services, NULL, &made, scratch, why, sizeof(why)),
        0);
    built = rdtsc();
    MG_CHECK_EQ(why[0], '\0');
    check_asked(&plan);
    mg_printf("builder: plan %lu, build %lu instructions; %lu frames, "
              "%lu writes of %lu bytes\n",
              planned - begin, built - planned, plan.nr_gfns, nr.writes,
              nr.bytes);
    MG_CHECK(planned - begin <= BUDGET_PLAN);
    MG_CHECK(built - planned <= BUDGET_BUILD);
}
