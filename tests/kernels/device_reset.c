/* SPDX-License-Identifier: MIT
 *
 * The control domain crashes with requests at a device that is slow, for pages
 * that another domain lends it, and the others run on. When the lender has its
 * pages back no one writes to them any more: the device was reset before. (The
 * lender says so: partners/watched.c. Without the reset it fails: a request
 * each second is carried out afterwards.)
 *
 * BUNDLE: memory=8M
 * QEMU: privileged=1 append="dom0_crash=keep log=debug"
 * QEMU: disk="driver=null-co,read-zeroes=on,throttling.iops-total=1"
 * QEMU: partner="partners/watched memory=4M" once=1
 * EXPECT: ended "crashed"
 * CONSOLE: "domain 0 is gone"
 * NOWHERE: "does not come to rest"
 *
 * VARIANT: one smp=1
 * VARIANT: two smp=2 meter="as one"
 */
#include "abi/stubs.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/grant.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/virtio.h"
#include "tests/kernels/partners/watched.h"

MG_TEST(device_reset);

static struct mg_virtio disk;
static uint64_t maddrs[WATCHED_PAGES];

/* As soon as they are lent. */
static void hold_all(void)
{
    int64_t result;

    for (uint32_t ref = 0; ref < WATCHED_PAGES; ref++) {
        while ((result = mg_grant_hold(WATCHED_ID, ref, 0, NULL,
                                       &maddrs[ref])) == -PARAPET_EPERM)
            (void)hypercall_yield();
        MG_DONE(result);
    }
}

/* The first request is carried out at once, which shows that the device works;
 * the others wait for their second. */
static void ask(void)
{
    uint64_t *own = mg_page();
    uint64_t deadline = mg_clock_ns() + MG_PATIENCE;
    uint8_t status = 0xff;

    own[0] = ~0ul;
    mg_virtio_read(&disk, 0, mg_mfn_of(own) * MG_PAGE_SIZE);
    for (unsigned int i = 0; i < WATCHED_PAGES; i++)
        mg_virtio_read(&disk, 8 * i, maddrs[i]);
    mg_virtio_tell(&disk);
    while (!mg_virtio_take(&disk, &status)) {
        if (mg_clock_ns() > deadline)
            mg_error("the disk does not answer");
    }
    MG_CHECK_EQ(status, 0);
    MG_CHECK_EQ(own[0], 0);
}

void test_main(void)
{
    if (!mg_virtio_find(0, &disk))
        mg_error("the device tree has no device");
    mg_virtio_map(&disk);
    mg_virtio_start(&disk);
    MG_CHECK(hypercall_evtchn_bind_pirq(disk.irq, 0) > 0);
    hold_all();
    ask();
    if (mg_failures() > 0)
        return;
    mg_expect_kill();
    (void)hypercall_shutdown(PARAPET_SHUTDOWN_CRASH);
    mg_not_killed();
}
