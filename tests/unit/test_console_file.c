/* SPDX-License-Identifier: MIT
 *
 * guest-kernel/control/console_file.c: who reads another domain's console while
 * what it shows is lost, since there is no memory for it. To sleep is to do
 * what the test says that others do meanwhile.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "guest-kernel/control/console.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/file.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/tty/console.h"

bool irqflag_on;

static struct control_console console;
static struct file file;
static bool has_memory;
static uint8_t memory[ENV_PAGE_SIZE];
static struct console_reader a_reader;
static char got[64];
static void (*others)(void); /* run while somebody sleeps */
static unsigned int nr_looks;

/* ---- what it calls ---- */

void *kmalloc(size_t size)
{
    assert_int_equal(size, sizeof(a_reader));
    return &a_reader;
}

void *env_page_alloc(void)
{
    return has_memory ? memory : NULL;
}

void env_page_free(void *page)
{
    (void)page;
}

bool io_put(struct io *io, const void *from, size_t size)
{
    assert_true(size <= io->left && io->vaddr + size <= sizeof(got));
    memcpy(got + io->vaddr, from, size);
    io->vaddr += size;
    io->left -= size;
    return true;
}

bool io_get(struct io *io, void *to, size_t size)
{
    (void)io;
    (void)to;
    (void)size;
    return false;
}

int64_t wait_queue_sleep_until(struct wait_queue *queue, uint64_t deadline_ns)
{
    void (*once)(void) = others;

    (void)queue;
    (void)deadline_ns;
    assert_false(irqflag_on);
    others = NULL;
    if (once == NULL)
        return -ERESTARTSYS;
    once();
    return 0;
}

struct control_console *control_console_find(uint64_t domain)
{
    return domain == 1 ? &console : NULL;
}

bool control_console_is_on(void)
{
    return true;
}

void control_console_read(void)
{
    nr_looks++;
}

void control_console_leave(struct console_reader *reader)
{
    (void)reader;
}

int console_back_input(struct console_back *back, const void *text, uint32_t nr)
{
    (void)back;
    (void)text;
    return (int)nr;
}

void console_pass_key(bool pass)
{
    (void)pass;
}

/* ---- the cases ---- */

static int setup(void **state)
{
    (void)state;
    memset(&console, 0, sizeof(console));
    list_init(&console.readers);
    file = (struct file){.flags = 0};
    has_memory = irqflag_on = true;
    others = NULL;
    nr_looks = 0;
    return control_console_open(&file, 1) == 0 ? 0 : -1;
}

static void show(void)
{
    history_add(&console.history, (const uint8_t *)"text", 4);
}

static void show_what_is_lost(void)
{
    has_memory = false;
    show();
    has_memory = true;
    others = show;
}

static int64_t read_some(void)
{
    struct io to = {.vaddr = 0, .left = sizeof(got)};

    return file.ops->read(&file, &to, NULL);
}

static void test_reads(void **state)
{
    (void)state;
    others = show;
    assert_int_equal(read_some(), 4);
    assert_memory_equal(got, "text", 4);
    assert_int_equal(read_some(), -ERESTARTSYS);
    console.is_ended = true;
    assert_int_equal(read_some(), 0);
}

/* That is not the domain's end: it waits for what comes next. */
static void test_lost(void **state)
{
    (void)state;
    others = show_what_is_lost;
    assert_int_equal(read_some(), 4);
    assert_memory_equal(got, "text", 4);
    assert_int_equal(nr_looks, 2);
    has_memory = false;
    console.history = (struct history){.start = 9, .end = 9};
    file.flags = O_NONBLOCK;
    assert_int_equal(read_some(), -EAGAIN);
    console.history.start = console.history.end = 12;
    console.is_ended = true;
    assert_int_equal(read_some(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_reads, setup),
        cmocka_unit_test_setup(test_lost, setup),
    };

    return cmocka_run_group_tests_name("console_file", tests, NULL, NULL);
}
