/* SPDX-License-Identifier: MIT
 *
 * A stream: bytes one way, from a writer to a reader, in memory that two
 * domains share: these words, and beside them a power of two of bytes.
 *
 *        cons                  prod
 *   -----|=====================|------------------> number of the byte
 *   taken       to be read      room, up to cons + size
 *
 * Byte number i lies at i % size. The numbers are those of all that ever was,
 * modulo 2^32. A new stream is all zeros. Whoever takes the place of a reader
 * or writer that has gone goes on with the index that it left.
 *
 * Who waits for byte number i to be written writes i to prod_event; who waits
 * for it to be taken, because there is no room, writes i to cons_event. Whoever
 * raises an index from a to b notifies if a <= event < b. The order is that of
 * abi/ring.h, and so is what to think of the other end's words.
 */
#ifndef ABI_STREAM_H
#define ABI_STREAM_H

#include <stdint.h>

#include "abi/shared.h"

/* A cache line that the writer writes, and one that the reader writes. */
struct parapet_stream {
    uint32_t prod;       /* writer: so many bytes were written */
    uint32_t cons_event; /* writer: tell me when this one is taken */
    uint8_t reserved0[56];
    uint32_t cons;       /* reader: so many were taken */
    uint32_t prod_event; /* reader: tell me when this one is written */
    uint8_t reserved1[56];
};

PARAPET_ASSERT_OFFSET(parapet_stream, cons_event, 4);
PARAPET_ASSERT_OFFSET(parapet_stream, cons, 64);
PARAPET_ASSERT_OFFSET(parapet_stream, prod_event, 68);
PARAPET_ASSERT_SIZE(parapet_stream, 128);

#endif
