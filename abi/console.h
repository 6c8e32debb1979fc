/* SPDX-License-Identifier: MIT
 *
 * A domain's console by shared memory: one page of the domain's, lent to the
 * domain that shows it (the control domain, as a rule), and one port. Two
 * streams (abi/stream.h): what the domain writes, and what is typed for it. A
 * new page is all zeros.
 *
 *   0      128    256        1024              2048                     4096
 *   | out  | in   | reserved | bytes of in     | bytes of out           |
 */
#ifndef ABI_CONSOLE_H
#define ABI_CONSOLE_H

#include <stdint.h>

#include "abi/shared.h"
#include "abi/stream.h"

#define PARAPET_CONSOLE_OUT_BYTES 2048
#define PARAPET_CONSOLE_IN_BYTES 1024

struct parapet_console {
    struct parapet_stream out; /* the domain is the writer */
    struct parapet_stream in;  /* the domain is the reader */
    uint8_t reserved[768];
    uint8_t in_bytes[PARAPET_CONSOLE_IN_BYTES];
    uint8_t out_bytes[PARAPET_CONSOLE_OUT_BYTES];
};

PARAPET_ASSERT_OFFSET(parapet_console, in, 128);
PARAPET_ASSERT_OFFSET(parapet_console, in_bytes, 1024);
PARAPET_ASSERT_OFFSET(parapet_console, out_bytes, 2048);
PARAPET_ASSERT_SIZE(parapet_console, 4096);

#endif
