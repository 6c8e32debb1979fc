/* SPDX-License-Identifier: MIT
 *
 * Hostile elements of the calls of grants: handles, the entry that is to map,
 * its bits, and the ends of a copy. What is refused has changed nothing. Where
 * the elements are, and how many, is in grants_arrays.c.
 *
 * QEMU: patience=120
 * QEMU: partner=partners/pair once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grants_arguments);

#define US MG_PAIR_TESTER
#define PEER MG_PAIR_ID

#define REF 7      /* lent to write */
#define REF_READ 8 /* another frame, lent to read */
#define MAGIC 0x6d61676963ul
#define NX PARAPET_PTE_NX
#define W PARAPET_PTE_W

static struct mg_pair peer;
static struct mg_pair_page lent, lent_read;
static struct mg_window window;
static uint64_t *page;
static uint32_t nr_before; /* handles */

static void expect_quiet(void)
{
    MG_CHECK_EQ(mg_grant_status(0).nr_handles, nr_before);
    mg_audit();
}

/* ---- handles ---- */

static void expect_no_handle(uint32_t handle)
{
    MG_CHECK_EQ(mg_grant_unmap(handle), -PARAPET_ENOENT);
    MG_CHECK_EQ(mg_grant_release(handle), -PARAPET_ENOENT);
}

static void test_handles(void)
{
    struct parapet_grant_unmap elements[2];
    uint32_t mapped, held, theirs = 0;

    mg_grant_lend(9, PEER, page, 0);
    for (uint32_t i = 0; i < 5; i++) /* so that its numbers reach further */
        MG_DONE(mg_pair_hold(&peer, US, 9, 0, &theirs));
    MG_DONE(mg_grant_map(PEER, REF, mg_window_pte(&window, 0), NX, &mapped));
    MG_DONE(mg_grant_hold(PEER, REF, 0, &held, NULL));
    MG_CHECK(mapped != held && mapped != peer.handle && held != peer.handle);

    /* Of the other kind, another's, and nobody's. */
    MG_CHECK_EQ(mg_grant_release(mapped), -PARAPET_ENOENT);
    MG_CHECK_EQ(mg_grant_unmap(held), -PARAPET_ENOENT);
    MG_CHECK_EQ(mg_grant_release(peer.handle), -PARAPET_ENOENT);
    if (theirs != mapped && theirs != held && theirs != peer.handle)
        expect_no_handle(theirs);
    for (unsigned int bit = 4; bit < 32; bit++) {
        expect_no_handle(mapped | 1u << bit);
        expect_no_handle(held | 1u << bit);
    }
    expect_no_handle(PARAPET_MAX_HANDLES - 1);
    expect_no_handle(PARAPET_MAX_HANDLES);
    expect_no_handle(0xffffffff);
    MG_CHECK_EQ(mg_grant_status(0).nr_handles, nr_before + 2);
    mg_audit();

    /* Twice: in one array, and one after the other. */
    elements[0].handle = mapped;
    elements[1].handle = mapped;
    MG_DONE(hypercall_grant_unmap(elements, 2));
    MG_CHECK_EQ(elements[0].status, 0);
    MG_CHECK_EQ(elements[1].status, -PARAPET_ENOENT);
    MG_CHECK_EQ(mg_grant_unmap(mapped), -PARAPET_ENOENT);
    elements[0].handle = held;
    elements[1].handle = held;
    MG_DONE(hypercall_grant_release(elements, 2));
    MG_CHECK_EQ(elements[0].status, 0);
    MG_CHECK_EQ(elements[1].status, -PARAPET_ENOENT);
    MG_CHECK_EQ(mg_grant_release(held), -PARAPET_ENOENT);
    expect_quiet();
    mg_pair_audit(&peer);
    MG_CHECK_EQ(mg_grant_status(9).writers, 5);
}

/* ---- the entry, and its bits ---- */

static void expect_map(const char *what, uint64_t pte, uint64_t bits,
                       int64_t expected)
{
    int64_t result = mg_grant_map(PEER, REF, pte, bits, NULL);

    if (result != expected)
        mg_failure("%s: entry at %#lx, bits %#lx: expected %ld, got %ld", what,
                   pte, bits, expected, result);
}

static void test_places(void)
{
    uint64_t *root = mg_start_root();
    uint64_t *spare = mg_table(NULL), *l2 = mg_table(NULL);
    uint64_t *user = mg_table(NULL);
    uint64_t good = mg_window_pte(&window, 20);
    struct parapet_memory_limits limits = {0};

    MG_DONE(hypercall_memory_limits(&limits));
    MG_DONE(mg_pin(l2, PARAPET_TABLE_L2));
    MG_DONE(mg_pin(user, PARAPET_TABLE_USER));
    for (uint64_t off = 1; off < 8; off++)
        expect_map("unaligned", good + off, NX, -PARAPET_EINVAL);
    expect_map("unaligned, over the end", mg_window_pte(&window, 511) + 4, NX,
               -PARAPET_EINVAL);
    expect_map("no table", mg_entry_of(page, 0), NX, -PARAPET_ENOENT);
    expect_map("a table no more", mg_entry_of(spare, 0), NX, -PARAPET_ENOENT);
    expect_map("of level 2", mg_entry_of(l2, 9), NX, -PARAPET_ENOENT);
    expect_map("of level 4", mg_entry_of(root, 7), NX, -PARAPET_ENOENT);
    expect_map("of a user root", mg_entry_of(user, 7), NX, -PARAPET_ENOENT);
    expect_map("another's table", peer.box->pte + 8 * 30, NX, -PARAPET_EPERM);
    expect_map("another's page", lent.mfn * MG_PAGE_SIZE, NX, -PARAPET_EPERM);
    expect_map("outside RAM", limits.nr_mfns * MG_PAGE_SIZE, NX,
               -PARAPET_EPERM);
    expect_map("far outside", 1ul << 51 | good, NX, -PARAPET_EPERM);
    expect_map("far outside", 1ul << 62 | good, NX, -PARAPET_EPERM);
    expect_map("far outside", ~7ul, NX, -PARAPET_EPERM);
    expect_map("frame 0", 0, NX, -PARAPET_EPERM);

    /* An entry that is not empty: a page's, our own bits, a lent frame's. */
    MG_DONE(mg_update(good, mg_pte(page, MG_READ)));
    expect_map("a page's entry", good, NX, -PARAPET_EBUSY);
    MG_DONE(mg_update(good, PARAPET_PTE_SOFT));
    expect_map("an entry with bits", good, NX, -PARAPET_EBUSY);
    MG_DONE(mg_update(good, 0));
    expect_map("the mailbox's entry", mg_walk(root, (uint64_t)peer.box, 1), NX,
               -PARAPET_EBUSY);
    MG_CHECK_EQ(mg_read_entry(good), 0);
    MG_DONE(mg_unpin(l2));
    MG_DONE(mg_unpin(user));
    expect_quiet();
}

static void test_bits(void)
{
    const uint64_t good = W | PARAPET_PTE_U | PARAPET_PTE_A | PARAPET_PTE_D |
                          PARAPET_PTE_SOFT | NX;
    uint64_t pte = mg_window_pte(&window, 21);
    uint32_t handle;

    for (unsigned int bit = 0; bit < 64; bit++) {
        uint64_t bits = 1ul << bit;
        uint64_t entry;

        if (!(good & bits)) {
            expect_map("a bit", pte, bits, -PARAPET_EINVAL);
            expect_map("a bit more", pte, good | bits, -PARAPET_EINVAL);
            continue;
        }
        MG_DONE(mg_grant_map(PEER, REF, pte, bits, &handle));
        entry = lent.mfn * MG_PAGE_SIZE | PARAPET_PTE_P | PARAPET_PTE_U |
                PARAPET_PTE_FOREIGN | bits |
                (bits & PARAPET_PTE_U ? 0 : PARAPET_PTE_KERNEL);
        MG_CHECK_EQ(mg_read_entry(pte), entry);
        MG_DONE(mg_grant_unmap(handle));
        MG_CHECK_EQ(mg_read_entry(pte), 0);
    }
    /* To write what is lent to read. */
    MG_CHECK_EQ(mg_grant_map(PEER, REF_READ, pte, W | NX, NULL),
                -PARAPET_EPERM);
    expect_quiet();
}

static void test_hold_flags(void)
{
    struct parapet_grant_hold element = {.domain = PEER, .ref = REF};
    uint64_t maddr = 0;
    uint32_t handle;

    for (unsigned int bit = 0; bit < 32; bit++) {
        element.flags = 1u << bit;
        if (element.flags == PARAPET_GRANT_READONLY)
            continue;
        MG_DONE(hypercall_grant_hold(&element, 1));
        MG_CHECK_EQ(element.status, -PARAPET_EINVAL);
    }
    MG_CHECK_EQ(mg_grant_hold(PEER, REF_READ, 0, NULL, NULL), -PARAPET_EPERM);
    MG_DONE(
        mg_grant_hold(PEER, REF_READ, PARAPET_GRANT_READONLY, &handle, &maddr));
    MG_CHECK_EQ(maddr, lent_read.mfn * MG_PAGE_SIZE);
    MG_DONE(mg_grant_release(handle));
    expect_quiet();
}

/* ---- copies ---- */

static void expect_copy(const char *what, struct parapet_grant_end source,
                        struct parapet_grant_end dest, uint32_t length,
                        int64_t expected)
{
    int64_t result = mg_grant_copy(source, dest, length);

    if (result != expected)
        mg_failure("%s: from %#x at %#lx to %#x at %#lx, %u bytes: expected "
                   "%ld, got %ld",
                   what, source.domain, source.at, dest.domain, dest.at, length,
                   expected, result);
}

static struct parapet_grant_end own(uint64_t maddr)
{
    return (struct parapet_grant_end){PARAPET_DOMAIN_SELF, 0, maddr};
}

static void test_copy_ranges(void)
{
    static const struct {
        uint64_t at;
        uint32_t length;
    } outside[] = {{0, 4097},          {1, 4096},       {4095, 2},
                   {4096, 1},          {4096, 4096},    {0, 0x80000000},
                   {0, 0xffffffff},    {1, 0xffffffff}, {~0ul, 1},
                   {~0ul, 2},          {1ul << 32, 1},  {1ul << 63, 1},
                   {~0ul - 4094, 4096}};
    struct parapet_grant_end mine = mg_grant_own(page);

    for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
        struct parapet_grant_end lent_end =
            mg_grant_lent(PEER, REF, outside[i].at);
        struct parapet_grant_end own_end = mine;

        own_end.at += outside[i].at % MG_PAGE_SIZE;
        expect_copy("outside", lent_end, mine, outside[i].length,
                    -PARAPET_EINVAL);
        expect_copy("outside", mine, lent_end, outside[i].length,
                    -PARAPET_EINVAL);
        if (outside[i].at % MG_PAGE_SIZE + outside[i].length > MG_PAGE_SIZE) {
            expect_copy("outside", own_end, mg_grant_lent(PEER, REF, 0),
                        outside[i].length, -PARAPET_EINVAL);
            expect_copy("outside", mg_grant_lent(PEER, REF, 0), own_end,
                        outside[i].length, -PARAPET_EINVAL);
        }
    }
    expect_quiet();
}

/* What is asked for, to the byte, and nothing beside it. */
static void test_copy_bytes(void)
{
    static const uint32_t lengths[] = {1, 7, 8, 9, 511, 2048};
    unsigned char *bytes = (unsigned char *)page;

    MG_DONE(mg_pair_store(&peer, lent_read.vaddr, 0x0807060504030201));
    MG_DONE(mg_pair_store(&peer, lent_read.vaddr + 8, 0x100f0e0d0c0b0a09));
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        uint32_t n = lengths[i];

        memset(bytes, 0x5a, MG_PAGE_SIZE);
        MG_DONE(mg_grant_copy(mg_grant_lent(PEER, REF_READ, 1),
                              mg_grant_own(bytes + 101), n));
        MG_CHECK_EQ(bytes[100], 0x5a);
        MG_CHECK_EQ(bytes[101], 2);
        MG_CHECK_EQ(bytes[100 + n], n < 16 ? 1 + n : 0);
        MG_CHECK_EQ(bytes[101 + n], 0x5a);
    }
    /* None at all are copied as well, from where one may read. */
    MG_DONE(
        mg_grant_copy(mg_grant_lent(PEER, REF_READ, 0), mg_grant_own(page), 0));
    expect_quiet();
}

/* The own end: a frame of ours, and for what is written one that may be. */
static void test_copy_own(void)
{
    struct parapet_grant_end from = mg_grant_lent(PEER, REF, 0);
    struct parapet_memory_limits limits = {0};
    uint64_t *table = mg_table(NULL);
    uint64_t far;

    MG_DONE(hypercall_memory_limits(&limits));
    far = limits.nr_mfns * MG_PAGE_SIZE;
    expect_copy("to another's", from, own(lent.mfn * MG_PAGE_SIZE), 8,
                -PARAPET_EPERM);
    expect_copy("from another's", own(lent.mfn * MG_PAGE_SIZE), from, 8,
                -PARAPET_EPERM);
    expect_copy("to frame 0", from, own(0), 8, -PARAPET_EPERM);
    expect_copy("from frame 0", own(0), from, 8, -PARAPET_EPERM);
    expect_copy("to outside", from, own(far), 8, -PARAPET_EPERM);
    expect_copy("from outside", own(far), from, 8, -PARAPET_EPERM);
    expect_copy("to outside", from, own(~4095ul), 8, -PARAPET_EPERM);
    expect_copy("to a table", from, own(mg_window_pte(&window, 0)), 8,
                -PARAPET_EBUSY);
    expect_copy("to the root", from, own(mg_entry_of(mg_start_root(), 0)), 8,
                -PARAPET_EBUSY);
    /* One that waits to become one is a page. */
    expect_copy("to a page", from, own(mg_entry_of(table, 0)), 8, 0);
    /* Read only for us, and the hypervisor's to write. */
    MG_CHECK(mg_grant_copy(
                 from,
                 own(*mg_p2m(mg_shared_page()->start_gfn + 1) * MG_PAGE_SIZE),
                 8) != -PARAPET_EAGAIN);
    MG_CHECK_EQ(
        mg_grant_copy(mg_grant_own(page), mg_grant_lent(PEER, REF_READ, 0), 8),
        -PARAPET_EPERM);
    expect_quiet();
}

void test_main(void)
{
    window = mg_window_make();
    page = mg_page();
    mg_pair_init(&peer, PEER, 0);
    lent = mg_pair_page(&peer);
    lent_read = mg_pair_page(&peer);
    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
    mg_pair_lend(&peer, REF_READ, US, lent_read.mfn, PARAPET_GRANT_READONLY);
    nr_before = mg_grant_status(0).nr_handles;
    test_handles();
    test_places();
    test_bits();
    test_hold_flags();
    test_copy_ranges();
    test_copy_bytes();
    test_copy_own();
    mg_pair_end(&peer, PARAPET_SHUTDOWN_POWEROFF);
    mg_audit();
}
