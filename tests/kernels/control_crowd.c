/* SPDX-License-Identifier: MIT
 *
 * There are as many domains as can be. What looks at all of them is no longer
 * than any exit may be: that one more is refused, the lists, names, and the
 * clock, which gets better meanwhile: all are told in one interrupt. Of the two
 * ways to read the time none is behind the other then.
 *
 * BUNDLE: memory=16M
 * QEMU: privileged=1 icount=1 append=clock=follow patience=120
 */
#include "abi/domain.h"
#include "abi/stubs.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernels/lib/clock.h"
#include "tests/kernels/lib/test.h"

MG_TEST(control_crowd);

/* The CMOS clock tells each second of its own. */
#define ENOUGH_CHANGES 2

static int64_t create(unsigned int number)
{
    struct parapet_domain_create params = {
        .engine = "pv",
        .max_frames = 2,
        .nr_gfns = 2,
        .grant_gfn = 1,
        .nr_vcpus = 1,
        .weight = PARAPET_DEFAULT_WEIGHT,
    };

    (void)string_format(params.name, sizeof(params.name), "crowd%u", number);
    return hypercall_domain_create(&params);
}

static struct parapet_machine_info machine_info(void)
{
    struct parapet_machine_info info = {.nr_domains = 0};

    MG_CHECK_EQ(hypercall_machine_info(&info), 0);
    return info;
}

static void fill_machine(void)
{
    struct parapet_machine_info info = machine_info();

    for (uint32_t n = info.nr_domains; n < info.max_domains; n++) {
        if (!MG_CHECK(create(n) > 0))
            mg_finish();
    }
    MG_CHECK_EQ(create(info.max_domains), -PARAPET_ENOSPC);
    MG_CHECK_EQ(machine_info().nr_domains, info.max_domains);
}

/* All of them, in as many calls as it takes; ids are in their order. */
static uint32_t list(void)
{
    static struct parapet_domain_info infos[PARAPET_MAX_INFOS];
    uint32_t nr_seen = 0, first = 0;
    int64_t nr;

    do {
        nr = hypercall_domain_list(first, infos, PARAPET_MAX_INFOS);
        if (!MG_CHECK(nr >= 0))
            break;
        for (int64_t i = 0; i < nr; i++) {
            MG_CHECK(infos[i].id >= first);
            first = infos[i].id + 1;
        }
        nr_seen += (uint32_t)nr;
    } while (nr == PARAPET_MAX_INFOS);
    return nr_seen;
}

/* The last one is found, renamed, and goes; and then there is room for one. */
static void test_last(void)
{
    static const char name[PARAPET_NAME_SIZE] = "last", taken[] = "crowd1";
    char other[PARAPET_NAME_SIZE] = "";
    uint32_t max = machine_info().max_domains;

    MG_CHECK_EQ(list(), max);
    memcpy(other, taken, sizeof(taken));
    MG_CHECK_EQ(hypercall_domain_rename(max - 1, name), 0);
    MG_CHECK_EQ(hypercall_domain_rename(max - 1, other), -PARAPET_EEXIST);
    MG_CHECK_EQ(HYPERCALL_RESTARTED(hypercall_domain_destroy(max - 1)), 0);
    MG_CHECK_EQ(list(), max - 1);
    MG_CHECK_EQ(create(max), max);
}

static uint64_t read_time(uint64_t turn)
{
    return turn % 2 ? (uint64_t)hypercall_clock_read() : mg_clock_ns();
}

static void test_clock(void)
{
    uint32_t seq = mg_clock_snapshot().seq;
    uint64_t latest = 0;
    int nr_changes = 0;

    for (uint64_t turn = 0; nr_changes < ENOUGH_CHANGES; turn++) {
        uint64_t now = read_time(turn);

        if (now < latest) {
            mg_failure("the clock went from %lu back to %lu ns, by %s", latest,
                       now, turn % 2 ? "hypercall" : "page");
            return;
        }
        latest = now;
        if (mg_clock_snapshot().seq != seq) {
            seq = mg_clock_snapshot().seq;
            nr_changes++;
        }
    }
}

void test_main(void)
{
    fill_machine();
    test_last();
    test_clock();
}
