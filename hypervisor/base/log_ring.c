/* SPDX-License-Identifier: MIT
 *
 * See log_ring.h.
 *
 * The order: begun is stored before a byte (release), and a byte is loaded
 * (acquire) before begun. So whoever has got a new byte sees that begun has
 * risen. On x86-64 both are plain moves.
 */
#include "hypervisor/base/log_ring.h"

#include "hypervisor/base/bug.h"
#include "lib/macros.h"
#include "lib/string.h"

/* A word that may lie anywhere and alias anything. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

#define WORD sizeof(uint64_t)

/* Where the byte at that position lies. */
static char *place(const struct log_ring *ring, uint64_t position)
{
    return (char *)ring->words + (position & (ring->size - 1));
}

static uint64_t *word_place(const struct log_ring *ring, uint64_t position)
{
    return &ring->words[(position & (ring->size - 1)) / WORD];
}

static char byte_at(const struct log_ring *ring, uint64_t position)
{
    return __atomic_load_n(place(ring, position), __ATOMIC_ACQUIRE);
}

/* By words where it can be: the report of a domain's end goes through here. */
void log_ring_write(struct log_ring *ring, const char *bytes, size_t nr_bytes)
{
    uint64_t position = ring->begun;
    uint64_t end = position + nr_bytes;

    ASSERT(end - ring->end < ring->size);
    __atomic_store_n(&ring->begun, end, __ATOMIC_RELAXED);
    while (position < end) {
        if (position % WORD == 0 && end - position >= WORD) {
            __atomic_store_n(word_place(ring, position), *(const word_t *)bytes,
                             __ATOMIC_RELEASE);
            position += WORD;
            bytes += WORD;
        } else {
            __atomic_store_n(place(ring, position++), *bytes++,
                             __ATOMIC_RELEASE);
        }
    }
}

void log_ring_publish(struct log_ring *ring)
{
    __atomic_store_n(&ring->end, ring->begun, __ATOMIC_RELEASE);
}

bool log_ring_begins_line(const struct log_ring *ring)
{
    return ring->begun == 0 || byte_at(ring, ring->begun - 1) == '\n';
}

/* Positions below it are gone. */
static uint64_t oldest(const struct log_ring *ring)
{
    uint64_t begun = __atomic_load_n(&ring->begun, __ATOMIC_RELAXED);

    return begun > ring->size ? begun - ring->size : 0;
}

/* The first position whose byte, and the one before, are there at oldest. */
static uint64_t first_after(uint64_t oldest)
{
    return oldest == 0 ? 0 : oldest + 1;
}

/* Takes away what was overwritten; returns how many bytes that is. *last is the
 * one before the rest, or no newline where that is not known. */
static size_t drop_gone(uint64_t gone, char *text, size_t nr_bytes, char *last)
{
    if (gone > nr_bytes) {
        *last = '\0';
        return nr_bytes;
    }
    *last = text[gone - 1];
    memmove(text, text + gone, nr_bytes - gone);
    return gone;
}

static void copy_out(const struct log_ring *ring, uint64_t position, char *text,
                     size_t nr_bytes)
{
    uint64_t end = position + nr_bytes;

    while (position < end) {
        if (position % WORD == 0 && end - position >= WORD) {
            *(word_t *)text =
                __atomic_load_n(word_place(ring, position), __ATOMIC_ACQUIRE);
            position += WORD;
            text += WORD;
        } else {
            *text++ = byte_at(ring, position++);
        }
    }
}

size_t log_ring_read(const struct log_ring *ring, uint64_t position, char *text,
                     size_t room, struct log_ring_found *found)
{
    uint64_t end = __atomic_load_n(&ring->end, __ATOMIC_ACQUIRE);
    uint64_t asked = MIN(position, end);
    uint64_t from = MAX(asked, first_after(oldest(ring)));
    size_t n = end > from ? MIN(end - from, room) : 0;
    char last = from == 0 ? '\n' : byte_at(ring, from - 1);
    uint64_t first;

    copy_out(ring, from, text, n);
    first = first_after(oldest(ring));
    if (first > from) {
        n -= drop_gone(first - from, text, n, &last);
        from = first;
    }
    found->next = from + n;
    found->lost = from - asked;
    found->midline = last != '\n';
    return n;
}
