/* SPDX-License-Identifier: MIT
 *
 * The last bytes of an endless text. One at a time writes (the console's lock
 * sees to that); any number of CPUs read at the same time, and take no lock.
 *
 *                  begun - size          end   begun
 *   ...............|.....................|.....|
 *    gone           can be read           being written
 *
 * A position counts the bytes from the very first one. It only rises, and the
 * byte at position p is number p % size of words. A writer raises begun before
 * it stores a byte, and end when the text is whole. A reader copies what is
 * before end, and looks at begun afterwards: what a writer may have overwritten
 * meanwhile it does not return. So nothing that it returns is torn, but it may
 * begin in the midst of a line whose beginning is gone: midline says so.
 */
#ifndef HYPERVISOR_BASE_LOG_RING_H
#define HYPERVISOR_BASE_LOG_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_ring {
    uint64_t *words;
    uint64_t size;  /* in bytes: a power of two, 8 or more */
    uint64_t begun; /* atomic */
    uint64_t end;   /* atomic */
};

/* What log_ring_read() found, beside the text. */
struct log_ring_found {
    uint64_t next; /* the position after the text */
    uint64_t lost; /* so many bytes between the position asked for and it */
    bool midline;  /* the text does not begin a line */
};

/* Adds bytes, which nobody can read yet: fewer than size in all. */
void log_ring_write(struct log_ring *ring, const char *bytes, size_t nr_bytes);

/* All that was added can be read. */
void log_ring_publish(struct log_ring *ring);

/* Whether the next byte that is added begins a line. For the writer. */
bool log_ring_begins_line(const struct log_ring *ring);

/*
 * Copies up to room bytes from position on, and returns how many. A position
 * that is gone becomes the first one that is not; one after the end, the end.
 * None though there are some: a writer was faster, so go on from found->next.
 * Any context. Two instructions for each byte at most, and 80 more.
 */
size_t log_ring_read(const struct log_ring *ring, uint64_t position, char *text,
                     size_t room, struct log_ring_found *found);

#endif
