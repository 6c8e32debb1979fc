/* SPDX-License-Identifier: MIT
 *
 * The state of a CPU that a guest can read, beyond what preserve_asm.S loads
 * and stores, in rows: how to set it from a number, and how to read it. For
 * micro-guests that look for another domain's.
 */
#ifndef KERNELS_STATE_H
#define KERNELS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MG_STATE_SIZE 1024

struct mg_state_row {
    const char *name;
    /* Odd and even seeds leave different values. */
    void (*set)(uint64_t seed);
    /* Into MG_STATE_SIZE zeroed bytes, aligned to 64. */
    void (*get)(uint8_t *bytes);
    /* A switch may put this (zero but for the CPU's fixed bits) in its place.
     */
    bool may_be_reset;
};

extern const struct mg_state_row mg_state_rows[];
extern const size_t mg_nr_state_rows;

/* The x87 unit as it is after a reset; no row does that. */
void mg_state_reset_x87(void);

#endif
