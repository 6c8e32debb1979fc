/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/block/block_ram.c: the words that make it; what requests do, and
 * when they are done; more than it has room for.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "guest-kernel/block/block.h"
#include "guest-kernel/block/block_ram.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/privops/mmu.h"
#include "guest-kernel/thread/alarm.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"

#define PAGE 4096u
#define US 1000ul
#define FOREIGN 0x5000ul /* a page that is not this kernel's */

bool irqflag_on;

/* ---- what it stands on ---- */

static char console[256];
static unsigned int nr_pages;
static uint64_t now;
static struct alarm *set;
static alarm_function_t *function;
static struct block_device *disk;
static struct page some_page;

void kprintf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(console, sizeof(console), format, args);
    va_end(args);
}

void panic(const char *format, ...)
{
    (void)format;
    abort();
}

void *kzalloc(size_t size)
{
    return calloc(1, size);
}

void kfree(void *object)
{
    free(object);
}

void *page_alloc(unsigned int order)
{
    assert_int_equal(order, 0);
    nr_pages++;
    return aligned_alloc(PAGE, PAGE);
}

void page_free(void *block)
{
    nr_pages--;
    free(block);
}

uint64_t page_nr_free(void)
{
    return 4096;
}

struct page *page_of(const void *object)
{
    return object == (void *)FOREIGN ? NULL : &some_page;
}

uint64_t mmu_address(const void *object)
{
    return (uint64_t)object;
}

void *mmu_page(uint64_t entry)
{
    return (void *)(entry & ~(PAGE - 1ul));
}

uint64_t privops_clock_ns(void)
{
    return now;
}

void alarm_set(struct alarm *alarm, uint64_t deadline_ns,
               alarm_function_t *called)
{
    assert_false(irqflag_on);
    assert_int_equal(alarm->deadline_ns, 0);
    alarm->deadline_ns = deadline_ns;
    set = alarm;
    function = called;
}

void sched_timer_changed(void)
{
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    (void)queue;
}

/* The clock goes on, and rings. */
static void wait_until(uint64_t ns)
{
    struct alarm *due = set;

    now = ns;
    if (due == NULL || due->deadline_ns > now)
        return;
    set = NULL;
    due->deadline_ns = 0;
    irqflag_on = false;
    function(due, now, now);
    irqflag_on = true;
}

void wait_queue_sleep(struct wait_queue *queue)
{
    (void)queue;
    assert_false(irqflag_on);
    wait_until(set->deadline_ns);
    irqflag_on = false;
}

/* ---- requests ---- */

static _Alignas(PAGE) uint8_t memory[2 * PAGE];
static unsigned int nr_done;

static void note_done(struct block_request *request)
{
    (void)request;
    assert_false(irqflag_on);
    nr_done++;
}

static int64_t transfer(enum block_operation operation, uint64_t sector,
                        uint32_t size)
{
    const struct block_segment segments[] = {
        {(uint64_t)memory + 512, size > PAGE - 512 ? PAGE - 512 : size},
        {(uint64_t)memory + PAGE, size > PAGE - 512 ? size - PAGE + 512 : 0},
    };
    struct block_request request = {
        .operation = operation,
        .sector = sector,
        .segments = segments,
        .nr_segments = segments[1].size > 0 ? 2 : 1,
    };

    return block_do(disk, &request);
}

/* The words that make none, then one that makes the disk of the next tests. */
static void words(void **state)
{
    static const char *const wrong[] = {
        "",    "0",      "M",       "8X",
        "8M,", "8M,1ms", "8M,us",   "8M,99999999us",
        "100", "8MM",    "8M,5us ", "99999999999M"};

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
        console[0] = '\0';
        block_ram_init(wrong[i]);
        assert_non_null(strstr(console, "say a size and perhaps a time"));
        assert_null(block_find("ram0"));
    }
    block_ram_init("9M");
    assert_non_null(strstr(console, "more than half of the memory"));
    assert_int_equal(nr_pages, 0);
    console[0] = '\0';
    block_ram_init("33K,500us");
    disk = block_find("ram0");
    assert_non_null(disk);
    assert_string_equal(console, "");
    assert_int_equal(disk->nr_sectors, 66);
    assert_int_equal(nr_pages, 9);
}

static void contents(void **state)
{
    (void)state;
    memset(memory, 0x33, sizeof(memory));
    assert_int_equal(transfer(BLOCK_READ, 0, 2 * PAGE - 512), 0);
    assert_int_equal(memory[511], 0x33);
    assert_int_equal(memory[512], 0);
    assert_int_equal(memory[2 * PAGE - 1], 0);
    memset(memory, 0x44, sizeof(memory));
    assert_int_equal(transfer(BLOCK_WRITE, 7, 2 * PAGE - 512), 0);
    memset(memory, 0x33, sizeof(memory));
    assert_int_equal(transfer(BLOCK_READ, 6, 1024), 0);
    assert_int_equal(memory[512 + 511], 0);
    assert_int_equal(memory[512 + 512], 0x44);
    assert_int_equal(transfer(BLOCK_READ, 65, 512), 0);
    assert_int_equal(transfer(BLOCK_READ, 65, 1024), -EIO);
}

static void others(void **state)
{
    struct block_request request = {.operation = BLOCK_FLUSH};
    const struct block_segment foreign = {FOREIGN, 512};

    (void)state;
    assert_int_equal(block_do(disk, &request), 0);
    request = (struct block_request){
        .operation = BLOCK_DISCARD, .sector = 8, .nr_sectors = 1};
    assert_int_equal(block_do(disk, &request), 0);
    assert_int_equal(transfer(BLOCK_READ, 7, 1536), 0);
    assert_int_equal(memory[512], 0x44);
    assert_int_equal(memory[1024], 0);
    assert_int_equal(memory[1536], 0x44);
    request = (struct block_request){
        .operation = BLOCK_WRITE, .segments = &foreign, .nr_segments = 1};
    assert_int_equal(block_do(disk, &request), -EFAULT);
}

#define NR_MANY 150u /* more than it has room for */

/* They are done in their order, each at its time, and those that found no room
 * after they have. */
static void late(void **state)
{
    static struct block_request requests[NR_MANY];
    uint64_t start;

    (void)state;
    start = now;
    for (unsigned int i = 0; i < NR_MANY; i++) {
        requests[i] =
            (struct block_request){.operation = BLOCK_FLUSH, .done = note_done};
        block_submit(disk, &requests[i]);
        if (i == 9)
            block_kick(disk);
    }
    assert_int_equal(nr_done, 0);
    wait_until(start + 300 * US);
    block_kick(disk);
    wait_until(start + 500 * US);
    assert_int_equal(nr_done, 10);
    wait_until(start + 799 * US);
    assert_int_equal(nr_done, 10);
    wait_until(start + 800 * US);
    assert_in_range(nr_done, 64, NR_MANY - 1);
    for (unsigned int i = 1; i < 5; i++)
        wait_until(start + 800 * US + i * 500 * US);
    assert_int_equal(nr_done, NR_MANY);
    assert_null(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(contents),
        cmocka_unit_test(others),
        cmocka_unit_test(late),
    };

    irqflag_on = true;
    return cmocka_run_group_tests_name("guest block/block_ram", tests, NULL,
                                       NULL);
}
