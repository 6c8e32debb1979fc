/* SPDX-License-Identifier: MIT
 *
 * Pipes between processes: a token that goes to and fro, one that goes round,
 * and data. The processes are a ring; this one is its first member:
 *
 *   self --pipe 0--> child 1 --pipe 1--> child 2 ... --pipe N-1--> self
 *
 * A child ends when its pipe does.
 */
#include "user/bench/bench.h"

#include <sys/wait.h>
#include <unistd.h>

#define MAX_RING 8
#define CHUNK (64 * 1024ul)

static unsigned int ring_size;
static int readers[MAX_RING], writers[MAX_RING];
static int alone[2]; /* a pipe that has both ends here */
static char *chunk;

/* False at the end of the file. */
static bool receive(int reader)
{
    char token;

    return read(reader, &token, 1) == 1;
}

static void send(int writer)
{
    const char token = 1;

    if (write(writer, &token, 1) != 1)
        fail("writing to a pipe");
}

static void make_pipes(unsigned int size)
{
    unsigned int i;
    int ends[2];

    ring_size = size;
    for (i = 0; i < size; i++) {
        if (pipe(ends) != 0)
            fail("pipe");
        readers[i] = ends[0];
        writers[i] = ends[1];
    }
}

/* All ends but those with these numbers; -1 is none. */
static void close_all_but(int reader, int writer)
{
    int i;

    for (i = 0; i < (int)ring_size; i++) {
        if (i != reader)
            (void)close(readers[i]);
        if (i != writer)
            (void)close(writers[i]);
    }
}

static _Noreturn void child(int number)
{
    close_all_but(number - 1, number);
    while (receive(readers[number - 1]))
        send(writers[number]);
    _exit(0);
}

/* Runs the function, which ends its process, in a new one. */
static void start(void (*function)(int number), int number)
{
    pid_t pid = fork();

    if (pid < 0)
        fail("fork");
    if (pid == 0)
        function(number);
}

static void wait_for_all(void)
{
    while (wait(NULL) > 0)
        ;
}

static void make_ring(unsigned int size)
{
    unsigned int i;

    make_pipes(size);
    for (i = 1; i < size; i++)
        start(child, (int)i);
    close_all_but((int)size - 1, 0);
    if (pipe(alone) != 0)
        fail("pipe");
}

static void make_ring_of_2(void)
{
    make_ring(2);
}

static void make_ring_of_8(void)
{
    make_ring(MAX_RING);
}

static void finish_ring(void)
{
    (void)close(alone[0]);
    (void)close(alone[1]);
    (void)close(writers[0]);
    (void)close(readers[ring_size - 1]);
    wait_for_all();
}

/* The token goes round once. */
static void ring_loop(uint64_t iterations)
{
    while (iterations-- > 0) {
        send(writers[0]);
        if (!receive(readers[ring_size - 1]))
            fail("the ring is broken");
    }
}

/* The same reads and writes, all in this process. */
static void alone_loop(uint64_t iterations)
{
    uint64_t steps = iterations * ring_size;

    while (steps-- > 0) {
        send(alone[1]);
        (void)receive(alone[0]);
    }
}

/* ---- data ---- */

/* Until nobody reads any more, upon which SIGPIPE ends it. */
static _Noreturn void pour(int number)
{
    close_all_but(-1, number);
    while (write(writers[number], chunk, CHUNK) > 0)
        ;
    _exit(0);
}

/* The reader's time is taken, as the pipe is full before and after. */
static void make_source(void)
{
    chunk = new_pages(CHUNK);
    make_pipes(1);
    start(pour, 0);
    (void)close(writers[0]);
}

static void finish_source(void)
{
    (void)close(readers[0]);
    wait_for_all();
    free_pages(chunk, CHUNK);
}

static void data_loop(uint64_t iterations)
{
    size_t done;
    ssize_t got;

    while (iterations-- > 0)
        for (done = 0; done < CHUNK; done += (size_t)got) {
            got = read(readers[0], chunk, CHUNK - done);
            if (got <= 0)
                fail("reading from a pipe");
        }
}

const struct row pipe_rows[] = {
    {.name = "lat_pipe",
     .prepare = make_ring_of_2,
     .loop = ring_loop,
     .finish = finish_ring,
     .iterations = 100,
     .per_iteration = 1},
    {.name = "lat_ctx_2",
     .prepare = make_ring_of_2,
     .loop = ring_loop,
     .baseline = alone_loop,
     .finish = finish_ring,
     .iterations = 100,
     .per_iteration = 2},
    {.name = "lat_ctx_8",
     .prepare = make_ring_of_8,
     .loop = ring_loop,
     .baseline = alone_loop,
     .finish = finish_ring,
     .iterations = 25,
     .per_iteration = 8},
    {.name = "bw_pipe",
     .prepare = make_source,
     .loop = data_loop,
     .finish = finish_source,
     .iterations = 10,
     .per_iteration = 1,
     .bytes = CHUNK},
    {.name = NULL},
};
