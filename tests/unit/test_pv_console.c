/* SPDX-License-Identifier: MIT
 *
 * pvdrivers/console_front.c in domain 1 and console_back.c in domain 0, on the
 * host's env.h: alone, as threads, with back-ends that go and come, and with a
 * domain that lies, floods or sends events for nothing.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "abi/errors.h"
#include "lib/macros.h"
#include "pvdrivers/console_back.h"
#include "pvdrivers/console_front.h"
#include "tests/unit/env_host.h"

#define BACK 0
#define FRONT 1

static struct parapet_console *page;
static uint32_t page_ref, front_port;
static struct console_front front;
static struct console_back back;

/* What was shown, and how often there was room. */
static uint64_t nr_shown;
static bool wrong_byte;
static unsigned int nr_rooms;

static uint8_t byte_of(uint64_t number)
{
    return (uint8_t)(number * 7 + number / 251);
}

static void fill(uint8_t *text, uint64_t number, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++)
        text[i] = byte_of(number + i);
}

static void show(void *context, const uint8_t *text, uint32_t nr)
{
    (void)context;
    for (uint32_t i = 0; i < nr; i++)
        wrong_byte |= text[i] != byte_of(nr_shown++);
}

static void room(void *context)
{
    (void)context;
    nr_rooms++;
}

static const struct console_back_user user = {show, room};

static void begin_back(void)
{
    back = (struct console_back){
        .domain = FRONT, .bell = back.bell, .user = &user};
    assert_int_equal(console_back_map(&back, page_ref), 0);
    assert_int_equal(console_back_begin(&back, front_port), 0);
}

/* Both are there; domain 0 is the caller's. */
static int setup(void **state)
{
    (void)state;
    env_host_reset();
    nr_shown = nr_rooms = 0;
    wrong_byte = false;
    env_host_be(FRONT);
    page = env_page_alloc();
    page_ref = (uint32_t)env_lend(BACK, page, false);
    front_port = (uint32_t)env_port_alloc(BACK, NULL, NULL);
    assert_int_equal(console_front_begin(&front, page, front_port), 0);
    env_host_be(BACK);
    back.bell = env_bell_make();
    begin_back();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_false(wrong_byte);
    console_back_end(&back);
    env_bell_free(back.bell);
    assert_int_equal(env_host_use(BACK).mapped, 0);
    assert_int_equal(env_host_use(BACK).ports, 0);
    env_host_be(FRONT);
    env_bell_free(front.room);
    env_bell_free(front.input);
    return 0;
}

/* The front-end's calls, in its domain. */
static int write_at(uint64_t number, uint32_t nr, uint64_t deadline_ns)
{
    uint8_t text[8192];
    int done;

    fill(text, number, nr);
    env_host_be(FRONT);
    done = console_front_write(&front, text, nr, deadline_ns);
    env_host_be(BACK);
    return done;
}

static int read_at(uint64_t number, uint32_t nr)
{
    uint8_t text[8192], expected[8192];
    int done;

    env_host_be(FRONT);
    done = console_front_read(&front, text, nr);
    env_host_be(BACK);
    if (done > 0) {
        fill(expected, number, (uint32_t)done);
        assert_memory_equal(text, expected, (size_t)done);
    }
    return done;
}

/* Until there is nothing more; its last word. The time after which it listens
 * again has always come. */
static uint64_t serve(void)
{
    uint64_t when;

    do {
        back.listener.unmask_at = 0;
        when = console_back_serve(&back);
    } while (when != ENV_FOREVER);
    return when;
}

static void test_out(void **state)
{
    (void)state;
    assert_int_equal(write_at(0, 5, 0), 5);
    assert_int_equal(serve(), ENV_FOREVER);
    assert_int_equal(nr_shown, 5);
    /* With nobody to show it, what fits is in the page, and stays. */
    assert_int_equal(write_at(5, 8000, 0), PARAPET_CONSOLE_OUT_BYTES);
    assert_int_equal(write_at(5 + PARAPET_CONSOLE_OUT_BYTES, 1, 0), 0);
    assert_int_equal(serve(), ENV_FOREVER);
    assert_int_equal(nr_shown, 5 + PARAPET_CONSOLE_OUT_BYTES);
}

static int input_at(uint64_t number, uint32_t nr)
{
    uint8_t text[8192];

    fill(text, number, nr);
    return console_back_input(&back, text, nr);
}

static void test_in(void **state)
{
    (void)state;
    assert_int_equal(read_at(0, 10), 0);
    assert_int_equal(input_at(0, 30), 30);
    assert_int_equal(read_at(0, 10), 10);
    assert_int_equal(input_at(30, 2000), PARAPET_CONSOLE_IN_BYTES - 20);
    assert_int_equal(serve(), ENV_FOREVER);
    assert_int_equal(nr_rooms, 0);
    assert_int_equal(read_at(10, 1), 1);
    assert_true(env_bell_wait(back.bell, 0)); /* it has heard of the room */
    assert_int_equal(serve(), ENV_FOREVER);
    assert_int_equal(nr_rooms, 1);
    assert_int_equal(read_at(11, 5), 5);
    assert_int_equal(serve(), ENV_FOREVER);
    assert_int_equal(nr_rooms, 1); /* it waits no more */
}

/* Two type: that the second finds room takes nothing from the first, who still
 * waits for it. */
static void test_two_type(void **state)
{
    (void)state;
    assert_int_equal(input_at(0, 2000), PARAPET_CONSOLE_IN_BYTES);
    assert_int_equal(serve(), ENV_FOREVER);
    assert_int_equal(read_at(0, 100), 100);
    assert_int_equal(input_at(PARAPET_CONSOLE_IN_BYTES, 1), 1);
    assert_int_equal(nr_rooms, 0);
    assert_int_equal(serve(), ENV_FOREVER);
    assert_int_equal(nr_rooms, 1);
}

/* ---- as threads ---- */

#define NR_OUT 200000u
#define NR_IN 20000u

static void run_writer(void *unused)
{
    uint64_t random = 3, done = 0;
    uint8_t text[4096];

    (void)unused;
    while (done < NR_OUT) {
        uint32_t most = (uint32_t)(unit_random(&random) % sizeof(text)) + 1;
        uint32_t nr = (uint32_t)MIN(most, NR_OUT - done);

        fill(text, done, nr);
        if (console_front_write(&front, text, nr, ENV_FOREVER) != (int)nr)
            abort();
        done += nr;
    }
}

static void run_reader(void *unused)
{
    uint64_t done = 0;
    uint8_t text[100], expected[100];

    (void)unused;
    while (done < NR_IN) {
        int nr = console_front_read(&front, text, sizeof(text));

        if (nr < 0)
            abort();
        fill(expected, done, (uint32_t)nr);
        if (memcmp(text, expected, (size_t)nr) != 0)
            abort();
        done += (uint64_t)nr;
        if (nr == 0 && console_front_wait(&front, ENV_FOREVER) != 1)
            abort();
    }
}

static void start_front(void (*run)(void *))
{
    env_host_be(FRONT);
    assert_int_equal(env_thread_start("front", run, NULL), 0);
    env_host_be(BACK);
}

static void test_threads(void **state)
{
    uint64_t typed = 0;

    (void)state;
    start_front(run_writer);
    start_front(run_reader);
    while (nr_shown < NR_OUT || typed < NR_IN) {
        uint64_t when = console_back_serve(&back);

        if (typed < NR_IN && (typed == 0 || nr_rooms > 0)) {
            int nr;

            do {
                nr_rooms = 0;
                nr = input_at(typed, (uint32_t)MIN(700u, NR_IN - typed));
                assert_true(nr >= 0);
                typed += (uint64_t)nr;
            } while (nr > 0 && typed < NR_IN);
        }
        if (nr_shown < NR_OUT || typed < NR_IN)
            (void)env_bell_wait(back.bell, when);
    }
    env_host_join();
    assert_int_equal(nr_shown, NR_OUT);
}

/* A back-end stops and another one begins, again and again: nothing is lost
 * and nothing comes twice. */
static void test_back_comes_and_goes(void **state)
{
    unsigned int nr_ends = 0;

    (void)state;
    start_front(run_writer);
    while (nr_shown < NR_OUT) {
        uint64_t when = console_back_serve(&back);

        if (nr_shown * 25 / NR_OUT > nr_ends) {
            nr_ends++;
            console_back_end(&back);
            assert_int_equal(env_host_use(BACK).mapped, 0);
            assert_int_equal(env_host_use(BACK).ports, 0);
            assert_int_equal(console_back_serve(&back), ENV_FOREVER);
            begin_back();
        } else if (nr_shown < NR_OUT) {
            (void)env_bell_wait(back.bell, when);
        }
    }
    env_host_join();
    assert_true(nr_ends >= 20);
    assert_int_equal(nr_shown, NR_OUT);
}

static void test_front_times_out(void **state)
{
    uint64_t begin = env_now();

    (void)state;
    assert_int_equal(write_at(0, 4000, begin + 1000000),
                     PARAPET_CONSOLE_OUT_BYTES);
    assert_true(env_now() >= begin + 1000000);
    begin = env_now();
    env_host_be(FRONT);
    assert_int_equal(console_front_wait(&front, begin + 1000000), 0);
    assert_true(env_now() >= begin + 1000000);
    env_host_be(BACK);
    (void)serve();
}

/* ---- a domain that means harm ---- */

static void check_broken(void)
{
    assert_string_equal(
        env_host_said(),
        "d0: d1: console: its words cannot be true: it is left alone");
    assert_int_equal(env_host_use(BACK).mapped, 0);
    assert_int_equal(env_host_use(BACK).ports, 0);
    assert_int_equal(console_back_serve(&back), ENV_FOREVER);
    assert_int_equal(input_at(0, 1), -PV_EIO);
}

static void test_hostile_front(void **state)
{
    (void)state;
    page->out.prod = PARAPET_CONSOLE_OUT_BYTES + 1;
    assert_int_equal(console_back_serve(&back), ENV_FOREVER);
    check_broken();
    assert_int_equal(nr_shown, 0);
    page->out.prod = 0;
    begin_back();
    page->in.cons = 1;
    assert_int_equal(input_at(0, 1), -PV_EIO);
    check_broken();
    page->in.cons = 0;
    begin_back();
    assert_int_equal(input_at(0, 2000), PARAPET_CONSOLE_IN_BYTES);
    page->in.cons = PARAPET_CONSOLE_IN_BYTES + 1;
    nr_rooms = 0;
    assert_int_equal(console_back_serve(&back), ENV_FOREVER);
    check_broken();
    assert_false(back.wants_room); /* who waited for it is told */
    assert_int_equal(nr_rooms, 1);
}

static void test_hostile_back(void **state)
{
    (void)state;
    assert_int_equal(write_at(0, 10, 0), 10);
    page->out.cons = 11;
    assert_int_equal(write_at(10, 4000, ENV_FOREVER), -PV_EIO);
    assert_int_equal(write_at(10, 1, ENV_FOREVER), -PV_EIO);
    page->in.prod = PARAPET_CONSOLE_IN_BYTES + 1;
    assert_int_equal(read_at(0, 1), -PV_EIO);
    env_host_be(FRONT);
    assert_int_equal(console_front_wait(&front, ENV_FOREVER), -PV_EIO);
    env_host_be(BACK);
}

static void show_anything(void *context, const uint8_t *text, uint32_t nr)
{
    (void)context;
    (void)text;
    nr_shown += nr;
}

/* Types once more from within, which may find the page broken. */
static void type_more(void *context)
{
    (void)context;
    nr_rooms++;
    (void)input_at(0, 300);
}

static void lie(uint64_t random)
{
    uint32_t *words[] = {&page->out.prod, &page->out.cons_event,
                         &page->out.cons, &page->out.prod_event,
                         &page->in.prod,  &page->in.cons_event,
                         &page->in.cons,  &page->in.prod_event};
    uint32_t *word = words[random % ARRAY_SIZE(words)];

    *word += (random >> 8) % 64 == 0 ? (uint32_t)(random >> 16)
                                     : (uint32_t)(random >> 16) % 500;
}

/* Any words and events, in any order: it breaks or it goes on, and has nothing
 * of the other's afterwards. */
static void test_hostile_random(void **state)
{
    static const struct console_back_user careless = {show_anything, type_more};
    uint64_t random = 9;
    unsigned int nr_broken = 0;

    (void)state;
    for (int i = 0; i < 50000; i++) {
        uint64_t step = unit_random(&random) % 8;

        back.user = &careless;
        if (step < 2)
            lie(unit_random(&random));
        else if (step == 2)
            (void)input_at(0, (uint32_t)(unit_random(&random) % 1200));
        else if (step == 3) {
            env_host_be(FRONT);
            env_port_send(front_port);
            env_host_be(BACK);
        } else {
            back.listener.unmask_at = 0;
            (void)console_back_serve(&back);
        }
        if (back.port == 0) {
            assert_int_equal(env_host_use(BACK).mapped, 0);
            assert_int_equal(env_host_use(BACK).ports, 0);
            nr_broken++;
            memset(page, 0, sizeof(*page));
            begin_back();
        }
    }
    assert_true(nr_broken > 20);
    assert_true(nr_shown > 10000);
    assert_true(nr_rooms > 10);
}

/* What a domain gets through is bounded by the time, whoever is quick. */
static void test_flood(void **state)
{
    uint64_t begin = env_now(), most;
    bool was_late = false;

    (void)state;
    back.rate = 100000;
    while (nr_shown < CONSOLE_BACK_BURST + 5000) {
        uint64_t when = console_back_serve(&back);

        most =
            CONSOLE_BACK_BURST + (env_now() - begin) * back.rate / 1000000000;
        assert_true(nr_shown <= most);
        if (when != 0 && when != ENV_FOREVER) {
            was_late = true;
            assert_true(back.allowance <= 0);
        }
        (void)write_at(nr_shown + (page->out.prod - page->out.cons), 2048, 0);
    }
    assert_true(was_late);
    back.rate = 0;
    (void)serve();
}

/* One byte with each event: how often it is served is bounded by the time. */
static void test_drops(void **state)
{
    uint64_t begin = env_now(), most;

    (void)state;
    back.rate = CONSOLE_BACK_ROUND;
    for (int i = 0; i < 5000; i++) {
        (void)write_at(nr_shown + (page->out.prod - page->out.cons), 1, 0);
        (void)console_back_serve(&back);
        if (page->out.prod != page->out.cons)
            break;
        most = CONSOLE_BACK_BURST / CONSOLE_BACK_ROUND +
               (env_now() - begin) / 1000000000;
        assert_true(nr_shown <= most);
    }
    assert_true(back.allowance <= 0);
    back.rate = 0;
    (void)serve();
}

/* Events without anything: it listens more and more rarely, then as before. */
static void test_events_for_nothing(void **state)
{
    uint64_t delay = 0;

    (void)state;
    assert_int_equal(serve(), ENV_FOREVER);
    for (int i = 0; i < 14; i++) {
        uint64_t now = env_now(), when;

        env_host_be(FRONT);
        for (int j = 0; j < 5; j++)
            env_port_send(front_port);
        env_host_be(BACK);
        when = console_back_serve(&back);
        if (i > 0) {
            assert_true(when != ENV_FOREVER && when >= now + delay);
            assert_true(delay >= LISTEN_MAX_DELAY_NS ||
                        when - now >= LISTEN_DELAY_NS << (i - 1));
            delay = MIN(LISTEN_DELAY_NS << i, LISTEN_MAX_DELAY_NS);
        }
        back.listener.unmask_at = 0; /* as if it had come */
        assert_int_equal(console_back_serve(&back), ENV_FOREVER);
    }
    assert_int_equal(write_at(0, 1, 0), 1);
    back.listener.unmask_at = 0;
    (void)serve();
    assert_int_equal(nr_shown, 1);
    assert_int_equal(back.listener.nr_idle, 0);
}

/* While it is stopped the page is kept, and what is in it can be shown: also
 * of a domain that has ended, which lends nothing more. */
static void test_stopped(void **state)
{
    (void)state;
    assert_int_equal(write_at(0, 3000, 0), 2048);
    (void)console_back_serve(&back);
    assert_int_equal(write_at(2048, 3000, 0), 2048);
    console_back_stop(&back);
    assert_int_equal(env_host_use(BACK).mapped, 1);
    assert_int_equal(env_host_use(BACK).ports, 0);
    assert_int_equal(console_back_serve(&back), ENV_FOREVER);
    assert_int_equal(input_at(0, 1), -PV_EIO);
    assert_int_equal(nr_shown, 2048);
    assert_int_equal(console_back_begin(&back, front_port), 0);
    (void)serve();
    assert_int_equal(nr_shown, 2 * 2048);
    console_back_stop(&back);
    assert_int_equal(write_at(2 * 2048, 100, 0), 100);
    console_back_drain(&back, 1);
    assert_int_equal(nr_shown, 2 * 2048 + 100);
    assert_int_equal(write_at(2 * 2048 + 100, 2048, 0), 2048);
    console_back_drain(&back, 8);
    assert_int_equal(nr_shown, 3 * 2048 + 100);
    console_back_drain(&back, 8);
    console_back_end(&back);
    console_back_drain(&back, 8);
    assert_int_equal(console_back_begin(&back, front_port), -PV_EIO);
}

/* One that lies in its last words, and one that fills the page as fast as it is
 * drained. */
static void fill_again(void *context, const uint8_t *text, uint32_t nr)
{
    show(context, text, nr);
    (void)write_at(nr_shown + (page->out.prod - page->out.cons), nr, 0);
}

static void test_hostile_drain(void **state)
{
    static const struct console_back_user filler = {fill_again, room};

    (void)state;
    back.user = &filler;
    assert_int_equal(write_at(0, 2048, 0), 2048);
    console_back_stop(&back);
    console_back_drain(&back, 8);
    assert_int_in_range(nr_shown, 2048, 8 * 2048);
    page->out.prod = page->out.cons + PARAPET_CONSOLE_OUT_BYTES + 1;
    console_back_drain(&back, 8);
    check_broken();
}

/* Whatever is refused at the beginning: nothing is left. */
static void test_refused(void **state)
{
    (void)state;
    console_back_end(&back);
    env_host_refuse_after(0);
    assert_true(console_back_map(&back, page_ref) < 0);
    assert_true(console_back_map(&back, page_ref + 1) < 0);
    assert_int_equal(env_host_use(BACK).mapped, 0);
    assert_int_equal(console_back_begin(&back, front_port), -PV_EIO);
    assert_int_equal(console_back_map(&back, page_ref), 0);
    env_host_refuse_after(0);
    assert_true(console_back_begin(&back, front_port) < 0);
    assert_true(console_back_begin(&back, front_port + 1) < 0);
    assert_int_equal(env_host_use(BACK).ports, 0);
    assert_int_equal(console_back_serve(&back), ENV_FOREVER);
    assert_int_equal(console_back_begin(&back, front_port), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_out),
        CASE(test_in),
        CASE(test_two_type),
        CASE(test_threads),
        CASE(test_back_comes_and_goes),
        CASE(test_front_times_out),
        CASE(test_hostile_front),
        CASE(test_hostile_back),
        CASE(test_hostile_random),
        CASE(test_flood),
        CASE(test_drops),
        CASE(test_events_for_nothing),
        CASE(test_stopped),
        CASE(test_hostile_drain),
        CASE(test_refused),
    };

    return cmocka_run_group_tests_name("pv_console", tests, NULL, NULL);
}
