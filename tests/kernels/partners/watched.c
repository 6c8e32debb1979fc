/* SPDX-License-Identifier: MIT
 *
 * Runs beside device_reset: lends pages to the control domain, and looks at
 * them when they are its own again. From then on nobody writes to them: what
 * the device had to say it has said, or never says.
 */
#include "tests/kernels/partners/watched.h"

#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/console.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"

MG_TEST(watched);

#define IN_USE (PARAPET_GRANT_READING | PARAPET_GRANT_WRITING)
#define BEFORE 0x6265666f7265ul /* what a page says until it is read into */

/* Longer than the slow device takes for all of them. */
#define WATCH (3 * WATCHED_PAGES * MG_S)

static volatile uint64_t *pages[WATCHED_PAGES];

static bool is_in_use(uint32_t ref)
{
    return mg_grant_read(ref) & IN_USE;
}

static void wait_for_use(bool in_use)
{
    for (uint32_t ref = 0; ref < WATCHED_PAGES; ref++) {
        while (is_in_use(ref) != in_use)
            (void)hypercall_yield();
    }
}

static bool is_written(unsigned int page)
{
    return pages[page][0] != BEFORE || pages[page][MG_PTES - 1] != BEFORE;
}

static unsigned int nr_written(void)
{
    unsigned int nr = 0;

    for (unsigned int i = 0; i < WATCHED_PAGES; i++)
        nr += is_written(i);
    return nr;
}

/* With all of them written the device has nothing left to write. */
static void watch(void)
{
    unsigned int nr = nr_written();
    uint64_t end = mg_clock_ns() + WATCH;

    mg_printf("%u of %u pages are written\n", nr, WATCHED_PAGES);
    while (nr < WATCHED_PAGES && mg_clock_ns() < end) {
        if (nr_written() != nr) {
            mg_failure("a page was written after it had gone back");
            return;
        }
    }
}

/* The M2P says of each frame whether it is somebody's. */
static void wait_for_others_to_go(void)
{
    struct parapet_memory_limits limits = {0};
    uint64_t nr;

    MG_DONE(hypercall_memory_limits(&limits));
    do {
        (void)hypercall_yield();
        nr = 0;
        for (uint64_t mfn = 0; mfn < limits.nr_mfns; mfn++)
            nr += mg_m2p(mfn) != PARAPET_NO_GFN;
    } while (nr != limits.nr_frames);
}

void test_main(void)
{
    for (uint32_t i = 0; i < WATCHED_PAGES; i++) {
        pages[i] = mg_page();
        for (unsigned int word = 0; word < MG_PTES; word++)
            pages[i][word] = BEFORE;
        mg_grant_lend(i, PARAPET_DOMAIN_CONTROL, pages[i], 0);
    }
    wait_for_use(true);
    wait_for_use(false);
    watch();
    for (uint32_t i = 0; i < WATCHED_PAGES; i++)
        MG_CHECK(mg_grant_take_back(i));
    wait_for_others_to_go();
    mg_audit();
}
