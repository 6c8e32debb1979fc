/* SPDX-License-Identifier: MIT
 *
 * The suites of domain control (see lib/suite.h) that make a domain and fill
 * its memory: each call succeeds, and with hostile arguments it is refused as
 * it is documented; after each refusal the target is whole. The other calls
 * are in suite_control.c.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 patience=300 once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernels/lib/control_targets.h"
#include "tests/kernels/lib/hctable.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/suite.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(suite_control_memory);

static union {
    uint8_t bytes[MG_PAGE_SIZE];
    struct parapet_vcpu_frames frames;
} buffer;

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
    mg_targets_deny_pointers("domain_create", MG_ACCESS_WRITE, sizeof(params),
                             1, create_at);
    make_too_many();
    mg_suite_excuse(PARAPET_ENOMEM); /* test_no_memory() */
}

static int64_t vcpu_create_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_vcpu_create(mg_bare.id, 0, 10, (void *)vaddr);
}

static void suite_domain_vcpu_create(void)
{
    struct parapet_vcpu_frames *frames = &buffer.frames;
    uint64_t nr_gfns = mg_bare.plan.nr_gfns;

    DENIES(hypercall_domain_vcpu_create(NOBODY, 0, 10, frames), ENOENT);
    DENIES(hypercall_domain_vcpu_create(0, 0, 10, frames), EINVAL);
    DENIES(hypercall_domain_vcpu_create(mg_built.id, 0, 10, frames), EEXIST);
    DENIES(hypercall_domain_vcpu_create(mg_built.id, 1, 10, frames), ENOENT);
    DENIES(hypercall_domain_vcpu_create(mg_bare.id, 2, 10, frames), ENOENT);
    DENIES(hypercall_domain_vcpu_create(mg_bare.id, 1, 10, frames), EINVAL);
    DENIES(hypercall_domain_vcpu_create(mg_bare.id, 0, nr_gfns, frames),
           EINVAL);
    DENIES(hypercall_domain_vcpu_create(mg_bare.id, 0, nr_gfns - 6, frames),
           EINVAL);
    DENIES(hypercall_domain_vcpu_create(mg_bare.id, 0, ~0ul - 3, frames),
           EINVAL);
    DENIES(hypercall_domain_vcpu_create(mg_dead.id, 1, 10, frames), EBUSY);
    mg_targets_deny_pointers("domain_vcpu_create", MG_ACCESS_WRITE,
                             sizeof(*frames), 1, vcpu_create_at);
    /* Its shared page, its grant table and one more are there: 9 are one too
     * few. */
    MG_CHECK_EQ(hypercall_domain_limits(mg_bare.id, 9, 0), 0);
    DENIES(hypercall_domain_vcpu_create(mg_bare.id, 0, 10, frames), ENOSPC);
    MG_CHECK_EQ(hypercall_domain_limits(mg_bare.id, 10, 0), 0);
    RETURNS(hypercall_domain_vcpu_create(mg_bare.id, 0, nr_gfns - 7, frames),
            0);
    MG_CHECK_EQ(mg_m2p(frames->page), nr_gfns - 7);
    MG_CHECK_EQ(mg_m2p(frames->counters), nr_gfns - 6);
    for (uint64_t i = 0; i < ARRAY_SIZE(frames->latency); i++)
        MG_CHECK_EQ(mg_m2p(frames->latency[i]), nr_gfns - 5 + i);
    MG_CHECK_EQ(hypercall_domain_limits(mg_bare.id, nr_gfns, 0), 0);
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
    uint64_t nr_frames = mg_domain_info(mg_bare.id).nr_frames, done = 0;
    int64_t result;

    memset(frames - nr, 0, nr * sizeof(*frames));
    do {
        result = hypercall_domain_populate(mg_bare.id, frames - nr + done, 64);
        done += mg_vcpu_page()->restart_done;
    } while (result == -PARAPET_ERESTART);
    MG_CHECK_EQ(result, -PARAPET_EFAULT);
    MG_CHECK_EQ(done, nr);
    MG_CHECK_EQ(mg_domain_info(mg_bare.id).nr_frames, nr_frames + nr);
    MG_CHECK(mg_m2p(frames[-1].mfn) == 0 && frames[-1].mfn != frames[-2].mfn);
}

static void suite_domain_populate(void)
{
    static const struct parapet_populate read_only = {.gfn = 0};
    static struct parapet_populate frames[64];
    uint64_t most;

    DENIES(hypercall_domain_populate(NOBODY, frames, 1), ENOENT);
    DENIES(hypercall_domain_populate(0, frames, 1), EINVAL);
    DENIES(hypercall_domain_populate(mg_dead.id, frames, 1), EBUSY);
    DENIES(
        hypercall_domain_populate(mg_bare.id, frames, PARAPET_MAX_FRAMES + 1),
        E2BIG);
    DENIES(hypercall_domain_populate(mg_bare.id, (char *)frames + 4, 1),
           EINVAL);
    frames[0].gfn = mg_bare.plan.nr_gfns;
    DENIES(hypercall_domain_populate(mg_bare.id, frames, 1), EINVAL);
    DENIES(hypercall_domain_populate(mg_bare.id, NULL, 1), EFAULT);
    /* It can be read, and then the frame cannot be told. */
    DENIES(hypercall_domain_populate(mg_bare.id, (void *)&read_only, 1),
           EFAULT);
    deny_the_rest();
    most = mg_domain_info(mg_bare.id).nr_frames + ARRAY_SIZE(frames);
    MG_CHECK_EQ(hypercall_domain_limits(mg_bare.id, most, 0), 0);
    for (uint64_t i = 0; i < ARRAY_SIZE(frames); i++)
        frames[i].gfn = 20 + i;
    REFUSES(hypercall_domain_populate(mg_bare.id, frames, ARRAY_SIZE(frames)),
            ERESTART);
    for (uint64_t done = mg_vcpu_page()->restart_done;
         done < ARRAY_SIZE(frames);) {
        int64_t result = NOTED(hypercall_domain_populate(
            mg_bare.id, frames + done, ARRAY_SIZE(frames) - done));

        done =
            result ? done + mg_vcpu_page()->restart_done : ARRAY_SIZE(frames);
    }
    MG_CHECK_EQ(mg_domain_info(mg_bare.id).nr_frames, most);
    frames[0].gfn = 19;
    DENIES(hypercall_domain_populate(mg_bare.id, frames, 1), ENOSPC);
    RETURNS(hypercall_domain_populate(mg_bare.id, frames, 0), 0);
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
    return hypercall_domain_copy_to(mg_bare.id, maddr(mg_bare_mfn),
                                    (void *)vaddr, 64);
}

static int64_t copy_from_at(uint64_t vaddr, void *data)
{
    (void)data;
    return hypercall_domain_copy_from(mg_bare.id, maddr(mg_bare_mfn),
                                      (void *)vaddr, 64);
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
        DENIES(hypercall_domain_copy_to(mg_bare.id,
                                        maddr(mg_bare_mfn) + outside[i].offset,
                                        bytes, outside[i].length),
               EINVAL);
    DENIES(hypercall_domain_copy_to(NOBODY, maddr(mg_bare_mfn), bytes, 8),
           ENOENT);
    DENIES(hypercall_domain_copy_to(0, ours, bytes, 8), EINVAL);
    DENIES(hypercall_domain_copy_to(mg_bare.id, ours, bytes, 8), EPERM);
    DENIES(hypercall_domain_copy_to(mg_bare.id, 0, bytes, 8), EPERM);
    DENIES(hypercall_domain_copy_to(mg_bare.id, maddr(mg_built.shared_mfn),
                                    bytes, 8),
           EPERM);
    DENIES(hypercall_domain_copy_to(mg_bare.id, maddr(NO_FRAME), bytes, 8),
           EPERM);
    DENIES(hypercall_domain_copy_to(mg_bare.id, ~0xffful, bytes, 8), EPERM);
    DENIES(hypercall_domain_copy_to(mg_built.id, maddr(mg_built.start.root_mfn),
                                    bytes, 8),
           EBUSY);
    /* The counters, which the guest itself may only read. */
    DENIES(hypercall_domain_copy_to(mg_bare.id, maddr(buffer.frames.counters),
                                    bytes, 8),
           EBUSY);
    DENIES(hypercall_domain_copy_to(mg_dead.id, maddr(mg_dead.shared_mfn),
                                    bytes, 8),
           EBUSY);
    mg_targets_deny_pointers("domain_copy_to", MG_ACCESS_READ, 64, 1,
                             copy_to_at);
    RETURNS(hypercall_domain_copy_to(mg_bare.id, maddr(mg_bare_mfn), bytes, 8),
            0);
    mg_suite_excuse(PARAPET_ENOSPC);   /* four million references */
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c */
}

static void suite_domain_copy_from(void)
{
    uint64_t word[8];
    uint64_t ours = maddr(mg_mfn_of(mg_page()));

    for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
        DENIES(hypercall_domain_copy_from(
                   mg_bare.id, maddr(mg_bare_mfn) + outside[i].offset, word,
                   outside[i].length),
               EINVAL);
    DENIES(hypercall_domain_copy_from(NOBODY, maddr(mg_bare_mfn), word, 8),
           ENOENT);
    DENIES(hypercall_domain_copy_from(0, ours, word, 8), EINVAL);
    DENIES(hypercall_domain_copy_from(mg_bare.id, ours, word, 8), EPERM);
    DENIES(hypercall_domain_copy_from(mg_bare.id, 0, word, 8), EPERM);
    DENIES(hypercall_domain_copy_from(mg_bare.id, maddr(NO_FRAME), word, 8),
           EPERM);
    mg_targets_deny_pointers("domain_copy_from", MG_ACCESS_WRITE, 64, 1,
                             copy_from_at);
    /* A table, and a page of one that has ended. */
    RETURNS(hypercall_domain_copy_from(
                mg_built.id, maddr(mg_built.start.root_mfn), word, 64),
            0);
    RETURNS(hypercall_domain_copy_from(mg_dead.id, maddr(mg_dead.shared_mfn),
                                       word, 64),
            0);
    mg_suite_excuse(PARAPET_ENOSPC);   /* four million references */
    mg_suite_excuse(PARAPET_ERESTART); /* memory_wait.c */
}

/* ---- all of them ---- */

static const struct mg_suite suites[] = {
    MG_SUITE(domain_create),    MG_SUITE(domain_vcpu_create),
    MG_SUITE(domain_populate),  MG_SUITE(domain_copy_to),
    MG_SUITE(domain_copy_from),
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
    MG_CHECK_EQ(hypercall_domain_alloc_unbound(mg_built.id, 0),
                -PARAPET_ENOMEM);
    MG_CHECK_EQ(mg_machine_info().free_frames, 0);
    mg_domain_audit((uint32_t)hog);
    mg_domain_audit(mg_built.id);
    MG_CHECK_EQ(mg_domain_destroy((uint32_t)hog), 0);
    MG_CHECK_EQ(mg_machine_info().free_frames, was_free);
}

void test_main(void)
{
    mg_targets_make();
    test_no_memory();
    for (size_t i = 0; i < mg_nr_hypercalls; i++) {
        uint64_t number = mg_hypercalls[i].number;

        if ((mg_hypercalls[i].flags & HC_CONTROL) && number <= LAST_OF_MEMORY)
            mg_suite_run(suites, ARRAY_SIZE(suites), number);
    }
    mg_audit();
}
