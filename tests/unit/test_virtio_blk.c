/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/dev/virtio_blk.c and virtio_mmio.c on a device whose registers
 * are memory that says what the test wrote there: what the device is told at
 * the start, what it sees of each request, what its answers come to, and what
 * happens when it lies.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "guest-kernel/block/block.h"
#include "guest-kernel/core/irq.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/dev/virtio_blk.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/privops/privops.h"
#include "lib/macros.h"
#include "lib/virtio.h"

#define PAGE 4096u
#define QUEUE_SIZE 128u
#define IRQ 5u
#define PORT 40u
/* In both halves: the lower one's VERSION_1 is bit 0 of the upper. */
#define ALL_FEATURES                                                           \
    (1u | (uint32_t)(VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_INDEX |    \
                     VIRTIO_BLOCK_MAX_SEGMENTS | VIRTIO_BLOCK_SIZE |           \
                     VIRTIO_BLOCK_FLUSH | VIRTIO_BLOCK_DISCARD))

bool irqflag_on;

/* ---- the machine ---- */

static uint32_t registers[VIRTIO_MMIO_SIZE / 4];
static struct privops_device announced = {0xfeb00000, VIRTIO_MMIO_SIZE, IRQ};
static irq_handler_t *handler;
static void *handler_data;
static unsigned int nr_ended;
static void (*at_the_end)(void); /* of an interrupt; once */
static char console[4096];
static unsigned int memory_left;

unsigned int privops_devices(const struct privops_device **list)
{
    *list = &announced;
    return 1;
}

volatile void *privops_device_map(uint64_t paddr)
{
    assert_int_equal(paddr, announced.paddr);
    return registers;
}

int64_t privops_device_irq(uint32_t irq)
{
    assert_int_equal(irq, IRQ);
    return PORT;
}

void privops_device_irq_done(uint32_t port)
{
    void (*meanwhile)(void) = at_the_end;

    assert_int_equal(port, PORT);
    nr_ended++;
    at_the_end = NULL;
    if (meanwhile != NULL)
        meanwhile();
}

uint64_t privops_machine(const void *memory)
{
    return (uint64_t)memory;
}

void irq_bind(uint32_t port, irq_handler_t *function, void *data)
{
    assert_int_equal(port, PORT);
    handler = function;
    handler_data = data;
}

void *page_alloc(unsigned int order)
{
    assert_int_equal(order, 0);
    return memory_left > 0 && memory_left-- > 0 ? aligned_alloc(PAGE, PAGE)
                                                : NULL;
}

void page_free(void *page)
{
    free(page);
}

void *kzalloc(size_t size)
{
    return calloc(1, size);
}

void kfree(void *object)
{
    free(object);
}

void kprintf(const char *format, ...)
{
    size_t used = strlen(console);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(console + used, sizeof(console) - used, format, args);
    va_end(args);
}

void panic(const char *format, ...)
{
    fail_msg("panic: %s", format);
    abort();
}

void wait_queue_sleep(struct wait_queue *queue)
{
    (void)queue;
    fail_msg("nobody sleeps here");
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    (void)queue;
    fail_msg("nobody sleeps here");
}

/* ---- the device ---- */

static uint32_t *reg(uint32_t offset)
{
    return &registers[offset / 4];
}

static void *address_at(uint32_t offset)
{
    return (void *)((uint64_t)*reg(offset + 4) << 32 | *reg(offset));
}

static struct virtio_block_config *config(void)
{
    return (struct virtio_block_config *)reg(VIRTIO_CONFIG);
}

static struct virtq_available *available(void)
{
    return address_at(VIRTIO_QUEUE_AVAILABLE);
}

static struct virtq_used *used(void)
{
    return address_at(VIRTIO_QUEUE_USED);
}

/* What was put there n requests ago; 0 is the last one. */
static struct virtq_desc *table_of(unsigned int n)
{
    uint16_t first =
        available()->ring[(available()->index - 1u - n) % QUEUE_SIZE];
    struct virtq_desc *descriptor =
        (struct virtq_desc *)address_at(VIRTIO_QUEUE_DESCRIPTORS) + first;

    assert_int_equal(descriptor->flags, VIRTQ_INDIRECT);
    return (struct virtq_desc *)descriptor->maddr;
}

static uint16_t id_of(unsigned int n)
{
    return available()->ring[(available()->index - 1u - n) % QUEUE_SIZE];
}

static void interrupt(uint32_t why)
{
    unsigned int before = nr_ended;

    irqflag_on = false;
    *reg(VIRTIO_INTERRUPT_STATUS) = why;
    handler(handler_data);
    assert_int_equal(*reg(VIRTIO_INTERRUPT_ACK), why);
    assert_int_equal(nr_ended, before + 1);
    irqflag_on = true;
}

static void use(uint32_t id, uint32_t length)
{
    used()->ring[used()->index % QUEUE_SIZE] =
        (struct virtq_used_entry){id, length};
    used()->index++;
}

/* Answers the last request, and says nothing. */
static void answer_quietly(uint8_t status, uint32_t length)
{
    const struct virtq_desc *table = table_of(0);

    while ((table->flags & VIRTQ_NEXT) != 0)
        table = table_of(0) + table->next;
    assert_int_equal(table->size, 1);
    assert_int_equal(table->flags, VIRTQ_WRITE);
    *(uint8_t *)table->maddr = status;
    /* It wants to hear of the next one. */
    *(uint16_t *)&used()->ring[QUEUE_SIZE] = available()->index;
    use(id_of(0), length);
}

static void answer(uint8_t status, uint32_t length)
{
    answer_quietly(status, length);
    interrupt(VIRTIO_INTERRUPT_USED);
}

/* Whether the driver wants to hear of the next answer. */
static bool wants_interrupt(void)
{
    return available()->ring[QUEUE_SIZE] == used()->index;
}

static void reset_device(void)
{
    memset(registers, 0, sizeof(registers));
    *reg(VIRTIO_MAGIC) = VIRTIO_MAGIC_VALUE;
    *reg(VIRTIO_VERSION) = VIRTIO_VERSION_MODERN;
    *reg(VIRTIO_DEVICE_ID) = VIRTIO_ID_BLOCK;
    *reg(VIRTIO_DEVICE_FEATURES) = ALL_FEATURES;
    *reg(VIRTIO_QUEUE_SIZE_MAX) = 1024;
    *config() = (struct virtio_block_config){
        .nr_sectors = 2048,
        .max_segments = 254,
        .block_size = 512,
        .max_discard_sectors = 4096,
    };
    console[0] = '\0';
    handler = NULL;
    memory_left = 100;
}

/* Each test has a disk of its own; the driver calls all of them vda, since
 * each is the only one, so the names here are told apart by their list. */
static struct block_device *last_device(void)
{
    struct block_device *device = NULL, *next;

    while ((next = block_next(device)) != NULL)
        device = next;
    return device;
}

static struct block_device *start(void)
{
    static char names[16][8];
    static unsigned int nr;
    struct block_device *device = last_device();

    /* The name is free again for the next one. */
    if (device != NULL && strcmp(device->name, "vda") == 0) {
        (void)snprintf(names[nr], sizeof(names[nr]), "old%u", nr);
        device->name = names[nr++];
    }
    virtio_blk_init();
    device = last_device();
    assert_non_null(device);
    assert_string_equal(device->name, "vda");
    irqflag_on = true;
    return device;
}

static int setup(void **state)
{
    (void)state;
    irqflag_on = false;
    reset_device();
    return 0;
}

/* ---- requests ---- */

static _Alignas(PAGE) char data[3 * PAGE];
static const struct block_segment segments[] = {
    {0, PAGE},
    {0, 512},
};
static struct block_segment here[2];
static unsigned int nr_done;

static void count_done(struct block_request *request)
{
    (void)request;
    nr_done++;
}

static struct block_request request_to(enum block_operation operation)
{
    unsigned int i;

    nr_done = 0;
    for (i = 0; i < ARRAY_SIZE(here); i++) {
        here[i] = segments[i];
        here[i].maddr = (uint64_t)&data[i * PAGE];
    }
    return (struct block_request){
        .operation = operation,
        .sector = 77,
        .nr_sectors = 9,
        .segments = here,
        .nr_segments = operation <= BLOCK_WRITE ? 2 : 0,
        .done = count_done,
    };
}

static void submit(struct block_device *device, struct block_request *request)
{
    *reg(VIRTIO_QUEUE_NOTIFY) = ~0u;
    block_submit(device, request);
    block_kick(device);
    assert_int_equal(request->status, BLOCK_UNDER_WAY);
}

/* ---- the tests ---- */

static void test_start(void **state)
{
    const struct block_device *device;
    uint64_t page;

    (void)state;
    device = start();
    assert_int_equal(*reg(VIRTIO_STATUS),
                     VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                         VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
    /* The lower half was written last; nothing but what was offered. */
    assert_int_equal(*reg(VIRTIO_DRIVER_FEATURES_SELECT), 0);
    assert_int_equal(*reg(VIRTIO_DRIVER_FEATURES), ALL_FEATURES & ~1u);
    assert_int_equal(*reg(VIRTIO_QUEUE_SIZE), QUEUE_SIZE);
    assert_int_equal(*reg(VIRTIO_QUEUE_READY), 1);
    page = (uint64_t)address_at(VIRTIO_QUEUE_DESCRIPTORS);
    assert_int_equal(page % PAGE, 0);
    assert_int_equal((uint64_t)available(), page + 16 * QUEUE_SIZE);
    assert_true((uint64_t)used() % 4 == 0);
    assert_int_equal(device->nr_sectors, 2048);
    assert_int_equal(device->max_bytes, 128 * 1024);
    assert_int_equal(device->max_segments, 33);
    assert_int_equal(device->max_discard, 4096);
    assert_true(device->can_flush && device->can_discard);
    assert_false(device->read_only);
    assert_non_null(strstr(console, "vda: 1 MiB at 0xfeb00000, 128 at once"));
}

static void check_header(uint32_t type, uint64_t sector)
{
    const struct virtio_block_header *header;

    assert_int_equal(table_of(0)[0].size, sizeof(*header));
    assert_int_equal(table_of(0)[0].flags, VIRTQ_NEXT);
    header = (const void *)table_of(0)[0].maddr;
    assert_int_equal(header->type, type);
    assert_int_equal(header->sector, sector);
    assert_int_equal(*reg(VIRTIO_QUEUE_NOTIFY), 0);
}

static void check_data(uint16_t flags)
{
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(here); i++) {
        assert_int_equal(table_of(0)[1 + i].maddr, here[i].maddr);
        assert_int_equal(table_of(0)[1 + i].size, here[i].size);
        assert_int_equal(table_of(0)[1 + i].flags, flags);
        assert_int_equal(table_of(0)[1 + i].next, 2 + i);
    }
}

static void test_requests(void **state)
{
    struct block_device *device = start();
    struct block_request request = request_to(BLOCK_READ);
    const struct virtio_block_discard *discard;

    (void)state;
    submit(device, &request);
    check_header(VIRTIO_BLOCK_REQUEST_READ, 77);
    check_data(VIRTQ_NEXT | VIRTQ_WRITE);
    answer(VIRTIO_BLOCK_OK, PAGE + 512 + 1);
    assert_int_equal(request.status, 0);
    assert_int_equal(nr_done, 1);
    request = request_to(BLOCK_WRITE);
    submit(device, &request);
    check_header(VIRTIO_BLOCK_REQUEST_WRITE, 77);
    check_data(VIRTQ_NEXT);
    answer(VIRTIO_BLOCK_OK, 1);
    assert_int_equal(request.status, 0);
    request = request_to(BLOCK_FLUSH);
    submit(device, &request);
    check_header(VIRTIO_BLOCK_REQUEST_FLUSH, 0);
    answer(VIRTIO_BLOCK_OK, 1);
    assert_int_equal(request.status, 0);
    request = request_to(BLOCK_DISCARD);
    submit(device, &request);
    check_header(VIRTIO_BLOCK_REQUEST_DISCARD, 0);
    discard = (const void *)table_of(0)[1].maddr;
    assert_int_equal(table_of(0)[1].size, sizeof(*discard));
    assert_int_equal(table_of(0)[1].flags, VIRTQ_NEXT);
    assert_int_equal(discard->sector, 77);
    assert_int_equal(discard->nr_sectors, 9);
    answer(VIRTIO_BLOCK_OK, 1);
    assert_int_equal(request.status, 0);
}

static int64_t status_after(struct block_device *device,
                            enum block_operation operation, uint8_t status,
                            uint32_t length)
{
    struct block_request request = request_to(operation);

    submit(device, &request);
    answer(status, length);
    assert_int_equal(nr_done, 1);
    return request.status;
}

/* 0xff is what the driver wrote there: the device has not. */
static void test_errors(void **state)
{
    struct block_device *device = start();

    (void)state;
    assert_int_equal(status_after(device, BLOCK_READ, VIRTIO_BLOCK_IO_ERROR, 1),
                     -EIO);
    assert_int_equal(
        status_after(device, BLOCK_WRITE, VIRTIO_BLOCK_UNSUPPORTED, 1),
        -EOPNOTSUPP);
    assert_int_equal(status_after(device, BLOCK_FLUSH, 0xff, 0), -EIO);
    assert_int_equal(status_after(device, BLOCK_FLUSH, 3, 1), -EIO);
    /* Done, and not all was written. */
    assert_int_equal(status_after(device, BLOCK_READ, VIRTIO_BLOCK_OK, PAGE),
                     -EIO);
    assert_int_equal(
        status_after(device, BLOCK_READ, VIRTIO_BLOCK_OK, PAGE + 512 + 1), 0);
    assert_false(device->has_failed);
}

static void submit_quietly(struct block_device *device,
                           struct block_request *request)
{
    irqflag_on = false;
    *reg(VIRTIO_QUEUE_NOTIFY) = ~0u;
    block_submit(device, request);
    block_kick_quietly(device);
    assert_int_equal(*reg(VIRTIO_QUEUE_NOTIFY), 0);
    assert_false(wants_interrupt());
}

/* What is done at once needs no interrupt; what is not has one later. */
static void test_quiet(void **state)
{
    struct block_device *device = start();
    struct block_request request = request_to(BLOCK_WRITE);

    (void)state;
    submit_quietly(device, &request);
    answer_quietly(VIRTIO_BLOCK_OK, 1);
    assert_int_equal(request.status, BLOCK_UNDER_WAY);
    block_rest(device);
    assert_int_equal(request.status, 0);
    assert_int_equal(nr_done, 1);
    assert_int_equal(device->nr_heard, 0);
    assert_true(wants_interrupt());

    submit_quietly(device, &request);
    block_rest(device);
    assert_int_equal(request.status, BLOCK_UNDER_WAY);
    assert_true(wants_interrupt());
    answer(VIRTIO_BLOCK_OK, 1);
    assert_int_equal(request.status, 0);
    assert_int_equal(device->nr_heard, 1);
}

/* One that lies is found out without an interrupt, too. */
static void test_quiet_lie(void **state)
{
    struct block_device *device = start();
    struct block_request request = request_to(BLOCK_WRITE);

    (void)state;
    submit_quietly(device, &request);
    use(QUEUE_SIZE, 1);
    block_rest(device);
    assert_int_equal(request.status, -EIO);
    assert_true(device->has_failed);
    block_rest(device);
    assert_int_equal(nr_done, 1);
    irqflag_on = true;
}

/* The queue is full, and a request waits: it is put when one is done. */
static void test_full(void **state)
{
    static struct block_request requests[QUEUE_SIZE + 1];
    struct block_device *device = start();
    unsigned int i;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(requests); i++) {
        requests[i] = request_to(BLOCK_WRITE);
        block_submit(device, &requests[i]);
    }
    assert_int_equal(available()->index, 0);
    block_kick(device);
    assert_int_equal(available()->index, QUEUE_SIZE);
    /* Nothing new, so no notification; one for all, though. */
    block_kick(device);
    assert_int_equal(device->nr_told, 1);
    assert_int_equal(device->nr_heard, 0);
    answer(VIRTIO_BLOCK_OK, 1);
    assert_int_equal(requests[QUEUE_SIZE - 1].status, 0);
    assert_int_equal(available()->index, QUEUE_SIZE + 1);
    assert_int_equal(requests[QUEUE_SIZE].status, BLOCK_UNDER_WAY);
    assert_int_equal(device->nr_told, 2);
    assert_int_equal(device->nr_heard, 1);
}

/* What is with the device, and what waits, are done, after its reset. */
static void expect_failed(struct block_device *device,
                          struct block_request *requests, unsigned int nr,
                          const char *why)
{
    struct block_request more = request_to(BLOCK_WRITE);
    unsigned int i;

    assert_int_equal(*reg(VIRTIO_STATUS), 0);
    assert_true(device->has_failed);
    for (i = 0; i < nr; i++)
        assert_int_equal(requests[i].status, -EIO);
    assert_non_null(strstr(console, why));
    nr_done = 0;
    block_submit(device, &more);
    assert_int_equal(more.status, -EIO);
    /* An interrupt that comes late finds nothing to do. */
    interrupt(VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG);
    assert_int_equal(nr_done, 1);
}

static void start_many(struct block_device *device,
                       struct block_request *requests, unsigned int nr)
{
    unsigned int i;

    for (i = 0; i < nr; i++) {
        requests[i] = request_to(BLOCK_WRITE);
        block_submit(device, &requests[i]);
    }
    block_kick(device);
}

#define NR_MANY (QUEUE_SIZE + 3)

static void test_hostile(void **state)
{
    static struct block_request requests[NR_MANY];
    struct block_device *device = start();

    (void)state;
    start_many(device, requests, NR_MANY);
    use(QUEUE_SIZE, 1);
    interrupt(VIRTIO_INTERRUPT_USED);
    assert_int_equal(nr_done, NR_MANY);
    expect_failed(device, requests, NR_MANY,
                  "vda: the device has answered what it was not asked");
}

static void test_too_long(void **state)
{
    static struct block_request requests[3];
    struct block_device *device = start();

    (void)state;
    start_many(device, requests, 3);
    answer(VIRTIO_BLOCK_OK, 2);
    assert_int_equal(nr_done, 3);
    expect_failed(device, requests, 3,
                  "vda: the device has answered what it was not asked");
}

static void test_needs_reset(void **state)
{
    static struct block_request requests[3];
    struct block_device *device = start();

    (void)state;
    start_many(device, requests, 3);
    /* Some other change of its configuration is nothing. */
    interrupt(VIRTIO_INTERRUPT_CONFIG);
    assert_int_equal(nr_done, 0);
    *reg(VIRTIO_STATUS) |= VIRTIO_STATUS_NEEDS_RESET;
    interrupt(VIRTIO_INTERRUPT_CONFIG);
    assert_int_equal(nr_done, 3);
    expect_failed(device, requests, 3, "vda: the device asks for a reset");
}

/* Not used, and why. */
static void expect_unused(const char *why)
{
    const struct block_device *before = last_device();

    virtio_blk_init();
    assert_ptr_equal(last_device(), before);
    assert_null(handler);
    assert_int_equal(*reg(VIRTIO_STATUS) & VIRTIO_STATUS_DRIVER_OK, 0);
    if (strstr(console, why) == NULL)
        fail_msg("expected '%s', got '%s'", why, console);
    reset_device();
}

static void test_unused(void **state)
{
    static const uint32_t sizes[] = {0, 256, 513, 3072, 8192};
    unsigned int i;

    (void)state;
    *reg(VIRTIO_VERSION) = 1;
    expect_unused("is a legacy one, version 1, and not used: give QEMU "
                  "-global virtio-mmio.force-legacy=false");
    *reg(VIRTIO_VERSION) = 3;
    expect_unused("is unknown, version 3");
    *reg(VIRTIO_MAGIC) = 0;
    expect_unused("no virtio device is at 0xfeb00000");
    *reg(VIRTIO_DEVICE_ID) = VIRTIO_ID_NONE;
    expect_unused("");
    *reg(VIRTIO_DEVICE_ID) = 1;
    expect_unused("");
    *reg(VIRTIO_DEVICE_FEATURES) = 0;
    expect_unused("it lacks the feature VERSION_1");
    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        config()->block_size = sizes[i];
        expect_unused("its blocks have a size that cannot be");
    }
    config()->max_segments = 0;
    expect_unused("it takes no data");
    *reg(VIRTIO_QUEUE_SIZE_MAX) = 0;
    expect_unused("it has no queue");
    /* Three descriptors, and no indirect ones: no request fits. */
    *reg(VIRTIO_QUEUE_SIZE_MAX) = 32;
    *reg(VIRTIO_DEVICE_FEATURES) &= ~(uint32_t)VIRTIO_FEATURE_INDIRECT;
    expect_unused("its queue is too short");
    memory_left = 0;
    expect_unused("no memory");
    memory_left = 10;
    expect_unused("no memory");
}

/* The first of two requests: it was put before the last one. */
static void answer_silently(void)
{
    *(uint8_t *)table_of(1)[3].maddr = VIRTIO_BLOCK_OK;
    use(id_of(1), 1);
}

/* An answer that comes when the driver has looked for the last time, and
 * without an interrupt: the device had not seen yet that it was to make one. */
static void test_lost_interrupt(void **state)
{
    struct block_request first = request_to(BLOCK_WRITE);
    struct block_request second = request_to(BLOCK_WRITE);
    struct block_device *device = start();
    unsigned int before = nr_ended;

    (void)state;
    block_submit(device, &first);
    block_submit(device, &second);
    block_kick(device);
    *(uint8_t *)table_of(0)[3].maddr = VIRTIO_BLOCK_OK;
    use(id_of(0), 1);
    at_the_end = answer_silently;
    irqflag_on = false;
    handler(handler_data);
    assert_int_equal(nr_done, 2);
    assert_int_equal(first.status, 0);
    assert_int_equal(second.status, 0);
    assert_int_equal(nr_ended, before + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_start, setup),
        cmocka_unit_test_setup(test_lost_interrupt, setup),
        cmocka_unit_test_setup(test_requests, setup),
        cmocka_unit_test_setup(test_errors, setup),
        cmocka_unit_test_setup(test_quiet, setup),
        cmocka_unit_test_setup(test_quiet_lie, setup),
        cmocka_unit_test_setup(test_full, setup),
        cmocka_unit_test_setup(test_hostile, setup),
        cmocka_unit_test_setup(test_too_long, setup),
        cmocka_unit_test_setup(test_needs_reset, setup),
        cmocka_unit_test_setup(test_unused, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
