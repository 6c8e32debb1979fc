/* SPDX-License-Identifier: MIT
 *
 * Published failures of another hypervisor's grants and foreign mappings (Xen
 * security advisories, xenbits.xen.org/xsa), and what becomes of them in our
 * terms. Where no file is named, the test is here, by the advisory's number.
 *
 *   XSA  kind of mistake                      here            test
 *   18   swapped entries are not looked for   references out  test_xsa_382,
 *        within the table                     of range        grants_denied:
 *                                                             test_references
 *   26   a change of the table's version      one version, no test_xsa_255
 *        frees a page that stays in a list    such frames
 *   50   what was taken and what is dropped   applies         test_xsa_230,
 *        are counted unequally                                test_xsa_234
 *   73   the locks of a table and of the      the table's     grants_race:
 *        allocator are taken in two orders    lock comes      test_table, and
 *                                             first           DEBUG=1
 *   134  an operation that swaps entries      no such call
 *   155  a shared word is read twice          elements        grants_arrays:
 *                                                             test_changing
 *   213  the rest of a multicall is done in   refused in a    grants_foreign:
 *        another address space                multicall       test_multicall
 *   214  a page transfer takes no care of     no transfer; a  grants_foreign:
 *        the page's kind                      foreign frame   test_frame
 *                                             is never ours
 *   216  a back-end tells what was on its     no driver of
 *        stack, in padding of its answers     ours is here
 *   217  a page changes hands while its       applies         test_xsa_217
 *        mapper's TLB still has it, and
 *        becomes a page table
 *   218  two unmaps at once: in-use bits go   applies         grants_shared:
 *        too early, a count goes twice                        test_xsa_218,
 *                                                             test_take_back
 *   219  shadow page tables lose references   no shadow
 *   224  a mapping of two kinds is taken      map and hold    test_xsa_224
 *        away in halves: a writable count     have a handle
 *        too many goes                        each
 *   226  transitive grants recurse, leak and  no such grant;  grants_foreign:
 *        end too early                        nothing is      test_frame
 *                                             lent on
 *   227  an entry is written unaligned, over  applies         test_xsa_227
 *        two entries of the table
 *   228  a handle is given out twice          applies         grants_shared:
 *                                                             test_take_back
 *   229  Linux merges requests by frames      no driver of
 *        that are not next to each other      ours is here
 *   230  in-use bits are cleared while other  applies         test_xsa_230
 *        mappings stay
 *   232  a call on a domain without a table   each has one    control_reuse:
 *                                             from its start  test_never_run
 *   234  unmap trusts what the guest says     by handle only  test_xsa_234,
 *        of the entry: a writable count goes                  grants_foreign:
 *        for a read-only mapping                              test_updates
 *   235  a lock stays taken on an error path  applies         all refusals, and
 *                                                             DEBUG=1
 *   236  count and reference change apart     one lock        grants_race:
 *                                                             test_table
 *   255  a table's frames are freed while     they stay until test_xsa_255
 *        they are mapped                      the end
 *   268  on ARM a guest gets a version of     one version;    grants_arguments:
 *        the table that is only half made,    elements of all test_handles
 *        and reaches a BUG()                  kinds are tried
 *   284  a transferred page misses its place  no transfer
 *   287  a page changes its owner while       a frame with    grants_foreign:
 *        others count references to it        references      test_frame
 *                                             keeps its owner
 *   295  a guest keeps an atomic loop on      four tries      grants_race:
 *        shared memory busy                                   test_first_word
 *   316  an error has a positive status       applies         test_xsa_316
 *   318  a copy that stops half way leaves    applies         test_xsa_318
 *        statuses unwritten
 *   361, 362, 365, 367  Linux's back-ends     no driver of
 *        mishandle failed mappings            ours is here
 *   379  status frames stay accessible after  no such frames  test_xsa_255
 *        they are freed
 *   380  loops over all handles there ever    in shares       test_xsa_380
 *        were
 *   382  an array's bounds are those of       references      test_xsa_382,
 *        another one                          out of range    grants_denied:
 *                                                             test_references
 *   384  a frame of the table is mapped while the table never test_xsa_255
 *        it is freed                          shrinks
 *   387  379 once more                        no such frames  test_xsa_255
 *   396  Linux's front-ends look whether a    taking back is  grants_shared:
 *        grant is in use, and then end it     one exchange    test_xsa_396
 *   403  front-ends lend what lies beside     no driver of
 *        the data, or was there before        ours is here
 *   411  two domains copy from each other:    no lock of one  grants_shared:
 *        their locks are taken crosswise      under another's test_xsa_411
 *   486, 501, 517  the table's version        one version
 *        changes while it is in use
 *
 * All of control_grant_stale.c is about 217 as well.
 *
 * Seen: the texts, or their patches or tests of them, of 134, 217, 218, 224,
 * 226, 227, 229, 230, 234, 255, 268, 295, 316, 318, 380, 382, 384, 396, 403,
 * 411, 486 and 517; of 18, 26, 50, 73, 216, 501 what the register of CVEs or
 * another advisory says of them; of 213, 214, 219, 228, 232, 235, 236, 284,
 * 287, 379 and 387 little more than the titles. Not seen: 155, 361, 362, 365
 * and 367, which are told from memory. Looked at, and not on grants or foreign
 * mappings: 221 (ports), 222 (the P2M of guests that have one), 269 (a register
 * for debugging).
 *
 * QEMU: patience=120
 * QEMU: partner=partners/pair
 * METER: grants_arguments is metered, and makes the same calls
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/pair.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(grants_xsa);

#define US MG_PAIR_TESTER
#define PEER MG_PAIR_ID
#define REF 7
#define REF_TOO 8
#define MAGIC 0x6d61676963ul
#define NX PARAPET_PTE_NX
#define W PARAPET_PTE_W
#define READONLY PARAPET_GRANT_READONLY
#define READING PARAPET_GRANT_READING
#define WRITING PARAPET_GRANT_WRITING
#define NR_HANDLE_FRAMES (PARAPET_MAX_HANDLES / 128) /* of 32 bytes each */
#define LENT mg_grant_word(US, PARAPET_GRANT_LEND)

static struct mg_pair peer;
static struct mg_pair_page lent;
static struct mg_window window;
static uint64_t *page;

static uint32_t map(uint32_t ref, uint64_t index, uint64_t bits)
{
    uint32_t handle = 0;

    MG_DONE(mg_grant_map(PEER, ref, mg_window_pte(&window, index), bits | NX,
                         &handle));
    return handle;
}

static void expect_in_use(uint32_t ref, uint64_t bits)
{
    MG_CHECK_EQ(mg_pair_read_entry(&peer, ref), LENT | bits);
}

/* Whether the peer may make the frame a table says if writable references to it
 * are counted. */
static void expect_table(int64_t result)
{
    MG_CHECK_EQ(
        mg_pair_do(&peer, MG_PAIR_TABLE, lent.vaddr, PARAPET_TABLE_L1, 0),
        result);
    if (result == 0)
        MG_DONE(mg_pair_do(&peer, MG_PAIR_UNTABLE, lent.vaddr, 0, 0));
    else
        MG_DONE(mg_pair_call(&peer, PARAPET_HC_mmu_update_va, lent.vaddr,
                             lent.mfn * MG_PAGE_SIZE | MG_WRITE,
                             PARAPET_FLUSH_ALL));
    mg_pair_audit(&peer);
}

/* ---- one after the other ---- */

/* The peer maps, and has the translation in its TLB; ours becomes a table. */
static void test_xsa_217(void)
{
    uint64_t at = mg_pair_window_at(&peer, 5);
    uint64_t *table = mg_page();
    uint32_t handle = 0;

    mg_grant_lend(REF, PEER, table, 0);
    for (int i = 0; i < 10; i++) {
        MG_DONE(mg_pair_map(&peer, US, REF, 5, W | NX, &handle));
        MG_DONE(mg_pair_store(&peer, at, 0));
        MG_CHECK_EQ(mg_pin(table, PARAPET_TABLE_L1), -PARAPET_EBUSY);
        MG_DONE(mg_pair_unmap(&peer, handle));
        MG_DONE(mg_set_writable(table, false));
        MG_DONE(mg_pin(table, PARAPET_TABLE_L1));
        MG_CHECK_EQ(mg_pair_store(&peer, at, lent.mfn * MG_PAGE_SIZE | 7),
                    -PARAPET_EFAULT);
        MG_CHECK_EQ(table[0], 0);
        MG_DONE(mg_unpin(table));
        MG_DONE(mg_set_writable(table, true));
    }
    MG_CHECK(mg_grant_take_back(REF));
    mg_audit();
}

/* In each order of taking and of letting go. */
static void test_xsa_224(void)
{
    for (unsigned int order = 0; order < 4; order++) {
        bool writes = order & 1, hold_first = order & 2;
        uint32_t held, mapped, flags = writes ? 0 : READONLY;

        MG_DONE(mg_grant_hold(PEER, REF, flags, &held, NULL));
        mapped = map(REF, 0, writes ? 0 : W);
        expect_in_use(REF, READING | WRITING);
        if (hold_first)
            MG_DONE(mg_grant_release(held));
        else
            MG_DONE(mg_grant_unmap(mapped));
        /* What is left writes, or it does not. */
        expect_table(hold_first != writes ? -PARAPET_EBUSY : 0);
        if (hold_first)
            MG_CHECK_EQ(mg_grant_unmap(held), -PARAPET_ENOENT);
        else
            MG_CHECK_EQ(mg_grant_release(mapped), -PARAPET_ENOENT);
        if (hold_first)
            MG_DONE(mg_grant_unmap(mapped));
        else
            MG_DONE(mg_grant_release(held));
        expect_in_use(REF, 0);
        expect_table(0);
    }
    mg_audit();
}

/* Over two entries, of the same table or of two that lie side by side. */
static void test_xsa_227(void)
{
    uint64_t before = mg_pte(page, MG_READ);

    MG_DONE(mg_update(mg_window_pte(&window, 10), before));
    before = window.l1[10];
    for (uint64_t offset = 1; offset < 8; offset++) {
        MG_CHECK_EQ(mg_grant_map(PEER, REF, mg_window_pte(&window, 10) + offset,
                                 W | NX, NULL),
                    -PARAPET_EINVAL);
        MG_CHECK_EQ(mg_grant_map(PEER, REF,
                                 mg_window_pte(&window, 511) + offset, W | NX,
                                 NULL),
                    -PARAPET_EINVAL);
        MG_CHECK_EQ(window.l1[10], before);
        MG_CHECK_EQ(window.l1[11], 0);
        MG_CHECK_EQ(window.l1[511], 0);
    }
    MG_DONE(mg_update(mg_window_pte(&window, 10), 0));
    expect_in_use(REF, 0);
    mg_audit();
}

/* Each bit is there for as long as somebody needs it. */
static void test_xsa_230(void)
{
    uint32_t reads[3], writes[3];

    for (uint32_t i = 0; i < 3; i++) {
        reads[i] = map(REF, i, 0);
        writes[i] = map(REF, 8 + i, W);
        expect_in_use(REF, READING | WRITING);
    }
    for (uint32_t i = 0; i < 3; i++) {
        MG_CHECK(!mg_pair_take_back(&peer, REF));
        expect_in_use(REF, READING | WRITING);
        MG_DONE(mg_grant_unmap(writes[i]));
    }
    for (uint32_t i = 0; i < 3; i++) {
        expect_in_use(REF, READING);
        MG_CHECK(!mg_pair_take_back(&peer, REF));
        MG_CHECK_EQ(mg_pair_status(&peer, REF).readers, 3 - i);
        MG_DONE(mg_grant_unmap(reads[i]));
    }
    expect_in_use(REF, 0);
    /* The other way round. */
    writes[0] = map(REF, 8, W);
    reads[0] = map(REF, 0, 0);
    MG_DONE(mg_grant_unmap(reads[0]));
    MG_CHECK(mg_pair_read_entry(&peer, REF) & WRITING);
    MG_DONE(mg_grant_unmap(writes[0]));
    expect_in_use(REF, 0);
    mg_audit();
}

/* The same frame by two references: each handle takes away what it has. */
static void test_xsa_234(void)
{
    uint32_t reads, writes;

    mg_pair_lend(&peer, REF_TOO, US, lent.mfn, READONLY);
    reads = map(REF_TOO, 1, 0);
    writes = map(REF, 2, W);
    MG_DONE(mg_grant_unmap(reads));
    MG_CHECK_EQ(window.l1[1], 0);
    expect_table(-PARAPET_EBUSY);
    *mg_window_at(&window, 2) = MAGIC;
    reads = map(REF_TOO, 1, 0);
    MG_DONE(mg_grant_unmap(writes));
    MG_CHECK_EQ(window.l1[2], 0);
    MG_CHECK_EQ(*mg_window_at(&window, 1), MAGIC);
    MG_DONE(mg_grant_unmap(reads));
    MG_DONE(mg_pair_store(&peer, lent.vaddr, 0));
    expect_table(0);
    MG_CHECK(mg_pair_take_back(&peer, REF_TOO));
    mg_audit();
}

/* ---- the table ---- */

/* What has become a frame of the table stays one, whatever its domain does. */
static void test_xsa_255(void)
{
    uint64_t *first = mg_page(), *more = mg_page(), *table = mg_table(NULL);
    uint64_t frames[2] = {
        (mg_read_entry(mg_walk(mg_start_root(), PARAPET_GRANT_TABLE, 1)) &
         PARAPET_PTE_ADDRESS) /
            MG_PAGE_SIZE,
        mg_mfn_of(more)};
    struct parapet_grant_entry *entry = (void *)more;

    MG_CHECK_EQ(hypercall_grant_grow(frames[0]), -PARAPET_EBUSY);
    MG_CHECK_EQ(hypercall_grant_grow(mg_mfn_of(window.l1)), -PARAPET_EBUSY);
    MG_CHECK_EQ(hypercall_grant_grow(lent.mfn), -PARAPET_EPERM);
    MG_CHECK_EQ(hypercall_grant_grow(0), -PARAPET_EPERM);
    MG_CHECK_EQ(hypercall_grant_grow(~0ul), -PARAPET_EPERM);
    MG_CHECK_EQ(mg_grant_status(0).nr_frames, 1);
    MG_CHECK_EQ(HYPERCALL_RESTARTED(hypercall_grant_grow(frames[1])), 2);
    MG_CHECK_EQ(hypercall_grant_grow(frames[1]), -PARAPET_EBUSY);
    mg_audit();

    /* It lends, and goes on to when none of our entries map it any more. */
    entry[3].frame = mg_mfn_of(first);
    entry[3].domain = PEER;
    entry[3].flags = PARAPET_GRANT_LEND;
    first[0] = MAGIC;
    MG_DONE(mg_set_va((uint64_t)more, 0));
    MG_DONE(
        mg_pair_hold(&peer, US, PARAPET_GRANTS_PER_FRAME + 3, READONLY, NULL));
    for (int i = 0; i < 2; i++) {
        MG_CHECK_EQ(hypercall_memory_give_back(&frames[i], 1), -PARAPET_EBUSY);
        for (uint32_t type = PARAPET_TABLE_L1; type <= PARAPET_TABLE_USER;
             type++)
            MG_CHECK_EQ(hypercall_mmu_pin(frames[i], type), -PARAPET_EBUSY);
        MG_CHECK_EQ(mg_update(mg_entry_of(mg_start_root(), 3),
                              frames[i] * MG_PAGE_SIZE | MG_TABLE),
                    -PARAPET_EBUSY);
    }
    MG_DONE(mg_set_va((uint64_t)more, mg_pte(more, MG_WRITE)));
    MG_CHECK_EQ(entry[3].flags & (READING | WRITING), READING);
    MG_CHECK_EQ(table[0], 0);
    mg_audit();
}

/* No more frames than there can be, and no reference beyond them. */
static void test_xsa_382(void)
{
    static const uint32_t refs[] = {
        PARAPET_GRANTS_PER_FRAME * PARAPET_MAX_GRANT_FRAMES, 0x10000,
        0x7fffffff, 0x80000000, 0xffffffff};
    struct parapet_grant_status status = {.nr_frames = 0};
    uint32_t nr = mg_grant_status(0).nr_frames;
    int64_t result;

    MG_CHECK_EQ(mg_grant_status(0).max_frames, PARAPET_MAX_GRANT_FRAMES);
    for (uint32_t i = 0; i < ARRAY_SIZE(refs); i++)
        MG_CHECK_EQ(hypercall_grant_status(refs[i], &status), -PARAPET_EINVAL);
    while ((result = HYPERCALL_RESTARTED(
                hypercall_grant_grow(mg_mfn_of(mg_page())))) > 0) {
        MG_CHECK_EQ(
            hypercall_grant_status(nr * PARAPET_GRANTS_PER_FRAME, &status), 0);
        MG_CHECK_EQ(status.nr_frames, ++nr);
        MG_CHECK_EQ(result, nr);
        MG_CHECK_EQ(
            hypercall_grant_status(nr * PARAPET_GRANTS_PER_FRAME, &status),
            -PARAPET_EINVAL);
    }
    MG_CHECK_EQ(result, -PARAPET_ENOSPC);
    MG_CHECK_EQ(nr, PARAPET_MAX_GRANT_FRAMES);
    mg_audit();
}

/* ---- statuses ---- */

#define NR PARAPET_MAX_GRANT_ELEMENTS

static struct parapet_grant_map maps[NR];
static struct parapet_grant_hold holds[NR];
static struct parapet_grant_copy copies[NR];

/* Each element that fails says so, by a negative number, among others. */
static void test_xsa_316(void)
{
    for (uint32_t i = 0; i < 64; i++)
        maps[i] =
            (struct parapet_grant_map){.domain = i % 3 == 1 ? 99 : PEER,
                                       .ref = i % 3 == 2 ? 100 : REF,
                                       .pte = mg_window_pte(&window, 64 + i),
                                       .bits = NX,
                                       .status = 1};
    MG_DONE(hypercall_grant_map_all(mg_vcpu_page(), maps, 64));
    for (uint32_t i = 0; i < 64; i++) {
        MG_CHECK_EQ(maps[i].status, i % 3 == 0   ? 0
                                    : i % 3 == 1 ? -PARAPET_ENOENT
                                                 : -PARAPET_EPERM);
        if (maps[i].status == 0)
            MG_DONE(mg_grant_unmap(maps[i].handle));
        MG_CHECK_EQ(window.l1[64 + i], 0);
    }
    mg_audit();
}

/* As many as one call takes: where it stops, what is done has its status, and
 * nothing else has one. */
static void test_xsa_318(void)
{
    uint64_t done = 0, nr_stops = 0;
    int64_t result;

    for (uint32_t i = 0; i < NR; i++)
        copies[i] = (struct parapet_grant_copy){
            .source = mg_grant_lent(PEER, i % 2 ? REF : 100, 0),
            .dest = mg_grant_own(page),
            .length = MG_PAGE_SIZE,
            .status = 1};
    while ((result = hypercall_grant_copy(copies + done, NR - done)) ==
           -PARAPET_ERESTART) {
        done += mg_vcpu_page()->restart_done;
        nr_stops++;
        for (uint64_t i = 0; i < done; i++)
            MG_CHECK_EQ(copies[i].status, i % 2 ? 0 : -PARAPET_EPERM);
        MG_CHECK(done < NR);
    }
    MG_DONE(result);
    for (uint64_t i = 0; i < NR; i++)
        MG_CHECK_EQ(copies[i].status, i % 2 ? 0 : -PARAPET_EPERM);
    MG_CHECK(nr_stops > 0);
    expect_in_use(REF, 0);
    mg_audit();
}

/* Frames of handles and of records count as the domain's: room for them. */
static void make_room(void)
{
    for (uint32_t i = 0; i < PARAPET_MAX_GRANT_FRAMES + NR_HANDLE_FRAMES; i++) {
        uint64_t *spare = mg_page();
        uint64_t mfn = mg_mfn_of(spare);

        MG_DONE(mg_set_va((uint64_t)spare, 0));
        MG_DONE(HYPERCALL_RESTARTED(hypercall_memory_give_back(&mfn, 1)));
    }
}

/* As many handles as there can be: each call is bounded all the same. */
static void test_xsa_380(void)
{
    uint32_t before = mg_grant_status(0).nr_handles, nr = 0;
    static uint32_t handles[PARAPET_MAX_HANDLES];
    int64_t result = 0;

    while (result == 0) {
        for (uint32_t i = 0; i < NR; i++)
            holds[i] = (struct parapet_grant_hold){
                .domain = PEER, .ref = REF, .flags = READONLY};
        MG_DONE(hypercall_grant_hold_all(mg_vcpu_page(), holds, NR));
        for (uint32_t i = 0; i < NR; i++) {
            result = holds[i].status;
            if (result)
                break;
            handles[nr++] = holds[i].handle;
        }
    }
    MG_CHECK_EQ(result, -PARAPET_ENOSPC);
    MG_CHECK_EQ(mg_grant_status(0).nr_handles, before + nr);
    MG_CHECK_EQ(before + nr, PARAPET_MAX_HANDLES);
    mg_audit();
    while (nr > 0) {
        struct parapet_grant_unmap elements[64];
        uint32_t some = MIN(nr, (uint32_t)ARRAY_SIZE(elements));

        for (uint32_t i = 0; i < some; i++)
            elements[i].handle = handles[--nr];
        MG_DONE(hypercall_grant_release_all(mg_vcpu_page(), elements, some));
        for (uint32_t i = 0; i < some; i++)
            MG_CHECK_EQ(elements[i].status, 0);
    }
    MG_CHECK_EQ(mg_grant_status(0).nr_handles, before);
    expect_in_use(REF, 0);
    mg_audit();
}

void test_main(void)
{
    window = mg_window_make();
    page = mg_page();
    mg_pair_init(&peer, PEER, 0);
    lent = mg_pair_page(&peer);
    mg_pair_lend(&peer, REF, US, lent.mfn, 0);
    test_xsa_217();
    test_xsa_224();
    test_xsa_227();
    test_xsa_230();
    test_xsa_234();
    test_xsa_316();
    test_xsa_318();
    make_room();
    test_xsa_380();
    test_xsa_255();
    test_xsa_382();
    mg_pair_end(&peer, PARAPET_SHUTDOWN_POWEROFF);
    mg_audit();
}
