/* SPDX-License-Identifier: MIT
 *
 * What log_read tells: the text of the machine's console, from a position on.
 * Positions count its bytes since the boot. And the levels of the hypervisor's
 * lines. docs/ABI.md, section 10, is the prose.
 */
#ifndef ABI_LOG_H
#define ABI_LOG_H

#include <stddef.h>
#include <stdint.h>

/* At the start of the buffer; the text, of as many bytes as the call returns,
 * comes next. */
struct parapet_log_head {
    uint64_t next;    /* the position after the text: where to go on */
    uint64_t lost;    /* bytes from the position asked for on that are gone */
    uint32_t midline; /* 1: the text does not begin a line; else 0 */
    uint32_t zero;
};

/* Of log_console. What is written by domains that have not the console's input
 * is as PARAPET_LOG_INFO. */
enum parapet_log_level {
    PARAPET_LOG_ERR,
    PARAPET_LOG_WARN,
    PARAPET_LOG_INFO,
    PARAPET_LOG_DEBUG
};

/* So many bytes of text at a call. */
#define PARAPET_LOG_AT_ONCE 1000u

_Static_assert(sizeof(struct parapet_log_head) == 24 &&
                   offsetof(struct parapet_log_head, midline) == 16,
               "parapet_log_head changed: this breaks the ABI");

#endif
