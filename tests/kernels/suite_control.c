/* SPDX-License-Identifier: MIT
 *
 * The suites of domain control (see lib/suite.h), by the control domain: each
 * call succeeds, and with hostile arguments it is refused as it is documented.
 * After each refusal the target is whole: what is told of it is the same, its
 * audit finds nothing, and the machine has the frames that it had.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 patience=300
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/event.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/hostile.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/suite.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(suite_control);

#define NOBODY 0x7fffffffu /* no domain has had that id */
#define NO_FRAME (1ul << 40)

/* Three targets: one with a frame and nothing else, one that is built, and one
 * that has ended. */
static struct mg_child bare, built, dead;
static uint64_t bare_mfn;

static union {
    uint8_t bytes[MG_PAGE_SIZE];
    struct parapet_domain_info info;
    struct parapet_vcpu_frames frames;
} buffer;

/* ---- whether a target is whole ---- */

struct sight {
    struct parapet_domain_info infos[3];
    uint64_t free_frames;
    uint32_t nr_domains;
};

static struct sight before;

static void look(struct sight *sight)
{
    memset(sight, 0, sizeof(*sight));
    sight->infos[0] = mg_domain_info(bare.id);
    sight->infos[1] = mg_domain_info(built.id);
    sight->infos[2] = mg_domain_info(dead.id);
    sight->free_frames = mg_machine_info().free_frames;
    sight->nr_domains = mg_machine_info().nr_domains;
}

static void check_whole(const char *text)
{
    struct sight after;

    look(&after);
    if (memcmp(&before, &after, sizeof(after)) != 0)
        mg_failure("%s was refused, and has changed something", text);
    mg_domain_audit(bare.id);
    mg_domain_audit(built.id);
}

#define DENIES(call, error)                                                    \
    do {                                                                       \
        look(&before);                                                         \
        REFUSES(call, error);                                                  \
        check_whole(#call);                                                    \
    } while (0)

/* All pointers that no call may follow, in the place of a good one. */
static void deny_pointers(const char *name, enum mg_access access, size_t size,
                          size_t alignment, mg_pointer_call_t *call)
{
    const struct mg_object object = {name, access, size, alignment};

    look(&before);
    mg_hostile_check(&object, call, NULL);
    check_whole(name);
    mg_suite_excuse(PARAPET_EFAULT);
}

/* ---- 112..114: it is made ---- */

static struct parapet_domain_create good_params(void)
{
    return (struct parapet_domain_create){
        .name = "made",
        .engine = "pv",
        .max_frames = 100,
        .nr_gfns = 200,
        .shared_gfn = 50,
        .grant_gfn = 51,
        .nr_vcpus = 2,
        .weight = PARAPET_DEFAULT_WEIGHT,
    };
}

/* With one field, or some bytes, that are none. */
static void deny_params(size_t offset, const void *bytes, size_t size)
{
    struct parapet_domain_create params = good_params();

    memcpy((uint8_t *)&params + offset, bytes, size);
    DENIES(hypercall_domain_create(&params), EINVAL);
}

#define BAD_FIELD(field, ...)                                                  \
    deny_params(offsetof(struct parapet_domain_create, field),                 \
                &(__typeof__(((struct parapet_domain_create *)0)->field)){     \
                    __VA_ARGS__},                                              \
                sizeof(((struct parapet_domain_create *)0)->field))

static void deny_texts(void)
{
    static const char *const names[] = {"",     " ",    "a b", "a\n",
                                        "\x7f", "\xc3", "a\0b"};
    char full[PARAPET_NAME_SIZE];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char name[PARAPET_NAME_SIZE] = "";

        memcpy(name, names[i], 4);
        deny_params(0, name, sizeof(name));
    }
    memset(full, 'x', sizeof(full));
    deny_params(0, full, sizeof(full));
    BAD_FIELD(engine, "");
    BAD_FIELD(engine, "none");
    BAD_FIELD(engine, "pv\0x");
    deny_params(offsetof(struct parapet_domain_create, engine), full,
                PARAPET_ENGINE_SIZE);
}

static void make_too_many(void)
{
    struct parapet_domain_create params = good_params();
    uint32_t first = 0, last = 0;
    unsigned int nr = 0;
    int64_t id;

    do {
        (void)string_format(params.name, sizeof(params.name),
                            "the-first-24-are-the-same%u", nr++);
        id = NOTED(hypercall_domain_create(&params));
        if (id > 0)
            last = (uint32_t)id;
        if (id > 0 && first == 0)
            first = last;
    } while (id > 0);
    MG_CHECK_EQ(id, -PARAPET_ENOSPC);
    MG_CHECK_EQ(mg_machine_info().nr_domains, mg_machine_info().max_domains);
    for (uint32_t made = first; made <= last; made++)
        MG_CHECK_EQ(mg_domain_destroy(made), 0);
}

static int64_t create_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_create((void *)vaddr);
}

static void suite_domain_create(void)
{
    struct parapet_domain_create params = good_params();
    int64_t id = NOTED(hypercall_domain_create(&params));

    MG_CHECK(id > 0);
    MG_CHECK_EQ(mg_m2p(params.shared_mfn), 50);
    MG_CHECK_EQ(mg_m2p(params.grant_mfn), 51);
    DENIES(hypercall_domain_create(&params), EEXIST);
    MG_CHECK_EQ(mg_domain_destroy((uint32_t)id), 0);
    deny_texts();
    BAD_FIELD(max_frames, 0);
    BAD_FIELD(max_frames, 1);
    BAD_FIELD(nr_gfns, 0);
    BAD_FIELD(nr_gfns, 50);
    BAD_FIELD(nr_gfns, 51);
    BAD_FIELD(nr_gfns, PARAPET_MAX_GFNS + 1);
    BAD_FIELD(nr_gfns, ~0ul);
    BAD_FIELD(shared_gfn, 200);
    BAD_FIELD(shared_gfn, ~0ul);
    BAD_FIELD(shared_gfn, 51);
    BAD_FIELD(grant_gfn, 50);
    BAD_FIELD(grant_gfn, 200);
    BAD_FIELD(grant_gfn, ~0ul);
    BAD_FIELD(nr_vcpus, 0);
    BAD_FIELD(nr_vcpus, PARAPET_MAX_VCPUS + 1);
    BAD_FIELD(nr_vcpus, ~0u);
    BAD_FIELD(weight, 0);
    BAD_FIELD(weight, PARAPET_MAX_WEIGHT + 1);
    BAD_FIELD(cap, 201);
    BAD_FIELD(cap, ~0u);
    BAD_FIELD(reserved, 1);
    deny_pointers("domain_create", MG_ACCESS_WRITE, sizeof(params), 1,
                  create_at);
    make_too_many();
    mg_suite_excuse(PARAPET_ENOMEM); /* test_no_memory() */
}

static int64_t vcpu_create_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_vcpu_create(bare.id, 0, 10, (void *)vaddr);
}

static void suite_domain_vcpu_create(void)
{
    struct parapet_vcpu_frames *frames = &buffer.frames;
    uint64_t nr_gfns = bare.plan.nr_gfns;

    DENIES(hypercall_domain_vcpu_create(NOBODY, 0, 10, frames), ENOENT);
    DENIES(hypercall_domain_vcpu_create(0, 0, 10, frames), EINVAL);
    DENIES(hypercall_domain_vcpu_create(built.id, 0, 10, frames), EEXIST);
    DENIES(hypercall_domain_vcpu_create(built.id, 1, 10, frames), ENOENT);
    DENIES(hypercall_domain_vcpu_create(bare.id, 2, 10, frames), ENOENT);
    DENIES(hypercall_domain_vcpu_create(bare.id, 1, 10, frames), EINVAL);
    DENIES(hypercall_domain_vcpu_create(bare.id, 0, nr_gfns, frames), EINVAL);
    DENIES(hypercall_domain_vcpu_create(bare.id, 0, nr_gfns - 6, frames),
           EINVAL);
    DENIES(hypercall_domain_vcpu_create(bare.id, 0, ~0ul - 3, frames), EINVAL);
    DENIES(hypercall_domain_vcpu_create(dead.id, 1, 10, frames), EBUSY);
    deny_pointers("domain_vcpu_create", MG_ACCESS_WRITE, sizeof(*frames), 1,
                  vcpu_create_at);
    /* Its shared page, its grant table and one more are there: 9 are one too
     * few. */
    MG_CHECK_EQ(hypercall_domain_limits(bare.id, 9, 0), 0);
    DENIES(hypercall_domain_vcpu_create(bare.id, 0, 10, frames), ENOSPC);
    MG_CHECK_EQ(hypercall_domain_limits(bare.id, 10, 0), 0);
    RETURNS(hypercall_domain_vcpu_create(bare.id, 0, nr_gfns - 7, frames), 0);
    MG_CHECK_EQ(mg_m2p(frames->page), nr_gfns - 7);
    MG_CHECK_EQ(mg_m2p(frames->counters), nr_gfns - 6);
    for (uint64_t i = 0; i < ARRAY_SIZE(frames->latency); i++)
        MG_CHECK_EQ(mg_m2p(frames->latency[i]), nr_gfns - 5 + i);
    MG_CHECK_EQ(hypercall_domain_limits(bare.id, nr_gfns, 0), 0);
    mg_suite_excuse(PARAPET_ENOMEM);   /* test_no_memory() */
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c: its lock was not had */
}

/* Some entries are before the edge of what is mapped: these are done, however
 * many are read at once. */
static void deny_the_rest(void)
{
    const uint64_t nr = 3;
    struct parapet_populate *frames =
        (void *)(mg_edge_page + sizeof(mg_edge_page));
    uint64_t nr_frames = mg_domain_info(bare.id).nr_frames, done = 0;
    int64_t result;

    memset(frames - nr, 0, nr * sizeof(*frames));
    do {
        result = hypercall_domain_populate(bare.id, frames - nr + done, 64);
        done += mg_vcpu_page()->restart_done;
    } while (result == -PARAPET_ERESTART);
    MG_CHECK_EQ(result, -PARAPET_EFAULT);
    MG_CHECK_EQ(done, nr);
    MG_CHECK_EQ(mg_domain_info(bare.id).nr_frames, nr_frames + nr);
    MG_CHECK(mg_m2p(frames[-1].mfn) == 0 && frames[-1].mfn != frames[-2].mfn);
}

static void suite_domain_populate(void)
{
    static const struct parapet_populate read_only = {.gfn = 0};
    static struct parapet_populate frames[64];
    uint64_t most;

    DENIES(hypercall_domain_populate(NOBODY, frames, 1), ENOENT);
    DENIES(hypercall_domain_populate(0, frames, 1), EINVAL);
    DENIES(hypercall_domain_populate(dead.id, frames, 1), EBUSY);
    DENIES(hypercall_domain_populate(bare.id, frames, PARAPET_MAX_FRAMES + 1),
           E2BIG);
    DENIES(hypercall_domain_populate(bare.id, (char *)frames + 4, 1), EINVAL);
    frames[0].gfn = bare.plan.nr_gfns;
    DENIES(hypercall_domain_populate(bare.id, frames, 1), EINVAL);
    DENIES(hypercall_domain_populate(bare.id, NULL, 1), EFAULT);
    /* It can be read, and then the frame cannot be told. */
    DENIES(hypercall_domain_populate(bare.id, (void *)&read_only, 1), EFAULT);
    deny_the_rest();
    most = mg_domain_info(bare.id).nr_frames + ARRAY_SIZE(frames);
    MG_CHECK_EQ(hypercall_domain_limits(bare.id, most, 0), 0);
    for (uint64_t i = 0; i < ARRAY_SIZE(frames); i++)
        frames[i].gfn = 20 + i;
    REFUSES(hypercall_domain_populate(bare.id, frames, ARRAY_SIZE(frames)),
            ERESTART);
    for (uint64_t done = mg_vcpu_page()->restart_done;
         done < ARRAY_SIZE(frames);) {
        int64_t result = NOTED(hypercall_domain_populate(
            bare.id, frames + done, ARRAY_SIZE(frames) - done));

        done =
            result ? done + mg_vcpu_page()->restart_done : ARRAY_SIZE(frames);
    }
    MG_CHECK_EQ(mg_domain_info(bare.id).nr_frames, most);
    frames[0].gfn = 19;
    DENIES(hypercall_domain_populate(bare.id, frames, 1), ENOSPC);
    RETURNS(hypercall_domain_populate(bare.id, frames, 0), 0);
    mg_suite_excuse(PARAPET_ENOMEM); /* test_no_memory() */
}

/* ---- 115, 116: copies ---- */

static uint64_t maddr(uint64_t mfn)
{
    return mfn * MG_PAGE_SIZE;
}

static int64_t copy_to_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_copy_to(bare.id, maddr(bare_mfn), (void *)vaddr,
                                    64);
}

static int64_t copy_from_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_copy_from(bare.id, maddr(bare_mfn), (void *)vaddr,
                                      64);
}

/* What is outside a frame, and whose it is not. */
static const struct {
    uint64_t offset, length;
} outside[] = {{0, 4097}, {4095, 2}, {1, 4096}, {0, ~0ul}, {4095, ~0ul - 4094}};

static void suite_domain_copy_to(void)
{
    uint8_t *bytes = buffer.bytes;
    uint64_t ours = maddr(mg_mfn_of(mg_page()));

    for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
        DENIES(hypercall_domain_copy_to(bare.id,
                                        maddr(bare_mfn) + outside[i].offset,
                                        bytes, outside[i].length),
               EINVAL);
    DENIES(hypercall_domain_copy_to(NOBODY, maddr(bare_mfn), bytes, 8), ENOENT);
    DENIES(hypercall_domain_copy_to(0, ours, bytes, 8), EINVAL);
    DENIES(hypercall_domain_copy_to(bare.id, ours, bytes, 8), EPERM);
    DENIES(hypercall_domain_copy_to(bare.id, 0, bytes, 8), EPERM);
    DENIES(hypercall_domain_copy_to(bare.id, maddr(built.shared_mfn), bytes, 8),
           EPERM);
    DENIES(hypercall_domain_copy_to(bare.id, maddr(NO_FRAME), bytes, 8), EPERM);
    DENIES(hypercall_domain_copy_to(bare.id, ~0xffful, bytes, 8), EPERM);
    DENIES(hypercall_domain_copy_to(built.id, maddr(built.start.root_mfn),
                                    bytes, 8),
           EBUSY);
    /* The counters, which the guest itself may only read. */
    DENIES(hypercall_domain_copy_to(bare.id, maddr(buffer.frames.counters),
                                    bytes, 8),
           EBUSY);
    DENIES(hypercall_domain_copy_to(dead.id, maddr(dead.shared_mfn), bytes, 8),
           EBUSY);
    deny_pointers("domain_copy_to", MG_ACCESS_READ, 64, 1, copy_to_at);
    RETURNS(hypercall_domain_copy_to(bare.id, maddr(bare_mfn), bytes, 8), 0);
    mg_suite_excuse(PARAPET_ENOSPC);   /* four million references */
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c */
}

static void suite_domain_copy_from(void)
{
    uint64_t word[8];
    uint64_t ours = maddr(mg_mfn_of(mg_page()));

    for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
        DENIES(hypercall_domain_copy_from(bare.id,
                                          maddr(bare_mfn) + outside[i].offset,
                                          word, outside[i].length),
               EINVAL);
    DENIES(hypercall_domain_copy_from(NOBODY, maddr(bare_mfn), word, 8),
           ENOENT);
    DENIES(hypercall_domain_copy_from(0, ours, word, 8), EINVAL);
    DENIES(hypercall_domain_copy_from(bare.id, ours, word, 8), EPERM);
    DENIES(hypercall_domain_copy_from(bare.id, 0, word, 8), EPERM);
    DENIES(hypercall_domain_copy_from(bare.id, maddr(NO_FRAME), word, 8),
           EPERM);
    deny_pointers("domain_copy_from", MG_ACCESS_WRITE, 64, 1, copy_from_at);
    /* A table, and a page of one that has ended. */
    RETURNS(hypercall_domain_copy_from(built.id, maddr(built.start.root_mfn),
                                       word, 64),
            0);
    RETURNS(
        hypercall_domain_copy_from(dead.id, maddr(dead.shared_mfn), word, 64),
        0);
    mg_suite_excuse(PARAPET_ENOSPC);   /* four million references */
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c */
}

/* ---- 117..121: it runs, and ends ---- */

static void suite_domain_hypercall_page(void)
{
    uint64_t ours = mg_mfn_of(mg_page());

    DENIES(hypercall_domain_hypercall_page(NOBODY, bare_mfn), ENOENT);
    DENIES(hypercall_domain_hypercall_page(0, ours), EINVAL);
    DENIES(hypercall_domain_hypercall_page(bare.id, ours), EPERM);
    DENIES(hypercall_domain_hypercall_page(bare.id, NO_FRAME), EPERM);
    DENIES(hypercall_domain_hypercall_page(bare.id, ~0ul), EPERM);
    DENIES(hypercall_domain_hypercall_page(built.id, built.start.root_mfn),
           EBUSY);
    DENIES(hypercall_domain_hypercall_page(dead.id, dead.shared_mfn), EBUSY);
    RETURNS(hypercall_domain_hypercall_page(bare.id, bare_mfn), 0);
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
    DENIES(hypercall_domain_vcpu_start(dead.id, 0, start), EBUSY);
    /* It has only one of its two. */
    DENIES(hypercall_domain_vcpu_start(bare.id, 0, start), EINVAL);
    deny_pointers("domain_vcpu_start", MG_ACCESS_READ, sizeof(*start), 1,
                  vcpu_start_at);
    DENIES(start_with(PARAPET_HYPERVISOR_START, start->root_mfn), EINVAL);
    DENIES(start_with(1ul << 47, start->root_mfn), EINVAL);
    DENIES(start_with(start->entry, mg_mfn_of(mg_start_root())), EPERM);
    DENIES(start_with(start->entry, built.start.root_mfn), EPERM);
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
    DENIES(hypercall_domain_pause(bare.id), EBUSY);
    DENIES(hypercall_domain_pause(dead.id), EBUSY);
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
    DENIES(hypercall_domain_unpause(bare.id), EINVAL);
    DENIES(hypercall_domain_unpause(dead.id), EBUSY);
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
    return hypercall_domain_info(built.id, (void *)vaddr);
}

static void suite_domain_info(void)
{
    RETURNS(hypercall_domain_info(built.id, &buffer.info), 0);
    RETURNS(hypercall_domain_info(0, &buffer.info), 0);
    DENIES(hypercall_domain_info(NOBODY, &buffer.info), ENOENT);
    /* Its place in the table is taken, by another id. */
    DENIES(hypercall_domain_info(built.id + 4096, &buffer.info), ENOENT);
    deny_pointers("domain_info", MG_ACCESS_WRITE, sizeof(buffer.info), 1,
                  info_at);
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
    deny_pointers("domain_list", MG_ACCESS_WRITE, sizeof(buffer.info), 1,
                  list_at);
}

static int64_t rename_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_rename(built.id, (void *)vaddr);
}

static void suite_domain_rename(void)
{
    char name[PARAPET_NAME_SIZE] = "another";

    RETURNS(hypercall_domain_rename(built.id, name), 0);
    RETURNS(hypercall_domain_rename(built.id, name), 0);
    DENIES(hypercall_domain_rename(bare.id, name), EEXIST);
    DENIES(hypercall_domain_rename(NOBODY, name), ENOENT);
    deny_pointers("domain_rename", MG_ACCESS_READ, sizeof(name), 1, rename_at);
    name[PARAPET_NAME_SIZE - 1] = 'x';
    DENIES(hypercall_domain_rename(built.id, name), EINVAL);
    memset(name, 0, sizeof(name));
    DENIES(hypercall_domain_rename(built.id, name), EINVAL);
    name[0] = '\n';
    DENIES(hypercall_domain_rename(built.id, name), EINVAL);
}

static void suite_domain_limits(void)
{
    uint64_t max_frames = mg_domain_info(built.id).max_frames;

    RETURNS(hypercall_domain_limits(built.id, 0, ~0ul), 0);
    RETURNS(hypercall_domain_limits(built.id, ~0ul, 0), 0);
    RETURNS(hypercall_domain_limits(built.id, max_frames, 0), 0);
    DENIES(hypercall_domain_limits(NOBODY, 1, 1), ENOENT);
    DENIES(hypercall_domain_limits(dead.id, 1, 1), EBUSY);
}

static void suite_domain_schedule(void)
{
    RETURNS(hypercall_domain_schedule(built.id, PARAPET_MAX_WEIGHT, 100), 0);
    DENIES(hypercall_domain_schedule(built.id, 0, 0), EINVAL);
    DENIES(hypercall_domain_schedule(built.id, PARAPET_MAX_WEIGHT + 1, 0),
           EINVAL);
    DENIES(hypercall_domain_schedule(built.id, 1, 101), EINVAL);
    DENIES(hypercall_domain_schedule(built.id, 1, ~0u), EINVAL);
    DENIES(hypercall_domain_schedule(NOBODY, 1, 0), ENOENT);
    DENIES(hypercall_domain_schedule(dead.id, 1, 0), EBUSY);
}

static void suite_domain_request(void)
{
    RETURNS(hypercall_domain_request(built.id, PARAPET_REQUEST_SUSPEND), 0);
    RETURNS(hypercall_domain_request(built.id, 0), 0);
    DENIES(hypercall_domain_request(built.id, PARAPET_REQUEST_SUSPEND + 1),
           EINVAL);
    DENIES(hypercall_domain_request(built.id, ~0u), EINVAL);
    DENIES(hypercall_domain_request(0, PARAPET_REQUEST_POWEROFF), EINVAL);
    DENIES(hypercall_domain_request(NOBODY, 0), ENOENT);
    DENIES(hypercall_domain_request(dead.id, 0), EBUSY);
}

/* ---- 160..175 ---- */

static int64_t counters_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_counters(built.id, 0, 0, (void *)vaddr);
}

static void suite_domain_counters(void)
{
    uint8_t *page = buffer.bytes;

    RETURNS(hypercall_domain_counters(0, 0, 0, page), 0);
    RETURNS(hypercall_domain_counters(dead.id, 0, 5, page), 0);
    DENIES(hypercall_domain_counters(built.id, 0, PARAPET_NR_PARTS, page),
           EINVAL);
    DENIES(hypercall_domain_counters(built.id, 0, ~0u, page), EINVAL);
    DENIES(hypercall_domain_counters(built.id, 1, 0, page), ENOENT);
    DENIES(hypercall_domain_counters(built.id, ~0u, 0, page), ENOENT);
    DENIES(hypercall_domain_counters(NOBODY, 0, 0, page), ENOENT);
    deny_pointers("domain_counters", MG_ACCESS_WRITE, MG_PAGE_SIZE, 1,
                  counters_at);
}

static void suite_domain_alloc_unbound(void)
{
    struct mg_child child;
    int64_t port;

    DENIES(hypercall_domain_alloc_unbound(NOBODY, 0), ENOENT);
    DENIES(hypercall_domain_alloc_unbound(built.id, NOBODY), ENOENT);
    DENIES(hypercall_domain_alloc_unbound(0, 0), EINVAL);
    DENIES(hypercall_domain_alloc_unbound(dead.id, 0), EBUSY);
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
    RETURNS(hypercall_domain_audit(built.id), 0);
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
    deny_pointers("log_read", MG_ACCESS_WRITE, 64, 1, log_at);
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
    deny_pointers("machine_info", MG_ACCESS_WRITE, sizeof(info), 1, machine_at);
}

/* ---- all of them ---- */

#define SUITE(name) MG_SUITE(name)

static const struct mg_suite suites[] = {
    SUITE(domain_create),     SUITE(domain_vcpu_create),
    SUITE(domain_populate),   SUITE(domain_copy_to),
    SUITE(domain_copy_from),  SUITE(domain_hypercall_page),
    SUITE(domain_vcpu_start), SUITE(domain_pause),
    SUITE(domain_unpause),    SUITE(domain_destroy),
    SUITE(domain_info),       SUITE(domain_list),
    SUITE(domain_rename),     SUITE(domain_limits),
    SUITE(domain_schedule),   SUITE(domain_request),
    SUITE(domain_counters),   SUITE(domain_alloc_unbound),
    SUITE(domain_audit),      SUITE(log_read),
    SUITE(machine_info),
};

/* A domain that is given all that the machine has, and with it nothing else can
 * be made. What was refused has taken nothing. */
static void test_no_memory(void)
{
    static struct parapet_populate frames[512];
    struct parapet_domain_create params = good_params();
    struct parapet_vcpu_frames vcpu_frames;
    uint64_t was_free = mg_machine_info().free_frames;
    int64_t hog, result;

    params.max_frames = ~0ul;
    hog = hypercall_domain_create(&params);
    MG_CHECK(hog > 0);
    params = good_params();
    (void)string_copy(params.name, sizeof(params.name), "refused");
    do {
        result = hypercall_domain_populate((uint32_t)hog, frames,
                                           ARRAY_SIZE(frames));
    } while (result == 0 || result == -PARAPET_ERESTART);
    MG_CHECK_EQ(result, -PARAPET_ENOMEM);
    MG_CHECK_EQ(mg_machine_info().free_frames, 0);
    MG_CHECK_EQ(hypercall_domain_create(&params), -PARAPET_ENOMEM);
    MG_CHECK_EQ(hypercall_domain_vcpu_create((uint32_t)hog, 0, 0, &vcpu_frames),
                -PARAPET_ENOMEM);
    MG_CHECK_EQ(hypercall_domain_alloc_unbound(built.id, 0), -PARAPET_ENOMEM);
    MG_CHECK_EQ(mg_machine_info().free_frames, 0);
    mg_domain_audit((uint32_t)hog);
    mg_domain_audit(built.id);
    MG_CHECK_EQ(mg_domain_destroy((uint32_t)hog), 0);
    MG_CHECK_EQ(mg_machine_info().free_frames, was_free);
}

static void make_targets(void)
{
    struct parapet_populate frame = {.gfn = 0};

    MG_CHECK_EQ(
        mg_child_make(&(struct mg_child_wish){.name = "bare", .nr_vcpus = 2},
                      &bare),
        0);
    MG_CHECK_EQ(hypercall_domain_populate(bare.id, &frame, 1), 0);
    bare_mfn = frame.mfn;
    mg_child_create(&(struct mg_child_wish){.name = "built"}, &built);
    mg_child_run("exit", &dead);
    (void)mg_domain_wait(dead.id, PARAPET_DOMAIN_ENDED);
}

void test_main(void)
{
    mg_control_init();
    mg_event_close(mg_event_bind_ipi(0, NULL, NULL));
    make_targets();
    test_no_memory();
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        if (mg_hypercalls[i].flags & HC_CONTROL)
            mg_suite_run(suites, ARRAY_SIZE(suites), mg_hypercalls[i].number);
    }
    mg_audit();
}
