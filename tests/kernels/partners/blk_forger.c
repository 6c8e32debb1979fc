/* SPDX-License-Identifier: MIT
 *
 * A domain that has a disk of domain 0's, and whose front-end means harm. Each
 * field of a request is forged, references are revoked while they are used,
 * and what stands in the ring and on the bus cannot be true. After each of them
 * its disk does what is asked rightly, or is broken and gets a new back-end.
 *
 * tests/system/served_disks.py runs it; domain 0 attaches the disk anew
 * whenever it is broken.
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/bootargs.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/disk.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/random.h"
#include "tests/kernels/lib/test.h"

MG_TEST(blk_forger);

#define SECTORS 8u /* of a page */
#define WHOLE PARAPET_BLK_PART(0, SECTORS)
#define GARBAGE (8u << 20 | 0xabcd)

/* What it lends. */
#define NR_DATA 40u
#define NR_SAME 8u
enum {
    REF_RING = 16,
    REF_DATA, /* so many pages in a row; after them is nothing */
    REF_READONLY = REF_DATA + NR_DATA + 1,
    REF_OTHERS, /* to a domain that there is not */
    REF_TABLE,
    REF_OWN_RING,
    REF_SAME, /* the first page of data, so often */
    REF_NOTHING = REF_SAME + NR_SAME,
};

static struct mg_disk disk;
static uint8_t *data; /* NR_DATA pages */
static uint32_t next_id;
static struct mg_random numbers;

/* ---- requests ---- */

static struct parapet_blk_request wish(uint16_t operation, uint64_t sector,
                                       uint16_t nr_parts)
{
    struct parapet_blk_request request = {.operation = operation,
                                          .nr_parts = nr_parts,
                                          .sector = sector,
                                          .ref = REF_DATA};

    memset(request.parts, WHOLE, sizeof(request.parts));
    return request;
}

static int32_t ask(struct parapet_blk_request request)
{
    struct parapet_blk_response response;

    request.id = next_id;
    next_id += 0x10000001;
    mg_disk_put(&disk, &request);
    mg_disk_push(&disk);
    response = mg_disk_take(&disk);
    MG_CHECK_EQ(response.id, request.id);
    return response.status;
}

/* What is written is read again: all goes on. */
static void do_well(void)
{
    struct parapet_blk_request request = wish(PARAPET_BLK_WRITE, 16, 4);

    mg_random_fill(&numbers, data, 4 * MG_PAGE_SIZE);
    MG_CHECK_EQ(ask(request), 0);
    request.operation = PARAPET_BLK_READ;
    request.ref = REF_DATA + 4;
    MG_CHECK_EQ(ask(request), 0);
    MG_CHECK(memcmp(data, data + 4 * MG_PAGE_SIZE, 4 * MG_PAGE_SIZE) == 0);
}

static void refused(struct parapet_blk_request request, int32_t status)
{
    if (!MG_CHECK_EQ(ask(request), status))
        mg_printf("operation %u, sector %#lx, %u parts, reference %u\n",
                  request.operation, request.sector, request.nr_parts,
                  request.ref);
}

/* ---- fields ---- */

static void forge_operations(void)
{
    static const uint16_t operations[] = {4, 5, 0x100, 0x7fff, 0x8000, 0xffff};

    for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
        refused(wish(operations[i], 0, 1), -95);
    do_well();
}

static bool is_part(unsigned int part)
{
    return PARAPET_BLK_PART_NR(part) > 0 &&
           PARAPET_BLK_PART_FIRST(part) + PARAPET_BLK_PART_NR(part) <= SECTORS;
}

static void forge_parts(void)
{
    static const uint16_t counts[] = {0, 34, 40, 41, 64, 255, 256, 0xffff};
    struct parapet_blk_request request;

    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        refused(wish(PARAPET_BLK_READ, 0, counts[i]), -PARAPET_EINVAL);
    refused(wish(PARAPET_BLK_READ, 0, 33), -PARAPET_EINVAL); /* 264 sectors */
    for (unsigned int part = 0; part < 256; part++) {
        uint16_t nr = part % 2 == 0 ? 1 : 20; /* the last one is forged */

        request = wish(PARAPET_BLK_WRITE, 0, nr);
        request.parts[nr - 1] = (uint8_t)part;
        refused(request, is_part(part) ? 0 : -PARAPET_EINVAL);
    }
    request = wish(PARAPET_BLK_FLUSH, GARBAGE, 0);
    request.nr_sectors = request.ref = GARBAGE;
    refused(request, 0);
    request.nr_parts = 1;
    refused(request, -PARAPET_EINVAL);
    do_well();
}

static void forge_sectors(void)
{
    const uint64_t sectors[] = {disk.nr_sectors,
                                disk.nr_sectors - 1,
                                disk.nr_sectors - SECTORS + 1,
                                disk.nr_sectors + (1ul << 32),
                                1ul << 55,
                                1ul << 63,
                                UINT64_MAX,
                                UINT64_MAX - SECTORS + 1,
                                -disk.nr_sectors};
    struct parapet_blk_request request;

    for (size_t i = 0; i < ARRAY_SIZE(sectors); i++) {
        refused(wish(PARAPET_BLK_READ, sectors[i], 1), -PARAPET_EINVAL);
        refused(wish(PARAPET_BLK_WRITE, sectors[i], 1), -PARAPET_EINVAL);
        request = wish(PARAPET_BLK_DISCARD, sectors[i], 0);
        request.nr_sectors = SECTORS;
        MG_CHECK(ask(request) < 0);
    }
    request = wish(PARAPET_BLK_DISCARD, SECTORS, 0);
    request.nr_sectors = UINT32_MAX;
    MG_CHECK(ask(request) < 0);
    refused(wish(PARAPET_BLK_WRITE, disk.nr_sectors - SECTORS, 1), 0);
    do_well();
}

/* Nothing of it is held, or copied. */
static void refuse_reference(uint32_t ref, uint16_t operation,
                             uint16_t nr_parts)
{
    struct parapet_blk_request request = wish(operation, 0, nr_parts);

    request.ref = ref;
    if (!MG_CHECK(ask(request) < 0))
        mg_printf("reference %#x, operation %u, %u parts\n", ref, operation,
                  nr_parts);
}

static void forge_references(void)
{
    static const uint32_t refs[] = {REF_NOTHING, REF_OTHERS, 0xff,
                                    0x100,       0xffff,     0x7fffffff,
                                    0x80000000,  0xfffffff0, 0xffffffff};
    struct parapet_blk_request request = wish(PARAPET_BLK_WRITE, 0, 1);

    for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
        refuse_reference(refs[i], PARAPET_BLK_READ, 1);
        refuse_reference(refs[i], PARAPET_BLK_WRITE, 32);
    }
    refuse_reference(REF_READONLY, PARAPET_BLK_READ, 1);
    refuse_reference(REF_TABLE, PARAPET_BLK_READ, 1);
    /* The last of them alone is not lent, or the first. */
    refuse_reference(REF_DATA + NR_DATA - 7, PARAPET_BLK_READ, 8);
    refuse_reference(REF_READONLY - 1, PARAPET_BLK_WRITE, 2);
    request.ref = REF_READONLY;
    refused(request, 0);
    do_well();
}

/* It is its own memory: the back-end is not to care. */
static void repeat_pages(void)
{
    struct parapet_blk_request request = wish(PARAPET_BLK_READ, 16, NR_SAME);

    request.ref = REF_SAME;
    refused(request, 0);
    request.operation = PARAPET_BLK_WRITE;
    refused(request, 0);
    request = wish(PARAPET_BLK_WRITE, 0, 1);
    request.ref = REF_OWN_RING;
    refused(request, 0);
    /* The end of the page, where no slots are. */
    request = wish(PARAPET_BLK_READ, 0, 1);
    request.ref = REF_OWN_RING;
    request.parts[0] = PARAPET_BLK_PART(5, 3);
    refused(request, 0);
    do_well();
}

/* ---- many, and what goes meanwhile ---- */

#define NR_AT_ONCE 8u
#define NR_PARTS 4u

static void lend_data(void)
{
    for (uint32_t i = 0; i < NR_DATA; i++)
        mg_grant_lend(REF_DATA + i, MG_DISK_SERVER, data + i * MG_PAGE_SIZE, 0);
}

static void take_all(unsigned int nr)
{
    while (nr-- > 0)
        (void)mg_disk_take(&disk);
}

/* Whatever comes of a request, it is answered. */
static void revoke(void)
{
    for (unsigned int round = 0; round < 64; round++) {
        for (uint32_t i = 0; i < NR_AT_ONCE; i++) {
            struct parapet_blk_request request =
                wish(i % 2 == 0 ? PARAPET_BLK_READ : PARAPET_BLK_WRITE,
                     i * NR_PARTS * SECTORS, NR_PARTS);

            request.ref += i * NR_PARTS;
            request.id = i % 2; /* and several have the same id */
            mg_disk_put(&disk, &request);
        }
        mg_disk_push(&disk);
        for (uint64_t i = mg_random_below(&numbers, 8); i > 0; i--)
            (void)hypercall_yield();
        for (uint32_t i = 0; i < NR_DATA; i++)
            mg_grant_write(REF_DATA + i, 0);
        take_all(NR_AT_ONCE);
        lend_data();
    }
    do_well();
}

static void put_noise(void)
{
    struct parapet_blk_request request;

    mg_random_fill(&numbers, &request, sizeof(request));
    if (mg_random_below(&numbers, 4) != 0) {
        request.operation %= 4;
        request.nr_parts %= 36;
        request.sector %= 2 * disk.nr_sectors;
        request.ref = REF_DATA + request.ref % (REF_NOTHING + 1 - REF_DATA);
        if (mg_random_below(&numbers, 2) != 0)
            memset(request.parts, WHOLE, sizeof(request.parts));
    }
    /* A ring that is written to is broken; that comes later. */
    if (request.operation == PARAPET_BLK_READ && request.ref <= REF_OWN_RING &&
        request.ref + request.nr_parts > REF_OWN_RING)
        request.operation = PARAPET_BLK_WRITE;
    mg_disk_put(&disk, &request);
}

static void make_noise(uint64_t rounds)
{
    while (rounds-- > 0) {
        for (unsigned int i = 0; i < PARAPET_BLK_REQUESTS; i++)
            put_noise();
        mg_disk_push(&disk);
        take_all(PARAPET_BLK_REQUESTS);
    }
    do_well();
}

/* ---- what breaks the connection ---- */

/* Domain 0 gives it a new back-end then. */
static void is_broken(const char *how)
{
    mg_printf("%s\n", how);
    mg_disk_await(&disk, 1 << PARAPET_BUS_closed);
    MG_CHECK(mg_grant_take_back(REF_RING));
    mg_disk_connect(&disk);
    do_well();
}

static void forge_index(uint32_t by)
{
    __atomic_store_n(&disk.page->req_prod, disk.ring.pushed + by,
                     __ATOMIC_SEQ_CST);
    MG_CHECK_EQ(hypercall_evtchn_send(disk.port), 0);
    is_broken("an index that cannot be true");
}

static void forge_state(uint32_t state)
{
    mg_disk_go(&disk, state);
    is_broken("a state that cannot be");
}

static void forge_wish(uint32_t ref, uint32_t at_port, uint32_t version)
{
    mg_disk_go(&disk, PARAPET_BUS_closing);
    mg_disk_await(&disk, 1 << PARAPET_BUS_closing);
    mg_disk_go(&disk, PARAPET_BUS_closed);
    mg_disk_want(&disk, ref, at_port, version);
    is_broken("a wish that cannot be");
}

/* Its device writes to the ring whatever is on the disk. */
static void read_to_ring(void)
{
    struct parapet_blk_request request = wish(PARAPET_BLK_WRITE, 0, 1);

    memset(data, 0x5a, MG_PAGE_SIZE);
    MG_CHECK_EQ(ask(request), 0);
    request.operation = PARAPET_BLK_READ;
    request.ref = REF_OWN_RING;
    mg_disk_put(&disk, &request);
    mg_disk_push(&disk);
    is_broken("a ring that its own disk writes to");
}

static void break_it(void)
{
    forge_index(PARAPET_BLK_REQUESTS + 1);
    forge_index(0x80000000);
    forge_index(-1u);
    read_to_ring();
    forge_state(PARAPET_BUS_offered);
    forge_state(PARAPET_NR_BUS_STATES);
    forge_state(0xffffffff);
    forge_wish(REF_NOTHING, disk.port, PARAPET_BLK_VERSION);
    forge_wish(REF_READONLY, disk.port, PARAPET_BLK_VERSION);
    forge_wish(REF_RING, 0xffffffff, PARAPET_BLK_VERSION);
    forge_wish(REF_RING, disk.port, PARAPET_BLK_VERSION + 1);
}

/* The first entries are the builder's. */
static void lend_all(void)
{
    uint64_t *table = mg_table(NULL);

    data = (uint8_t *)mg_pages(NR_DATA);
    lend_data();
    MG_DONE(mg_pin(table, 1));
    mg_grant_lend(REF_READONLY, MG_DISK_SERVER, data, PARAPET_GRANT_READONLY);
    mg_grant_lend(REF_OTHERS, 77, data, 0);
    mg_grant_lend(REF_TABLE, MG_DISK_SERVER, table, 0);
    for (uint32_t i = 0; i < NR_SAME; i++)
        mg_grant_lend(REF_SAME + i, MG_DISK_SERVER, data, 0);
}

void test_main(void)
{
    mg_random_init(&numbers, mg_random_seed());
    lend_all();
    disk.ref = REF_RING;
    mg_disk_connect(&disk);
    mg_grant_lend(REF_OWN_RING, MG_DISK_SERVER, disk.page, 0);
    do_well();
    forge_operations();
    forge_parts();
    forge_sectors();
    forge_references();
    repeat_pages();
    revoke();
    make_noise(mg_argument("rounds", 50));
    break_it();
    mg_printf("%u requests\n", disk.nr_asked);
}
