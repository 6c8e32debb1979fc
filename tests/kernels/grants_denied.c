/* SPDX-License-Identifier: MIT
 *
 * What is not lent cannot be mapped, held, copied or found out. Domain 2 lends
 * to this one and does so wrongly, in each way there is; domain 3 has no part
 * in it. Each refusal leaves nothing: the audits of all three find nothing.
 *
 * QEMU: smp=2 patience=120
 * QEMU: partner=partners/pair partner=partners/pair
 * METER: grants_arguments is metered, and makes the same calls
 */
#include "abi/event.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grants_denied);

#define US MG_PAIR_TESTER
#define PEER MG_PAIR_ID
#define THIRD 3

#define REF 7
#define LEND PARAPET_GRANT_LEND
#define READONLY PARAPET_GRANT_READONLY
#define IN_USE (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)

#define MAGIC 0x6d61676963ul
#define MINE 0x6d696e65ul
#define NOTHING 0x5a5a5a5a5a5a5a5a

static struct mg_pair peer, third;
static struct mg_pair_page lent; /* a page of the peer's */
static struct mg_window window;
static uint64_t *page; /* and one of our own */

/* ---- every way to get at a frame ---- */

#define WRITES 1 /* in ways[].kind */

static int64_t map(uint32_t domain, uint32_t ref, uint64_t bits)
{
    struct parapet_grant_map element = {.domain = domain,
                                        .ref = ref,
                                        .pte = mg_window_pte(&window, 0),
                                        .bits = bits | PARAPET_PTE_NX,
                                        .handle = (uint32_t)NOTHING};
    int64_t result = HYPERCALL_RESTARTED(hypercall_grant_map(&element, 1));

    if (result)
        return result;
    if (element.status == 0)
        MG_CHECK_EQ(mg_grant_unmap(element.handle), 0);
    MG_CHECK_EQ(window.l1[0], 0);
    return element.status;
}

static int64_t map_to_read(uint32_t domain, uint32_t ref)
{
    return map(domain, ref, 0);
}

static int64_t map_to_write(uint32_t domain, uint32_t ref)
{
    return map(domain, ref, PARAPET_PTE_W);
}

/* A refusal does not say which frame it would have been. */
static int64_t hold(uint32_t domain, uint32_t ref, uint32_t flags)
{
    struct parapet_grant_hold element = {
        .domain = domain, .ref = ref, .flags = flags, .maddr = NOTHING};
    int64_t result = HYPERCALL_RESTARTED(hypercall_grant_hold(&element, 1));

    if (result)
        return result;
    if (element.status == 0)
        MG_CHECK_EQ(mg_grant_release(element.handle), 0);
    else
        MG_CHECK(element.maddr == NOTHING || element.maddr == 0);
    return element.status;
}

static int64_t hold_to_read(uint32_t domain, uint32_t ref)
{
    return hold(domain, ref, READONLY);
}

static int64_t hold_to_write(uint32_t domain, uint32_t ref)
{
    return hold(domain, ref, 0);
}

/* All the bytes, for one that was let through would be seen. */
static int64_t copy_from(uint32_t domain, uint32_t ref)
{
    int64_t result;

    page[0] = MINE;
    result = mg_grant_copy(mg_grant_lent(domain, ref, 0), mg_grant_own(page),
                           MG_PAGE_SIZE);
    MG_CHECK_EQ(page[0] == MINE, result != 0);
    return result;
}

static int64_t copy_to(uint32_t domain, uint32_t ref)
{
    page[0] = MAGIC;
    return mg_grant_copy(mg_grant_own(page), mg_grant_lent(domain, ref, 0),
                         MG_PAGE_SIZE);
}

static const struct {
    const char *name;
    int64_t (*get)(uint32_t domain, uint32_t ref);
    bool writes;
} ways[] = {
    {"map to read", map_to_read, false},
    {"map to write", map_to_write, true},
    {"hold to read", hold_to_read, false},
    {"hold to write", hold_to_write, true},
    {"copy from", copy_from, false},
    {"copy to", copy_to, true},
};

static void expect_ways(const char *what, uint32_t domain, uint32_t ref,
                        int64_t to_read, int64_t to_write)
{
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        int64_t result = ways[i].get(domain, ref);
        int64_t expected = ways[i].writes ? to_write : to_read;

        if (result != expected)
            mg_failure("%s, domain %#x, reference %u: %s: expected %ld, got "
                       "%ld",
                       what, domain, ref, ways[i].name, expected, result);
    }
}

/* In each way; and neither domain has anything of it. */
static void expect(const char *what, uint32_t domain, uint32_t ref,
                   int64_t result)
{
    expect_ways(what, domain, ref, result, result);
    MG_CHECK_EQ(mg_grant_status(0).nr_handles, 2); /* the mailboxes */
    mg_audit();
}

/* The peer's entry REF is this; expected of every way to use it. */
static void expect_entry(const char *what, uint64_t word, uint64_t frame,
                         int64_t result)
{
    mg_pair_write_entry(&peer, REF, word, frame);
    expect(what, PEER, REF, result);
    MG_CHECK_EQ(mg_pair_read_entry(&peer, REF) & ~(uint64_t)IN_USE,
                word & ~(uint64_t)IN_USE);
}

static void expect_frame(const char *what, uint64_t mfn, int64_t result)
{
    expect_entry(what, mg_grant_word(US, LEND), mfn, result);
    mg_pair_write_entry(&peer, REF, mg_grant_word(US, LEND | READONLY), mfn);
    expect_ways(what, PEER, REF, result, -PARAPET_EPERM);
}

/* ---- word 0 ---- */

static void test_granted(void)
{
    struct parapet_grant_status status;

    expect_entry("lent", mg_grant_word(US, LEND), lent.mfn, 0);
    MG_CHECK_EQ(mg_pair_load(&peer, lent.vaddr), MAGIC);
    status = mg_pair_status(&peer, REF);
    MG_CHECK_EQ(status.readers + status.writers, 0);
    MG_CHECK_EQ(status.frame, 0);
    MG_CHECK_EQ(mg_pair_read_entry(&peer, REF), mg_grant_word(US, LEND));
}

/* Not to us: to others, and to those who would have our place or our number if
 * an id had fewer bits. */
static void test_wrong_domain(void)
{
    static const uint32_t others[] = {0,
                                      PEER,
                                      THIRD,
                                      US + 4096,
                                      US + 0x8000,
                                      US + 8192,
                                      US + (1u << 16),
                                      US + (1u << 31),
                                      0x7fffffff,
                                      PARAPET_DOMAIN_SELF};
    uint32_t handle = 0;

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        expect_entry("lent to another", mg_grant_word(others[i], LEND),
                     lent.mfn, -PARAPET_EPERM);
    /* The one to whom it is lent gets it, and nobody else. */
    mg_pair_lend(&peer, REF, THIRD, lent.mfn, 0);
    MG_DONE(mg_pair_hold(&third, PEER, REF, 0, &handle));
    expect("lent to another", PEER, REF, -PARAPET_EPERM);
    expect_entry("in use by another", mg_grant_word(US, LEND), lent.mfn,
                 -PARAPET_EBUSY);
    MG_DONE(mg_pair_release(&third, handle));
    expect("no more in use", PEER, REF, 0);
}

/* Bits that mean nothing, or no lending. */
static void test_flags(void)
{
    expect_entry("nothing", 0, lent.mfn, -PARAPET_EPERM);
    expect_entry("not lent", mg_grant_word(US, 0), lent.mfn, -PARAPET_EPERM);
    expect_entry("not lent", mg_grant_word(US, READONLY), lent.mfn,
                 -PARAPET_EPERM);
    expect_entry("not lent", mg_grant_word(US, IN_USE), lent.mfn,
                 -PARAPET_EPERM);
    for (unsigned int bit = 0; bit < 32; bit++) {
        uint32_t flag = 1u << bit;

        if (!(flag & (LEND | READONLY | IN_USE)))
            expect_entry("an unknown bit", mg_grant_word(US, LEND | flag),
                         lent.mfn, -PARAPET_EPERM);
    }
}

static void test_readonly(void)
{
    mg_pair_lend(&peer, REF, US, lent.mfn, READONLY);
    MG_DONE(mg_pair_store(&peer, lent.vaddr, MAGIC));
    expect_ways("read-only", PEER, REF, 0, -PARAPET_EPERM);
    MG_CHECK_EQ(mg_pair_load(&peer, lent.vaddr), MAGIC);
    mg_audit();
}

static void test_revoked(void)
{
    MG_CHECK(mg_pair_take_back(&peer, REF));
    expect("taken back", PEER, REF, -PARAPET_EPERM);
}

/* The table has one frame. */
static void test_references(void)
{
    static const uint32_t refs[] = {
        PARAPET_GRANTS_PER_FRAME,
        PARAPET_GRANTS_PER_FRAME + REF,
        PARAPET_GRANTS_PER_FRAME * PARAPET_MAX_GRANT_FRAMES - 1,
        PARAPET_GRANTS_PER_FRAME * PARAPET_MAX_GRANT_FRAMES,
        0xffff,
        0x10000 + REF,
        0x10000000 + REF,
        0x7fffffff,
        0x80000000 + REF,
        0xffffffff,
    };

    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
    mg_pair_lend(&peer, PARAPET_GRANTS_PER_FRAME - 1, US, lent.mfn, 0);
    expect("the last one", PEER, PARAPET_GRANTS_PER_FRAME - 1, 0);
    for (size_t i = 0; i < ARRAY_SIZE(refs); i++)
        expect("out of range", PEER, refs[i], -PARAPET_EPERM);
}

/* Who is nobody; an own frame of a copy has a name that nothing else has. */
static void test_lenders(void)
{
    static const uint32_t nobody[] = {0,
                                      4,
                                      4095,
                                      4096,
                                      PEER + 4096,
                                      PEER + 8192,
                                      PEER + (1u << 16),
                                      PEER + (1u << 31),
                                      0x7fffffff,
                                      0xfffffffe};

    for (size_t i = 0; i < ARRAY_SIZE(nobody); i++)
        expect("nobody", nobody[i], REF, -PARAPET_ENOENT);
    expect("lends nothing", THIRD, REF, -PARAPET_EPERM);
}

/* ---- word 1 ---- */

static uint64_t nr_mfns(void)
{
    struct parapet_memory_limits limits = {0};

    MG_DONE(hypercall_memory_limits(&limits));
    return limits.nr_mfns;
}

/* The hypervisor's frames, and those that nobody has. */
static void test_nobodys_frames(uint64_t nr)
{
    const uint64_t step = nr / 40 | 1;
    uint64_t tried = 0;

    for (uint64_t mfn = 0; mfn < nr;
         mfn += mg_m2p(mfn) == PARAPET_NO_GFN ? step : 1) {
        if (mg_m2p(mfn) != PARAPET_NO_GFN)
            continue;
        expect_entry("a frame of nobody", mg_grant_word(US, LEND), mfn,
                     -PARAPET_EPERM);
        tried++;
    }
    MG_CHECK(tried >= 10);
}

static void test_others_frames(void)
{
    struct mg_pair_page thirds = mg_pair_page(&third);
    uint64_t nr = nr_mfns();
    const uint64_t outside[] = {nr,
                                nr + 1,
                                0xfeb00,
                                0xfec00,
                                0xfee00,
                                0xfffff,
                                1ul << 28,
                                (1ul << 40) - 1,
                                1ul << 40 | lent.mfn,
                                1ul << 46 | lent.mfn,
                                1ul << 51 | lent.mfn,
                                1ul << 52 | lent.mfn,
                                1ul << 58 | lent.mfn,
                                1ul << 63 | lent.mfn,
                                lent.mfn * MG_PAGE_SIZE,
                                ~0ul};

    expect_frame("the third's frame", thirds.mfn, -PARAPET_EPERM);
    expect_frame("our own frame", mg_mfn_of(page), -PARAPET_EPERM);
    expect_frame("our own table", mg_mfn_of(window.l1), -PARAPET_EPERM);
    for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
        if (outside[i] >= nr)
            expect_frame("outside RAM", outside[i], -PARAPET_EPERM);
    }
    test_nobodys_frames(nr);
}

/* Of each level: refused as long as it is one. */
static void test_tables(void)
{
    for (uint32_t type = PARAPET_TABLE_L1; type <= PARAPET_TABLE_USER; type++) {
        struct mg_pair_page table = mg_pair_page(&peer);

        MG_DONE(mg_pair_do(&peer, MG_PAIR_TABLE, table.vaddr, type, 0));
        expect_frame("a table", table.mfn, -PARAPET_EBUSY);
        MG_DONE(mg_pair_do(&peer, MG_PAIR_UNTABLE, table.vaddr, 0, 0));
        expect_frame("a table no more", table.mfn, 0);
    }
    /* One that is used, and not pinned. */
    expect_frame("a table in use", peer.box->pte / MG_PAGE_SIZE,
                 -PARAPET_EBUSY);
    mg_pair_audit(&peer);
}

/* What the hypervisor writes and its domain only reads, another may only read
 * as well. Here it is ours, and the peer is who tries. */
static void test_read_only_pages(void)
{
    static const uint64_t pages[] = {PARAPET_COUNTERS_PAGE(0),
                                     PARAPET_LATENCY(0)};
    struct parapet_grant_copy copy = {
        .source = mg_grant_lent(PARAPET_DOMAIN_SELF, 0, 0),
        .dest = mg_grant_lent(US, REF, 0),
        .length = 8};
    uint32_t handle = 0;

    copy.source.at = lent.mfn * MG_PAGE_SIZE;
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        uint64_t entry = mg_read_entry(mg_walk(mg_start_root(), pages[i], 1));

        mg_grant_lend_mfn(REF, PEER,
                          (entry & PARAPET_PTE_ADDRESS) / MG_PAGE_SIZE, 0);
        MG_CHECK_EQ(mg_pair_map(&peer, US, REF, 0,
                                PARAPET_PTE_W | PARAPET_PTE_NX, NULL),
                    -PARAPET_EBUSY);
        MG_CHECK_EQ(mg_pair_hold(&peer, US, REF, 0, NULL), -PARAPET_EBUSY);
        MG_DONE(mg_pair_call_element(&peer, PARAPET_HC_grant_copy, &copy,
                                     sizeof(copy)));
        MG_CHECK_EQ(copy.status, -PARAPET_EBUSY);
        MG_DONE(mg_pair_map(&peer, US, REF, 0, PARAPET_PTE_NX, &handle));
        mg_audit();
        MG_DONE(mg_pair_unmap(&peer, handle));
        MG_CHECK(mg_grant_take_back(REF));
    }
    mg_audit();
    mg_pair_audit(&peer);
}

/* ---- while it is in use ---- */

/* Whatever is written there: the frame stays the one that was lent. */
static void test_changed_while_in_use(void)
{
    struct mg_pair_page other = mg_pair_page(&peer);
    struct parapet_grant_status status;
    uint32_t first, second;

    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
    MG_DONE(mg_pair_store(&peer, lent.vaddr, MAGIC));
    MG_DONE(mg_grant_map(PEER, REF, mg_window_pte(&window, 1),
                         PARAPET_PTE_W | PARAPET_PTE_NX, &first));
    MG_CHECK(!mg_pair_take_back(&peer, REF));
    mg_pair_lend(&peer, REF, US, other.mfn, 0);
    MG_DONE(mg_grant_map(PEER, REF, mg_window_pte(&window, 2), PARAPET_PTE_NX,
                         &second));
    MG_CHECK_EQ(*mg_window_at(&window, 1), MAGIC);
    MG_CHECK_EQ(*mg_window_at(&window, 2), MAGIC);
    status = mg_pair_status(&peer, REF);
    MG_CHECK_EQ(status.frame, lent.mfn);
    MG_CHECK_EQ(status.readers, 1);
    MG_CHECK_EQ(status.writers, 1);
    mg_pair_audit(&peer);

    /* Rudely: zeros, and lent to another. */
    mg_pair_write_entry(&peer, REF, 0, 0);
    MG_CHECK_EQ(map_to_read(PEER, REF), -PARAPET_EPERM);
    mg_pair_lend(&peer, REF, THIRD, other.mfn, 0);
    MG_CHECK_EQ(map_to_read(PEER, REF), -PARAPET_EPERM);
    MG_CHECK_EQ(mg_pair_map(&third, PEER, REF, 0, PARAPET_PTE_NX, NULL),
                -PARAPET_EBUSY);
    MG_CHECK_EQ(mg_pair_hold(&third, PEER, REF, READONLY, NULL),
                -PARAPET_EBUSY);
    *mg_window_at(&window, 1) = MINE;
    MG_CHECK_EQ(mg_pair_load(&peer, lent.vaddr), MINE);
    MG_DONE(mg_grant_unmap(first));
    MG_CHECK_EQ(mg_pair_map(&third, PEER, REF, 0, PARAPET_PTE_NX, NULL),
                -PARAPET_EBUSY);
    MG_DONE(mg_grant_unmap(second));
    MG_CHECK_EQ(mg_pair_read_entry(&peer, REF), mg_grant_word(THIRD, LEND));
    MG_CHECK_EQ(mg_pair_status(&peer, REF).frame, 0);
    mg_audit();
    mg_pair_audit(&peer);
}

/* A frame that is used by another neither goes back nor becomes a table. */
static void test_lender_bound(void)
{
    uint32_t handle;

    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
    MG_DONE(mg_grant_map(PEER, REF, mg_window_pte(&window, 1),
                         PARAPET_PTE_W | PARAPET_PTE_NX, &handle));
    for (uint32_t type = PARAPET_TABLE_L1; type <= PARAPET_TABLE_USER; type++)
        MG_CHECK_EQ(mg_pair_do(&peer, MG_PAIR_TABLE, lent.vaddr, type, 0),
                    -PARAPET_EBUSY);
    MG_DONE(mg_pair_call(&peer, PARAPET_HC_mmu_update_va, lent.vaddr,
                         lent.mfn * MG_PAGE_SIZE | MG_WRITE,
                         PARAPET_FLUSH_ALL));
    MG_CHECK_EQ(mg_pair_do(&peer, MG_PAIR_GIVE_BACK, lent.vaddr, 0, 0),
                -PARAPET_EBUSY);
    mg_pair_audit(&peer);
    MG_DONE(mg_grant_unmap(handle));
    MG_DONE(mg_pair_store(&peer, lent.vaddr, 0));
    MG_DONE(mg_pair_do(&peer, MG_PAIR_TABLE, lent.vaddr, PARAPET_TABLE_L1, 0));
    MG_DONE(mg_pair_do(&peer, MG_PAIR_UNTABLE, lent.vaddr, 0, 0));

    /* Ballooned: what is still lent is nobody's, and then another frame. */
    MG_DONE(mg_pair_do(&peer, MG_PAIR_GIVE_BACK, lent.vaddr, 0, 0));
    expect("given back", PEER, REF, -PARAPET_EPERM);
    MG_DONE(mg_pair_do(&peer, MG_PAIR_POPULATE, lent.vaddr, 0, 0));
    lent.mfn = peer.box->steps[0].args[1];
    mg_pair_audit(&peer);
}

void test_main(void)
{
    window = mg_window_make();
    page = mg_page();
    mg_pair_init(&peer, PEER, 0);
    mg_pair_init(&third, THIRD, 0);
    lent = mg_pair_page(&peer);
    test_granted();
    test_wrong_domain();
    test_flags();
    test_readonly();
    test_revoked();
    test_references();
    test_lenders();
    test_others_frames();
    test_tables();
    test_read_only_pages();
    test_changed_while_in_use();
    test_lender_bound();
    mg_pair_audit(&third);
    mg_pair_end(&third, PARAPET_SHUTDOWN_POWEROFF);
    mg_pair_end(&peer, PARAPET_SHUTDOWN_POWEROFF);
    mg_audit();
}
