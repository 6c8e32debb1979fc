/* SPDX-License-Identifier: MIT
 *
 * What the probe's table, its runner and its environments share. A row of
 * rows.def is a deed: a few instructions, one of them sensitive, that run in
 * the ring of the environment and leave a result. Before it comes a setup,
 * after it a view, which tells what the deed did. Both are in views.c.
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

/* What a deed finds at rdi: `in` at 0, `memory` at 16. */
struct probe_io {
    uint64_t in;
    uint64_t unused;
    uint8_t memory[48];
} __attribute__((aligned(64)));

/*
 * A deed. rdi points at a struct probe_io, rax is the result; rax, rcx, rdx,
 * rsi, rdi and r8 to r11 are free. rsp is a multiple of 16 plus 8.
 */
typedef void probe_deed_t(void);

/* A deed in assembly, separated by semicolons; the first instruction is where
 * the function begins. */
#define PROBE_DEED(name, code)                                                 \
    void name(void);                                                           \
    __asm__(".pushsection .text\n" #name ":\n\t" code "\n\tret\n"              \
            ".popsection\n")

/* How a deed ended. */
struct probe_outcome {
    bool returned;   /* else by the exception or interrupt below */
    uint64_t vector; /* valid only when it did not return */
    uint64_t error;
    uint64_t result; /* rax; valid only when it returned */
};

/* Before a deed: brings about what it looks at or changes. NULL is nothing. */
typedef void probe_setup_t(struct probe_io *io);

/* After a deed that returned: one number, and what it means. */
struct probe_view {
    const char *label;
    uint64_t (*look)(const struct probe_io *io, uint64_t result);
};

/*
 * Popek and Goldberg's two ways to be sensitive: to change what the machine's
 * resources are or who has them, or to depend on it in what one does.
 */
enum probe_kind { PROBE_CONTROL, PROBE_BEHAVIOUR };

struct probe_row {
    const char *text; /* the instruction, and its case in brackets */
    enum probe_kind kind;
    probe_setup_t *setup;
    probe_deed_t *deed;
    const struct probe_view *view;
    const char *group; /* the heading that begins here, else NULL */
};

/* rows.c */
extern const struct probe_row probe_rows[];
extern const unsigned int probe_nr_rows;

/*
 * Runs every row once, in the ring in which the environment now runs deeds,
 * and prints a line for each: fields between bars, for people and for
 * tests/probe/table.py. pass names the ring.
 */
void probe_run(const char *pass);

#endif
