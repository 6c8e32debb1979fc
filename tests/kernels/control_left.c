/* SPDX-License-Identifier: MIT
 *
 * A domain is taken apart, share by share, while another one holds a frame of
 * it. Once the frame is left behind it is the dead domain's no more: nobody
 * gets at it by that one's id, not even the control domain. It goes back when
 * it is released.
 *
 * BUNDLE: memory=32M
 * QEMU: privileged=1 once=1
 */
#include "abi/stubs.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "tests/kernels/lib/control.h"
#include "tests/kernels/lib/memory.h"
#include "tests/kernels/lib/test.h"
#include "tests/kernels/lib/vcpu.h"

MG_TEST(control_left);

#define NR_FRAMES 500 /* several shares of the teardown */
#define REF 7

static struct mg_child child;
static struct parapet_populate frames[NR_FRAMES];
static uint64_t buffer[MG_PTES];
static uint64_t left;

static void populate(void)
{
    uint64_t done = 0;
    int64_t result;

    for (uint64_t i = 0; i < NR_FRAMES; i++)
        frames[i].gfn = i;
    do {
        result = hypercall_domain_populate(child.id, frames + done,
                                           NR_FRAMES - done);
        done += result ? mg_vcpu_page()->restart_done : 0;
    } while (result == -PARAPET_ERESTART);
    MG_DONE(result);
    /* The last one comes first when they go. */
    left = frames[NR_FRAMES - 1].mfn;
}

static uint32_t hold(void)
{
    const struct parapet_grant_entry entry = {.flags = PARAPET_GRANT_LEND,
                                              .frame = left};
    struct parapet_grant_hold h = {.domain = child.id, .ref = REF};

    MG_DONE(mg_copy_to(child.id,
                       child.grant_mfn * MG_PAGE_SIZE + REF * sizeof(entry),
                       &entry, sizeof(entry)));
    MG_DONE(hypercall_grant_hold_all(mg_vcpu_page(), &h, 1));
    MG_CHECK_EQ(h.status, 0);
    MG_CHECK_EQ(h.maddr, left * MG_PAGE_SIZE);
    return h.handle;
}

static void release(uint32_t handle)
{
    struct parapet_grant_unmap r = {.handle = handle};

    MG_DONE(hypercall_grant_release_all(mg_vcpu_page(), &r, 1));
    MG_CHECK_EQ(r.status, 0);
}

/* Returns whether it was found to be left, while the domain was still there. */
static bool look(void)
{
    int64_t result;

    if (mg_m2p(left) != PARAPET_NO_GFN)
        return false;
    result =
        mg_copy_from(child.id, left * MG_PAGE_SIZE, buffer, sizeof(buffer));
    if (result == -PARAPET_ENOENT)
        return false;
    MG_CHECK_EQ(result, -PARAPET_EPERM);
    mg_domain_audit(child.id);
    return true;
}

static void destroy(void)
{
    unsigned int nr_looks = 0;
    int64_t result;

    do {
        result = hypercall_domain_destroy(child.id);
        nr_looks += look();
    } while (result == -PARAPET_ERESTART);
    MG_DONE(result);
    MG_CHECK(nr_looks > 0);
}

static void go_round(void)
{
    const struct mg_child_wish wish = {0};
    uint64_t before;
    uint32_t handle;

    MG_DONE(mg_child_make(&wish, &child));
    populate();
    handle = hold();
    before = mg_machine_info().free_frames;
    destroy();
    MG_CHECK(mg_machine_info().free_frames > before + NR_FRAMES - 2);
    before = mg_machine_info().free_frames;
    release(handle);
    MG_CHECK_EQ(mg_machine_info().free_frames, before + 1);
}

void test_main(void)
{
    mg_control_init();
    go_round();
    go_round();
    mg_audit();
}
