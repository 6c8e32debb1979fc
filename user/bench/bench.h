/* SPDX-License-Identifier: MIT
 *
 * Measurements of what a kernel does for programs, named as lmbench names
 * them (McVoy and Staelin, "lmbench: portable tools for performance analysis",
 * 1996), and done as it does them but for sizes. main.c chooses and prints,
 * measure.c takes samples, exits.c reads what the kernel counts, trace.c is for
 * a debugger, and the rows_*.c have the operations.
 */
#ifndef USER_BENCH_BENCH_H
#define USER_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- exits.c: how often the kernel left for the hypervisor ---- */

#define MAX_EXITS 64

/* By name; each name keeps its place as long as the program runs. */
struct exits {
    int64_t count[MAX_EXITS];
};

/* False where nothing is counted: on the bare machine. */
bool exits_are_counted(void);

/* All from the start of the machine on. */
void exits_read(struct exits *exits);

unsigned int exits_nr_names(void);
const char *exits_name(unsigned int index);

/* ---- measure.c ---- */

/* Does its operation so many times; ends the program if that fails. */
typedef void loop_t(uint64_t iterations);

struct row {
    const char *name;
    void (*prepare)(void); /* NULL: there is nothing to do */
    loop_t *before;        /* of each loop, with its rounds; NULL: nothing */
    loop_t *loop;
    void (*after)(void); /* each loop, takes away what it left; NULL: nothing */
    loop_t *baseline;    /* what is taken off; NULL: nothing */
    void (*finish)(void);
    uint64_t iterations;
    uint64_t per_iteration; /* operations */
    uint64_t bytes;         /* that one operation moves; 0: it moves none */
};

/* Rounds before the measured ones, so that all that they need is warm. */
#define WARM_UP 2

/* In one sample. */
uint64_t row_operations(const struct row *row);

/* What is done before and after one of the row's loops; and a loop of WARM_UP
 * rounds with both. */
void row_begin(const struct row *row, uint64_t iterations);
void row_end(const struct row *row);
void row_warm_up(const struct row *row, loop_t *loop);

/* Of all operations of one row together, less the baseline's. */
struct sample {
    int64_t ticks;
    struct exits exits;
};

/* How many ticks of the time-stamp counter there were; in order with all that
 * stands around it. */
uint64_t read_ticks(void);

/* To be called first. */
void measure_init(void);
void measure(const struct row *row, struct sample *sample);

/* Ends the program, saying what failed, and errno. */
_Noreturn void fail(const char *what);

/* ---- trace.c: for tools/bench, which lets QEMU log what is executed ---- */

/* One round of the row's loop between two marks, and one of what is to be taken
 * off, some times. */
void trace(const struct row *row, unsigned int nr_rounds);

/*
 * A line for each of them, in their order, when all rows are traced: another
 * domain that shows a line would be in the next trace.
 *
 *   BENCH trace op=... way=... operations=N sign=1, or sign=-1
 */
void trace_tell(const struct row *row, const char *way, unsigned int nr_rounds);

/* ---- table.c ---- */

#define MAX_ROUNDS 25

/* What came of a row in all rounds. */
struct result {
    const struct row *row;
    const char *way;
    double ticks[MAX_ROUNDS]; /* for one operation */
    struct exits exits;       /* of all rounds */
};

/* hz: of the ticks. Changes the results. */
void table_print(struct result *results, unsigned int nr_results,
                 unsigned int nr_rounds, double hz);

/* ---- the rows: each table ends with an entry that has no name ---- */

extern const struct row syscall_rows[];
extern const struct row pipe_rows[];
extern const struct row memory_rows[];
extern const struct row process_rows[];
extern const struct row control_rows[];
extern const struct row block_rows[];

/* Whether this is domain 0, and has what the last ones need. */
bool control_is_there(void);

/* Whether this machine has disks, or another domain serves some; who does. */
bool blocks_are_there(void);
const char *blocks_way(void);

/* A file of some size, made when it is first asked for. */
#define SCRATCH_FILE "/tmp/bench.scratch"
#define SCRATCH_SIZE (1024 * 1024ul)
void make_scratch_file(void);

/* Pages that have been written to. What a later fork would have to copy is to
 * be given back. */
void *new_pages(size_t size);
void free_pages(volatile void *address, size_t size);

#endif
