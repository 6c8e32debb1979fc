/* SPDX-License-Identifier: MIT
 *
 * hypervisor/core/port.c against an array of words: random numbers are taken,
 * changed and dropped; tables come as late as possible, and their frames all go
 * back.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "abi/errors.h"
#include "hypervisor/core/port.h"
#include "hypervisor/mm/frame.h"
#include "tests/unit/direct_map.h"

#define NR_STEPS 200000

static bool frame_is_used[NR_PORT_TABLES];
static unsigned int nr_allowed; /* frames that there are */

mfn_t frame_alloc_zeroed(void)
{
    for (mfn_t mfn = 0; mfn < nr_allowed; mfn++) {
        if (!frame_is_used[mfn]) {
            frame_is_used[mfn] = true;
            memset(frame_vaddr(mfn), 0, PAGE_SIZE);
            return mfn;
        }
    }
    return MFN_NONE;
}

void frame_free(mfn_t mfn)
{
    assert_true(mfn < NR_PORT_TABLES && frame_is_used[mfn]);
    memset(frame_vaddr(mfn), 0xff, PAGE_SIZE);
    frame_is_used[mfn] = false;
}

static unsigned int nr_frames_used(void)
{
    unsigned int nr = 0;

    for (unsigned int i = 0; i < NR_PORT_TABLES; i++)
        nr += frame_is_used[i];
    return nr;
}

static int setup(void **state)
{
    (void)state;
    direct_map_reset();
    direct_map_add(0, NR_PORT_TABLES * PAGE_SIZE);
    memset(frame_is_used, 0, sizeof(frame_is_used));
    nr_allowed = NR_PORT_TABLES;
    return 0;
}

static void test_word(void **state)
{
    uint64_t word = port_word(PORT_INTERDOMAIN, PARAPET_MAX_VCPUS - 1,
                              PARAPET_NR_PORTS - 1, 0xfffffffe);
    uint64_t virq = port_word(PORT_VIRQ, 1, PARAPET_NR_VIRQS - 1, 0);

    (void)state;
    assert_int_equal(port_kind(word), PORT_INTERDOMAIN);
    assert_int_equal(port_vcpu(word), PARAPET_MAX_VCPUS - 1);
    assert_int_equal(port_read_vcpu(&word), PARAPET_MAX_VCPUS - 1);
    assert_int_equal(port_remote_port(word), PARAPET_NR_PORTS - 1);
    assert_int_equal(port_remote(word), 0xfffffffe);
    assert_int_equal(
        port_moved(word, 2),
        port_word(PORT_INTERDOMAIN, 2, PARAPET_NR_PORTS - 1, 0xfffffffe));
    assert_int_equal(port_virq(virq), PARAPET_NR_VIRQS - 1);
    assert_int_equal(port_kind(0), PORT_FREE);
}

/* The lowest number first, a table for each 512, and what is no port. */
static void test_numbers(void **state)
{
    struct ports ports = {0};

    (void)state;
    ports_init(&ports);
    assert_int_equal(nr_frames_used(), 0);
    for (uint32_t port = 1; port < PARAPET_NR_PORTS; port++) {
        assert_int_equal(port_get(&ports, port), 0);
        assert_int_equal(port_take(&ports), port);
        assert_int_equal(nr_frames_used(), port / PORTS_IN_TABLE + 1);
        port_set(&ports, port, port_word(PORT_IPI, 0, port, 0));
    }
    assert_int_equal(port_take(&ports), -PARAPET_ENOSPC);
    assert_int_equal(port_get(&ports, 0), 0);
    assert_int_equal(port_get(&ports, PARAPET_NR_PORTS), 0);
    assert_int_equal(port_get(&ports, UINT32_MAX), 0);
    ports_free(&ports);
    assert_int_equal(nr_frames_used(), 0);
    assert_int_equal(port_get(&ports, 1), 0);
}

static void test_no_memory(void **state)
{
    struct ports ports = {0};

    (void)state;
    nr_allowed = 1;
    ports_init(&ports);
    for (uint32_t port = 1; port < PORTS_IN_TABLE; port++)
        assert_int_equal(port_take(&ports), port);
    for (int i = 0; i < 2; i++)
        assert_int_equal(port_take(&ports), -PARAPET_ENOMEM);
    nr_allowed = 2;
    assert_int_equal(port_take(&ports), PORTS_IN_TABLE);
    ports_free(&ports);
}

static void test_random(void **state)
{
    static uint64_t model[PARAPET_NR_PORTS];
    struct ports ports = {0};
    uint64_t random = 88172645463325252;

    (void)state;
    ports_init(&ports);
    for (int step = 0; step < NR_STEPS; step++) {
        uint32_t port = unit_random(&random) % PARAPET_NR_PORTS;

        assert_int_equal(port_get(&ports, port), model[port]);
        if (model[port] && unit_random(&random) % 2) {
            port_drop(&ports, port);
            model[port] = 0;
        } else if (unit_random(&random) % 2) {
            int64_t taken = port_take(&ports);

            assert_int_equal(model[taken], 0);
            assert_int_equal(port_get(&ports, (uint64_t)taken), 0);
            model[taken] = unit_random(&random) | 1;
            port_set(&ports, (uint32_t)taken, model[taken]);
        }
    }
    for (uint32_t port = 1; port < PARAPET_NR_PORTS; port++) {
        if (model[port]) {
            assert_int_equal(port_first(&ports), port);
            port_drop(&ports, port);
        }
    }
    assert_int_equal(port_first(&ports), PARAPET_NR_PORTS);
    ports_free(&ports);
    assert_int_equal(nr_frames_used(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_word, setup),
        cmocka_unit_test_setup(test_numbers, setup),
        cmocka_unit_test_setup(test_no_memory, setup),
        cmocka_unit_test_setup(test_random, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
