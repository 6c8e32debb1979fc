/* SPDX-License-Identifier: MIT
 *
 * The rows of the console: what it costs to have 256 bytes shown, as much as a
 * console_write takes. By the page of a console, written and read by both ends
 * as pvdrivers/console_*.c do it, which do not sleep here; by the hypercall;
 * and by a driver of the bare machine, whose `out` for each byte is a fault,
 * upon which its kernel makes the hypercall.
 */
#include "abi/console.h"
#include "abi/stubs.h"
#include "lib/macros.h"
#include "pvdrivers/stream.h"
#include "tests/bench/loops.h"
#include "tests/bench/operation.h"
#include "tests/kernels/lib/trap.h"

/* loops_console.S has the number. */
_Static_assert(PARAPET_HC_console_write == 2, "a hypercall has another number");

#define LINE_SIZE 64

/* In pages without code, beside which a store is slow. */
static _Alignas(4096) struct parapet_console page;
static _Alignas(4096) struct {
    struct stream_writer front;
    struct stream_reader back;
    uint8_t came[BENCH_CONSOLE_BYTES];
} ends;

static uint64_t nr_wrong;

/* Both ends may have been changed by the other kernel. */
static inline void other_end(void)
{
    __asm__ volatile("" ::: "memory");
}

static uint64_t ring_loop(uint64_t iterations)
{
    while (iterations-- > 0) {
        if (stream_write(&ends.front, bench_console_text,
                         BENCH_CONSOLE_BYTES) != BENCH_CONSOLE_BYTES)
            nr_wrong++;
        if (stream_writer_push(&ends.front))
            nr_wrong++;
        other_end();
        if (stream_read(&ends.back, ends.came, BENCH_CONSOLE_BYTES) !=
            BENCH_CONSOLE_BYTES)
            nr_wrong++;
        if (stream_reader_free(&ends.back))
            nr_wrong++;
        other_end();
    }
    return nr_wrong;
}

/* One call, but where nobody reads what comes out of the machine. */
static uint64_t write_loop(uint64_t iterations)
{
    while (iterations-- > 0) {
        for (uint64_t done = 0; done < BENCH_CONSOLE_BYTES;) {
            int64_t more = hypercall_console_write(bench_console_text + done,
                                                   BENCH_CONSOLE_BYTES - done);

            if (more > 0)
                done += (uint64_t)more;
        }
    }
    return 0;
}

static void prepare_text(void)
{
    bench_bytes = BENCH_CONSOLE_BYTES;
    for (size_t i = 0; i < BENCH_CONSOLE_BYTES; i++)
        bench_console_text[i] = i % LINE_SIZE == LINE_SIZE - 1 ? '\n' : '.';
}

static void prepare_ring(void)
{
    prepare_text();
    stream_writer_init(&ends.front, &page.out, page.out_bytes,
                       sizeof(page.out_bytes));
    stream_reader_init(&ends.back, &page.out, page.out_bytes,
                       sizeof(page.out_bytes));
    /* The first of each is told to whoever sleeps. */
    (void)ring_loop(1);
    nr_wrong = 0;
}

static void prepare_port(void)
{
    prepare_text();
    mg_trap_set(MG_GP, 0, (uint64_t)bench_port_entry);
}

const struct operation console_operations[] = {
    {"console_bytes", "split", ring_loop, 2000, 1, prepare_ring, 0},
    {"console_bytes", "hypercall", write_loop, 4, 1, prepare_text, 0},
    {"console_bytes", "trap", bench_console_port, 4, 1, prepare_port,
     RESULT_ANY},
};
const size_t nr_console_operations = ARRAY_SIZE(console_operations);
