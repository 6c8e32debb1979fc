/* SPDX-License-Identifier: MIT
 *
 * The suites of domain control (see lib/suite.h), by the control domain: each
 * call succeeds, and with hostile arguments it is refused as it is documented.
 * After each refusal the target is whole: what is told of it is the same, its
 * audit finds nothing, and the machine has the frames that it had. The calls
 * that make a domain and fill its memory are in suite_control_memory.c.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 patience=300 once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/control_targets.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/suite.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(suite_control);

static union {
    uint8_t bytes[MG_PAGE_SIZE];
    struct parapet_domain_info info;
    struct parapet_vcpu_frames frames;
} buffer;

static uint64_t maddr(uint64_t mfn)
{
    return mfn * MG_PAGE_SIZE;
}

/* ---- 117..121: it runs, and ends ---- */

static void suite_domain_hypercall_page(void)
{
    uint64_t ours = mg_mfn_of(mg_page());

    DENIES(hypercall_domain_hypercall_page(NOBODY, mg_bare_mfn), ENOENT);
    DENIES(hypercall_domain_hypercall_page(0, ours), EINVAL);
    DENIES(hypercall_domain_hypercall_page(mg_bare.id, ours), EPERM);
    DENIES(hypercall_domain_hypercall_page(mg_bare.id, NO_FRAME), EPERM);
    DENIES(hypercall_domain_hypercall_page(mg_bare.id, ~0ul), EPERM);
    DENIES(
        hypercall_domain_hypercall_page(mg_built.id, mg_built.start.root_mfn),
        EBUSY);
    DENIES(hypercall_domain_hypercall_page(mg_dead.id, mg_dead.shared_mfn),
           EBUSY);
    RETURNS(hypercall_domain_hypercall_page(mg_bare.id, mg_bare_mfn), 0);
    mg_suite_excuse(PARAPET_ENOSPC);   /* four million references */
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c */
}

/* Built, but for its start. */
static struct mg_child startless;

static int64_t vcpu_start_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_vcpu_start(startless.id, 0, (void *)vaddr);
}

static int64_t start_with(uint64_t entry, uint64_t root_mfn)
{
    struct parapet_vcpu_start start = startless.start;

    start.entry = entry;
    start.root_mfn = root_mfn;
    return hypercall_domain_vcpu_start(startless.id, 0, &start);
}

/* A root that has an entry with a bit that it must not have. */
static void deny_root(void)
{
    uint64_t at = maddr(startless.start.root_mfn), entry = 0;
    uint64_t bad = 1ul << 58 | PARAPET_PTE_P;

    MG_CHECK_EQ(mg_copy_from(startless.id, at, &entry, 8), 0);
    MG_CHECK_EQ(mg_copy_to(startless.id, at, &bad, 8), 0);
    DENIES(start_with(startless.start.entry, startless.start.root_mfn), EINVAL);
    MG_CHECK_EQ(mg_vcpu_page()->failed_entry, at);
    MG_CHECK_EQ(mg_copy_to(startless.id, at, &entry, 8), 0);
}

static void suite_domain_vcpu_start(void)
{
    const struct mg_child_wish wish = {.name = "startless"};
    struct parapet_vcpu_start *start = &startless.start;
    int64_t result;

    MG_CHECK_EQ(mg_child_make(&wish, &startless), 0);
    startless.keep_start = true;
    MG_CHECK_EQ(mg_child_build(&startless), 0);
    DENIES(hypercall_domain_vcpu_start(NOBODY, 0, start), ENOENT);
    DENIES(hypercall_domain_vcpu_start(0, 0, start), EINVAL);
    DENIES(hypercall_domain_vcpu_start(startless.id, 1, start), ENOENT);
    DENIES(hypercall_domain_vcpu_start(mg_dead.id, 0, start), EBUSY);
    /* It has only one of its two. */
    DENIES(hypercall_domain_vcpu_start(mg_bare.id, 0, start), EINVAL);
    mg_targets_deny_pointers("domain_vcpu_start", MG_ACCESS_READ,
                             sizeof(*start), 1, vcpu_start_at);
    DENIES(start_with(PARAPET_HYPERVISOR_START, start->root_mfn), EINVAL);
    DENIES(start_with(1ul << 47, start->root_mfn), EINVAL);
    DENIES(start_with(start->entry, mg_mfn_of(mg_start_root())), EPERM);
    DENIES(start_with(start->entry, mg_built.start.root_mfn), EPERM);
    DENIES(start_with(start->entry, NO_FRAME), EPERM);
    /* The shared page is writable, for good. */
    DENIES(start_with(start->entry, startless.shared_mfn), EBUSY);
    deny_root();
    MG_CHECK_EQ(hypercall_domain_unpause(startless.id), -PARAPET_EINVAL);
    do {
        result = NOTED(hypercall_domain_vcpu_start(startless.id, 0, start));
    } while (result == -PARAPET_ERESTART);
    MG_CHECK_EQ(result, 0);
    mg_domain_audit(startless.id);
    MG_CHECK_EQ(mg_domain_destroy(startless.id), 0);
    mg_suite_excuse(PARAPET_ENOSPC); /* four million references */
}

static void suite_domain_pause(void)
{
    struct mg_child child;
    int64_t result;

    DENIES(hypercall_domain_pause(NOBODY), ENOENT);
    DENIES(hypercall_domain_pause(0), EINVAL);
    DENIES(hypercall_domain_pause(mg_bare.id), EBUSY);
    DENIES(hypercall_domain_pause(mg_dead.id), EBUSY);
    mg_child_run("spin", &child);
    do {
        result = NOTED(hypercall_domain_pause(child.id));
    } while (result == -PARAPET_ERESTART);
    MG_CHECK_EQ(result, 0);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
    mg_suite_excuse(PARAPET_ERESTART); /* with several CPUs only */
}

static void suite_domain_unpause(void)
{
    struct mg_child child;

    DENIES(hypercall_domain_unpause(NOBODY), ENOENT);
    DENIES(hypercall_domain_unpause(0), EINVAL);
    DENIES(hypercall_domain_unpause(mg_bare.id), EINVAL);
    DENIES(hypercall_domain_unpause(mg_dead.id), EBUSY);
    mg_child_create(&(struct mg_child_wish){.bootargs = "sleep"}, &child);
    RETURNS(hypercall_domain_unpause(child.id), 0);
    DENIES(hypercall_domain_unpause(child.id), EBUSY);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c */
}

static void suite_domain_destroy(void)
{
    struct mg_child child;
    int64_t result;

    DENIES(hypercall_domain_destroy(NOBODY), ENOENT);
    DENIES(hypercall_domain_destroy(~0u), ENOENT);
    DENIES(hypercall_domain_destroy(0), EINVAL);
    mg_child_run("spin", &child);
    do {
        result = NOTED(hypercall_domain_destroy(child.id));
    } while (result == -PARAPET_ERESTART);
    MG_CHECK_EQ(result, 0);
    DENIES(hypercall_domain_destroy(child.id), ENOENT);
}

/* ---- 122..127: what is told and changed ---- */

static int64_t info_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_info(mg_built.id, (void *)vaddr);
}

static void suite_domain_info(void)
{
    RETURNS(hypercall_domain_info(mg_built.id, &buffer.info), 0);
    MG_CHECK_EQ(buffer.info.shared_gfn, mg_built.plan.start_gfn);
    MG_CHECK_EQ(buffer.info.nr_gfns, mg_built.plan.nr_gfns);
    RETURNS(hypercall_domain_info(0, &buffer.info), 0);
    DENIES(hypercall_domain_info(NOBODY, &buffer.info), ENOENT);
    /* Its place in the table is taken, by another id. */
    DENIES(hypercall_domain_info(mg_built.id + 4096, &buffer.info), ENOENT);
    mg_targets_deny_pointers("domain_info", MG_ACCESS_WRITE,
                             sizeof(buffer.info), 1, info_at);
}

static int64_t list_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_list(0, (void *)vaddr, 1);
}

static void suite_domain_list(void)
{
    RETURNS(hypercall_domain_list(0, NULL, 0), 0);
    RETURNS(hypercall_domain_list(~0u, NULL, ~0ul), 0);
    DENIES(hypercall_domain_list(0, NULL, ~0ul), EFAULT);
    mg_targets_deny_pointers("domain_list", MG_ACCESS_WRITE,
                             sizeof(buffer.info), 1, list_at);
}

static int64_t rename_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_rename(mg_built.id, (void *)vaddr);
}

static void suite_domain_rename(void)
{
    char name[PARAPET_NAME_SIZE] = "another";

    RETURNS(hypercall_domain_rename(mg_built.id, name), 0);
    RETURNS(hypercall_domain_rename(mg_built.id, name), 0);
    DENIES(hypercall_domain_rename(mg_bare.id, name), EEXIST);
    DENIES(hypercall_domain_rename(NOBODY, name), ENOENT);
    mg_targets_deny_pointers("domain_rename", MG_ACCESS_READ, sizeof(name), 1,
                             rename_at);
    name[PARAPET_NAME_SIZE - 1] = 'x';
    DENIES(hypercall_domain_rename(mg_built.id, name), EINVAL);
    memset(name, 0, sizeof(name));
    DENIES(hypercall_domain_rename(mg_built.id, name), EINVAL);
    name[0] = '\n';
    DENIES(hypercall_domain_rename(mg_built.id, name), EINVAL);
}

static void suite_domain_limits(void)
{
    uint64_t max_frames = mg_domain_info(mg_built.id).max_frames;

    RETURNS(hypercall_domain_limits(mg_built.id, 0, ~0ul), 0);
    RETURNS(hypercall_domain_limits(mg_built.id, ~0ul, 0), 0);
    RETURNS(hypercall_domain_limits(mg_built.id, max_frames, 0), 0);
    DENIES(hypercall_domain_limits(NOBODY, 1, 1), ENOENT);
    DENIES(hypercall_domain_limits(mg_dead.id, 1, 1), EBUSY);
}

static void suite_domain_schedule(void)
{
    RETURNS(hypercall_domain_schedule(mg_built.id, PARAPET_MAX_WEIGHT, 100), 0);
    DENIES(hypercall_domain_schedule(mg_built.id, 0, 0), EINVAL);
    DENIES(hypercall_domain_schedule(mg_built.id, PARAPET_MAX_WEIGHT + 1, 0),
           EINVAL);
    DENIES(hypercall_domain_schedule(mg_built.id, 1, 101), EINVAL);
    DENIES(hypercall_domain_schedule(mg_built.id, 1, ~0u), EINVAL);
    DENIES(hypercall_domain_schedule(NOBODY, 1, 0), ENOENT);
    DENIES(hypercall_domain_schedule(mg_dead.id, 1, 0), EBUSY);
}

static void suite_vcpu_affinity(void)
{
    RETURNS(hypercall_vcpu_affinity(mg_built.id, 0, 1), 0);
    RETURNS(hypercall_vcpu_affinity(mg_built.id, 0, ~0u), 0);
    RETURNS(hypercall_vcpu_affinity(0, 0, ~0u), 0);
    DENIES(hypercall_vcpu_affinity(mg_built.id, 0, 0), EINVAL);
    DENIES(hypercall_vcpu_affinity(mg_built.id, 0, 1u << 31), EINVAL);
    DENIES(hypercall_vcpu_affinity(mg_built.id, 1, 1), ENOENT);
    DENIES(hypercall_vcpu_affinity(mg_built.id, ~0u, 1), ENOENT);
    DENIES(hypercall_vcpu_affinity(NOBODY, 0, 1), ENOENT);
    DENIES(hypercall_vcpu_affinity(mg_dead.id, 0, 1), EBUSY);
    mg_suite_excuse(PARAPET_ENOSPC); /* tests/unit/test_sched.c */
}

static void suite_domain_request(void)
{
    RETURNS(hypercall_domain_request(mg_built.id, PARAPET_REQUEST_SUSPEND), 0);
    RETURNS(hypercall_domain_request(mg_built.id, 0), 0);
    DENIES(hypercall_domain_request(mg_built.id, PARAPET_REQUEST_SUSPEND + 1),
           EINVAL);
    DENIES(hypercall_domain_request(mg_built.id, ~0u), EINVAL);
    DENIES(hypercall_domain_request(0, PARAPET_REQUEST_POWEROFF), EINVAL);
    DENIES(hypercall_domain_request(NOBODY, 0), ENOENT);
    DENIES(hypercall_domain_request(mg_dead.id, 0), EBUSY);
}

/* ---- 160..175 ---- */

static int64_t counters_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_counters(mg_built.id, 0, 0, (void *)vaddr);
}

static void suite_domain_counters(void)
{
    uint8_t *page = buffer.bytes;

    RETURNS(hypercall_domain_counters(0, 0, 0, page), 0);
    RETURNS(hypercall_domain_counters(mg_dead.id, 0, 5, page), 0);
    DENIES(hypercall_domain_counters(mg_built.id, 0, PARAPET_NR_PARTS, page),
           EINVAL);
    DENIES(hypercall_domain_counters(mg_built.id, 0, ~0u, page), EINVAL);
    DENIES(hypercall_domain_counters(mg_built.id, 1, 0, page), ENOENT);
    DENIES(hypercall_domain_counters(mg_built.id, ~0u, 0, page), ENOENT);
    DENIES(hypercall_domain_counters(NOBODY, 0, 0, page), ENOENT);
    mg_targets_deny_pointers("domain_counters", MG_ACCESS_WRITE, MG_PAGE_SIZE,
                             1, counters_at);
}

static void suite_domain_alloc_unbound(void)
{
    struct mg_child child;
    int64_t port;

    DENIES(hypercall_domain_alloc_unbound(NOBODY, 0), ENOENT);
    DENIES(hypercall_domain_alloc_unbound(mg_built.id, NOBODY), ENOENT);
    DENIES(hypercall_domain_alloc_unbound(0, 0), EINVAL);
    DENIES(hypercall_domain_alloc_unbound(mg_dead.id, 0), EBUSY);
    mg_child_create(&(struct mg_child_wish){.name = NULL}, &child);
    do {
        port = NOTED(hypercall_domain_alloc_unbound(child.id, 0));
    } while (port > 0);
    MG_CHECK_EQ(port, -PARAPET_ENOSPC);
    MG_CHECK_EQ(mg_domain_destroy(child.id), 0);
    mg_suite_excuse(PARAPET_ENOMEM);   /* test_no_memory() */
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c */
}

static void suite_domain_audit(void)
{
    RETURNS(hypercall_domain_audit(mg_built.id), 0);
    RETURNS(hypercall_domain_audit(0), 0);
    DENIES(hypercall_domain_audit(NOBODY), ENOENT);
    mg_suite_excuse(PARAPET_EPERM); /* it needs audit=off */
}

static int64_t log_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_log_read(0, (void *)vaddr, 64);
}

static void suite_log_read(void)
{
    MG_CHECK(NOTED(hypercall_log_read(0, buffer.bytes, MG_PAGE_SIZE)) > 0);
    DENIES(hypercall_log_read(0, buffer.bytes, 1), EINVAL);
    mg_targets_deny_pointers("log_read", MG_ACCESS_WRITE, 64, 1, log_at);
}

static int64_t machine_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_machine_info((void *)vaddr);
}

static void suite_machine_info(void)
{
    struct parapet_machine_info info;

    RETURNS(hypercall_machine_info(&info), 0);
    MG_CHECK(info.free_frames < info.nr_frames);
    MG_CHECK(info.nr_frames <= info.nr_mfns);
    mg_targets_deny_pointers("machine_info", MG_ACCESS_WRITE, sizeof(info), 1,
                             machine_at);
}

static void suite_log_console(void)
{
    for (uint32_t level = 0; level <= PARAPET_LOG_DEBUG; level++)
        RETURNS(hypercall_log_console(level), 0);
    DENIES(hypercall_log_console(PARAPET_LOG_DEBUG + 1), EINVAL);
    DENIES(hypercall_log_console(1u << 31), EINVAL);
    DENIES(hypercall_log_console(~0u), EINVAL);
}

/* ---- all of them ---- */

static const struct mg_suite suites[] = {
    MG_SUITE(domain_hypercall_page),
    MG_SUITE(domain_vcpu_start),
    MG_SUITE(domain_pause),
    MG_SUITE(domain_unpause),
    MG_SUITE(domain_destroy),
    MG_SUITE(domain_info),
    MG_SUITE(domain_list),
    MG_SUITE(domain_rename),
    MG_SUITE(domain_limits),
    MG_SUITE(domain_schedule),
    MG_SUITE(domain_request),
    MG_SUITE(domain_counters),
    MG_SUITE(domain_alloc_unbound),
    MG_SUITE(domain_audit),
    MG_SUITE(log_read),
    MG_SUITE(machine_info),
    MG_SUITE(vcpu_affinity),
    MG_SUITE(log_console),
};

/* These are suite_device's. */
static bool is_devices(uint64_t number)
{
    return number >= 128 && number < 144;
}

void test_main(void)
{
    mg_targets_make();
    MG_CHECK_EQ(hypercall_domain_vcpu_create(mg_bare.id, 0, 10, &buffer.frames),
                0);
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        uint64_t number = mg_hypercalls[i].number;

        if ((mg_hypercalls[i].flags & HC_CONTROL) && number > LAST_OF_MEMORY &&
            !is_devices(number))
            mg_suite_run(suites, ARRAY_SIZE(suites), number);
    }
    mg_audit();
}
