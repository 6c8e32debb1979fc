/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/block/block_cache.c and block_page.c against plain bytes: by
 * one, with errors and bad addresses; and by several at once, each of whom has
 * some bytes of every page, on a device that ends requests in any order.
 */
#include "tests/unit/unit.h"

#include <string.h>
#include <ucontext.h>

#include "guest-kernel/block/block.h"
#include "guest-kernel/block/block_cache.h"
#include "guest-kernel/block/block_page.h"
#include "guest-kernel/core/panic.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/mm/page.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/user_page.h"
#include "guest-kernel/privops/mmu.h"
#include "guest-kernel/thread/sched.h"
#include "lib/macros.h"

#define PAGE 4096u
#define NR_SECTORS 1601ul /* the last page has one sector */
#define SIZE (NR_SECTORS * BLOCK_SECTOR)
#define MAX_BYTES (16 * PAGE)
#define NR_PAGES_FREE 200u

bool irqflag_on;

static uint64_t random_state = 88172645463325252;

static uint64_t below(uint64_t limit)
{
    return unit_random(&random_state) % limit;
}

static bool one_of(uint64_t nr)
{
    return below(nr) == 0;
}

/* ---- memory ---- */

static unsigned int nr_free = NR_PAGES_FREE, nr_blocks;
static uint64_t (*giver)(uint64_t nr_pages);
static bool has_no_memory;

void *kmalloc(size_t size)
{
    if (has_no_memory)
        return NULL;
    nr_blocks++;
    return memset(malloc(size), 0xa5, size);
}

void kfree(void *block)
{
    nr_blocks -= block != NULL;
    free(block);
}

void *user_page_alloc(void)
{
    if (nr_free == 0)
        return NULL;
    nr_free--;
    return memset(aligned_alloc(PAGE, PAGE), 0xa5, PAGE);
}

bool user_page_drop(void *page)
{
    return page != NULL;
}

void page_free(void *page)
{
    nr_free++;
    free(page);
}

uint64_t page_nr_free(void)
{
    return nr_free;
}

void user_page_set_giver(uint64_t (*function)(uint64_t nr_pages))
{
    giver = function;
}

uint64_t mmu_address(const void *object)
{
    return (uint64_t)object;
}

void panic(const char *format, ...)
{
    (void)format;
    abort();
}

/* ---- threads: who runs is chosen at random ---- */

#define NR_THREADS 4u
#define STACK 65536u

struct coroutine {
    ucontext_t context;
    struct wait_queue *queue; /* NULL: it is ready */
    bool is_done;
    char stack[STACK] __attribute__((aligned(16)));
};

static struct coroutine threads[NR_THREADS];
static ucontext_t main_context;
static struct coroutine *running; /* NULL: the test itself */

static void end_requests(void);

static void leave(struct wait_queue *queue)
{
    struct coroutine *self = running;

    self->queue = queue;
    swapcontext(&self->context, &main_context);
}

void wait_queue_sleep(struct wait_queue *queue)
{
    assert_false(irqflag_on);
    if (running == NULL)
        end_requests();
    else
        leave(queue);
    irqflag_on = false;
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    assert_false(irqflag_on);
    for (unsigned int i = 0; i < NR_THREADS; i++)
        if (threads[i].queue == queue)
            threads[i].queue = NULL;
}

void sched_breathe(void)
{
    assert_true(irqflag_on);
    if (running != NULL && one_of(2))
        leave(NULL);
}

static unsigned int ends_after; /* so many questions; 0: never */

bool signal_is_ending(void)
{
    return ends_after > 0 && --ends_after == 0;
}

/* ---- a device that ends requests when it likes ---- */

#define MAX_TAKEN 64u

static uint8_t disk_bytes[SIZE];
static struct block_request *taken[MAX_TAKEN];
static unsigned int nr_taken, nr_requests, nr_reads;
static uint64_t largest;            /* request, in bytes */
static unsigned int fails_one_of;   /* 0: none fails */
static uint64_t bad_start, bad_end; /* sectors that fail always */
static bool others_write;           /* each time that a request ends */
static struct block_device disk;

static bool disk_submit(struct block_device *device,
                        struct block_request *request)
{
    (void)device;
    assert_true(nr_taken < MAX_TAKEN);
    assert_true(!others_write || nr_requests < 200);
    taken[nr_taken++] = request;
    nr_requests++;
    nr_reads += request->operation == BLOCK_READ;
    largest = MAX(largest, request->nr_sectors * (uint64_t)BLOCK_SECTOR);
    return true;
}

static void disk_kick(struct block_device *device)
{
    (void)device;
}

/* Each sector for itself, so that one that fails has done a part. */
static void transfer(const struct block_request *request, uint64_t limit)
{
    uint8_t *at = disk_bytes + request->sector * BLOCK_SECTOR;

    for (unsigned int i = 0; i < request->nr_segments; i++) {
        uint64_t size = MIN(request->segments[i].size, limit);

        if (request->operation == BLOCK_READ)
            memcpy((void *)request->segments[i].maddr, at, size);
        else
            memcpy(at, (const void *)request->segments[i].maddr, size);
        at += size;
        limit -= size;
    }
}

static void end_request(unsigned int i)
{
    struct block_request *request = taken[i];
    uint64_t end = request->sector + request->nr_sectors;
    bool fails = request->sector < bad_end && end > bad_start;
    uint64_t done = request->nr_sectors;

    taken[i] = taken[--nr_taken];
    if (fails_one_of != 0)
        fails = fails || one_of(fails_one_of);
    if (fails)
        done = below(done);
    transfer(request, done * BLOCK_SECTOR);
    irqflag_on = false;
    block_complete(request, fails ? -EIO : 0);
    if (others_write)
        block_page_forget(&disk, 0, SIZE);
}

static void end_requests(void)
{
    while (nr_taken > 0)
        end_request((unsigned int)below(nr_taken));
}

static const struct block_device_ops disk_ops = {.submit = disk_submit,
                                                 .kick = disk_kick};
static struct block_device disk = {.name = "vda",
                                   .nr_sectors = NR_SECTORS,
                                   .block_size = BLOCK_SECTOR,
                                   .max_bytes = MAX_BYTES,
                                   .max_segments = 64,
                                   .ops = &disk_ops};

/* ---- the caller's memory, of which a part may be bad ---- */

static uint64_t bad_vaddr = UINT64_MAX;

static bool io_move(struct io *io, size_t size)
{
    io->vaddr += size;
    io->left -= size;
    return true;
}

/* As file.c has it: up to the bad address. */
static size_t good_part(const struct io *io, size_t size)
{
    return io->vaddr + size > bad_vaddr ? bad_vaddr - io->vaddr : size;
}

bool io_put(struct io *io, const void *from, size_t size)
{
    size_t good = good_part(io, size);

    assert_true(size <= io->left);
    memcpy((void *)io->vaddr, from, good);
    return io_move(io, good) && good == size;
}

bool io_get(struct io *io, void *to, size_t size)
{
    size_t good = good_part(io, size);

    assert_true(size <= io->left);
    memcpy(to, (const void *)io->vaddr, good);
    return io_move(io, good) && good == size;
}

/* ---- one at a time ---- */

static uint8_t model[SIZE];
static uint8_t buffer[SIZE];

static int64_t read_at(uint64_t at, uint64_t size, uint64_t ahead)
{
    struct io io = {.vaddr = (uint64_t)buffer, .left = size};

    return block_cache_read(&disk, at, SIZE, &io, ahead);
}

static int64_t write_at(uint64_t at, uint64_t size)
{
    struct io io = {.vaddr = (uint64_t)buffer, .left = size};

    return block_cache_write(&disk, at, SIZE, &io);
}

static void fill_buffer(uint64_t size)
{
    for (uint64_t i = 0; i < size; i++)
        buffer[i] = (uint8_t)unit_random(&random_state);
}

static void check_bounds(void)
{
    assert_true(irqflag_on);
    assert_true(block_page_count() <= NR_PAGES_FREE / 4);
    assert_int_equal(nr_free + block_page_count(), NR_PAGES_FREE);
}

static int start(void **state)
{
    static bool is_registered;

    (void)state;
    irqflag_on = true;
    if (!is_registered) {
        block_register(&disk);
        block_page_init();
    }
    is_registered = true;
    for (size_t i = 0; i < SIZE; i++)
        disk_bytes[i] = model[i] = (uint8_t)unit_random(&random_state);
    block_page_forget(&disk, 0, SIZE);
    nr_requests = nr_reads = 0;
    largest = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    fails_one_of = 0;
    bad_start = bad_end = 0;
    bad_vaddr = UINT64_MAX;
    others_write = false;
    block_page_forget(&disk, 0, SIZE);
    assert_int_equal(block_page_count(), 0);
    assert_int_equal(nr_free, NR_PAGES_FREE);
    assert_int_equal(nr_blocks, 0);
    return 0;
}

static uint64_t some_size(void)
{
    static const uint64_t limits[] = {10, 600, PAGE + 1, 5 * PAGE, 60 * PAGE};

    return 1 + below(limits[below(ARRAY_SIZE(limits))]);
}

/* Of a write that failed: what was acknowledged is there, the rest is as it was
 * or as it was to be. */
static void write_some(uint64_t at, uint64_t size)
{
    int64_t done;

    fill_buffer(size);
    done = write_at(at, size);
    assert_true(done != 0 && done <= (int64_t)size);
    if (done < 0)
        assert_int_equal(done, -EIO);
    if (done > 0)
        memcpy(model + at, buffer, (size_t)done);
    done = MAX(done, 0);
    for (uint64_t i = (uint64_t)done; i < size; i++)
        if (disk_bytes[at + i] == buffer[i])
            model[at + i] = buffer[i];
}

static void read_some(uint64_t at, uint64_t size)
{
    int64_t done = read_at(at, size, below(3) * 8 * PAGE);

    assert_true(done != 0 && done <= (int64_t)size);
    if (done < 0)
        assert_int_equal(done, -EIO);
    else
        assert_memory_equal(buffer, model + at, (size_t)done);
}

static void random_steps(unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++) {
        uint64_t at = below(SIZE), size = some_size();

        size = MIN(size, SIZE - at);

        if (one_of(2))
            read_some(at, size);
        else
            write_some(at, size);
        assert_memory_equal(disk_bytes, model, SIZE);
        check_bounds();
    }
}

static void against_a_model(void **state)
{
    (void)state;
    random_steps(1000);
}

static void with_errors(void **state)
{
    (void)state;
    fails_one_of = 5;
    random_steps(1000);
}

/* A read that wants good sectors gets them, whatever was read ahead. */
static void bad_sectors(void **state)
{
    (void)state;
    bad_start = 80;
    bad_end = 81;
    assert_int_equal(read_at(0, 3 * PAGE, 60 * PAGE), 3 * PAGE);
    assert_int_equal(read_at(0, 20 * PAGE, 0), 10 * PAGE);
    assert_int_equal(read_at(10 * PAGE + 600, 10, 0), -EIO);
    assert_int_equal(read_at(11 * PAGE, 10, 0), 10);
    assert_int_equal(write_at(10 * PAGE, PAGE), -EIO);
    assert_int_equal(write_at(10 * PAGE - 7, 8), 7);
}

static void few_requests(void **state)
{
    (void)state;
    assert_int_equal(read_at(0, 48 * PAGE, 0), 48 * PAGE);
    assert_int_equal(nr_requests, 3);
    assert_int_equal(largest, MAX_BYTES);
    assert_int_equal(read_at(100, 30 * PAGE, 0), 30 * PAGE);
    assert_int_equal(nr_requests, 3);
    assert_int_equal(write_at(0, 32 * PAGE), 32 * PAGE);
    assert_int_equal(nr_requests, 5);
    assert_int_equal(write_at(64 * PAGE + 1, 16 * PAGE), 16 * PAGE);
    assert_int_equal(nr_reads, 3 + 2); /* its first page and its last one */
    assert_int_equal(nr_requests, 5 + 2 + 3);
}

static void ahead(void **state)
{
    (void)state;
    assert_int_equal(read_at(0, 1, 8 * PAGE), 1);
    assert_int_equal(nr_requests, 1);
    assert_int_equal(read_at(0, 8 * PAGE, 0), 8 * PAGE);
    assert_int_equal(nr_requests, 1);
    assert_int_equal(read_at(SIZE - 1, 1, 8 * PAGE), 1);
    assert_int_equal(nr_requests, 2);
    assert_int_equal(read_at(SIZE - 600, 600, 8 * PAGE), 600);
    assert_int_equal(nr_requests, 3);
}

static void bad_addresses(void **state)
{
    (void)state;
    bad_vaddr = (uint64_t)buffer;
    assert_int_equal(read_at(0, 100, 0), -EFAULT);
    assert_int_equal(write_at(0, 100), -EFAULT);
    assert_int_equal(write_at(0, 3 * PAGE), -EFAULT);
    bad_vaddr = (uint64_t)buffer + 2 * PAGE + 1;
    assert_int_equal(read_at(0, 3 * PAGE, 0), 2 * PAGE + 1);
    fill_buffer(3 * PAGE);
    assert_int_equal(write_at(PAGE, 3 * PAGE), 2 * PAGE);
    memcpy(model + PAGE, buffer, 2 * PAGE);
    assert_int_equal(write_at(10 * PAGE + 8, 3 * PAGE), 2 * PAGE - 8);
    memcpy(model + 10 * PAGE + 8, buffer, 2 * PAGE - 8);
    assert_memory_equal(disk_bytes, model, SIZE);
    bad_vaddr = UINT64_MAX;
    read_some(0, 20 * PAGE);
}

/* Its program is to end. */
static void ending(void **state)
{
    (void)state;
    ends_after = 3;
    assert_int_equal(read_at(0, 10 * PAGE, 0), 3 * PAGE);
    ends_after = 2;
    assert_int_equal(read_at(0, 10 * PAGE, 0), 2 * PAGE);
    ends_after = 1;
    assert_int_equal(read_at(30 * PAGE, 2 * PAGE, 0), PAGE);
    ends_after = 2;
    fill_buffer(60 * PAGE);
    assert_int_equal(write_at(0, 60 * PAGE), 2 * MAX_BYTES);
}

static void memory(void **state)
{
    (void)state;
    assert_int_equal(read_at(0, SIZE, 0), SIZE);
    assert_int_equal(block_page_count(), NR_PAGES_FREE / 4);
    assert_int_equal(giver(7), 7);
    assert_int_equal(block_page_count(), NR_PAGES_FREE / 4 - 7);
    assert_int_equal(giver(1000), NR_PAGES_FREE / 4 - 7);
    has_no_memory = true;
    assert_int_equal(read_at(0, 1, 0), -ENOMEM);
    assert_int_equal(write_at(0, PAGE), -ENOMEM);
    has_no_memory = false;
    nr_free = 0;
    assert_int_equal(read_at(0, 1, 0), -ENOMEM);
    assert_int_equal(write_at(0, PAGE), -ENOMEM);
    nr_free = NR_PAGES_FREE;
}

static void forgotten(void **state)
{
    (void)state;
    assert_int_equal(read_at(0, 20 * PAGE, 0), 20 * PAGE);
    memset(disk_bytes + 5 * PAGE + 512, 0x11, 512);
    memset(model + 5 * PAGE + 512, 0x11, 512);
    block_page_forget(&disk, 5 * PAGE + 512, 5 * PAGE + 1024);
    assert_int_equal(block_page_count(), 19);
    assert_int_equal(read_at(0, 20 * PAGE, 0), 20 * PAGE);
    assert_memory_equal(buffer, model, 20 * PAGE);
    block_page_forget(&disk, 4 * PAGE, 4 * PAGE); /* nothing */
    assert_int_equal(block_page_count(), 20);
    block_page_forget(&disk, 4 * PAGE - 1, UINT64_MAX);
    assert_int_equal(block_page_count(), 3);
}

/* ---- several at once ---- */

static unsigned int nr_steps_each;
static uint64_t stripe; /* bytes: each has one, in turn */
static bool can_bypass; /* they write the device itself, too */

/* Neither an error nor a lack of memory is an end: it is tried again. */
static void write_stripe(uint64_t at, const uint8_t *from, uint64_t size)
{
    uint64_t done = 0;

    while (done < size) {
        struct io io = {.vaddr = (uint64_t)from + done, .left = size - done};
        int64_t result = block_cache_write(&disk, at + done, SIZE, &io);

        assert_true(result > 0 || result == -EIO);
        done += (uint64_t)MAX(result, 0);
    }
}

static void read_stripe(uint64_t at, uint8_t *to, uint64_t size)
{
    uint64_t done = 0;

    while (done < size) {
        struct io io = {.vaddr = (uint64_t)to + done, .left = size - done};
        int64_t result =
            block_cache_read(&disk, at + done, SIZE, &io, below(20 * PAGE));

        assert_true(result > 0 || result == -EIO);
        done += (uint64_t)MAX(result, 0);
    }
}

/* As O_DIRECT does. */
static void bypass(uint64_t at, const uint8_t *from, uint64_t size)
{
    const struct block_segment segment = {(uint64_t)from, (uint32_t)size};
    struct block_request request = {
        .operation = BLOCK_WRITE,
        .sector = at / BLOCK_SECTOR,
        .segments = &segment,
        .nr_segments = 1,
    };

    do {
        block_page_forget(&disk, at, at + size);
    } while (block_do(&disk, &request) != 0);
    block_page_forget(&disk, at, at + size);
}

/* A stripe of this thread's, written and read. */
static void thread_step(unsigned int own)
{
    static _Alignas(PAGE) uint8_t all[NR_THREADS][2 * PAGE];
    uint64_t nr = SIZE / stripe / NR_THREADS;
    uint64_t at = (below(nr) * NR_THREADS + own) * stripe;
    uint8_t *bytes = all[own], *back = all[own] + PAGE;

    if (one_of(2)) {
        for (uint64_t i = 0; i < stripe; i++)
            bytes[i] = (uint8_t)unit_random(&random_state);
        memcpy(model + at, bytes, stripe);
        if (can_bypass && one_of(2))
            bypass(at, bytes, stripe);
        else
            write_stripe(at, bytes, stripe);
        assert_memory_equal(disk_bytes + at, model + at, stripe);
    }
    read_stripe(at, back, stripe);
    assert_memory_equal(back, model + at, stripe);
}

static void run_thread(void)
{
    struct coroutine *self = running;

    for (unsigned int i = 0; i < nr_steps_each; i++)
        thread_step((unsigned int)(self - threads));
    self->is_done = true;
    leave(NULL);
}

static void start_thread(struct coroutine *thread)
{
    thread->is_done = false;
    thread->queue = NULL;
    getcontext(&thread->context);
    thread->context.uc_stack.ss_sp = thread->stack;
    thread->context.uc_stack.ss_size = sizeof(thread->stack);
    thread->context.uc_link = &main_context;
    makecontext(&thread->context, run_thread, 0);
}

/* One of those that are ready, or NULL. */
static struct coroutine *choose(void)
{
    struct coroutine *ready[NR_THREADS];
    unsigned int nr = 0;

    for (unsigned int i = 0; i < NR_THREADS; i++)
        if (!threads[i].is_done && threads[i].queue == NULL)
            ready[nr++] = &threads[i];
    return nr > 0 ? ready[below(nr)] : NULL;
}

static void run_threads(void)
{
    for (unsigned int i = 0; i < NR_THREADS; i++)
        start_thread(&threads[i]);
    for (;;) {
        struct coroutine *next = choose();

        if (nr_taken > 0 && (next == NULL || one_of(3))) {
            end_request((unsigned int)below(nr_taken));
            continue;
        }
        if (next == NULL)
            break;
        running = next;
        irqflag_on = true;
        swapcontext(&main_context, &next->context);
        running = NULL;
    }
    irqflag_on = true;
    for (unsigned int i = 0; i < NR_THREADS; i++)
        assert_true(threads[i].is_done);
    assert_memory_equal(disk_bytes, model, SIZE);
    check_bounds();
}

static void several(void **state)
{
    (void)state;
    nr_steps_each = 2000;
    can_bypass = false;
    stripe = 100;
    run_threads();
    fails_one_of = 6;
    stripe = 1000;
    run_threads();
}

static void several_bypass(void **state)
{
    (void)state;
    nr_steps_each = 2000;
    can_bypass = true;
    stripe = BLOCK_SECTOR;
    run_threads();
    fails_one_of = 6;
    stripe = 3 * BLOCK_SECTOR;
    run_threads();
}

/* A domain that has the disk writes all the time: what was read is used once.
 */
static void while_others_write(void **state)
{
    (void)state;
    others_write = true;
    assert_int_equal(read_at(100, 10 * PAGE, 0), 10 * PAGE);
    assert_memory_equal(buffer, disk_bytes + 100, 10 * PAGE);
    fill_buffer(PAGE);
    assert_int_equal(write_at(100, PAGE), PAGE);
    assert_memory_equal(buffer, disk_bytes + 100, PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(against_a_model, start, end),
        cmocka_unit_test_setup_teardown(with_errors, start, end),
        cmocka_unit_test_setup_teardown(bad_sectors, start, end),
        cmocka_unit_test_setup_teardown(few_requests, start, end),
        cmocka_unit_test_setup_teardown(ahead, start, end),
        cmocka_unit_test_setup_teardown(bad_addresses, start, end),
        cmocka_unit_test_setup_teardown(ending, start, end),
        cmocka_unit_test_setup_teardown(memory, start, end),
        cmocka_unit_test_setup_teardown(forgotten, start, end),
        cmocka_unit_test_setup_teardown(while_others_write, start, end),
        cmocka_unit_test_setup_teardown(several, start, end),
        cmocka_unit_test_setup_teardown(several_bypass, start, end),
    };

    return cmocka_run_group_tests_name("guest block/block_cache", tests, NULL,
                                       NULL);
}
