/* SPDX-License-Identifier: MIT
 *
 * hypervisor/core/device.c: which devices the boot takes, and their reset.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "hypervisor/base/log.h"
#include "hypervisor/core/device.h"
#include "hypervisor/mm/device_page.h"
#include "hypervisor/mm/paging.h"
#include "tests/unit/refusal.h"

#define PAGE 0xfeb00000ul
#define MAGIC 0x74726976u
#define STATUS (0x70 / 4)

/* The registers of all devices: where in the page they are is their own. */
static uint32_t registers[PAGE_SIZE / 4];
static unsigned int nr_mapped, nr_pages;

volatile void *paging_map_device(uint64_t paddr)
{
    assert_int_equal(paddr % PAGE_SIZE, 0);
    nr_mapped++;
    return registers;
}

bool device_page_add(mfn_t page)
{
    (void)page;
    return nr_pages++ < 3;
}

void log_line(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

struct word {
    uint64_t paddr, size, irq;
};

static void announce_word(void *argument)
{
    const struct word *word = argument;

    device_announce(word->paddr, word->size, word->irq);
}

static const char *announce(uint64_t paddr, uint64_t size, uint64_t irq)
{
    struct word word = {paddr, size, irq};
    unsigned int before = device_nr();
    const char *text = refusal_of(announce_word, &word);

    assert_int_equal(device_nr(), before + !text);
    return text;
}

static void refuse(uint64_t paddr, uint64_t size, uint64_t irq,
                   const char *expected)
{
    const char *text = announce(paddr, size, irq);

    if (!text)
        fail_msg("%lu@%lx:%lu was taken", size, paddr, irq);
    if (!strstr(text, expected))
        fail_msg("expected '%s', got '%s'", expected, text);
}

/* None of these is in the table after it. */
static void test_what_is_refused(void **state)
{
    (void)state;
    refuse(PAGE, 0, 5, "expected 256 to 4096 bytes within a page");
    refuse(PAGE, 255, 5, "expected 256 to 4096 bytes within a page");
    refuse(PAGE, 4097, 5, "expected 256 to 4096 bytes within a page");
    refuse(PAGE, 1ul << 32 | 512, 5, "expected 256 to 4096 bytes");
    refuse(PAGE, UINT64_MAX, 5, "expected 256 to 4096 bytes within a page");
    refuse(PAGE + 3840, 512, 5, "expected 256 to 4096 bytes within a page");
    refuse(PAGE + 2, 512, 5, "expected 256 to 4096 bytes within a page");
    refuse(UINT64_MAX - 255, 256, 5, "where the machine has nothing else");
    refuse(1ul << 52, 512, 5, "where the machine has nothing else");
    refuse(0, 512, 5, "where the machine has nothing else");
    refuse(0xb8000, 512, 5, "where the machine has nothing else");
    refuse(0xfec00000, 512, 5, "where the machine has nothing else");
    refuse(0xfed00000, 512, 5, "where the machine has nothing else");
    refuse(0xfee00000, 512, 5, "where the machine has nothing else");
    refuse(PAGE, 512, 24, "expected an interrupt below 24");
    refuse(PAGE, 512, 1ul << 32 | 5, "expected an interrupt below 24");
    refuse(PAGE, 512, 4, "its interrupt is the hypervisor's own");
    refuse(PAGE, 512, 8, "its interrupt is the hypervisor's own");
    assert_string_equal(
        announce(PAGE, 512, 8),
        "boot line: virtio_mmio.device=512@0xfeb00000:8: its interrupt is the "
        "hypervisor's own: give the device another place "
        "(bus=virtio-mmio-bus.N)");
}

static void test_two_in_one_page(void **state)
{
    (void)state;
    assert_null(announce(PAGE + 512, 512, 6));
    assert_null(announce(PAGE, 512, 5));
    refuse(PAGE + 256, 256, 7, "another device is at this address");
    refuse(PAGE + 1024, 512, 5, "another device has this interrupt");
    assert_int_equal(device_nr(), 2);
    assert_int_equal(device_at(0)->paddr, PAGE);
    assert_int_equal(device_at(1)->irq, 6);
    assert_true(device_has_irq(5));
    assert_true(device_has_irq(6));
    assert_false(device_has_irq(7));
    assert_false(device_has_irq(UINT32_MAX));
}

static void begin_with(void *ram)
{
    device_begin(ram, 2);
}

static void refuse_begin(uint64_t start, uint64_t end, const char *expected)
{
    struct memory_range ram[2] = {{0, 0x9fc00}, {start, end}};
    const char *text = refusal_of(begin_with, ram);

    if (!text || !strstr(text, expected))
        fail_msg("expected '%s', got '%s'", expected, text ? text : "nothing");
}

static void test_begin(void **state)
{
    struct memory_range ram[2] = {{0, 0x9fc00}, {1ul << 20, PAGE}};

    (void)state;
    refuse_begin(1ul << 20, PAGE + 1, "there is RAM in its page");
    refuse_begin(PAGE + 4095, 1ul << 40, "there is RAM in its page");
    refuse_begin(1ul << 20, 1ul << 40, "there is RAM in its page");
    refuse_begin(1ul << 20, PAGE, "no virtio device is there");
    registers[0] = MAGIC;
    refuse_begin(1ul << 20, PAGE, "no virtio device is there");
    registers[512 / 4] = MAGIC;
    nr_mapped = nr_pages = 0;
    assert_null(refusal_of(begin_with, ram));
    assert_int_equal(nr_mapped, 1);
    assert_ptr_equal(device_at(0)->registers, registers);
    assert_ptr_equal(device_at(1)->registers, registers + 512 / 4);
    refuse_begin(1ul << 20, PAGE, "expected devices in 8 pages at most");
}

static void test_reset(void **state)
{
    (void)state;
    registers[STATUS] = 7;
    registers[512 / 4 + STATUS] = 0x80;
    assert_true(device_reset_all());
    assert_int_equal(registers[STATUS], 0);
    assert_int_equal(registers[512 / 4 + STATUS], 0);
}

static void test_too_many(void **state)
{
    uint64_t paddr = PAGE + PAGE_SIZE;

    (void)state;
    for (uint64_t irq = 0; irq < 24; irq++) {
        if (irq == 4 || irq == 5 || irq == 6 || irq == 8)
            continue;
        assert_null(announce(paddr, 4096, irq));
        paddr += PAGE_SIZE;
    }
    refuse(paddr, 4096, 7, "another device has this interrupt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_two_in_one_page),
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_too_many),
    };

    return cmocka_run_group_tests_name("core/device", tests, NULL, NULL);
}
