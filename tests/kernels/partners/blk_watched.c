/* SPDX-License-Identifier: MIT
 *
 * A domain that reads from a slow disk of domain 0's, into pages that say so,
 * when domain 0 crashes. Once nobody uses its pages any more, nobody writes to
 * them: what the device had to say it has said, or never says.
 *
 * tests/system/served_disks.py runs it, and has domain 0 crash.
 */
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/disk.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"

MG_TEST(blk_watched);

#define IN_USE (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)
#define BEFORE 0x6265666f7265ul /* what a page says until it is read into */
#define NR_PAGES PARAPET_BLK_REQUESTS
/* The device does one each second. */
#define WATCH (3 * MG_S)
enum { REF_RING = 16, REF_DATA };

static struct mg_disk disk = {.ref = REF_RING};
static volatile uint64_t *pages[NR_PAGES];

/* No two of them beside each other: QEMU would make one of them. */
static void ask(void)
{
    for (uint32_t i = 0; i < NR_PAGES; i++) {
        struct parapet_blk_request request = {
            .operation = PARAPET_BLK_READ,
            .nr_parts = 1,
            .id = i,
            .sector = 16 * i,
            .ref = REF_DATA + i,
            .parts = {PARAPET_BLK_PART(0, 8)}};

        pages[i] = mg_page();
        pages[i][0] = pages[i][MG_PTES - 1] = BEFORE;
        mg_grant_lend(REF_DATA + i, MG_DISK_SERVER, pages[i], 0);
        mg_disk_put(&disk, &request);
    }
    mg_disk_push(&disk);
}

static uint32_t nr_in_use(void)
{
    uint32_t nr = 0;

    for (uint32_t i = 0; i < NR_PAGES; i++)
        nr += (mg_grant_read(REF_DATA + i) & IN_USE) != 0;
    return nr;
}

static uint32_t nr_written(void)
{
    uint32_t nr = 0;

    for (uint32_t i = 0; i < NR_PAGES; i++)
        nr += pages[i][0] != BEFORE || pages[i][MG_PTES - 1] != BEFORE;
    return nr;
}

/* All of them, if the reset has waited for them. */
static void watch(void)
{
    uint32_t nr = nr_written();
    uint64_t end = mg_clock_ns() + WATCH;

    mg_printf("%u of %u pages are written\n", nr, NR_PAGES);
    while (nr_written() == nr && mg_clock_ns() < end)
        (void)hypercall_yield();
    if (nr_written() != nr)
        mg_failure("a page was written after it had gone back");
}

void test_main(void)
{
    mg_disk_connect(&disk);
    ask();
    while (nr_in_use() < NR_PAGES / 2 || nr_written() == 0)
        (void)hypercall_yield();
    mg_printf("%u pages are in use\n", nr_in_use());
    while (nr_in_use() > 0)
        (void)hypercall_yield();
    watch();
}
